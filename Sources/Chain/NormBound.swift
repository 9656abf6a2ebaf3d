// SPDX-License-Identifier: Apache-2.0

import DriftProofStatement
import DriftProofCheckpoint
import DriftProofPolicy

/// An upper bound of a Frobenius norm as its exact square, so that bounds relative to a norm need no rounding until they are
/// added to others.
///
/// The unit of norms is 10^-40·2^-24: every policy decimal (its exponent is at least -40) and every unit 2^-f of weights (f
/// is at most 24) is a whole number of it.
package struct NormBound: Hashable, Sendable, Comparable {
  static let decimalPlaces = -Decimal10.exponentRange.lowerBound
  static let binaryPlaces = Encoding.fractionBitsRange.upperBound

  /// In square units.
  let square: BigUInt

  static let zero = NormBound(square: .zero)

  init(square: BigUInt) { self.square = square }

  /// - Parameter baseSquare: ‖W‖² of what a relative bound refers to; see ``squareOfBase(_:)``.
  init(_ bound: Bound, baseSquare: BigUInt) {
    switch bound {
    case .absolute(let value):
      let units = Self.scaled(value) << Self.binaryPlaces
      square = units * units
    case .relative(let value):
      let units = Self.scaled(value)
      square = units * units * baseSquare
    }
  }

  /// A bound on a single entry.
  /// - Parameter leaf: of the tensor whose largest weight a relative bound refers to.
  init(entry bound: EntryBound, leaf: BaseIdentity.Leaf) {
    switch bound {
    case .absolute(let value): self.init(.absolute(value), baseSquare: .zero)
    case .relative(let value):
      let largest = BigUInt(leaf.statistics.maxAbs.magnitude) << (Self.binaryPlaces - leaf.statistics.fractionBits)
      self.init(.relative(value), baseSquare: largest * largest)
    }
  }

  /// √entries·2^-f: more than what rounding to integers hides of a drift of so many entries.
  package init(precisionOf entries: Int, fractionBits: Int) {
    let unit = BigUInt(1 as UInt).timesPowerOfTen(Self.decimalPlaces) << (Self.binaryPlaces - fractionBits)
    square = unit * unit * BigUInt(entries.magnitude)
  }

  /// ‖W‖² of base tensors in units of 4^-24, exact; others than floating ones count nothing.
  static func squareOfBase(_ leaves: [BaseIdentity.Leaf]) -> BigUInt {
    leaves.filter(\.isEncodable).reduce(.zero) { sum, leaf in
      sum + BigUInt(leaf.statistics.sumOfSquares) << (2 * (binaryPlaces - leaf.statistics.fractionBits))
    }
  }

  /// ‖W‖ for display.
  package static func norm(ofBase leaves: [BaseIdentity.Leaf]) -> Double {
    squareOfBase(leaves).approximateValue.squareRoot() / Double(1 << binaryPlaces)
  }

  /// In units; for what is bounded.
  var roundedUp: BigUInt { square.squareRootRoundedUp }
  /// In units; for what bounds.
  var roundedDown: BigUInt { square.squareRoot }

  /// The bound of the orthogonal sum of this many parts that obey this one.
  func times(orthogonal parts: Int) -> NormBound { NormBound(square: square * BigUInt(parts.magnitude)) }

  package static func < (a: NormBound, b: NormBound) -> Bool { a.square < b.square }

  /// A norm in units as a number that is not below it, for display.
  package static func double(_ units: BigUInt) -> Double {
    let value = units.approximateValue / 1e40 / Double(1 << binaryPlaces)
    // A few roundings of 2^-53 each.
    return value * (1 + 0x1p-48)
  }

  private static func scaled(_ value: Decimal10) -> BigUInt {
    BigUInt(value.mantissa).timesPowerOfTen(value.exponent + decimalPlaces)
  }
}
