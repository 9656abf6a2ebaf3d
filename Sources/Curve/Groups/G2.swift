// SPDX-License-Identifier: Apache-2.0

/// A point of y² = x³ + 4·(1 + u) over Fp2.
///
/// The *group* G2 is the part of order r. Points that come from bytes are in it (see ``init(compressed:)``); others may be
/// asked with ``isInSubgroup``.
public struct G2: Sendable {
  let point: Projective<Fp2>

  init(_ point: Projective<Fp2>) { self.point = point }

  /// A point of the curve, perhaps outside of the group; nil where the coordinates are not on the curve.
  public init?(x: Fp2, y: Fp2) {
    guard Projective.isOnCurve(x: x, y: y) else { return nil }
    self.init(Projective(x: x, y: y))
  }

  /// The neutral element.
  public static let infinity = G2(Projective.infinity)

  /// The generator of draft-irtf-cfrg-pairing-friendly-curves-11, section 4.2.1.
  public static let generator = G2(
    Projective(
      x: Fp2(
        Fp(
          0xD480_56C8_C121_BDB8, 0x0BAC_0326_A805_BBEF, 0xB451_0B64_7AE3_D177, 0xC6E4_7AD4_FA40_3B02,
          0x2608_0527_2DC5_1051, 0x024A_A2B2_F08F_0A91) * Fp.squaredRadix,
        Fp(
          0xE5AC_7D05_5D04_2B7E, 0x334C_F112_1394_5D57, 0xB5DA_61BB_DC7F_5049, 0x596B_D0D0_9920_B61A,
          0x7DAC_D3A0_8827_4F65, 0x13E0_2B60_5271_9F60) * Fp.squaredRadix),
      y: Fp2(
        Fp(
          0xE193_5486_08B8_2801, 0x923A_C9CC_3BAC_A289, 0x6D42_9A69_5160_D12C, 0xADFD_9BAA_8CBD_D3A7,
          0x8CC9_CDC6_DA2E_351A, 0x0CE5_D527_727D_6E11) * Fp.squaredRadix,
        Fp(
          0xAAA9_075F_F05F_79BE, 0x3F37_0D27_5CEC_1DA1, 0x2674_92AB_572E_99AB, 0xCB3E_287E_85A7_63AF,
          0x32AC_D2B0_2BC2_8B99, 0x0606_C4A0_2EA7_34CC) * Fp.squaredRadix)))

  /// Whether it is the neutral element.
  public var isInfinity: Bool { point.isInfinity }

  /// The affine coordinates; nil for infinity.
  public var affine: (x: Fp2, y: Fp2)? { Projective.affine([point])[0] }

  /// The affine coordinates of all points, nil for infinity, with one inversion.
  public static func affine(_ points: [G2]) -> [(x: Fp2, y: Fp2)?] { Projective.affine(points.map(\.point)) }

  /// The sum.
  public static func + (a: G2, b: G2) -> G2 { G2(a.point + b.point) }
  /// The difference.
  public static func - (a: G2, b: G2) -> G2 { G2(a.point - b.point) }
  /// The negative.
  public static prefix func - (a: G2) -> G2 { G2(-a.point) }
  /// Twice the point.
  public func doubled() -> G2 { G2(point.doubled()) }

  /// The multiple by a scalar that may be secret: no branch and no index depends on it.
  public static func * (a: Fr, b: G2) -> G2 { G2(b.point.times(secretWords: a.canonicalWords)) }

  /// The multiple by a *public* scalar; its time tells the scalar.
  public func times(public scalar: Fr) -> G2 { G2(point.times(publicWords: scalar.canonicalWords)) }

  /// Whether r times the point is infinity: ψ(P) = [x]P.
  ///
  /// ψ, the Frobenius map taken through the twist, obeys ψ² - [t]ψ + [p] = 0 with t = x + 1 on the whole curve, so
  /// ψ(P) = [x]P implies [p - x]P = 0. p - x is r times the cofactor of G1, (x - 1)²/3, which has no factor in common with
  /// the cofactor of G2 (Scott, eprint 2021/1130); so [r]P = 0.
  public var isInSubgroup: Bool { frobenius() == G2(-point.times(publicWords: [G1.parameter])) }

  /// ψ(X, Y) = (X̄/ξ^((p - 1)/3), Ȳ/ξ^((p - 1)/2)), X̄ being the conjugate.
  func frobenius() -> G2 {
    G2(
      Projective(
        x: point.x.conjugated() * Self.twist.x, y: point.y.conjugated() * Self.twist.y, z: point.z.conjugated()))
  }

  private static let twist = (
    x: Fp12.twistFrobenius.third.inverse(), y: Fp12.twistFrobenius.half.inverse()
  )

  /// A multiple in the group: [x² - x - 1]P + [x - 1]ψ(P) + ψ²([2]P) = [h_eff]P (RFC 9380, section 8.8.2 and appendix G.3).
  func clearingCofactor() -> G2 {
    func timesX(_ point: G2) -> G2 { G2(-point.point.times(publicWords: [G1.parameter])) }
    let first = timesX(self)
    let image = frobenius()
    // x·(x·P + ψ(P)) - (x·P + ψ(P)) - P + ψ²(2P) = (x² - x - 1)P + (x - 1)ψ(P) + ψ²(2P).
    let sum = first + image
    return timesX(sum) - sum - self + doubled().frobenius().frobenius()
  }
}

extension G2: Equatable {
  /// Whether both are the same point.
  public static func == (a: G2, b: G2) -> Bool { a.point == b.point }
}
