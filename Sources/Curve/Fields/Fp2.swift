// SPDX-License-Identifier: Apache-2.0

/// Fp[u]/(u² + 1): c0 + c1·u.
public struct Fp2: Hashable, Sendable {
  /// The part without u.
  public var c0: Fp
  /// The factor of u.
  public var c1: Fp

  /// c0 + c1·u.
  public init(_ c0: Fp, _ c1: Fp) {
    self.c0 = c0
    self.c1 = c1
  }

  /// The neutral element of addition.
  public static let zero = Fp2(.zero, .zero)
  /// The neutral element of multiplication.
  public static let one = Fp2(.one, .zero)

  /// The sum.
  public static func + (a: Fp2, b: Fp2) -> Fp2 { Fp2(a.c0 + b.c0, a.c1 + b.c1) }
  /// The difference.
  public static func - (a: Fp2, b: Fp2) -> Fp2 { Fp2(a.c0 - b.c0, a.c1 - b.c1) }
  /// The negative.
  public static prefix func - (a: Fp2) -> Fp2 { Fp2(-a.c0, -a.c1) }

  /// The product, with three in Fp.
  public static func * (a: Fp2, b: Fp2) -> Fp2 {
    let low = a.c0 * b.c0
    let high = a.c1 * b.c1
    let mixed = (a.c0 + a.c1) * (b.c0 + b.c1)
    return Fp2(low - high, mixed - low - high)
  }

  /// The product with an element of Fp.
  func scaled(by factor: Fp) -> Fp2 { Fp2(c0 * factor, c1 * factor) }

  /// c0 - c1·u, which is a^p.
  func conjugated() -> Fp2 { Fp2(c0, -c1) }

  /// The product with ξ = 1 + u, which is no square and no cube: c0 - c1 + (c0 + c1)·u.
  func timesXi() -> Fp2 { Fp2(c0 - c1, c0 + c1) }

  func doubled() -> Fp2 { self + self }
}

extension Fp2: CurveField {
  static func select(_ mask: UInt64, _ a: Fp2, _ b: Fp2) -> Fp2 {
    Fp2(Fp.select(mask, a.c0, b.c0), Fp.select(mask, a.c1, b.c1))
  }

  /// (c0 + c1)·(c0 - c1) + 2·c0·c1·u.
  func squared() -> Fp2 {
    let product = c0 * c1
    return Fp2((c0 + c1) * (c0 - c1), product + product)
  }

  /// The conjugate over the norm; zero for zero.
  public func inverse() -> Fp2 {
    let inverse = (c0 * c0 + c1 * c1).inverse()
    return Fp2(c0 * inverse, -(c1 * inverse))
  }

  /// A square root, if there is one.
  ///
  /// With x + y·u: x² - y² = c0, 2·x·y = c1, x² + y² = ±n for a root n of the norm. So x² is (c0 ± n)/2, whose product is
  /// -(c1/2)²: as -1 is no square, exactly one of the two is one where c1 ≠ 0.
  func squareRoot() -> Fp2? {
    if c1.isZero {
      // One of c0, -c0 is a square, and u² = -1.
      if let root = c0.squareRoot() { return Fp2(root, .zero) }
      return (-c0).squareRoot().map { Fp2(.zero, $0) }
    }
    guard let norm = (c0 * c0 + c1 * c1).squareRoot() else { return nil }
    guard let x = ((c0 + norm) * Self.half).squareRoot() ?? ((c0 - norm) * Self.half).squareRoot() else { return nil }
    return Fp2(x, c1 * Self.half * x.inverse())
  }

  private static let half = (Fp.one + Fp.one).inverse()

  /// Whether it is zero.
  public var isZero: Bool { c0.isZero && c1.isZero }

  /// The sign of point encodings: of c1, and of c0 where c1 is zero.
  var isLarger: Bool { c1.isZero ? c0.isLarger : c1.isLarger }

  /// sgn0 of RFC 9380, section 4.1: of c0, and of c1 where c0 is zero.
  var isOdd: Bool { c0.isZero ? c1.isOdd : c0.isOdd }

  /// 3·b·a for the curve y² = x³ + b, b = 4·(1 + u).
  func timesThriceB() -> Fp2 { Fp2(c0.timesThriceB(), c1.timesThriceB()).timesXi() }

  static let curveB = Fp2(Fp(4), Fp(4))
}
