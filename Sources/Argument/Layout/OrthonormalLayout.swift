// SPDX-License-Identifier: Apache-2.0

/// Where the orthonormal tensors lie in the orthonormality stage, and the mask oracle O (docs/protocol.md section 5).
///
/// The orthonormality stage runs over the columns of all of them: an aligned run of 2^columnBits indices for each
/// tensor, largest first.
package struct OrthonormalLayout: Hashable, Sendable {
  package struct Member: Hashable, Sendable {
    /// Index into the statement's tensors.
    package var tensor: Int
    /// Rows that count; the others of the padded matrix have weight 0.
    package var rows: Int
    /// f of the tensor, 0...28.
    package var fractionBits: Int
    /// log2 of the padded rows of the square of products, at least ``logLeastRows``.
    package var logRows: Int
    /// The matrix in E-space.
    package var cube: TensorCube
    /// Its columns in the orthonormality stage, low bits first.
    package var columns: Slot
  }

  /// Small squares have 4 × 4 products: a row of them has eight words of digits, which the digit oracle's rounds fold.
  package static let logLeastRows = 2

  /// In the order of the statement's tensors.
  package private(set) var members: [Member] = []
  package private(set) var used = 0

  /// Variables of the orthonormality stage without its own top; its masks need three.
  package var variables: Int { max(Limits.logMaskEntries, ceilLog2(used)) }
  package var logMembers: Int { ceilLog2(members.count) }
  /// Coordinates that weigh the rows: a member's are the first ``Member/logRows``.
  package var logRows: Int { members.map(\.logRows).max() ?? 0 }

  /// The oracle O: runs of ``Limits/maskEntries`` cells.
  package enum MaskRun: Int {
    case left = 0
    case right
    /// The mask of `blind`'s evaluation.
    case blindMask
    /// Three cells that stand for one random element of K, which is added to the orthonormality stage's sum.
    case blind
  }

  package static let maskVariables = Limits.logMaskEntries + 2
  package static let maskCells = 1 << maskVariables
  package static func maskCell(_ run: MaskRun, _ entry: Int) -> Int { run.rawValue * Limits.maskEntries + entry }

  package init(tensors: [TableauTensor], layout: TableauLayout) {
    for (index, tensor) in tensors.enumerated() where tensor.isOrthonormal {
      members.append(
        Member(
          tensor: index, rows: tensor.rows, fractionBits: tensor.fractionBits,
          logRows: max(Self.logLeastRows, ceilLog2(tensor.rows)), cube: layout.cube(tensor: index, set: 0),
          columns: Slot(offset: 0, log: layout.columnBits[index])))
    }
    var allocator = SlotAllocator()
    for index in TableauLayout.alignedOrder(members.map(\.columns.count)) {
      members[index].columns = allocator.allocate(log: members[index].columns.log)
    }
    used = allocator.used
  }
}
