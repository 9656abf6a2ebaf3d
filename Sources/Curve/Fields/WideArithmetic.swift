// SPDX-License-Identifier: Apache-2.0

/// Steps of arithmetic on numbers of several words, lowest word first, without branches.
enum WideArithmetic {
  /// a·b + c + d, which fits two words: (2^64 - 1)² + 2·(2^64 - 1) = 2^128 - 1.
  @inline(__always)
  static func multiplyAdd(_ a: UInt64, _ b: UInt64, _ c: UInt64, _ d: UInt64 = 0) -> (high: UInt64, low: UInt64) {
    let value = UInt128(a) &* UInt128(b) &+ UInt128(c) &+ UInt128(d)
    return (UInt64(truncatingIfNeeded: value >> 64), UInt64(truncatingIfNeeded: value))
  }

  /// a + b + carry, and the new carry, 0 or 1.
  @inline(__always)
  static func add(_ a: UInt64, _ b: UInt64, _ carry: inout UInt64) -> UInt64 {
    let value = UInt128(a) &+ UInt128(b) &+ UInt128(carry)
    carry = UInt64(truncatingIfNeeded: value >> 64)
    return UInt64(truncatingIfNeeded: value)
  }

  /// a - b - borrow, and the new borrow, 0 or 1.
  @inline(__always)
  static func subtract(_ a: UInt64, _ b: UInt64, _ borrow: inout UInt64) -> UInt64 {
    let value = UInt128(a) &- UInt128(b) &- UInt128(borrow)
    borrow = UInt64(truncatingIfNeeded: value >> 64) & 1
    return UInt64(truncatingIfNeeded: value)
  }

  /// All ones if `a` is zero, else zero.
  @inline(__always)
  static func zeroMask(_ a: UInt64) -> UInt64 { ((a | (0 &- a)) >> 63) &- 1 }

  /// `a` where the mask is all ones, `b` where it is zero.
  @inline(__always)
  static func select(_ mask: UInt64, _ a: UInt64, _ b: UInt64) -> UInt64 { b ^ (mask & (a ^ b)) }

  /// Whether `a < b`, both of the same number of words. Takes no longer for some values than for others.
  static func isLess(_ a: [UInt64], _ b: [UInt64]) -> Bool {
    var borrow: UInt64 = 0
    for (x, y) in zip(a, b) { _ = subtract(x, y, &borrow) }
    return borrow == 1
  }

  /// ⌊words / 2^count⌋, for count in 1..<64.
  static func shiftedRight(_ words: [UInt64], by count: Int) -> [UInt64] {
    words.indices.map { index in
      words[index] >> count | (index + 1 < words.count ? words[index + 1] << (64 - count) : 0)
    }
  }

  /// The words of big-endian bytes, whose number is a multiple of eight.
  static func words(bigEndian bytes: some BidirectionalCollection<UInt8>) -> [UInt64] {
    words(littleEndian: bytes.reversed())
  }

  /// The words of little-endian bytes, whose number is a multiple of eight.
  static func words(littleEndian bytes: some Collection<UInt8>) -> [UInt64] {
    var words = [UInt64](repeating: 0, count: bytes.count / 8)
    for (position, byte) in bytes.enumerated() { words[position / 8] |= UInt64(byte) << (8 * (position % 8)) }
    return words
  }

  /// The bytes of words, lowest first.
  static func littleEndianBytes(_ words: [UInt64]) -> [UInt8] {
    words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
  }
}
