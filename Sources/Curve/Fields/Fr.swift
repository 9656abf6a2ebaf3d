// SPDX-License-Identifier: Apache-2.0

/// The field of r elements, the order of the groups, in Montgomery form: four words a·2^256 mod r, lowest first, always below r.
///
/// Addition, subtraction, multiplication and inversion have no branch and no index that depends on a value. Comparison
/// has.
public struct Fr: Hashable, Sendable {
  var w0, w1, w2, w3: UInt64

  @inline(__always)
  init(_ w0: UInt64, _ w1: UInt64, _ w2: UInt64, _ w3: UInt64) {
    (self.w0, self.w1, self.w2, self.w3) = (w0, w1, w2, w3)
  }

  // r = x⁴ - x² + 1 with x = -0xd201000000010000: 255 bits, r - 1 = 2^32 · odd.
  @inline(__always) private static var r0: UInt64 { 0xFFFF_FFFF_0000_0001 }
  @inline(__always) private static var r1: UInt64 { 0x53BD_A402_FFFE_5BFE }
  @inline(__always) private static var r2: UInt64 { 0x3339_D808_09A1_D805 }
  @inline(__always) private static var r3: UInt64 { 0x73ED_A753_299D_7D48 }
  /// r0·n = -1 (mod 2^64).
  @inline(__always) private static var negatedInverse: UInt64 { 0xFFFF_FFFE_FFFF_FFFF }
  /// 2^512 mod r: multiplying by it makes the Montgomery form.
  static let squaredRadix = Fr(
    0xC999_E990_F3F2_9C6D, 0x2B6C_EDCB_8792_5C23, 0x05D3_1496_7254_398F, 0x0748_D9D9_9F59_FF11)

  /// r, four words.
  static let modulus = [r0, r1, r2, r3]
  /// The neutral element of addition.
  public static let zero = Fr(0, 0, 0, 0)
  /// The neutral element of multiplication: 2^256 mod r.
  public static let one = Fr(
    0x0000_0001_FFFF_FFFE, 0x5884_B7FA_0003_4802, 0x998C_4FEF_ECBC_4FF5, 0x1824_B159_ACC5_056F)

  /// The image of an integer.
  public init(_ value: Int64) {
    let magnitude = Fr(value.magnitude, 0, 0, 0) * Self.squaredRadix
    self = value < 0 ? -magnitude : magnitude
  }

  /// The element of 32 bytes, lowest first; nil where there are not 32 or their number is not below r.
  public init?(littleEndian bytes: some Collection<UInt8>) {
    guard bytes.count == 32 else { return nil }
    let words = WideArithmetic.words(littleEndian: bytes)
    guard WideArithmetic.isLess(words, Self.modulus) else { return nil }
    self = Fr(words[0], words[1], words[2], words[3]) * Self.squaredRadix
  }

  /// 32 bytes, lowest first.
  public var littleEndianBytes: [UInt8] { WideArithmetic.littleEndianBytes(canonicalWords) }

  /// Four canonical words, lowest first.
  var canonicalWords: [UInt64] {
    let value = self * Fr(1, 0, 0, 0)
    return [value.w0, value.w1, value.w2, value.w3]
  }

  /// Whether it is zero.
  public var isZero: Bool { w0 | w1 | w2 | w3 == 0 }

  /// Subtracts r from a number below 2r unless it is below r.
  @inline(__always)
  func reduced() -> Fr {
    var borrow: UInt64 = 0
    let d0 = WideArithmetic.subtract(w0, Self.r0, &borrow)
    let d1 = WideArithmetic.subtract(w1, Self.r1, &borrow)
    let d2 = WideArithmetic.subtract(w2, Self.r2, &borrow)
    let d3 = WideArithmetic.subtract(w3, Self.r3, &borrow)
    let mask = 0 &- borrow
    return Fr(
      WideArithmetic.select(mask, w0, d0), WideArithmetic.select(mask, w1, d1), WideArithmetic.select(mask, w2, d2),
      WideArithmetic.select(mask, w3, d3))
  }

  /// t ← (t + a·b + m·r) / 2^64 with the m that makes it whole: below 2r where t is.
  @inline(__always)
  private mutating func absorb(_ a: Fr, _ b: UInt64) {
    var (carry, low) = WideArithmetic.multiplyAdd(a.w0, b, w0)
    let m = low &* Self.negatedInverse
    var (fold, _) = WideArithmetic.multiplyAdd(m, Self.r0, low)
    (carry, low) = WideArithmetic.multiplyAdd(a.w1, b, w1, carry)
    (fold, w0) = WideArithmetic.multiplyAdd(m, Self.r1, low, fold)
    (carry, low) = WideArithmetic.multiplyAdd(a.w2, b, w2, carry)
    (fold, w1) = WideArithmetic.multiplyAdd(m, Self.r2, low, fold)
    (carry, low) = WideArithmetic.multiplyAdd(a.w3, b, w3, carry)
    (fold, w2) = WideArithmetic.multiplyAdd(m, Self.r3, low, fold)
    // (2r + 2^64·r + 2^64·r) / 2^64 < 2^256, as 2r < 2^256.
    w3 = carry &+ fold
  }

  /// The product.
  public static func * (a: Fr, b: Fr) -> Fr {
    var t = Fr(0, 0, 0, 0)
    t.absorb(a, b.w0)
    t.absorb(a, b.w1)
    t.absorb(a, b.w2)
    t.absorb(a, b.w3)
    return t.reduced()
  }

  /// The sum.
  public static func + (a: Fr, b: Fr) -> Fr {
    var carry: UInt64 = 0
    let s0 = WideArithmetic.add(a.w0, b.w0, &carry)
    let s1 = WideArithmetic.add(a.w1, b.w1, &carry)
    let s2 = WideArithmetic.add(a.w2, b.w2, &carry)
    let s3 = WideArithmetic.add(a.w3, b.w3, &carry)
    return Fr(s0, s1, s2, s3).reduced()
  }

  /// The difference.
  public static func - (a: Fr, b: Fr) -> Fr {
    var borrow: UInt64 = 0
    let d0 = WideArithmetic.subtract(a.w0, b.w0, &borrow)
    let d1 = WideArithmetic.subtract(a.w1, b.w1, &borrow)
    let d2 = WideArithmetic.subtract(a.w2, b.w2, &borrow)
    let d3 = WideArithmetic.subtract(a.w3, b.w3, &borrow)
    let mask = 0 &- borrow
    var carry: UInt64 = 0
    return Fr(
      WideArithmetic.add(d0, r0 & mask, &carry), WideArithmetic.add(d1, r1 & mask, &carry),
      WideArithmetic.add(d2, r2 & mask, &carry), WideArithmetic.add(d3, r3 & mask, &carry))
  }

  /// The negative.
  public static prefix func - (a: Fr) -> Fr { zero - a }

  /// a^(r - 2), the inverse; zero for zero.
  public func inverse() -> Fr {
    var result = Fr.one
    // r - 2 borrows from the second word.
    for word in [Self.r0 &- 2, Self.r1, Self.r2, Self.r3].reversed() {
      for bit in (0..<64).reversed() {
        result = result * result
        if word >> UInt64(bit) & 1 == 1 { result = result * self }
      }
    }
    return result
  }
}
