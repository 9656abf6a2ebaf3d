// SPDX-License-Identifier: Apache-2.0

import DriftProofStatement
import DriftProofArgument
import DriftProofArgumentProver
import DriftProofCheckpoint
import DriftProofField
import Foundation
import DriftProofKernels

/// Finds, before the drift is committed, a neighbourhood that is too large to be proved at this precision: the argument
/// would refuse it only after the commitment (docs/protocol.md section 5, completeness).
///
/// It looks at plain drift only. Residuals of structured clauses stay inside their bounds, and these inside the limit, by
/// the choice of scales. A drift that passes may still be refused by the argument, which decides.
package struct ChunkCheck {
  let tensors: [TableauTensor]
  /// Tensors whose measured drift leaves room for such a neighbourhood: nearly always none, and then no row is read.
  let suspects: Set<Int>

  package init(tensors: [TableauTensor], drifts: [TensorScan.Drift]) {
    self.tensors = tensors
    var suspects: Set<Int> = []
    for (index, (tensor, drift)) in zip(tensors, drifts).enumerated() where tensor.isPlain {
      let cells = min(Limits.chunk, tensor.rows * tensor.columns)
      let largest = min(drift.sumOfSquares, UInt128(drift.reach) * UInt128(drift.reach) * UInt128(cells))
      // Up to 2^10 tensors of 2^4 cells share a chunk.
      let share = StatementLimits.paddedLog(rows: tensor.rows, columns: tensor.columns) < Limits.logChunk ? 1024 : 1
      if largest > UInt128(Limits.maximumHonestSquare / share) { suspects.insert(index) }
    }
    self.suspects = suspects
  }

  /// - Throws: `ArgumentRefusal.chunkTooLarge` for the first chunk that is, or errors of the weights.
  package func check(plan: TableauPlan, rows: CheckpointRows) throws {
    guard !suspects.isEmpty else { return }
    for row in 0..<plan.rowCount {
      let regions = plan.regions(ofRow: row)
      guard regions.contains(where: { suspects.contains($0.tensor) }) else { continue }
      try check(rows.message(row), regions)
    }
  }

  private func check(_ message: RowMessage, _ regions: [TableauPlan.Region]) throws {
    guard message.count > 0 else { return }
    for first in stride(from: 0, to: message.count, by: Limits.chunk) {
      let positions = first..<min(first + Limits.chunk, message.count)
      let square = Self.square(message, positions)
      guard square > UInt128(Limits.maximumHonestSquare) else { continue }
      guard let region = regions.first(where: { $0.positions.overlaps(positions) }), tensors[region.tensor].isPlain
      else { continue }
      let start = max(first, region.positions.lowerBound) - region.positions.lowerBound
      throw ArgumentRefusal.chunkTooLarge(
        tensor: tensors[region.tensor].name, row: region.firstRow + start / region.width,
        column: region.firstColumn + start % region.width, log2Norm: Self.log2Norm(Double(square)),
        log2Limit: Self.log2Norm(Double(Limits.maximumHonestSquare)))
    }
  }

  private static func log2Norm(_ square: Double) -> Double { (log2(square) / 2 * 100).rounded() / 100 }

  private static func square(_ message: RowMessage, _ positions: Range<Int>) -> UInt128 {
    switch message {
    case .zero: return 0
    case .narrow(let values):
      return values[positions].reduce(UInt128(0)) { $0 + UInt128(UInt64(Int64($1) * Int64($1))) }
    case .field(let values):
      return values[positions].reduce(UInt128(0)) {
        let magnitude = UInt128(Goldilocks(reducing: $1).centred.magnitude)
        // Drifts are at most 2^41, so that 2^14 squares fit.
        return $0 + magnitude * magnitude
      }
    }
  }
}
