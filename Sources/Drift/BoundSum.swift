// SPDX-License-Identifier: Apache-2.0

/// An exact non-negative integer in base 2^15, as bounds of the statement are written, to be compared with them.
package struct BoundSum: Sendable {
  /// Low digit first, each below 2^15.
  private(set) var digits: [UInt16] = []

  package init() {}

  /// A bound that no sum of squares of a tensor exceeds.
  package static let unlimited = [UInt16](repeating: 0x7FFF, count: 9)

  package init(_ value: UInt128) { add(value) }

  /// Adds value·2^shift.
  package mutating func add(_ value: UInt128, shift: Int = 0) {
    let (whole, bits) = shift.quotientAndRemainder(dividingBy: 15)
    var rest = value
    var carry: UInt32 = 0
    var index = whole
    while rest != 0 || carry != 0 {
      while digits.count <= index { digits.append(0) }
      let sum = UInt32(digits[index]) + UInt32(rest & 0x7FFF) << UInt32(bits) + carry
      digits[index] = UInt16(sum & 0x7FFF)
      carry = sum >> 15
      rest >>= 15
      index += 1
    }
  }

  /// Whether the sum is above `bound`, base 2^15, low digit first; nil stands for zero.
  package func exceeds(_ bound: [UInt16]?) -> Bool {
    let bound = bound ?? []
    for index in stride(from: max(digits.count, bound.count) - 1, through: 0, by: -1) {
      let (mine, other) = (Self.digit(digits, index), Self.digit(bound, index))
      if mine != other { return mine > other }
    }
    return false
  }

  /// The nearest `Double`, for reports.
  package var approximation: Double { Self.approximation(digits) }

  /// A bound as the nearest `Double`, for reports; nil stands for zero.
  package static func approximation(_ bound: [UInt16]?) -> Double {
    (bound ?? []).reversed().reduce(0) { $0 * 32768 + Double($1) }
  }

  private static func digit(_ digits: [UInt16], _ index: Int) -> UInt16 { index < digits.count ? digits[index] : 0 }
}
