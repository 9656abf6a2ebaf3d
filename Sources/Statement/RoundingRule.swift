// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCheckpoint
import DriftProofPolicy

/// Units and integers of a rounding bound on one tensor, from policy, shape and linked identity only; docs/protocol.md
/// section 4, "Rounding".
///
/// The units are those of the base's tableau, in which the rms σ of the tensor's heaviest chunk lies in [2^17, 2^18), so
/// that the constants are the same for all tensors.
package struct RoundingRule {
  let bound: RoundingBound
  let leaf: BaseIdentity.Leaf
  let linked: LinkedBase.Tensor
  /// n: positions of the heaviest chunk.
  let chunkEntries: Int

  /// p: half an ulp of w is 2^(⌊log2|w|⌋ - p), a unit roundoff 2^-p.
  package static func precision(_ dtype: DataType) -> Int? {
    switch dtype {
    case .bf16: 8
    case .f16: 11
    default: nil
    }
  }

  private var precision: Int { Self.precision(leaf.dtype) ?? 8 }

  /// s: the residual r is in units of 2^-(f + s), a half-ulp of the floor's class for half-ulps.
  var residualScale: Int {
    switch bound {
    case .halfUlps: precision
    case .roundoffs(let value, let of): precision - RoundingStep(value, count: of.count).coarsening
    // The least at which the fraction counts.
    case .ofWeight: (0...WeightRule.largestScale).first { weights?.claim(scale: $0) != nil } ?? WeightRule.largestScale
    }
  }

  /// Of a fraction of weights; nil for roundings.
  private var weights: WeightRule? {
    guard case .ofWeight(let value, let least) = bound else { return nil }
    return WeightRule(fraction: value, least: least, fractionBits: linked.fractionBits)
  }

  /// S beside a rank: rounding U and V to integers costs 0.7·√(2^S·P) units of 2^-S, which at 22 or 23 is below 0.004 of a
  /// half-ulp for updates of P = 0.05·‖W‖. As even or odd as p, so that w follows p alone.
  var aim: Int { bound.isOfRounding ? 22 + precision % 2 : WeightRule.largestScale }

  /// w that the argument has digits for, besides 0 (``RoundingClaim``).
  private static let fineShifts = 7...16

  /// S, and w = S - s; nil for factors that leave less than the residual's own units.
  /// - Parameter factorLimit: of ``ScaleRule``; nil without a rank, where E is r.
  func scales(factorLimit: Int?) -> (scale: Int, fine: Int)? {
    if let weights {
      let scale = weights.scale(limit: factorLimit ?? aim)
      return weights.claim(scale: scale) == nil ? nil : (scale, 0)
    }
    guard let factorLimit else { return (residualScale, 0) }
    var scale = min(aim, factorLimit)
    if (scale - precision) % 2 != 0 { scale -= 1 }
    while scale - residualScale > Self.fineShifts.upperBound { scale -= 2 }
    guard scale >= residualScale else { return nil }
    return scale - residualScale >= Self.fineShifts.lowerBound ? (scale, scale - residualScale) : (residualScale, 0)
  }

  /// The least fraction of weights that can be proved, for messages.
  func leastFraction(factorLimit: Int?) -> Double {
    WeightRule.least(scale: weights?.scale(limit: factorLimit ?? aim) ?? 0)
  }

  /// ‖Δ‖² up to which factors have room where no norm clause says it: (½‖W‖)², in the statement's units.
  var assumedDrift: BigUInt {
    let shift = 2 * (linked.fractionBits - leaf.statistics.fractionBits) - 2
    let square = BigUInt(leaf.statistics.sumOfSquares)
    return (shift >= 0 ? square << shift : square >> -shift) + BigUInt(1 as UInt)
  }

  /// What the argument proves.
  /// - Parameter scale: S.
  func claim(scale: Int, fineShift: Int) -> EntryClaim {
    switch bound {
    case .ofWeight:
      // ``scales(factorLimit:)`` has none without a claim.
      return weights?.claim(scale: scale) ?? EntryRule.leastClaim
    case .halfUlps(let value):
      let half = Self.classBound(value)
      return EntryClaim(
        square: half << (precision == 8 ? Self.logRootBFloat : Self.logRootHalf),
        rounding: RoundingClaim(
          fineShift: fineShift, residualWeight: 1, classBound: half, logClasses: logClasses, tuned: 0, base: 0,
          drift: 0,
          differenceRange: differenceRange(value)))
    case .roundoffs(let value, let of):
      let coefficient = RoundingStep(value, count: of.count).coefficient
      return EntryClaim(
        square: Self.smoothSquare,
        rounding: RoundingClaim(
          fineShift: fineShift, residualWeight: 4, classBound: 0, logClasses: 0,
          tuned: of.contains(.tuned) ? coefficient : 0, base: of.contains(.base) ? coefficient : 0,
          drift: of.contains(.update) ? coefficient : 0, differenceRange: Self.smoothRange))
    }
  }

  // MARK: Half-ulps

  /// τ² = 2^6·β (BF16), 2^10·β (F16), for completeness: where the update is zero, r = 0 and d1 is one number for each class,
  /// which τ² = 2β·K makes -(K/u)² wherever u divides K = 2^5 (2^9).
  private static let logRootBFloat = 6
  private static let logRootHalf = 10

  /// β = ⌊h·2^14⌋ ≤ 2^15: half-ulps of the floor's class in units of r, as φ = 2^14.
  static func classBound(_ value: Decimal10) -> Int {
    let exact = (BigUInt(value.mantissa) * BigUInt(UInt(RoundingClaim.floor))).timesPowerOfTen(value.exponent)
    return exact.digits(count: 2).reversed().reduce(0) { $0 << Limits.logLimb + Int($1) }
  }

  /// J: classes up to that of four times the largest weight, 4·max|q|·2^(f - g) ≤ 2^14·2^J. At most 13, as max² ≤ 2^14·σ²
  /// and σ < 2^18: 2·2^2·2^7·2^18/2^14. Higher weights keep the highest class's bound.
  private var logClasses: Int {
    let log = ceilLog2(Int(clamping: leaf.statistics.maxAbs.magnitude)) + 2
    let classes = log + linked.fractionBits - leaf.statistics.fractionBits - 14
    return max(1, min(classes, RoundingClaim.logClassesRange.upperBound - 1))
  }

  /// H_d = ⌊780·h·max(σ, 2^15)⌋ + 1 < 2^29: 780 = 1.5·8.13·2^7/2, so that d of rms up to 0.75·h·σ stays in its range.
  private func differenceRange(_ value: Decimal10) -> Int {
    // σ² = Σq²·4^(f - g)/n; n is a power of two.
    let shift = 2 * (linked.fractionBits - leaf.statistics.fractionBits) - ceilLog2(chunkEntries)
    let chunk = BigUInt(linked.heaviestChunk) * Self.rangeFactor
    let own = BoundArithmetic.square(of: value, times: chunk, shift: shift)
    let least = BoundArithmetic.square(of: value, times: Self.rangeFactor, shift: 2 * Self.logLeastDeviation)
    let root = max(own, least).squareRoot.digits(count: 3).reversed().reduce(0) { $0 << Limits.logLimb + Int($1) }
    return min(root + 1, RoundingClaim.differenceRanges.upperBound)
  }

  /// 780².
  private static let rangeFactor = BigUInt(780 * 780 as UInt)
  /// F16 has at most 28 fractional bits, where σ may be below 2^17.
  private static let logLeastDeviation = 15

  // MARK: Roundoffs

  /// τ² and the range of d1: together a floor of 1.7 to 3.5 times the half-ulp of φ.
  private static let smoothSquare = 1 << 30
  private static let smoothRange = 1 << 30
}

extension RoundingClaim {
  /// A bound on E itself by a number, in a statement with rounding bounds: d = τ² - E² - a², and 2H_d is the slack 2^30 of
  /// ``EntryClaim``.
  static let ofEntries = RoundingClaim(
    fineShift: 0, residualWeight: 1, classBound: 0, logClasses: 0, tuned: 0, base: 0, drift: 0,
    differenceRange: EntryClaim.slack / 2)
}
