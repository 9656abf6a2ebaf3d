// SPDX-License-Identifier: Apache-2.0

/// The prime field F_p with p = 2^64 - 2^32 + 1 ("Goldilocks"); docs/protocol.md section 2.
///
/// A value is always canonical: `value < p`. Bytes from outside enter through ``init(canonical:)``, which rejects
/// every other representation, so that one element has one encoding.
@frozen
public struct Goldilocks: Hashable, Sendable {
  /// p = 2^64 - 2^32 + 1.
  public static let modulus: UInt64 = 0xFFFF_FFFF_0000_0001
  /// 2^64 mod p = 2^32 - 1.
  @usableFromInline static let epsilon: UInt64 = 0xFFFF_FFFF

  /// The canonical representative, in [0, p).
  public let value: UInt64

  @inlinable @inline(__always)
  init(unchecked value: UInt64) { self.value = value }

  /// Nil when `value` is not canonical.
  @inlinable @inline(__always)
  public init?(canonical value: UInt64) {
    guard value < Self.modulus else { return nil }
    self.value = value
  }

  /// Reduces any 64-bit integer.
  @inlinable @inline(__always)
  public init(reducing value: UInt64) {
    self.value = value >= Self.modulus ? value &- Self.modulus : value
  }

  /// The image of a signed integer.
  @inlinable @inline(__always)
  public init(_ value: Int64) {
    self.value = value >= 0 ? Goldilocks(reducing: UInt64(value)).value : Self.modulus &- value.magnitude
  }

  /// An element from its parts or an integer, reduced.
  @inlinable @inline(__always)
  public init(_ value: Int) { self.init(Int64(value)) }

  /// The neutral element of addition.
  public static let zero = Goldilocks(unchecked: 0)
  /// The neutral element of multiplication.
  public static let one = Goldilocks(unchecked: 1)
  /// A generator of the multiplicative group, hence no square and no cube.
  public static let generator = Goldilocks(unchecked: 7)
  /// p - 1 = 2^32 · odd.
  public static let twoAdicity = 32

  /// The representative in (-p/2, p/2).
  @inlinable
  public var centred: Int64 {
    value <= Self.modulus / 2 ? Int64(value) : -Int64(Self.modulus &- value)
  }

  /// Reduces hi·2^64 + lo, using 2^64 = 2^32 - 1 and 2^96 = -1 (mod p).
  @inlinable @inline(__always)
  static func reduce(high: UInt64, low: UInt64) -> Goldilocks {
    let (t, borrow) = low.subtractingReportingOverflow(high >> 32)
    let t0 = borrow ? t &- epsilon : t
    let product = (high & epsilon) &* epsilon
    let (sum, carry) = t0.addingReportingOverflow(product)
    return Goldilocks(reducing: carry ? sum &+ epsilon : sum)
  }

  /// The sum.
  @inlinable @inline(__always)
  public static func + (a: Goldilocks, b: Goldilocks) -> Goldilocks {
    let (sum, carry) = a.value.addingReportingOverflow(b.value)
    // a + b < 2p, so one subtraction of p is enough; with a carry the sum is below p after adding 2^64 mod p.
    return carry ? Goldilocks(unchecked: sum &+ epsilon) : Goldilocks(reducing: sum)
  }

  /// The difference.
  @inlinable @inline(__always)
  public static func - (a: Goldilocks, b: Goldilocks) -> Goldilocks {
    let (difference, borrow) = a.value.subtractingReportingOverflow(b.value)
    return Goldilocks(unchecked: borrow ? difference &+ modulus : difference)
  }

  /// The additive inverse.
  @inlinable @inline(__always)
  public static prefix func - (a: Goldilocks) -> Goldilocks {
    Goldilocks(unchecked: a.value == 0 ? 0 : modulus &- a.value)
  }

  /// The product.
  @inlinable @inline(__always)
  public static func * (a: Goldilocks, b: Goldilocks) -> Goldilocks {
    let product = a.value.multipliedFullWidth(by: b.value)
    return reduce(high: product.high, low: product.low)
  }

  /// Adds in place.
  @inlinable @inline(__always)
  public static func += (a: inout Goldilocks, b: Goldilocks) { a = a + b }
  /// Subtracts in place.
  @inlinable @inline(__always)
  public static func -= (a: inout Goldilocks, b: Goldilocks) { a = a - b }
  /// Multiplies in place.
  @inlinable @inline(__always)
  public static func *= (a: inout Goldilocks, b: Goldilocks) { a = a * b }

  /// The element to a power.
  @inlinable
  public func power(_ exponent: UInt64) -> Goldilocks {
    var result = Goldilocks.one
    var base = self
    var rest = exponent
    while rest != 0 {
      if rest & 1 == 1 { result *= base }
      base *= base
      rest >>= 1
    }
    return result
  }

  /// The inverse; 0 for 0.
  @inlinable
  public var inverse: Goldilocks { power(Self.modulus - 2) }

  /// A primitive 2^logOrder-th root of unity, logOrder in 0...32.
  @inlinable
  public static func rootOfUnity(logOrder: Int) -> Goldilocks {
    precondition((0...twoAdicity).contains(logOrder), "no root of unity of order 2^\(logOrder)")
    return generator.power((modulus - 1) >> UInt64(logOrder))
  }

  /// 1/2.
  public static let half = Goldilocks(unchecked: (modulus + 1) / 2)
}

extension Goldilocks: ExpressibleByIntegerLiteral {
  /// An element from its parts or an integer, reduced.
  @inlinable @inline(__always)
  public init(integerLiteral value: UInt64) { self.init(reducing: value) }
}

extension Goldilocks: CustomStringConvertible {
  /// For tests and logs.
  public var description: String { String(value) }
}
