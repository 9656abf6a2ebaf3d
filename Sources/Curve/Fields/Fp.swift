// SPDX-License-Identifier: Apache-2.0

/// The field of p elements over which the curve BLS12-381 is defined, in Montgomery form: six words a·2^384 mod p, lowest first,
/// always below p.
///
/// Addition, subtraction, multiplication and inversion have no branch and no index that depends on a value. Comparison
/// has.
public struct Fp: Hashable, Sendable {
  var w0, w1, w2, w3, w4, w5: UInt64

  @inline(__always)
  init(_ w0: UInt64, _ w1: UInt64, _ w2: UInt64, _ w3: UInt64, _ w4: UInt64, _ w5: UInt64) {
    (self.w0, self.w1, self.w2, self.w3, self.w4, self.w5) = (w0, w1, w2, w3, w4, w5)
  }

  // p = (x - 1)²·(x⁴ - x² + 1)/3 + x with x = -0xd201000000010000: 381 bits, p = 3 (mod 4), p = 1 (mod 3).
  @inline(__always) static var p0: UInt64 { 0xB9FE_FFFF_FFFF_AAAB }
  @inline(__always) static var p1: UInt64 { 0x1EAB_FFFE_B153_FFFF }
  @inline(__always) static var p2: UInt64 { 0x6730_D2A0_F6B0_F624 }
  @inline(__always) static var p3: UInt64 { 0x6477_4B84_F385_12BF }
  @inline(__always) static var p4: UInt64 { 0x4B1B_A7B6_434B_ACD7 }
  @inline(__always) static var p5: UInt64 { 0x1A01_11EA_397F_E69A }
  /// p0·n = -1 (mod 2^64).
  @inline(__always) static var negatedInverse: UInt64 { 0x89F3_FFFC_FFFC_FFFD }

  /// p, six words.
  static let modulus = [p0, p1, p2, p3, p4, p5]
  /// 2^768 mod p: multiplying by it makes the Montgomery form.
  static let squaredRadix = Fp(
    0xF4DF_1F34_1C34_1746, 0x0A76_E6A6_09D1_04F1, 0x8DE5_476C_4C95_B6D5, 0x67EB_88A9_939D_83C0, 0x9A79_3E85_B519_952D,
    0x1198_8FE5_92CA_E3AA)

  /// The neutral element of addition.
  public static let zero = Fp(0, 0, 0, 0, 0, 0)
  /// The neutral element of multiplication: 2^384 mod p.
  public static let one = Fp(
    0x7609_0000_0002_FFFD, 0xEBF4_000B_C40C_0002, 0x5F48_9857_53C7_58BA, 0x77CE_5853_7052_5745, 0x5C07_1A97_A256_EC6D,
    0x15F6_5EC3_FA80_E493)

  /// The image of an integer.
  public init(_ value: UInt64) { self = Fp(value, 0, 0, 0, 0, 0) * Self.squaredRadix }

  /// The element of six canonical words, lowest first; nil where they are not below p.
  init?(canonicalWords words: [UInt64]) {
    guard words.count == 6, WideArithmetic.isLess(words, Self.modulus) else { return nil }
    self = Fp(words[0], words[1], words[2], words[3], words[4], words[5]) * Self.squaredRadix
  }

  /// The element of 48 bytes, highest first; nil where there are not 48 or their number is not below p.
  public init?(bigEndian bytes: some BidirectionalCollection<UInt8>) {
    guard bytes.count == 48 else { return nil }
    self.init(canonicalWords: WideArithmetic.words(bigEndian: bytes))
  }

  /// The number of 64 bytes, highest first, modulo p: for hashing, whose distance from uniform is then below 2^-128.
  init(reducing bytes: [UInt8]) {
    precondition(bytes.count == 64, "wide numbers have 64 bytes")
    let words = WideArithmetic.words(bigEndian: bytes)
    // low + high·2^256, both parts below 2^256 < p.
    let low = Fp(words[0], words[1], words[2], words[3], 0, 0) * Self.squaredRadix
    let high = Fp(words[4], words[5], words[6], words[7], 0, 0) * Self.squaredRadix
    self = low + high * (Fp(0, 0, 0, 0, 1, 0) * Self.squaredRadix)
  }

  /// Six canonical words, lowest first.
  var canonicalWords: [UInt64] {
    let value = self * Fp(1, 0, 0, 0, 0, 0)
    return [value.w0, value.w1, value.w2, value.w3, value.w4, value.w5]
  }

  /// The Montgomery form's words.
  var words: [UInt64] { [w0, w1, w2, w3, w4, w5] }

  /// 48 bytes, highest first.
  public var bigEndianBytes: [UInt8] { WideArithmetic.littleEndianBytes(canonicalWords).reversed() }

  /// Subtracts p from a number below 2p unless it is below p.
  @inline(__always)
  private func reduced() -> Fp {
    var borrow: UInt64 = 0
    let d0 = WideArithmetic.subtract(w0, Self.p0, &borrow)
    let d1 = WideArithmetic.subtract(w1, Self.p1, &borrow)
    let d2 = WideArithmetic.subtract(w2, Self.p2, &borrow)
    let d3 = WideArithmetic.subtract(w3, Self.p3, &borrow)
    let d4 = WideArithmetic.subtract(w4, Self.p4, &borrow)
    let d5 = WideArithmetic.subtract(w5, Self.p5, &borrow)
    return Fp.select(0 &- borrow, self, Fp(d0, d1, d2, d3, d4, d5))
  }

  /// t ← (t + a·b + m·p) / 2^64 with the m that makes it whole: below 2p where t is, as a < p and 2^64·p exceeds b·p + m·p.
  @inline(__always)
  private mutating func absorb(_ a: Fp, _ b: UInt64) {
    var (carry, low) = WideArithmetic.multiplyAdd(a.w0, b, w0)
    let m = low &* Self.negatedInverse
    var (fold, _) = WideArithmetic.multiplyAdd(m, Self.p0, low)
    (carry, low) = WideArithmetic.multiplyAdd(a.w1, b, w1, carry)
    (fold, w0) = WideArithmetic.multiplyAdd(m, Self.p1, low, fold)
    (carry, low) = WideArithmetic.multiplyAdd(a.w2, b, w2, carry)
    (fold, w1) = WideArithmetic.multiplyAdd(m, Self.p2, low, fold)
    (carry, low) = WideArithmetic.multiplyAdd(a.w3, b, w3, carry)
    (fold, w2) = WideArithmetic.multiplyAdd(m, Self.p3, low, fold)
    (carry, low) = WideArithmetic.multiplyAdd(a.w4, b, w4, carry)
    (fold, w3) = WideArithmetic.multiplyAdd(m, Self.p4, low, fold)
    (carry, low) = WideArithmetic.multiplyAdd(a.w5, b, w5, carry)
    (fold, w4) = WideArithmetic.multiplyAdd(m, Self.p5, low, fold)
    // Both are below 2^62, as the top word of p is below 2^61.
    w5 = carry &+ fold
  }

  /// The product.
  public static func * (a: Fp, b: Fp) -> Fp {
    var t = Fp(0, 0, 0, 0, 0, 0)
    t.absorb(a, b.w0)
    t.absorb(a, b.w1)
    t.absorb(a, b.w2)
    t.absorb(a, b.w3)
    t.absorb(a, b.w4)
    t.absorb(a, b.w5)
    return t.reduced()
  }

  /// The sum.
  public static func + (a: Fp, b: Fp) -> Fp {
    var carry: UInt64 = 0
    let s0 = WideArithmetic.add(a.w0, b.w0, &carry)
    let s1 = WideArithmetic.add(a.w1, b.w1, &carry)
    let s2 = WideArithmetic.add(a.w2, b.w2, &carry)
    let s3 = WideArithmetic.add(a.w3, b.w3, &carry)
    let s4 = WideArithmetic.add(a.w4, b.w4, &carry)
    let s5 = WideArithmetic.add(a.w5, b.w5, &carry)
    return Fp(s0, s1, s2, s3, s4, s5).reduced()
  }

  /// The difference.
  public static func - (a: Fp, b: Fp) -> Fp {
    var borrow: UInt64 = 0
    let d0 = WideArithmetic.subtract(a.w0, b.w0, &borrow)
    let d1 = WideArithmetic.subtract(a.w1, b.w1, &borrow)
    let d2 = WideArithmetic.subtract(a.w2, b.w2, &borrow)
    let d3 = WideArithmetic.subtract(a.w3, b.w3, &borrow)
    let d4 = WideArithmetic.subtract(a.w4, b.w4, &borrow)
    let d5 = WideArithmetic.subtract(a.w5, b.w5, &borrow)
    let mask = 0 &- borrow
    var carry: UInt64 = 0
    return Fp(
      WideArithmetic.add(d0, p0 & mask, &carry), WideArithmetic.add(d1, p1 & mask, &carry),
      WideArithmetic.add(d2, p2 & mask, &carry), WideArithmetic.add(d3, p3 & mask, &carry),
      WideArithmetic.add(d4, p4 & mask, &carry), WideArithmetic.add(d5, p5 & mask, &carry))
  }

  /// The negative.
  public static prefix func - (a: Fp) -> Fp { zero - a }

  /// `a` where the mask is all ones, `b` where it is zero.
  @inline(__always)
  static func select(_ mask: UInt64, _ a: Fp, _ b: Fp) -> Fp {
    Fp(
      WideArithmetic.select(mask, a.w0, b.w0), WideArithmetic.select(mask, a.w1, b.w1),
      WideArithmetic.select(mask, a.w2, b.w2), WideArithmetic.select(mask, a.w3, b.w3),
      WideArithmetic.select(mask, a.w4, b.w4), WideArithmetic.select(mask, a.w5, b.w5))
  }
}

extension Fp: CurveField {
  // Exponents, which are public: the words of p - 2, (p + 1)/4 and (p - 1)/2.
  private static let inverseExponent = [p0 - 2, p1, p2, p3, p4, p5]
  private static let rootExponent = WideArithmetic.shiftedRight([p0 + 1, p1, p2, p3, p4, p5], by: 2)
  private static let halfModulus = WideArithmetic.shiftedRight(modulus, by: 1)

  /// a^(p - 2), the inverse; zero for zero.
  public func inverse() -> Fp { raised(to: Self.inverseExponent) }

  /// The square.
  func squared() -> Fp { self * self }

  /// A square root, if there is one: a^((p + 1)/4), as p = 3 (mod 4).
  func squareRoot() -> Fp? {
    let root = raised(to: Self.rootExponent)
    return root * root == self ? root : nil
  }

  /// Whether it is zero.
  public var isZero: Bool { w0 | w1 | w2 | w3 | w4 | w5 == 0 }

  /// Whether the canonical number exceeds (p - 1)/2: the sign of point encodings.
  var isLarger: Bool { WideArithmetic.isLess(Self.halfModulus, canonicalWords) }

  /// sgn0 of RFC 9380, section 4.1: whether the canonical number is odd.
  var isOdd: Bool { canonicalWords[0] & 1 == 1 }

  /// 3·b·a for the curve y² = x³ + b, b = 4.
  func timesThriceB() -> Fp {
    let double = self + self
    let four = double + double
    return four + four + four
  }

  static let curveB = Fp(4)
}
