// SPDX-License-Identifier: Apache-2.0

/// A field over which one of the two groups has its coordinates: Fp or Fp2, with the constant of its curve y² = x³ + b.
protocol CurveField: Hashable, Sendable {
  static var zero: Self { get }
  static var one: Self { get }
  /// The curve's b: 4 over Fp, 4·(1 + u) over Fp2.
  static var curveB: Self { get }

  static func + (a: Self, b: Self) -> Self
  static func - (a: Self, b: Self) -> Self
  static func * (a: Self, b: Self) -> Self
  static prefix func - (a: Self) -> Self
  /// `a` where the mask is all ones, `b` where it is zero.
  static func select(_ mask: UInt64, _ a: Self, _ b: Self) -> Self

  func squared() -> Self
  /// Zero for zero.
  func inverse() -> Self
  func squareRoot() -> Self?
  func timesThriceB() -> Self
  var isZero: Bool { get }
  /// The sign of point encodings.
  var isLarger: Bool { get }
  /// sgn0 of RFC 9380.
  var isOdd: Bool { get }
}

extension CurveField {
  /// The power by a *public* exponent, words lowest first: four bits at a time, the same steps for every base.
  func raised(to exponent: [UInt64]) -> Self {
    var table = [Self.one, self]
    for _ in 2..<16 { table.append(table[table.count - 1] * self) }
    var result = Self.one
    for word in exponent.reversed() {
      for shift in stride(from: 60, through: 0, by: -4) {
        result = result.squared().squared().squared().squared()
        let digit = Int(word >> UInt64(shift) & 15)
        if digit > 0 { result = result * table[digit] }
      }
    }
    return result
  }

  /// The inverses of all, with one inversion (Montgomery's trick); zero for zero.
  static func inverses(of elements: [Self]) -> [Self] {
    var prefixes = [Self]()
    prefixes.reserveCapacity(elements.count)
    var product = Self.one
    for element in elements {
      prefixes.append(product)
      if !element.isZero { product = product * element }
    }
    var inverse = product.inverse()
    var result = elements
    for index in elements.indices.reversed() where !elements[index].isZero {
      result[index] = inverse * prefixes[index]
      inverse = inverse * elements[index]
    }
    return result
  }
}
