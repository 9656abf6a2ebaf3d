// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCheckpoint
import DriftProofPolicy

/// Units and integers of an entrywise bound t, from policy, shape and base identity only; docs/protocol.md section 4.
///
/// With T = t·2^(f + s) the argument proves E² < τ² + 2^30 of every entry, τ² = ⌊T²⌋ - 2^30
/// (``EntryClaim``): never more than the policy's number.
struct EntryRule {
  /// ⌊T²⌋ ≤ 2^37: the roots of a chunk of zeros are about T each, and 2^14·2^37 = 2^51 is below 2^58/66.
  static let logLargestSquare = EntryClaim.logLargestSquare
  /// ⌊T²⌋ ≥ 2^31: what the argument cannot see, 2^30, is at most half of it.
  static let logLeastSquare = 31

  let bound: EntryBound
  let statistics: TensorStatistics

  /// ⌊T²⌋ in units of 4^-(f + s), with f = g - coarsening.
  private func square(coarsening: Int, scale: Int) -> BigUInt {
    switch bound {
    case .absolute(let value):
      BoundArithmetic.square(
        of: value, times: BigUInt(1 as UInt), shift: 2 * (statistics.fractionBits - coarsening + scale))
    case .relative(let value):
      // max|q| of the base is in the identity's units.
      BoundArithmetic.square(
        of: value, times: BigUInt(statistics.maxAbs.magnitude) * BigUInt(statistics.maxAbs.magnitude),
        shift: 2 * (scale - coarsening))
    }
  }

  private func isProvable(coarsening: Int, scale: Int) -> Bool {
    square(coarsening: coarsening, scale: scale) <= BigUInt(1 as UInt) << Self.logLargestSquare
  }

  /// The least t ≥ 0 for which the bound can be proved in units of 2^-(g - t), at most `room`.
  func superfluousBits(room: Int) -> Int { (0..<max(0, room)).first { isProvable(coarsening: $0, scale: 0) } ?? room }

  /// The largest s up to `limit` for which ⌊T²⌋ is not too large.
  func scale(coarsening: Int, limit: Int) -> Int {
    stride(from: limit, to: 0, by: -1).first { isProvable(coarsening: coarsening, scale: $0) } ?? 0
  }

  /// What the argument proves; nil for a bound that is too small at this scale. One that is too large for the coarsest
  /// units is held at what can be proved, which is less.
  func claim(coarsening: Int, scale: Int) -> EntryClaim? {
    let square = min(square(coarsening: coarsening, scale: scale), BigUInt(1 as UInt) << Self.logLargestSquare)
    guard square >= BigUInt(1 as UInt) << Self.logLeastSquare else { return nil }
    let digits = square.digits(count: 3)
    let value = digits.reversed().reduce(0) { $0 << Limits.logLimb + Int($1) }
    return EntryClaim(square: value - EntryClaim.slack)
  }

  static let leastClaim = EntryClaim(square: 1 << logLeastSquare - EntryClaim.slack)

  /// The bound as a number, for messages.
  var value: Double {
    switch bound {
    case .absolute(let value): value.doubleValue
    case .relative(let value):
      value.doubleValue * Double(statistics.maxAbs)
        * Double(sign: .plus, exponent: -statistics.fractionBits, significand: 1)
    }
  }

  /// The least bound that can be proved in units of 2^-bits, for messages.
  static func least(bits: Int) -> Double {
    Double(sign: .plus, exponent: -bits, significand: Double(1 << logLeastSquare).squareRoot())
  }
}
