// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument

/// s of a structured clause, from policy, shape, rank and base identity only; docs/protocol.md sections 4 and 5.
///
/// Δ is scaled by 2^s so that integer factors approximate it well. Larger is finer; two things limit it.
enum ScaleRule {
  /// log2 of the residual norm that s aims at. An E inside its bound, even when one chunk holds all of it, has
  /// ‖E‖ ≤ sqrt(N_0 + 1)·2^s ≤ sqrt(2)·2^25 and so meets the completeness limit 66·S_c ≤ 2^58, ‖E‖ ≤ 2^25.97.
  static let logResidualNorm = 25
  /// log2 of the sum of squares that a chunk of U or V may have: below 2^58/66 = 2^51.95.
  static let logFactorSquare = 51
  /// Without a norm clause, the drift is taken to be at most 4 times the base tensor; 16 = 4².
  static let assumedDriftSquare: UInt64 = 16
  /// Σ q² of one entry of the magnitude that fixes f, for base tensors that are zero or nearly so.
  static let smallestBaseSquare = UInt128(1) << 42

  /// - Parameters:
  ///   - residual: N_0 = floor(B²·4^f), the residual's bound before scaling.
  ///   - rank: r ≥ 1, already held at min(a, b).
  ///   - driftBound: the least bound of the tensor's norm clauses in units 4^-f, nil without one.
  ///   - sumOfSquares: Σ q² of the base tensor.
  /// - Returns: s in 0...20. With balanced factors ‖U‖² ≤ sqrt(r)·2^s·‖Δ‖, so chunks of U and V satisfy the limit for
  ///   every drift that meets its norm clause, or is at most 4‖W‖ without one; larger drifts may be refused (exit 14).
  static func scale(residual: BigUInt, rank: Int, driftBound: BigUInt?, sumOfSquares: UInt128) -> Int {
    // ceil(log2 sqrt(N)) = ceil(ceilLog2(N)/2).
    let byResidual = logResidualNorm - (residual.ceilLog2 + 1) / 2
    let drift = driftBound ?? BigUInt(max(sumOfSquares, smallestBaseSquare)) * BigUInt(assumedDriftSquare)
    // r·4^s·‖Δ‖² ≤ 2^102 <=> 2s ≤ 102 - log2(r·‖Δ‖²).
    let byFactors = (2 * logFactorSquare - (drift * BigUInt(UInt(max(1, rank)))).ceilLog2) >> 1
    return max(0, min(byResidual, byFactors, Limits.maximumScale))
  }
}
