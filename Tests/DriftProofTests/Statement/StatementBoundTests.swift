// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofStatement
import DriftProofPolicy
import TestSupport
import Testing

// Expected values come from Python's fractions.Fraction, not from this code.

private func big(_ text: String) -> BigUInt {
  text.utf8.reduce(BigUInt.zero) { $0 * BigUInt(10 as UInt) + BigUInt(UInt($1 - 0x30)) }
}

struct BigUIntTests {
  @Test func agreesWithMachineIntegers() {
    var generator = SeededGenerator(seed: 1)
    for _ in 0..<2000 {
      let x = UInt64.random(in: 0...UInt64.max, using: &generator) >> UInt64.random(in: 0..<64, using: &generator)
      let y = UInt64.random(in: 0...UInt64.max, using: &generator) >> UInt64.random(in: 0..<64, using: &generator)
      let (a, b) = (BigUInt(x), BigUInt(y))
      #expect(a + b == BigUInt(UInt128(x) + UInt128(y)))
      #expect(a * b == BigUInt(UInt128(x) * UInt128(y)))
      #expect(a - b == BigUInt(x > y ? x - y : 0))
      #expect((a < b) == (x < y))
      let shift = Int.random(in: 0..<64, using: &generator)
      #expect(a << shift == BigUInt(UInt128(x) << UInt128(shift)))
      #expect(a >> shift == BigUInt(x >> UInt64(shift)))
      let divisor = max(1, UInt32(truncatingIfNeeded: y))
      #expect(a.divided(by: divisor) == BigUInt(x / UInt64(divisor)))
      #expect(a.bitCount == 64 - x.leadingZeroBitCount)
      #expect((a * b * a).divided(by: divisor) >> 3 == ((a * b * a) >> 3).divided(by: divisor))
    }
  }

  @Test func knownAnswers() {
    #expect(BigUInt(ones: 90) == big("1237940039285380274899124223"))
    #expect(BigUInt(1 as UInt).timesPowerOfTen(40) == big("1" + String(repeating: "0", count: 40)))
    #expect(big("123456789012345678901234567890").timesPowerOfTen(-11) == big("1234567890123456789"))
    #expect(BigUInt(ones: 0).isZero)
    for (value, log) in [0, 0, 1, 2, 2, 3].enumerated() { #expect(BigUInt(UInt(value)).ceilLog2 == log) }
    #expect((BigUInt(1 as UInt) << 40).ceilLog2 == 40 && BigUInt((1 as UInt) << 40 + 1).ceilLog2 == 41)
    #expect(big("4294967296").digits(count: 4) == [0, 0, 4, 0])
  }
}

struct BoundArithmeticTests {
  @Test(arguments: [
    ("0.5", 24, 0, "70368744177664"), ("3", -20, 0, "0"), ("0.05", 22, 3, "2814749767106"),
    ("1.2345e-7", 24, 20, "4716521374888"), ("7e6", -3, 0, "765625000000"),
    ("0.999999999999999999", 21, 0, "4398046511103"),
  ])
  func absolute(_ bound: String, _ fractionBits: Int, _ scale: Int, _ expected: String) throws {
    let value = Bound.absolute(try Decimal10(bound))
    let found = BoundArithmetic.tensorBound(value, fractionBits: fractionBits, scale: scale, sumOfSquares: 77)
    #expect(found == big(expected))
  }

  @Test(
    arguments: [
      ("0.004", 123_456_789_012_345_678_901, 0, "1975308624197530"),
      ("0.004", 123_456_789_012_345_678_901, 19, "542968700187849555073753315"), ("1e-40", 1 << 127, 0, "0"),
      ("0.0025", 3, 0, "0"),
    ] as [(String, UInt128, Int, String)])
  func relative(_ bound: String, _ sumOfSquares: UInt128, _ scale: Int, _ expected: String) throws {
    let value = Bound.relative(try Decimal10(bound))
    let found = BoundArithmetic.tensorBound(value, fractionBits: 5, scale: scale, sumOfSquares: sumOfSquares)
    #expect(found == big(expected))
  }

  /// Frozen tensors may have more fractional bits than any tensor of the tableau.
  @Test func total() throws {
    let base: [(fractionBits: Int, sumOfSquares: UInt128)] = [
      (18, 1_000_000_000_000_000), (20, 987_654_321_987), (24, 500_000_000_000_001),
    ]
    #expect(
      BoundArithmetic.totalBound(.relative(try Decimal10("0.01")), finest: 20, base: base) == big("1600294077932"))
    #expect(
      BoundArithmetic.totalBound(
        .relative(try Decimal10("0.123")), finest: 15, base: [(24, 7), (23, 11), (15, 1)]
      ).isZero)
    #expect(
      BoundArithmetic.totalBound(.absolute(try Decimal10("3.0")), finest: 24, base: base) == big("2533274790395904"))
  }

  @Test func digits() throws {
    let full = [UInt16](repeating: 32767, count: 6)
    #expect(BoundArithmetic.tensorDigits(big("70368744177664")) == [0, 0, 0, 2, 0, 0])
    #expect(BoundArithmetic.tensorDigits(BigUInt(ones: 90)) == full)
    #expect(BoundArithmetic.tensorDigits(BigUInt(ones: 91)) == full)
    #expect(BoundArithmetic.tensorDigits(.zero) == [0, 0, 0, 0, 0, 0])
    // Spread 8: 2·8/15 + 1 = 2 digits more; the widest spread of f, -20 to 24, needs 12.
    #expect(
      BoundArithmetic.totalDigits(big("2533274790395904"), fractionBits: [24, 16, 20]) == [0, 0, 0, 72, 0, 0, 0, 0])
    #expect(BoundArithmetic.totalDigits(BigUInt(ones: 300), fractionBits: [-20, 24]).count == 12)
    #expect(BoundArithmetic.totalDigits(BigUInt(ones: 300), fractionBits: [7]) == full + [32767])
  }
}

/// Bounds in the units of a statement whose precision a wide norm clause has made coarser than the identity's.
struct CoarseBoundTests {
  /// a.weight has 4096 entries below 1/4: g = 23. B = 1000 and four neighbours of its size in a chunk:
  /// 10^6·2^46·4 = 2^67.9 ≤ 2^51·4^t for t = 9, so f = 14.
  @Test func absolute() throws {
    let derived = try StatementFixture().derive([StatementFixture.rule("a.weight", #"{"norm": {"absolute": 1000}}"#)])
    let tensor = try #require(derived.claims.first).tensor
    #expect(tensor.fractionBits == 14)
    // 10^6·4^14.
    #expect(tensor.plainBound == BoundArithmetic.tensorDigits(big("268435456000000")))
  }

  /// Relative bounds scale the base's sum of squares, which is in the identity's units; residuals likewise.
  @Test func relativeAndResidual() throws {
    let fixture = try StatementFixture()
    let leaf = try #require(fixture.identity.tensors.first { $0.name == "a.weight" })
    let sum = leaf.statistics.sumOfSquares
    let derived = try fixture.derive([
      StatementFixture.rule(
        "a.weight",
        #"[{"norm": {"relative": 300}}, {"norm": {"absolute": 100000}}, {"rank": 2, "residual": {"absolute": 3}}]"#)
    ])
    let tensor = try #require(derived.claims.first).tensor
    let coarse = leaf.statistics.fractionBits - tensor.fractionBits
    #expect(coarse > 0)
    // floor(300²·Σq²/4^t), the least of both.
    #expect(tensor.plainBound == BoundArithmetic.tensorDigits((BigUInt(sum) * BigUInt(90_000 as UInt)) >> (2 * coarse)))
    let clause = try #require(tensor.clauses.first)
    let shift = 2 * (tensor.fractionBits + clause.scale)
    #expect(clause.bound == BoundArithmetic.tensorDigits(BigUInt(9 as UInt) << shift))
  }
}

struct ScaleRuleTests {
  /// (log2 and offset of N_0, rank, log2 and offset of the drift bound or nil, log2 of Σ q²) -> s.
  @Test(
    arguments: [
      ("0", 8, nil, "0", 20), ("1", 8, nil, "0", 20), ("1024", 8, nil, "0", 20), ("1025", 8, nil, "0", 19),
      ("1125899906842624", 1, nil, "0", 0), ("4503599627370496", 1, nil, "0", 0), ("50331648", 16, nil, "0", 12),
      ("4096", 8, nil, "288230376151711744", 18), ("4096", 9, nil, "4611686018427387904", 16),
      ("4096", 1024, nil, "1208925819614629174706176", 4),
      ("4096", 1024, nil, "1329227995784915872903807060280344576", 0),
      ("4096", 8, "1180591620717411303424", "288230376151711744", 14),
      ("4096", 8, "1", "1329227995784915872903807060280344576", 19), ("0", 1, "4611686018427387904", "0", 20),
      ("0", 1, "4611686018427387905", "0", 19), ("1073741824", 8, "0", "5", 10),
    ] as [(String, Int, String?, String, Int)])
  func table(_ residual: String, _ rank: Int, _ drift: String?, _ squares: String, _ expected: Int) throws {
    let sumOfSquares = try #require(UInt128(squares))
    let found = ScaleRule.scale(
      residual: big(residual), neighbours: 0, rank: rank, driftBound: drift.map(big), sumOfSquares: sumOfSquares)
    #expect(found == expected)
  }

  /// An E inside its bound never fails the completeness limit, whichever residual the policy names (s > 0).
  @Test func residualFitsCompleteness() {
    let limit = BigUInt(UInt64(1) << 58)
    for log in 0..<50 {
      for offset in [0, 1] as [UInt] {
        let residual = BigUInt(1 as UInt) << log + BigUInt(offset)
        for neighbours in 0...8 {
          let s = ScaleRule.scale(
            residual: residual, neighbours: neighbours, rank: 1, driftBound: .zero, sumOfSquares: 0)
          let square = (residual + BigUInt(1 as UInt)) << (2 * s + neighbours)
          #expect(square * BigUInt(66 as UInt) <= limit || log + neighbours > 49)
        }
      }
    }
  }
}
