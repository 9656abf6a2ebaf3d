// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import DriftProofField

private func k(_ a: UInt64, _ b: UInt64, _ c: UInt64) -> CubicExtension {
  CubicExtension(Goldilocks(reducing: a), Goldilocks(reducing: b), Goldilocks(reducing: c))
}

/// Deterministic elements, extremes first.
private let samples: [UInt64] = {
  var state: UInt64 = 1
  return [0, 1, 2, 0xFFFF_FFFF, 0x1_0000_0000, 0xFFFF_FFFF_0000_0000, 0xFFFF_FFFE_FFFF_FFFF, 7]
    + (0..<24).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state % Goldilocks.modulus
    }
}()

@Suite struct GoldilocksTests {
  /// Computed with Python's integers: a, b, a·b, a+b, a-b, 1/a.
  @Test(
    arguments: [
      [
        0xf2a7_4de4_52e6_b438, 0x6513_270e_269e_0d37, 0x819f_fd25_ee33_8a2e, 0x57ba_74f3_7984_c16e,
        0x8d94_26d6_2c48_a701,
        0x825c_82fc_c0e9_5755,
      ],
      [
        0x0c5c_7fd0_a6a3_a450, 0xd23f_0824_128b_2f33, 0x5ead_53e9_cc1c_88d6, 0xde9b_87f4_b92e_d383,
        0x3a1d_77ab_9418_751e,
        0xb655_053f_589d_187b,
      ],
      [
        0x1818_e811_892f_902b, 0x9531_985d_5d9d_c9f8, 0x7ee4_764b_05be_b30c, 0xad4a_806e_e6cd_5a23,
        0x82e7_4fb3_2b91_c634,
        0x4e9c_4114_492a_5b83,
      ],
    ] as [[UInt64]])
  func knownAnswers(_ v: [UInt64]) throws {
    let a = try #require(Goldilocks(canonical: v[0]))
    let b = try #require(Goldilocks(canonical: v[1]))
    #expect((a * b).value == v[2])
    #expect((a + b).value == v[3])
    #expect((a - b).value == v[4])
    #expect(a.inverse.value == v[5])
  }

  @Test func rootsOfUnity() {
    #expect(Goldilocks.rootOfUnity(logOrder: 32).value == 0x1856_29dc_da58_878c)
    #expect(Goldilocks.rootOfUnity(logOrder: 16).value == 0x54df_9630_bf79_450e)
    #expect(Goldilocks.rootOfUnity(logOrder: 1) == -Goldilocks.one)
  }

  @Test func laws() {
    for x in samples {
      for y in samples {
        let (a, b) = (Goldilocks(reducing: x), Goldilocks(reducing: y))
        #expect(a + b == b + a && a * b == b * a && (a - b) + b == a && -(-a) == a)
        #expect((a + b).value < Goldilocks.modulus && (a * b).value < Goldilocks.modulus)
        for z in samples.prefix(10) {
          let c = Goldilocks(reducing: z)
          #expect(a * (b + c) == a * b + a * c && (a * b) * c == a * (b * c))
        }
      }
    }
  }

  @Test func rejectsValuesFromTheModulusUp() {
    #expect(Goldilocks(canonical: Goldilocks.modulus) == nil)
    #expect(Goldilocks(canonical: .max) == nil)
    #expect(Goldilocks(canonical: Goldilocks.modulus - 1)?.centred == -1)
  }

  @Test func signedIntegers() {
    for value: Int64 in [0, 1, -1, .max, .min, 1 << 40, -(1 << 40)] {
      let expected = value >= 0 ? Goldilocks(reducing: UInt64(value)) : -Goldilocks(reducing: value.magnitude)
      #expect(Goldilocks(value) == expected)
    }
    #expect(Goldilocks(Int64(-12345)).centred == -12345)
  }
}

@Suite struct CubicExtensionTests {
  /// Computed with Python's integers.
  @Test func knownAnswers() {
    #expect(
      k(0xe8e2_5d94_0ed9_0475, 0x36f6_75cc_81e7_4ef5, 0x1600_a35a_0999_50d8)
        * k(0x6b0d_549b_6f03_675a, 0x3d9c_1724_11e2_0b8f, 0x8d11_6ece_1738_f7d9)
        == k(0x3508_b231_f778_fef4, 0x4514_ecb0_82d1_41fc, 0xc9c7_e386_9aac_23fa))
    #expect(
      k(0x0f21_ddb6_6cad_4a26, 0x90c1_92cf_d3ac_94af, 0xf28c_105d_1fb1_7c23)
        * k(0xa170_b338_3926_3059, 0x953f_48f1_a09f_76b5, 0x0fd6_30f1_f29d_0da9)
        == k(0x2269_d33b_1ded_2322, 0xe35e_5441_b9e2_619a, 0xeb1f_43af_af5a_4cd1))
  }

  @Test func laws() {
    let elements = (0..<8).map { k(samples[$0], samples[$0 + 8], samples[$0 + 16]) }
    for a in elements {
      #expect(a == .zero ? a.inverse == .zero : a * a.inverse == .one)
      for b in elements {
        #expect(a * b == b * a && a + b - b == a)
        for c in elements { #expect(a * (b + c) == a * b + a * c && (a * b) * c == a * (b * c)) }
      }
    }
    let x = CubicExtension.basis[1]
    #expect(x * x * x == CubicExtension(7) && x * x == CubicExtension.basis[2])
    #expect(CubicExtension.batchInverse(elements) == elements.map(\.inverse))
  }
}

@Suite struct MultilinearTests {
  private let point = [k(3, 1, 4), k(1, 5, 9), k(2, 6, 5), k(3, 5, 8)]

  @Test func extensionAgreesOnTheCube() {
    let table = (0..<16).map { CubicExtension($0 * $0 + 1) }
    for index in 0..<16 {
      let corner = (0..<4).map { CubicExtension(index >> $0 & 1) }
      #expect(Multilinear.evaluate(table, at: corner) == table[index])
    }
    #expect(Multilinear.evaluate(table, at: point) == Multilinear.innerProduct(table, Multilinear.equality(point)))
  }

  @Test func equalityOfPoints() {
    let table = Multilinear.equality(point, scale: CubicExtension(5))
    for index in 0..<16 { #expect(table[index] == Multilinear.equality(point, at: index) * CubicExtension(5)) }
    let other = Array(point.reversed())
    #expect(
      Multilinear.equality(point, other)
        == Multilinear.innerProduct(Multilinear.equality(point), Multilinear.equality(other)))
  }

  @Test func prefixSums() {
    let table = Multilinear.equality(point)
    for count in 0...16 {
      #expect(Multilinear.prefixSum(point, count: count) == table.prefix(count).reduce(.zero, +))
    }
  }

  @Test func interpolation() {
    let coefficients = [k(1, 2, 3), k(4, 5, 6), k(7, 8, 9), k(1, 0, 1)]
    let values = (0..<4).map { Univariate.evaluate(coefficients, at: CubicExtension($0)) }
    #expect(Univariate.interpolate(values, at: point[0]) == Univariate.evaluate(coefficients, at: point[0]))
    #expect(Univariate.interpolate([values[0]], at: point[0]) == values[0])
  }
}
