// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// A bound on each single entry of what is left by the size of the weight itself: the stored weights are those of the other
/// parts, rounded to 16 bits, or near the base's.
public enum RoundingBound: Hashable, Sendable {
  /// Of the stored weight, in its own power of two; of a parsed policy 1 to 2. A merge that rounds once needs 1.
  case halfUlps(Decimal10)
  /// Unit roundoffs of each of these quantities, added as squares; of a parsed policy 0.5 to 4, and a set that is not empty.
  case roundoffs(Decimal10, of: RoundedQuantities)
  /// A fraction of the base's own weight in that place, and where that is less this number, if there is one. In a policy it is
  /// an `entrywise` bound; of a parsed one the fraction is above 0 and at most 1, the number above 0.
  case ofWeight(Decimal10, absolute: Decimal10?)

  /// The number that the policy states.
  public var value: Decimal10 {
    switch self {
    case .halfUlps(let value), .roundoffs(let value, _), .ofWeight(let value, _): value
    }
  }

  /// Whether it is about what rounding leaves, and not about fractions of weights.
  package var isOfRounding: Bool { if case .ofWeight = self { false } else { true } }
}

/// What was rounded on the way to the stored weights.
public struct RoundedQuantities: OptionSet, Hashable, Sendable {
  /// One bit for each member, as in the canonical bytes.
  public let rawValue: UInt8

  /// A set by its bits.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The tuned model's weights.
  public static let tuned = RoundedQuantities(rawValue: 1)
  /// The base's.
  public static let base = RoundedQuantities(rawValue: 2)
  /// The difference of both.
  public static let update = RoundedQuantities(rawValue: 4)

  /// The words of policies, in their order.
  package static let words: [(word: String, member: RoundedQuantities)] = [
    ("tuned", .tuned), ("base", .base), ("update", .update),
  ]

  /// Those of the words that are in the set.
  package var names: [String] { Self.words.filter { contains($0.member) }.map(\.word) }
  /// How many.
  package var count: Int { names.count }
}

/// h unit roundoffs of k quantities as a coefficient c of squares and t bits by which the residual is coarser than 2^-p of
/// the weights' units: with h² · k ≥ c · 4^(t - 1) and as near to it as such pairs come.
package struct RoundingStep: Hashable, Sendable {
  /// c.
  package let coefficient: Int
  /// t.
  package let coarsening: Int

  /// c is at most 6, or the argument's differences would be too wide.
  static let largestCoefficient = 6
  /// 4·h²·k at most, for h ≤ 4 and k ≤ 3: so that nothing below overflows.
  private static let largestSquare = 4 * 4 * 4 * 3

  /// The pair with the largest c·4^t ≤ 4·h²·k; the least t among equals.
  /// - Parameter value: h, 0.5 to 4 (``PolicyLimits/roundoffTenths``).
  package init(_ value: Decimal10, count: Int) {
    var best = RoundingStep(coefficient: 1, coarsening: 0)
    for coarsening in 0...3 {
      for coefficient in 1...Self.largestCoefficient {
        let step = RoundingStep(coefficient: coefficient, coarsening: coarsening)
        if step.square > best.square, Self.admits(step, value, count: count) { best = step }
      }
    }
    self = best
  }

  private init(coefficient: Int, coarsening: Int) {
    self.coefficient = coefficient
    self.coarsening = coarsening
  }

  private var square: Int { coefficient << (2 * coarsening) }

  /// c·4^t ≤ 4·h²·k, exactly: a normalised h in this range has an exponent of -18 to 0, so both sides are below 2^128.
  private static func admits(_ step: RoundingStep, _ value: Decimal10, count: Int) -> Bool {
    guard step.square <= largestSquare, (-18...0).contains(value.exponent) else { return false }
    var power: UInt128 = 1
    for _ in 0..<(-2 * value.exponent) { power *= 10 }
    return UInt128(step.square) * power <= 4 * UInt128(count) * UInt128(value.mantissa) * UInt128(value.mantissa)
  }

  /// The h that is proved: at most the policy's.
  package func roundoffs(count: Int) -> Double { (Double(square) / Double(4 * max(1, count))).squareRoot() }
}

extension Decimal10 {
  /// Whether the number is in a range of tenths, exactly.
  func isWithin(tenths range: ClosedRange<Int>) -> Bool {
    // Below 10^18·10^-18 no range begins, and 10^18·10 is below 2^64.
    guard range.lowerBound > 0, range.upperBound < 100, (-18...1).contains(exponent) else { return false }
    var (left, unit): (UInt128, UInt128) = (10 * UInt128(mantissa), 1)
    for _ in 0..<abs(exponent) { if exponent > 0 { left *= 10 } else { unit *= 10 } }
    return UInt128(range.lowerBound) * unit <= left && left <= UInt128(range.upperBound) * unit
  }
}

extension Decimal10 {
  /// Whether the number is 1 or less, exactly.
  var isAtMostOne: Bool {
    guard exponent < 0 else { return mantissa == 0 || (mantissa == 1 && exponent == 0) }
    // The mantissa is below 10^18.
    guard exponent > -18 else { return true }
    var unit: UInt64 = 1
    for _ in 0..<(-exponent) { unit *= 10 }
    return mantissa <= unit
  }
}

extension PolicyLimits {
  /// Half-ulps that a rounding bound may have, in tenths.
  public static let halfUlpTenths = 10...20
  /// Roundoffs that a rounding bound may have, in tenths.
  public static let roundoffTenths = 5...40
}

/// How a rounding bound is malformed.
public enum RoundingProblem: Equatable, Sendable {
  /// Neither `halfUlps` nor `roundoffs`.
  case missing
  /// Both `halfUlps` and `roundoffs`.
  case several
  /// Half-ulps outside `PolicyLimits.halfUlpTenths`.
  case halfUlpsOutOfRange(found: String)
  /// Roundoffs outside `PolicyLimits.roundoffTenths`.
  case roundoffsOutOfRange(found: String)
  /// `of` beside `halfUlps`.
  case quantitiesOfHalfUlps
  /// `of` is empty.
  case noQuantity
  /// An element of `of` is neither `tuned` nor `base` nor `update`.
  case unknownQuantity(found: String)
  /// An element of `of` stands there twice.
  case repeatedQuantity(found: String)
  /// `entrywise` beside it.
  case withEntrywise
  /// It stands in a rule with `heads`.
  case inHeads
  /// `ofWeight` in a rule with `heads`.
  case ofWeightInHeads
  /// A fraction of weights that is zero, or above 1.
  case fractionOutOfRange(found: String)
  /// `ofWeight` beside `relative`.
  case relativeBesideOfWeight
  /// The least bound beside `ofWeight` is zero.
  case zeroBesideOfWeight

  var words: (problem: String, remedy: String) {
    switch self {
    case .missing: ("the rounding bound has no number", "write { \"halfUlps\": 1.01 } or { \"roundoffs\": 1 }")
    case .several:
      ("halfUlps and roundoffs stand in one rounding bound", "keep one; to require both, use a list of two objects")
    case .halfUlpsOutOfRange(let found):
      (
        "\(displayed(found)) half-ulps are out of range",
        "use 1 to 2; one rounding of a merge needs 1.01 in BF16 and 1.04 in F16"
      )
    case .roundoffsOutOfRange(let found): ("\(displayed(found)) roundoffs are out of range", "use 0.5 to 4")
    case .quantitiesOfHalfUlps:
      (
        "of stands beside halfUlps",
        "remove it: half-ulps are those of the tuned model's weights; of belongs to roundoffs"
      )
    case .noQuantity: ("the list is empty", "write one or more of \"tuned\", \"base\", \"update\", or remove the list")
    case .unknownQuantity(let found):
      ("\(displayed(found)) is nothing that is rounded", "write \"tuned\", \"base\" or \"update\"")
    case .repeatedQuantity(let found): ("\(displayed(found)) stands there twice", "remove one of them")
    case .withEntrywise:
      ("entrywise and rounding stand in one object", "to require both, use a list of two objects")
    case .inHeads:
      (
        "a rounding bound stands in a rule with heads, and the base is committed to by whole tensors",
        "remove heads, or bound the heads by norm, residual or entrywise"
      )
    case .ofWeightInHeads:
      (
        "an entrywise bound in a rule with heads is relative to each weight, and the base is committed to by whole tensors",
        "write { \"absolute\": ... }, or remove heads"
      )
    case .fractionOutOfRange(let found):
      ("\(displayed(found)) is no fraction of a weight", "use a number above 0 and at most 1")
    case .relativeBesideOfWeight:
      ("ofWeight and relative stand in one entrywise bound", "keep one; to require both, use a list of two objects")
    case .zeroBesideOfWeight:
      ("the least bound beside ofWeight is zero", "leave it out: the proof has a floor of its own")
    }
  }
}
