// SPDX-License-Identifier: Apache-2.0

/// The curve that SSWU maps to for G2, and its isogeny of degree 3 (RFC 9380, sections 8.8.2 and E.3).
///
/// The tests show that it takes points to our curve and sums to sums, and that the suite gives the RFC's points: a wrong
/// digit would fail all three.
enum IsogenyG2 {
  static let map = SimplifiedSWU<Fp2>(
    a: Fp2(.zero, Fp(240)),
    b: Fp2(Fp(1012), Fp(1012)),
    z: Fp2(-Fp(2), -Fp(1)),
    xNumerator: [
      Fp2(
        element("05c759507e8e333ebb5b7a9a47d7ed8532c52d39fd3a042a88b58423c50ae15d5c2638e343d9c71c6238aaaaaaaa97d6"),
        element("05c759507e8e333ebb5b7a9a47d7ed8532c52d39fd3a042a88b58423c50ae15d5c2638e343d9c71c6238aaaaaaaa97d6")),
      Fp2(
        .zero,
        element("11560bf17baa99bc32126fced787c88f984f87adf7ae0c7f9a208c6b4f20a4181472aaa9cb8d555526a9ffffffffc71a")),
      Fp2(
        element("11560bf17baa99bc32126fced787c88f984f87adf7ae0c7f9a208c6b4f20a4181472aaa9cb8d555526a9ffffffffc71e"),
        element("08ab05f8bdd54cde190937e76bc3e447cc27c3d6fbd7063fcd104635a790520c0a395554e5c6aaaa9354ffffffffe38d")),
      Fp2(
        element("171d6541fa38ccfaed6dea691f5fb614cb14b4e7f4e810aa22d6108f142b85757098e38d0f671c7188e2aaaaaaaa5ed1"),
        .zero),
    ],
    xDenominator: [
      Fp2(.zero, -Fp(72)),
      Fp2(Fp(12), -Fp(12)),
      Fp2(Fp(1), .zero),
    ],
    yNumerator: [
      Fp2(
        element("1530477c7ab4113b59a4c18b076d11930f7da5d4a07f649bf54439d87d27e500fc8c25ebf8c92f6812cfc71c71c6d706"),
        element("1530477c7ab4113b59a4c18b076d11930f7da5d4a07f649bf54439d87d27e500fc8c25ebf8c92f6812cfc71c71c6d706")),
      Fp2(
        .zero,
        element("05c759507e8e333ebb5b7a9a47d7ed8532c52d39fd3a042a88b58423c50ae15d5c2638e343d9c71c6238aaaaaaaa97be")),
      Fp2(
        element("11560bf17baa99bc32126fced787c88f984f87adf7ae0c7f9a208c6b4f20a4181472aaa9cb8d555526a9ffffffffc71c"),
        element("08ab05f8bdd54cde190937e76bc3e447cc27c3d6fbd7063fcd104635a790520c0a395554e5c6aaaa9354ffffffffe38f")),
      Fp2(
        element("124c9ad43b6cf79bfbf7043de3811ad0761b0f37a1e26286b0e977c69aa274524e79097a56dc4bd9e1b371c71c718b10"),
        .zero),
    ],
    yDenominator: [
      Fp2(
        element("1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffa8fb"),
        element("1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffa8fb")),
      Fp2(.zero, -Fp(216)),
      Fp2(Fp(18), -Fp(18)),
      Fp2(Fp(1), .zero),
    ])

  private static func element(_ digits: String) -> Fp { Fp(hexadecimal: digits) }
}
