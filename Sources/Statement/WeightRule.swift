// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCheckpoint
import DriftProofPolicy

/// Integers of a bound by a fraction x of each base weight and a least number t, in a linked base's units; docs/protocol.md
/// section 4, "Fractions of weights".
///
/// With r = E in units of 2^-(f + s) the argument proves 4·r² ≤ τ² + B·q² + 2^31 of every entry, B = ⌊4·x²·4^s⌋ and τ² + 2^31 the
/// larger of ⌊4·T²⌋, T = t·2^(f + s), and 3·2^30: never more than r² ≤ max(T, floor)² + x²·(2^s·q)².
struct WeightRule {
  let fraction: Decimal10
  /// t; nil for the floor alone.
  let least: Decimal10?
  /// f.
  let fractionBits: Int

  /// e: so that a coefficient B below 4 is no fraction.
  static let residualWeight = 4
  /// s beyond which a finer unit says nothing more.
  static let largestScale = 20
  /// B ≤ 8, x·2^s ≤ √2: beyond, the roots of a chunk of unchanged weights of rms 2^18 would leave their range.
  static let largestCoefficient = 8
  /// 4·T² ≤ 2^37.
  private static let logLargestSquare = 37
  /// τ² at least; with 2^31 the floor, 0.75·2^30 of r².
  private static let leastSquare = 1 << 30
  /// 2^30, so that nearest roots of rms 2^18.7 leave differences in range.
  private static let differenceRange = 1 << 30
  private static let slack = 2 * differenceRange
  /// Bits below the unit with which x·2^s is compared.
  private static let comparison = 40

  private static let one = BigUInt(1 as UInt)

  private func isProvable(_ scale: Int) -> Bool {
    let square = BoundArithmetic.square(of: fraction, times: Self.one, shift: 2 * (scale + 1) + Self.comparison)
    guard square <= BigUInt(UInt(Self.largestCoefficient)) << Self.comparison else { return false }
    guard let least else { return true }
    return leastSquare(least, scale) <= Self.one << Self.logLargestSquare
  }

  /// ⌊4·T²⌋.
  private func leastSquare(_ least: Decimal10, _ scale: Int) -> BigUInt {
    BoundArithmetic.square(of: least, times: Self.one, shift: 2 * (fractionBits + scale + 1))
  }

  /// The largest s up to `limit` that the argument can prove; 0 where t is too large for any, which then is held at what can be
  /// proved.
  func scale(limit: Int) -> Int {
    stride(from: min(limit, Self.largestScale), to: 0, by: -1).first(where: isProvable) ?? 0
  }

  /// What the argument proves; nil for a fraction that is too small at this scale.
  func claim(scale: Int) -> EntryClaim? {
    let coefficient = min(
      Self.integer(BoundArithmetic.square(of: fraction, times: Self.one, shift: 2 * (scale + 1))),
      Self.largestCoefficient)
    guard coefficient > 0 else { return nil }
    let own = least.map { min(leastSquare($0, scale), Self.one << Self.logLargestSquare) }.map(Self.integer) ?? 0
    return EntryClaim(
      square: max(own - Self.slack, Self.leastSquare),
      rounding: RoundingClaim(
        fineShift: 0, residualWeight: Self.residualWeight, classBound: 0, logClasses: 0, tuned: 0, base: coefficient,
        drift: 0, differenceRange: Self.differenceRange))
  }

  /// The least fraction that has a coefficient at this scale, for messages.
  static func least(scale: Int) -> Double { Double(sign: .plus, exponent: -scale - 1, significand: 1) }

  private static func integer(_ value: BigUInt) -> Int {
    value.digits(count: 3).reversed().reduce(0) { $0 << Limits.logLimb + Int($1) }
  }
}

extension StructuredClause {
  /// x and the floor that are proved of a bound by fractions of weights, in the weights' own units: √B/2·2^-s and
  /// √(τ² + 2^31)/2·2^-(f + s).
  func weightBound(fractionBits: Int) -> (fraction: Double, floor: Double)? {
    guard let entries, let rounding = entries.rounding else { return nil }
    let unit = Double(sign: .plus, exponent: -scale, significand: 0.5)
    let floor = Double(entries.square + 2 * rounding.differenceRange).squareRoot() * unit
    return (
      Double(rounding.base).squareRoot() * unit, floor * Double(sign: .plus, exponent: -fractionBits, significand: 1)
    )
  }
}
