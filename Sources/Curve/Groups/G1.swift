// SPDX-License-Identifier: Apache-2.0

/// A point of y² = x³ + 4 over Fp.
///
/// The *group* G1 is the part of order r. Points that come from bytes are in it (see ``init(compressed:)``); others may be
/// asked with ``isInSubgroup``.
public struct G1: Sendable {
  let point: Projective<Fp>

  init(_ point: Projective<Fp>) { self.point = point }

  /// A point of the curve, perhaps outside of the group; nil where the coordinates are not on the curve.
  public init?(x: Fp, y: Fp) {
    guard Projective.isOnCurve(x: x, y: y) else { return nil }
    self.init(Projective(x: x, y: y))
  }

  /// The neutral element.
  public static let infinity = G1(Projective.infinity)

  /// The generator of draft-irtf-cfrg-pairing-friendly-curves-11, section 4.2.1.
  public static let generator = G1(
    Projective(
      // Montgomery words of
      // 17f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb and
      // 08b3f481e3aaa0f1a09e30ed741d8ae4fcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1.
      x: Fp(
        0xFB3A_F00A_DB22_C6BB, 0x6C55_E83F_F97A_1AEF, 0xA14E_3A3F_171B_AC58, 0xC368_8C4F_9774_B905,
        0x2695_638C_4FA9_AC0F, 0x17F1_D3A7_3197_D794) * Fp.squaredRadix,
      y: Fp(
        0x0CAA_2329_46C5_E7E1, 0xD03C_C744_A288_8AE4, 0x00DB_18CB_2C04_B3ED, 0xFCF5_E095_D5D0_0AF6,
        0xA09E_30ED_741D_8AE4, 0x08B3_F481_E3AA_A0F1) * Fp.squaredRadix))

  /// Whether it is the neutral element.
  public var isInfinity: Bool { point.isInfinity }

  /// The affine coordinates; nil for infinity.
  public var affine: (x: Fp, y: Fp)? { Projective.affine([point])[0] }

  /// The affine coordinates of all points, nil for infinity, with one inversion.
  public static func affine(_ points: [G1]) -> [(x: Fp, y: Fp)?] { Projective.affine(points.map(\.point)) }

  /// The sum.
  public static func + (a: G1, b: G1) -> G1 { G1(a.point + b.point) }
  /// The difference.
  public static func - (a: G1, b: G1) -> G1 { G1(a.point - b.point) }
  /// The negative.
  public static prefix func - (a: G1) -> G1 { G1(-a.point) }
  /// Twice the point.
  public func doubled() -> G1 { G1(point.doubled()) }

  /// The multiple by a scalar that may be secret: no branch and no index depends on it.
  public static func * (a: Fr, b: G1) -> G1 { G1(b.point.times(secretWords: a.canonicalWords)) }

  /// The multiple by a *public* scalar; its time tells the scalar.
  public func times(public scalar: Fr) -> G1 { G1(point.times(publicWords: scalar.canonicalWords)) }

  /// Whether r times the point is infinity: φ(P) = -[x²]P for φ(X, Y) = (β·X, Y).
  ///
  /// Every point of the curve obeys φ² + φ + 1 = 0, so φ(P) = -[x²]P implies [x⁴ - x² + 1]P = [r]P = 0.
  public var isInSubgroup: Bool {
    let image = Projective(x: point.x * Self.beta, y: point.y, z: point.z)
    let multiple = point.times(publicWords: [Self.parameter]).times(publicWords: [Self.parameter])
    return image == -multiple
  }

  /// (1 - x)·P, which is in the group: the cofactor is (x - 1)²/3, and 1 - x clears it (RFC 9380, section 8.8.1).
  func clearingCofactor() -> G1 { G1(point.times(publicWords: [Self.parameter + 1])) }

  /// -x.
  static let parameter: UInt64 = 0xD201_0000_0001_0000

  /// The β with β² + β + 1 = 0 whose φ acts on the group as -x²; the other root's φ acts as x² - 1.
  static let beta =
    Fp(
      0x2E01_FFFF_FFFE_FFFE, 0xDE17_D813_620A_0002, 0xDDB3_A93B_E6F8_9688, 0xBA69_C607_6A0F_77EA,
      0x5F19_672F_DF76_CE51, 0) * Fp.squaredRadix
}

extension G1: Equatable {
  /// Whether both are the same point.
  public static func == (a: G1, b: G1) -> Bool { a.point == b.point }
}
