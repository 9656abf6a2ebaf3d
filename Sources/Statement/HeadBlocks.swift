// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCheckpoint
import DriftProofPolicy

extension TensorBlock {
  /// What the block is called in statements, layouts and messages: `q_proj.weight[rows 64-127]`, first and last row, or
  /// `experts.down_proj[slice 3]`.
  ///
  /// The last `[` separates tensor and range, so different blocks have different names; ``HeadBlocks`` refuses a
  /// checkpoint that has a tensor of such a name.
  var name: String {
    if axis == .slices { return "\(tensor)[slice \(index)]" }
    let range = axis == .rows ? rows : columns
    return "\(tensor)[\(axis.rawValue) \(range.lowerBound)-\(range.upperBound - 1)]"
  }
}

/// The heads of a tensor as blocks of the tableau. They cover it: each entry lies in exactly one.
enum HeadBlocks {
  /// - Parameters:
  ///   - leaf: a tensor with entries that can be cut so (``CoverageCheck`` has seen to it).
  ///   - taken: all names so far, checkpoint tensors and blocks; gains the blocks' names.
  /// - Throws: `coverageGap` for a name that is taken.
  static func blocks(
    of leaf: BaseIdentity.Leaf, split: HeadSplit, taken: inout Set<String>
  ) throws(StatementError) -> [TensorBlock] {
    let (rows, columns) = leaf.matrixShape
    var blocks: [TensorBlock] = []
    guard let cut = split.cut(shape: leaf.shape) else { return blocks }
    for index in 0..<cut.count {
      let size = split.axis == .columns ? cut.columns : cut.rows
      let range = index * size..<(index + 1) * size
      let block =
        switch split.axis {
        case .rows: TensorBlock(tensor: leaf.name, axis: .rows, rows: range, columns: 0..<columns, index: index)
        case .columns: TensorBlock(tensor: leaf.name, axis: .columns, rows: 0..<rows, columns: range, index: index)
        case .slices:
          TensorBlock(tensor: leaf.name, axis: .slices, rows: range, columns: 0..<cut.columns, index: index)
        }
      guard taken.insert(block.name).inserted else {
        throw .coverageGap([.headNameTaken(tensor: leaf.name, name: block.name)])
      }
      blocks.append(block)
    }
    return blocks
  }
}
