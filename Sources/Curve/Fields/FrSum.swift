// SPDX-License-Identifier: Apache-2.0

/// A sum of scalars, and of scalars times integers, that is reduced once at the end: six words in two's complement, lowest first.
///
/// A scalar in Montgomery form is below 2^255, a product with an integer below 2^318 in magnitude: 2^64 of them fit. No branch
/// and no index depends on a value.
package struct FrSum: Sendable {
  private var s0: UInt64 = 0
  private var s1: UInt64 = 0
  private var s2: UInt64 = 0
  private var s3: UInt64 = 0
  private var s4: UInt64 = 0
  private var s5: UInt64 = 0

  package init() {}

  /// Adds a scalar.
  @inline(__always)
  package mutating func add(_ a: Fr) {
    var carry: UInt64 = 0
    s0 = WideArithmetic.add(s0, a.w0, &carry)
    s1 = WideArithmetic.add(s1, a.w1, &carry)
    s2 = WideArithmetic.add(s2, a.w2, &carry)
    s3 = WideArithmetic.add(s3, a.w3, &carry)
    s4 = WideArithmetic.add(s4, 0, &carry)
    s5 = s5 &+ carry
  }

  /// Adds a scalar times an integer.
  @inline(__always)
  package mutating func add(_ a: Fr, times integer: Int64) {
    // integer = pattern - 2^64·[integer < 0].
    let pattern = UInt64(bitPattern: integer)
    let (high0, p0) = WideArithmetic.multiplyAdd(a.w0, pattern, 0)
    let (high1, p1) = WideArithmetic.multiplyAdd(a.w1, pattern, high0)
    let (high2, p2) = WideArithmetic.multiplyAdd(a.w2, pattern, high1)
    let (p4, p3) = WideArithmetic.multiplyAdd(a.w3, pattern, high2)
    var carry: UInt64 = 0
    s0 = WideArithmetic.add(s0, p0, &carry)
    s1 = WideArithmetic.add(s1, p1, &carry)
    s2 = WideArithmetic.add(s2, p2, &carry)
    s3 = WideArithmetic.add(s3, p3, &carry)
    s4 = WideArithmetic.add(s4, p4, &carry)
    s5 = s5 &+ carry
    let mask = UInt64(bitPattern: integer >> 63)
    var borrow: UInt64 = 0
    s1 = WideArithmetic.subtract(s1, a.w0 & mask, &borrow)
    s2 = WideArithmetic.subtract(s2, a.w1 & mask, &borrow)
    s3 = WideArithmetic.subtract(s3, a.w2 & mask, &borrow)
    s4 = WideArithmetic.subtract(s4, a.w3 & mask, &borrow)
    s5 = s5 &- borrow
  }

  /// The sum.
  package var value: Fr {
    // s = low + 2^256·high, high signed: low is a Montgomery form, and 2^256·high is the Montgomery form of high.
    let low = Fr(s0, s1, s2, s3).reduced().reduced()
    let isNegative = UInt64(bitPattern: Int64(bitPattern: s5) >> 63)
    var borrow: UInt64 = 0
    let m0 = WideArithmetic.subtract(s4 ^ isNegative, isNegative, &borrow)
    let m1 = (s5 ^ isNegative) &- isNegative &- borrow
    let high = Fr(m0, m1, 0, 0) * Fr.squaredRadix
    let negated = -high
    return low
      + Fr(
        WideArithmetic.select(isNegative, negated.w0, high.w0), WideArithmetic.select(isNegative, negated.w1, high.w1),
        WideArithmetic.select(isNegative, negated.w2, high.w2), WideArithmetic.select(isNegative, negated.w3, high.w3))
  }
}
