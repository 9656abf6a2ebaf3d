// SPDX-License-Identifier: Apache-2.0

/// The map of RFC 9380, sections 6.6.2 and 6.6.3: to the curve y² = x³ + A·x + B and from there by an isogeny to ours.
///
/// Its time depends on the element: what is hashed is public.
struct SimplifiedSWU<Coordinate: CurveField>: Sendable {
  let a, b: Coordinate
  /// No square, Z ≠ -1, and g(B/(Z·A)) is a square.
  let z: Coordinate
  /// The isogeny's polynomials, lowest coefficient first: x = X/X', y·Y/Y'.
  let xNumerator, xDenominator, yNumerator, yDenominator: [Coordinate]

  /// The point of the other curve.
  func preimage(of u: Coordinate) -> (x: Coordinate, y: Coordinate) {
    let zuu = z * u.squared()
    let inverse = (zuu.squared() + zuu).inverse()
    let x1 = inverse.isZero ? b * (z * a).inverse() : -b * a.inverse() * (.one + inverse)
    let x2 = zuu * x1
    func g(_ x: Coordinate) -> Coordinate { (x.squared() + a) * x + b }
    // g(x1)·g(x2) is Z times a square, so exactly one of the two has a root, or both are zero.
    let (x, y) = g(x1).squareRoot().map { (x1, $0) } ?? (x2, g(x2).squareRoot() ?? .zero)
    return (x, y.isOdd == u.isOdd ? y : -y)
  }

  /// The point of our curve, perhaps outside of the group.
  func callAsFunction(_ u: Coordinate) -> Projective<Coordinate> {
    let (x, y) = preimage(of: u)
    func value(_ coefficients: [Coordinate]) -> Coordinate {
      coefficients.reversed().reduce(.zero) { $0 * x + $1 }
    }
    let (xn, xd, yn, yd) = (value(xNumerator), value(xDenominator), value(yNumerator), value(yDenominator))
    // Where a denominator is zero the image is infinity (section 6.6.3).
    if xd.isZero || yd.isZero { return .infinity }
    return Projective(x: xn * yd, y: y * yn * xd, z: xd * yd)
  }
}
