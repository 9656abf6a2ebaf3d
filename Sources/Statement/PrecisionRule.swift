// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument

/// How many fractional bits a statement leaves out, from policy, shape and base identity only.
///
/// The identity's f suits the base's weights. Where a norm clause allows a change that is much larger (biases that start
/// near zero), the drift in units of 2^-f would be too large to prove (docs/protocol.md section 5, completeness), although
/// such fine units say nothing next to the bound.
enum PrecisionRule {
  /// log2 of the sum of squares that a projection chunk may have: 66·S_c ≤ 2^58 holds up to 2^51.95.
  static let logChunkSquare = 51
  /// A tensor of many chunks is taken to have at most 16 times the mean energy in any.
  static let concentration = 16

  /// log2 of the tensors of this size that a chunk holds.
  static func logNeighbours(rows: Int, columns: Int) -> Int {
    max(0, Limits.logChunk - StatementLimits.paddedLog(rows: rows, columns: columns))
  }

  /// The least t ≥ 0 such that a drift inside the bound, and as many neighbours like it as share its chunk, can be
  /// proved in units of 2^-(f - t).
  /// - Parameter bound: of ‖Δ‖² in units of 4^-f.
  static func superfluousBits(bound: BigUInt, rows: Int, columns: Int) -> Int {
    let log = StatementLimits.paddedLog(rows: rows, columns: columns)
    let chunks = 1 << max(0, log - Limits.logChunk)
    // Worst chunk's part of the bound, as a multiple of 2^-logChunks(tensor): neighbours for small tensors.
    let neighbours = 1 << logNeighbours(rows: rows, columns: columns)
    let square = (bound * BigUInt(UInt(neighbours * min(chunks, concentration)))) >> max(0, log - Limits.logChunk)
    return max(0, (square.ceilLog2 - logChunkSquare + 1) >> 1)
  }
}
