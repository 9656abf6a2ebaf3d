// SPDX-License-Identifier: Apache-2.0

/// K = F_p[X]/(X³ - 7), |K| ≈ 2^192; docs/protocol.md section 2. 7 is no cube in F_p, so X³ - 7 is irreducible.
///
/// All challenges are drawn from K. An element is c0 + c1·X + c2·X².
@frozen
public struct CubicExtension: Hashable, Sendable {
  /// The coefficient of X^0.
  public var c0: Goldilocks
  /// The coefficient of X^1.
  public var c1: Goldilocks
  /// The coefficient of X^2.
  public var c2: Goldilocks

  /// An element from its parts or an integer, reduced.
  @inlinable @inline(__always)
  public init(_ c0: Goldilocks, _ c1: Goldilocks, _ c2: Goldilocks) {
    self.c0 = c0
    self.c1 = c1
    self.c2 = c2
  }

  /// An element from its parts or an integer, reduced.
  @inlinable @inline(__always)
  public init(_ base: Goldilocks) { self.init(base, .zero, .zero) }

  /// An element from its parts or an integer, reduced.
  @inlinable @inline(__always)
  public init(_ value: Int) { self.init(Goldilocks(value)) }

  /// The neutral element of addition.
  public static let zero = CubicExtension(.zero, .zero, .zero)
  /// The neutral element of multiplication.
  public static let one = CubicExtension(.one, .zero, .zero)
  /// 1, X, X²: the coordinates of K over F.
  public static let basis = [one, CubicExtension(.zero, .one, .zero), CubicExtension(.zero, .zero, .one)]

  /// The sum.
  @inlinable @inline(__always)
  public static func + (a: CubicExtension, b: CubicExtension) -> CubicExtension {
    CubicExtension(a.c0 + b.c0, a.c1 + b.c1, a.c2 + b.c2)
  }

  /// The difference.
  @inlinable @inline(__always)
  public static func - (a: CubicExtension, b: CubicExtension) -> CubicExtension {
    CubicExtension(a.c0 - b.c0, a.c1 - b.c1, a.c2 - b.c2)
  }

  /// The additive inverse.
  @inlinable @inline(__always)
  public static prefix func - (a: CubicExtension) -> CubicExtension { CubicExtension(-a.c0, -a.c1, -a.c2) }

  @inlinable @inline(__always)
  static func timesSeven(_ a: Goldilocks) -> Goldilocks {
    let product = a.value.multipliedFullWidth(by: 7)
    return Goldilocks.reduce(high: product.high, low: product.low)
  }

  /// The product.
  @inlinable @inline(__always)
  public static func * (a: CubicExtension, b: CubicExtension) -> CubicExtension {
    // Karatsuba over three terms: six products in F.
    let p0 = a.c0 * b.c0
    let p1 = a.c1 * b.c1
    let p2 = a.c2 * b.c2
    let s01 = (a.c0 + a.c1) * (b.c0 + b.c1) - p0 - p1
    let s02 = (a.c0 + a.c2) * (b.c0 + b.c2) - p0 - p2
    let s12 = (a.c1 + a.c2) * (b.c1 + b.c2) - p1 - p2
    return CubicExtension(p0 + timesSeven(s12), s01 + timesSeven(p2), s02 + p1)
  }

  /// The product.
  @inlinable @inline(__always)
  public static func * (a: CubicExtension, b: Goldilocks) -> CubicExtension {
    CubicExtension(a.c0 * b, a.c1 * b, a.c2 * b)
  }

  /// Adds in place.
  @inlinable @inline(__always)
  public static func += (a: inout CubicExtension, b: CubicExtension) { a = a + b }
  /// Subtracts in place.
  @inlinable @inline(__always)
  public static func -= (a: inout CubicExtension, b: CubicExtension) { a = a - b }
  /// Multiplies in place.
  @inlinable @inline(__always)
  public static func *= (a: inout CubicExtension, b: CubicExtension) { a = a * b }

  /// The square.
  @inlinable @inline(__always)
  public var squared: CubicExtension { self * self }

  /// The inverse; 0 for 0. With N the norm, 1/a = (a0² - 7·a1·a2, 7·a2² - a0·a1, a1² - a0·a2)/N.
  @inlinable
  public var inverse: CubicExtension {
    let a = c0 * c0 - Self.timesSeven(c1 * c2)
    let b = Self.timesSeven(c2 * c2) - c0 * c1
    let c = c1 * c1 - c0 * c2
    let norm = c0 * a + Self.timesSeven(c1 * c + c2 * b)
    let inverseNorm = norm.inverse
    return CubicExtension(a * inverseNorm, b * inverseNorm, c * inverseNorm)
  }

  /// The element to a power.
  @inlinable
  public func power(_ exponent: UInt64) -> CubicExtension {
    var result = CubicExtension.one
    var base = self
    var rest = exponent
    while rest != 0 {
      if rest & 1 == 1 { result *= base }
      base *= base
      rest >>= 1
    }
    return result
  }

  /// 1, x, x², …: `count` powers.
  @inlinable
  public func powers(_ count: Int) -> [CubicExtension] {
    var result: [CubicExtension] = []
    result.reserveCapacity(count)
    var current = CubicExtension.one
    for _ in 0..<count {
      result.append(current)
      current *= self
    }
    return result
  }

  /// The inverses of all elements with one inversion (Montgomery's trick). Zeros stay zero.
  @inlinable
  public static func batchInverse(_ values: [CubicExtension]) -> [CubicExtension] {
    var prefixes: [CubicExtension] = []
    prefixes.reserveCapacity(values.count)
    var product = one
    for value in values {
      prefixes.append(product)
      if value != .zero { product *= value }
    }
    var running = product.inverse
    var result = values
    for index in values.indices.reversed() where values[index] != .zero {
      result[index] = running * prefixes[index]
      running *= values[index]
    }
    return result
  }
}

extension CubicExtension: ExpressibleByIntegerLiteral {
  /// An element from its parts or an integer, reduced.
  @inlinable @inline(__always)
  public init(integerLiteral value: UInt64) { self.init(Goldilocks(reducing: value)) }
}

extension CubicExtension: CustomStringConvertible {
  /// For tests and logs.
  public var description: String { "(\(c0), \(c1), \(c2))" }
}
