// SPDX-License-Identifier: Apache-2.0

/// A non-negative integer of any size, for bounds that are exact rationals times powers of two and ten.
///
/// Limbs are base 2^32, low first, without leading zeros. Numbers here stay below about 700 bits, so the schoolbook
/// methods are enough.
package struct BigUInt: Hashable, Sendable, Comparable {
  private(set) var limbs: [UInt32]

  package static let zero = BigUInt(limbs: [])

  private init(limbs: [UInt32]) {
    self.limbs = limbs
    while self.limbs.last == 0 { self.limbs.removeLast() }
  }

  package init(_ value: some UnsignedInteger) {
    var rest = UInt128(value)
    var limbs: [UInt32] = []
    while rest != 0 {
      limbs.append(UInt32(truncatingIfNeeded: rest))
      rest >>= 32
    }
    self.limbs = limbs
  }

  /// 2^exponent - 1; zero for exponents below 1.
  package init(ones exponent: Int) {
    self = exponent < 1 ? .zero : (BigUInt(1 as UInt) << exponent) - BigUInt(1 as UInt)
  }

  package var isZero: Bool { limbs.isEmpty }

  /// The number of bits: the least n with self < 2^n.
  package var bitCount: Int { limbs.last.map { 32 * limbs.count - $0.leadingZeroBitCount } ?? 0 }

  /// The least n with self ≤ 2^n; 0 for zero.
  package var ceilLog2: Int { self <= BigUInt(1 as UInt) ? 0 : (self - BigUInt(1 as UInt)).bitCount }

  /// The nearest `Double` or so, for messages only; infinite when too large.
  package var approximateValue: Double { limbs.reversed().reduce(0) { $0 * 4_294_967_296 + Double($1) } }

  package static func < (a: BigUInt, b: BigUInt) -> Bool {
    if a.limbs.count != b.limbs.count { return a.limbs.count < b.limbs.count }
    for (x, y) in zip(a.limbs.reversed(), b.limbs.reversed()) where x != y { return x < y }
    return false
  }

  package static func + (a: BigUInt, b: BigUInt) -> BigUInt {
    var result: [UInt32] = []
    var carry: UInt64 = 0
    for i in 0..<max(a.limbs.count, b.limbs.count) {
      carry += UInt64(a.limb(i)) + UInt64(b.limb(i))
      result.append(UInt32(truncatingIfNeeded: carry))
      carry >>= 32
    }
    return BigUInt(limbs: result + [UInt32(truncatingIfNeeded: carry)])
  }

  /// a - b, or zero when b is larger.
  package static func - (a: BigUInt, b: BigUInt) -> BigUInt {
    guard b < a else { return .zero }
    var result: [UInt32] = []
    var borrow: Int64 = 0
    for i in 0..<a.limbs.count {
      let difference = Int64(a.limb(i)) - Int64(b.limb(i)) + borrow
      result.append(UInt32(truncatingIfNeeded: difference))
      borrow = difference >> 32
    }
    return BigUInt(limbs: result)
  }

  package static func * (a: BigUInt, b: BigUInt) -> BigUInt {
    guard !a.isZero, !b.isZero else { return .zero }
    var result = [UInt32](repeating: 0, count: a.limbs.count + b.limbs.count)
    for (i, x) in a.limbs.enumerated() {
      var carry: UInt64 = 0
      for (j, y) in b.limbs.enumerated() {
        // At most (2^32 - 1)² + 2·(2^32 - 1) = 2^64 - 1.
        carry += UInt64(x) * UInt64(y) + UInt64(result[i + j])
        result[i + j] = UInt32(truncatingIfNeeded: carry)
        carry >>= 32
      }
      result[i + b.limbs.count] = UInt32(truncatingIfNeeded: carry)
    }
    return BigUInt(limbs: result)
  }

  /// self·2^bits for bits ≥ 0, floor(self / 2^-bits) otherwise.
  package static func << (a: BigUInt, bits: Int) -> BigUInt {
    guard bits >= 0 else { return a >> -bits }
    let (words, rest) = bits.quotientAndRemainder(dividingBy: 32)
    var result = [UInt32](repeating: 0, count: words)
    var carry: UInt64 = 0
    for limb in a.limbs {
      carry |= UInt64(limb) << UInt64(rest)
      result.append(UInt32(truncatingIfNeeded: carry))
      carry >>= 32
    }
    return BigUInt(limbs: result + [UInt32(truncatingIfNeeded: carry)])
  }

  /// floor(self / 2^bits) for bits ≥ 0.
  package static func >> (a: BigUInt, bits: Int) -> BigUInt {
    guard bits >= 0 else { return a << -bits }
    let (words, rest) = bits.quotientAndRemainder(dividingBy: 32)
    guard words < a.limbs.count else { return .zero }
    var result: [UInt32] = []
    for i in words..<a.limbs.count {
      let pair = UInt64(a.limb(i + 1)) << 32 | UInt64(a.limb(i))
      result.append(UInt32(truncatingIfNeeded: pair >> UInt64(rest)))
    }
    return BigUInt(limbs: result)
  }

  /// floor(self / divisor); `divisor` must not be 0.
  package func divided(by divisor: UInt32) -> BigUInt {
    precondition(divisor != 0, "division by zero")
    var result = limbs
    var remainder: UInt64 = 0
    for i in limbs.indices.reversed() {
      remainder = remainder << 32 | UInt64(limbs[i])
      result[i] = UInt32(truncatingIfNeeded: remainder / UInt64(divisor))
      remainder %= UInt64(divisor)
    }
    return BigUInt(limbs: result)
  }

  /// self·10^exponent, or floor(self / 10^-exponent): floors of successive divisions are the floor of the whole.
  package func timesPowerOfTen(_ exponent: Int) -> BigUInt {
    var result = self
    var rest = exponent.magnitude
    while rest > 0 {
      let step = min(rest, 9)
      var power: UInt32 = 1
      for _ in 0..<step { power *= 10 }
      result = exponent >= 0 ? result * BigUInt(power) : result.divided(by: power)
      rest -= step
    }
    return result
  }

  /// The lowest `count` digits to base 2^15, low first; the caller sees to it that the number has no more.
  package func digits(count: Int) -> [UInt16] {
    (0..<count).map { digit in
      let shifted = self >> (15 * digit)
      return UInt16(truncatingIfNeeded: shifted.limb(0) & 0x7FFF)
    }
  }

  private func limb(_ index: Int) -> UInt32 { index < limbs.count ? limbs[index] : 0 }
}
