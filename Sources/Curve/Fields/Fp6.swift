// SPDX-License-Identifier: Apache-2.0

/// Fp2[v]/(v³ - ξ), ξ = 1 + u: c0 + c1·v + c2·v².
struct Fp6: Hashable, Sendable {
  var c0, c1, c2: Fp2

  init(_ c0: Fp2, _ c1: Fp2, _ c2: Fp2) {
    self.c0 = c0
    self.c1 = c1
    self.c2 = c2
  }

  static let zero = Fp6(.zero, .zero, .zero)
  static let one = Fp6(.one, .zero, .zero)

  static func + (a: Fp6, b: Fp6) -> Fp6 { Fp6(a.c0 + b.c0, a.c1 + b.c1, a.c2 + b.c2) }
  static func - (a: Fp6, b: Fp6) -> Fp6 { Fp6(a.c0 - b.c0, a.c1 - b.c1, a.c2 - b.c2) }
  static prefix func - (a: Fp6) -> Fp6 { Fp6(-a.c0, -a.c1, -a.c2) }

  /// Six products in Fp2.
  static func * (a: Fp6, b: Fp6) -> Fp6 {
    let t0 = a.c0 * b.c0
    let t1 = a.c1 * b.c1
    let t2 = a.c2 * b.c2
    return Fp6(
      ((a.c1 + a.c2) * (b.c1 + b.c2) - t1 - t2).timesXi() + t0,
      (a.c0 + a.c1) * (b.c0 + b.c1) - t0 - t1 + t2.timesXi(),
      (a.c0 + a.c2) * (b.c0 + b.c2) - t0 - t2 + t1)
  }

  /// The product with b0 + b1·v.
  func times(_ b0: Fp2, _ b1: Fp2) -> Fp6 {
    let t0 = c0 * b0
    let t1 = c1 * b1
    return Fp6(
      ((c1 + c2) * b1 - t1).timesXi() + t0, (c0 + c1) * (b0 + b1) - t0 - t1, (c0 + c2) * b0 - t0 + t1)
  }

  /// The product with b1·v.
  func times(v b1: Fp2) -> Fp6 { Fp6((c2 * b1).timesXi(), c0 * b1, c1 * b1) }

  /// The product with v.
  func timesV() -> Fp6 { Fp6(c2.timesXi(), c0, c1) }

  func squared() -> Fp6 { self * self }

  /// Zero for zero.
  func inverse() -> Fp6 {
    let t0 = c0.squared() - (c1 * c2).timesXi()
    let t1 = c2.squared().timesXi() - c0 * c1
    let t2 = c1.squared() - c0 * c2
    let inverse = (c0 * t0 + (c2 * t1 + c1 * t2).timesXi()).inverse()
    return Fp6(t0 * inverse, t1 * inverse, t2 * inverse)
  }

  var isZero: Bool { c0.isZero && c1.isZero && c2.isZero }
}
