// SPDX-License-Identifier: Apache-2.0

import DriftProofField

/// Roots of polynomials of small degree over K, for provers that forge an evaluation (Cantor and Zassenhaus).
enum RootFinding {
  /// Coefficients, low first, without leading zeros.
  typealias Polynomial = [CubicExtension]

  /// A root of the polynomial of degree at most n with the given values at 0...n, if K has one.
  @Sendable static func root(values: [CubicExtension]) -> CubicExtension? {
    let f = trimmed(interpolated(values))
    guard f.count > 1 else { return nil }
    // The product of all linear factors: gcd(f, x^|K| - x).
    var frobenius: Polynomial = [.zero, .one]
    for _ in 0..<3 { frobenius = power(frobenius, Goldilocks.modulus, f) }
    var product = gcd(f, subtract(frobenius, [.zero, .one]))
    var shift = CubicExtension(3, 1, 4)
    while product.count > 2 {
      // (x + a)^((|K|-1)/2) is 1 at half of the roots; (|K|-1)/2 = (1 + p + p²)·(p-1)/2.
      let base: Polynomial = [shift, .one]
      let once = power(base, (Goldilocks.modulus - 1) / 2, product)
      let twice = power(once, Goldilocks.modulus, product)
      let thrice = power(twice, Goldilocks.modulus, product)
      let symbol = multiply(multiply(once, twice, product), thrice, product)
      let factor = gcd(product, subtract(symbol, [.one]))
      if factor.count > 1, factor.count < product.count { product = factor }
      shift = shift * shift + .one
    }
    guard product.count == 2 else { return nil }
    return -(product[0] * product[1].inverse)
  }

  private static func interpolated(_ values: [CubicExtension]) -> Polynomial {
    var result = Polynomial(repeating: .zero, count: values.count)
    for (i, value) in values.enumerated() {
      var basis: Polynomial = [.one]
      var denominator = CubicExtension.one
      for j in values.indices where j != i {
        var next = Polynomial(repeating: .zero, count: basis.count + 1)
        for (k, c) in basis.enumerated() {
          next[k + 1] += c
          next[k] -= c * CubicExtension(j)
        }
        basis = next
        denominator *= CubicExtension(i - j)
      }
      let scale = value * denominator.inverse
      for (k, c) in basis.enumerated() { result[k] += c * scale }
    }
    return result
  }

  private static func trimmed(_ f: Polynomial) -> Polynomial {
    var f = f
    while f.last == .zero { f.removeLast() }
    return f
  }

  private static func subtract(_ a: Polynomial, _ b: Polynomial) -> Polynomial {
    trimmed(
      (0..<max(a.count, b.count)).map { ($0 < a.count ? a[$0] : .zero) - ($0 < b.count ? b[$0] : .zero) })
  }

  private static func remainder(_ a: Polynomial, _ f: Polynomial) -> Polynomial {
    var a = trimmed(a)
    guard let lead = f.last?.inverse else { return a }
    while a.count >= f.count, let top = a.last {
      let scale = top * lead
      let offset = a.count - f.count
      for (k, c) in f.enumerated() { a[offset + k] -= scale * c }
      a = trimmed(a)
    }
    return a
  }

  private static func multiply(_ a: Polynomial, _ b: Polynomial, _ f: Polynomial) -> Polynomial {
    guard !a.isEmpty, !b.isEmpty else { return [] }
    var result = Polynomial(repeating: .zero, count: a.count + b.count - 1)
    for (i, x) in a.enumerated() { for (j, y) in b.enumerated() { result[i + j] += x * y } }
    return remainder(result, f)
  }

  private static func power(_ base: Polynomial, _ exponent: UInt64, _ f: Polynomial) -> Polynomial {
    var result: Polynomial = remainder([.one], f)
    var square = remainder(base, f)
    var rest = exponent
    while rest != 0 {
      if rest & 1 == 1 { result = multiply(result, square, f) }
      square = multiply(square, square, f)
      rest >>= 1
    }
    return result
  }

  private static func gcd(_ a: Polynomial, _ b: Polynomial) -> Polynomial {
    var (a, b) = (trimmed(a), trimmed(b))
    while !b.isEmpty { (a, b) = (b, remainder(a, b)) }
    return a
  }
}
