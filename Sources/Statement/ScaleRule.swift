// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument

/// s of a structured clause, from policy, shape, rank and base identity only; docs/protocol.md sections 4 and 5.
///
/// Δ is scaled by 2^s so that integer factors approximate it well. Larger is finer; two things limit it.
package enum ScaleRule {
  /// log2 of the residual norm that s aims at. An E inside its bound, even when one chunk holds all of it and n - 1
  /// neighbours like it, has ‖E‖ ≤ sqrt(n·(N_0 + 1))·2^s ≤ sqrt(2)·2^25 and so meets the completeness limit
  /// 66·S_c ≤ 2^58, ‖E‖ ≤ 2^25.97. Neighbours of other sizes take as much of the limit as of the chunk. The original rules
  /// take n for 1.
  static let logResidualNorm = 25
  /// log2 of the sum of squares that a chunk of U or V may have: below 2^58/66 = 2^51.95.
  ///
  /// Factors of small tensors share chunks, too, but need no n of their own: with one, s would fall where it hurts. Let ρ,
  /// α and β be the logs of r, a and b, padded. Factors with entries of equal size, ‖U‖² = √(a/b)·2^s·‖Δ‖_*, leave a
  /// rounding of √(ab)·2^s·‖Δ‖_*/6 in ‖E‖² (``IntegerFactors``): a part x of the bound N = 4^s·N_0, so ‖U‖² = 6x·N/b. A
  /// chunk full of such U has 2^(14 - α - ρ) times that, and n·N ≤ 2^50 with n = 2^(14 - α - β): together
  /// 6x·2^50·2^(β - ρ)/b < 6x·2^(51 - ρ), as b > 2^(β - 1). That is below 2^51.95 for ρ ≥ 1 and every x ≤ 0.64, for
  /// ρ = 0 and x ≤ 0.32; V likewise. Where rounding takes more of the bound than that, widening the bound helps both.
  static let logFactorSquare = 51
  /// Without a norm clause, the drift is taken to be at most 4 times the base tensor; 16 = 4².
  static let assumedDriftSquare: UInt64 = 16
  /// Σ q² of one entry of the magnitude that fixes f, for base tensors that are zero or nearly so.
  static let smallestBaseSquare = UInt128(1) << 42

  /// - Parameters:
  ///   - residual: N_0 = floor(B²·4^f), the residual's bound before scaling.
  ///   - neighbours: log2 of n: how many tensors of this size share a chunk.
  ///   - rank: r ≥ 1, already held at min(a, b).
  ///   - driftBound: the least bound of the tensor's norm clauses in units 4^-f, nil without one.
  ///   - sumOfSquares: Σ q² of the base tensor.
  /// - Returns: s in 0...20. With balanced factors ‖U‖² ≤ sqrt(r)·2^s·‖Δ‖, so chunks of U and V satisfy the limit for
  ///   every drift that meets its norm clause, or is at most 4‖W‖ without one; larger drifts may be refused (exit 14).
  package static func scale(
    residual: BigUInt, neighbours: Int, rank: Int, driftBound: BigUInt?, sumOfSquares: UInt128
  ) -> Int {
    // ceil(log2 sqrt(N)) = ceil(ceilLog2(N)/2).
    let byResidual = logResidualNorm - ((residual << neighbours).ceilLog2 + 1) / 2
    return max(0, min(byResidual, factorLimit(rank: rank, driftBound: driftBound, sumOfSquares: sumOfSquares)))
  }

  /// The largest s that chunks of U and V allow, at most ``Limits/maximumScale``; the parameters are those of
  /// ``scale(residual:neighbours:rank:driftBound:sumOfSquares:)``.
  static func factorLimit(rank: Int, driftBound: BigUInt?, sumOfSquares: UInt128) -> Int {
    let drift = driftBound ?? BigUInt(max(sumOfSquares, smallestBaseSquare)) * BigUInt(assumedDriftSquare)
    return factorLimit(rank: rank, drift: drift, maximum: Limits.maximumScale)
  }

  /// The same of a drift of ‖Δ‖² ≤ `drift`.
  static func factorLimit(rank: Int, drift: BigUInt, maximum: Int) -> Int {
    // r·4^s·‖Δ‖² ≤ 2^102 <=> 2s ≤ 102 - log2(r·‖Δ‖²).
    let byFactors = (2 * logFactorSquare - (drift * BigUInt(UInt(max(1, rank)))).ceilLog2) >> 1
    return max(0, min(byFactors, maximum))
  }
}
