// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCheckpoint
import DriftProofCommitmentProver
import DriftProofKernels
import Synchronization

/// The rows of one tree of a base's tableau, streamed from the checkpoint.
///
/// All calls are read-only and may run on several threads at once.
package struct BaseRows: TableauRows {
  private let plan: TableauPlan
  private let base: Checkpoint
  private let sources: [(tensor: TensorInfo, rows: Int, columns: Int, fractionBits: Int)]
  private let pool = RowPool.shared
  private let observe: (@Sendable (_ tensor: Int, _ entries: ArraySlice<Int32>) -> Void)?

  package var rowCount: Int { plan.rowCount }

  /// - Parameters:
  ///   - tensors: of the plan, all F16 or BF16 in the base; `fractionBits` one for each.
  ///   - observe: shown every run of neighbouring positions that lie in one tensor, padding included: once for each time
  ///     that its row is asked for.
  /// - Throws: `digestUnavailable` for a tensor that the base lacks.
  package init(
    plan: TableauPlan, tensors: [TableauTensor], fractionBits: [Int], base: Checkpoint,
    observe: (@Sendable (_ tensor: Int, _ entries: ArraySlice<Int32>) -> Void)? = nil
  ) throws(CheckpointError) {
    self.plan = plan
    self.base = base
    self.observe = observe
    var sources: [(TensorInfo, Int, Int, Int)] = []
    for (tensor, bits) in zip(tensors, fractionBits) {
      guard let info = base.tensor(named: tensor.name), info.matrixShape == (tensor.rows, tensor.columns) else {
        throw .digestUnavailable
      }
      sources.append((info, tensor.rows, tensor.columns, bits))
    }
    self.sources = sources
  }

  package func message(_ row: Int) throws -> RowMessage {
    var cells = pool.narrow(count: plan.length)
    var span = cells.mutableSpan
    span.update(repeating: 0)
    var isZero = true
    for region in plan.regions(ofRow: row) {
      if try fill(region, &cells) { isZero = false }
      observe?(region.tensor, cells[region.positions])
    }
    return isZero ? .zero : .narrow(cells)
  }

  package func recycle(_ message: RowMessage) { pool.recycle(message) }
  package func releaseRecycled() { pool.release() }

  /// - Returns: whether any entry is not zero.
  private func fill(_ region: TableauPlan.Region, _ cells: inout [Int32]) throws -> Bool {
    let source = sources[region.tensor]
    let height = region.positions.count / region.width
    let rows = region.firstRow..<max(region.firstRow, min(source.rows, region.firstRow + height))
    let columns = min(region.width, source.columns - region.firstColumn)
    guard !rows.isEmpty, columns > 0 else { return false }
    var reader = try WeightReader(base, source.tensor, fractionBits: source.fractionBits)
    var seen = false
    // Rows that follow each other in the file, and in the tile, are read together.
    let isDense = columns == source.columns
    let step = isDense ? max(1, DriftSource.block / columns) : 1
    for first in stride(from: rows.lowerBound, to: rows.upperBound, by: step) {
      let count = min(step, rows.upperBound - first)
      let start = first * source.columns + region.firstColumn
      let target = region.positions.lowerBound + (first - region.firstRow) * region.width
      guard count > 1 else {
        for piece in stride(from: 0, to: columns, by: DriftSource.block) {
          let length = min(DriftSource.block, columns - piece)
          try reader.load(start + piece..<start + piece + length)
          let found = try reader.convert(
            first: 0, count: length, into: &cells, at: target + piece, start: start + piece)
          seen = found || seen
        }
        continue
      }
      try reader.load(start..<start + count * columns)
      for row in 0..<count {
        let found = try reader.convert(
          first: row * columns, count: columns, into: &cells, at: target + row * region.width, start: start)
        seen = found || seen
      }
    }
    return seen
  }
}
