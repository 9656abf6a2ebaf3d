// SPDX-License-Identifier: Apache-2.0

/// Fp6[w]/(w² - v): c0 + c1·w. The values of the pairing are in it.
struct Fp12: Hashable, Sendable {
  var c0, c1: Fp6

  init(_ c0: Fp6, _ c1: Fp6) {
    self.c0 = c0
    self.c1 = c1
  }

  static let one = Fp12(.one, .zero)

  static func * (a: Fp12, b: Fp12) -> Fp12 {
    let low = a.c0 * b.c0
    let high = a.c1 * b.c1
    return Fp12(low + high.timesV(), (a.c0 + a.c1) * (b.c0 + b.c1) - low - high)
  }

  func squared() -> Fp12 {
    let product = c0 * c1
    return Fp12((c0 + c1) * (c0 + c1.timesV()) - product - product.timesV(), product + product)
  }

  /// The product with l0 + l1·v + l4·v·w: what a line of the Miller loop is.
  func times(line l0: Fp2, _ l1: Fp2, _ l4: Fp2) -> Fp12 {
    let low = c0.times(l0, l1)
    let high = c1.times(v: l4)
    return Fp12(low + high.timesV(), (c0 + c1).times(l0, l1 + l4) - low - high)
  }

  /// c0 - c1·w, which is a^(p^6), and the inverse where a^(p^6 + 1) = 1.
  func conjugated() -> Fp12 { Fp12(c0, -c1) }

  /// Zero for zero.
  func inverse() -> Fp12 {
    let inverse = (c0 * c0 - (c1 * c1).timesV()).inverse()
    return Fp12(c0 * inverse, -(c1 * inverse))
  }

  /// ξ^(k·(p - 1)/6) for k = 0…5: w^p = w·ξ^((p - 1)/6).
  private static let frobenius: [Fp2] = {
    // (p - 1)/6, by long division of p - 1 from the top.
    var remainder: UInt64 = 0
    var exponent = [UInt64](repeating: 0, count: 6)
    for (index, word) in [Fp.p0 - 1, Fp.p1, Fp.p2, Fp.p3, Fp.p4, Fp.p5].enumerated().reversed() {
      (exponent[index], remainder) = UInt64(6).dividingFullWidth((remainder, word))
    }
    let root = Fp2.one.timesXi().raised(to: exponent)
    var powers = [Fp2.one]
    for _ in 1..<6 { powers.append(powers[powers.count - 1] * root) }
    return powers
  }()

  /// ξ^((p - 1)/3) and ξ^((p - 1)/2).
  static var twistFrobenius: (third: Fp2, half: Fp2) { (frobenius[2], frobenius[3]) }

  /// a^p. The coefficient of w^k = v^(k/2)·w^(k mod 2) is conjugated and multiplied by ξ^(k·(p - 1)/6).
  func frobenius() -> Fp12 {
    let powers = Self.frobenius
    return Fp12(
      Fp6(c0.c0.conjugated(), c0.c1.conjugated() * powers[2], c0.c2.conjugated() * powers[4]),
      Fp6(c1.c0.conjugated() * powers[1], c1.c1.conjugated() * powers[3], c1.c2.conjugated() * powers[5]))
  }

  /// The square of an element with a^(p^4 - p^2 + 1) = 1 (Granger and Scott, 2010): nine squares in Fp2.
  func cyclotomicSquared() -> Fp12 {
    func square(_ a: Fp2, _ b: Fp2) -> (Fp2, Fp2) {
      let (aa, bb) = (a.squared(), b.squared())
      return (bb.timesXi() + aa, (a + b).squared() - aa - bb)
    }
    // 3·square ∓ 2·value.
    func combine(_ square: Fp2, minus value: Fp2) -> Fp2 { (square - value).doubled() + square }
    func combine(_ square: Fp2, plus value: Fp2) -> Fp2 { (square + value).doubled() + square }
    let (s0, s1) = square(c0.c0, c1.c1)
    let (s2, s3) = square(c1.c0, c0.c2)
    let (s4, s5) = square(c0.c1, c1.c2)
    return Fp12(
      Fp6(combine(s0, minus: c0.c0), combine(s2, minus: c0.c1), combine(s4, minus: c0.c2)),
      Fp6(combine(s5.timesXi(), plus: c1.c0), combine(s1, plus: c1.c1), combine(s3, plus: c1.c2)))
  }

  var isZero: Bool { c0.isZero && c1.isZero }
}
