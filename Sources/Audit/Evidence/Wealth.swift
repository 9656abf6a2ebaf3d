// SPDX-License-Identifier: Apache-2.0

/// What one bet has grown to: `mantissa`·2^`exponent`, always rounded down, so that every machine has the same bits and
/// the product of fair bets stays a supermartingale.
package struct Wealth: Equatable, Sendable {
  /// At least 2^62 and below 2^63, or zero for one that lost everything.
  package let mantissa: UInt64
  package let exponent: Int

  /// A stake of one.
  package static let one = Wealth(mantissa: 1 << 62, exponent: -62)
  package static let zero = Wealth(mantissa: 0, exponent: 0)

  package init(mantissa: UInt64, exponent: Int) {
    self.mantissa = mantissa
    self.exponent = exponent
  }

  /// Times `numerator`/`denominator`, the mantissa rounded down.
  /// - Parameters:
  ///   - numerator: below 2^32.
  ///   - denominator: from 1, below 2^32.
  package func times(_ numerator: Int, over denominator: Int) -> Wealth {
    guard mantissa != 0, numerator > 0 else { return .zero }
    let divisor = UInt128(denominator)
    let product = UInt128(mantissa) * UInt128(numerator)
    // At least 64 bits are left after the division, of which 63 are kept.
    let shift = max(0, 64 + divisor.bits - product.bits)
    let quotient = (product << UInt128(shift)) / divisor
    let excess = quotient.bits - 63
    return Wealth(mantissa: UInt64(quotient >> UInt128(excess)), exponent: exponent - shift + excess)
  }
}

/// Sums of wealths, rounded down to 121 bits below the largest.
package struct WealthSum: Sendable {
  private var terms: [(value: UInt128, exponent: Int)] = []

  package init() {}

  /// - Parameter weight: from 1 to 7.
  package mutating func add(_ wealth: Wealth, weight: Int) {
    if wealth.mantissa != 0 { terms.append((UInt128(wealth.mantissa) * UInt128(weight), wealth.exponent)) }
  }

  /// The sum as an integer times a power of two.
  package var rounded: (value: UInt128, exponent: Int) {
    guard let top = terms.map({ $0.value.bits + $0.exponent }).max() else { return (0, 0) }
    // Fourteen terms below 2^121 fit into 125 bits.
    let lowest = top - 121
    let value = terms.reduce(UInt128(0)) { sum, term in
      let places = term.exponent - lowest
      return sum + (places >= 0 ? term.value << UInt128(places) : places > -128 ? term.value >> UInt128(-places) : 0)
    }
    return (value, lowest)
  }

  /// Whether the sum is at least `threshold`, from 1, below 2^32.
  package func isAtLeast(_ threshold: Int) -> Bool {
    let (value, exponent) = rounded
    guard value > 0 else { return false }
    // The value has at least 121 bits: with a positive exponent it exceeds every threshold.
    if exponent >= 0 { return true }
    // floor(value·2^exponent) ≥ threshold is the same as value·2^exponent ≥ threshold, as the threshold is an integer.
    return exponent > -128 && value >> UInt128(-exponent) >= UInt128(threshold)
  }
}

extension UInt128 {
  /// Binary digits without leading zeros.
  fileprivate var bits: Int { 128 - leadingZeroBitCount }
}
