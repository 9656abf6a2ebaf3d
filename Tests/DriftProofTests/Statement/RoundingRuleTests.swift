// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCheckpoint
import DriftProofPolicy
@testable import DriftProofStatement
import Testing

/// The integers of rounding bounds against numbers computed by hand (docs/protocol.md section 4, "Rounding").
@Suite struct RoundingRuleTests {
  /// A tensor whose heaviest chunk has an rms of 2^logDeviation in the identity's units, g = 20; its largest weight is
  /// 2^logMaximum.
  private func rule(
    _ bound: RoundingBound, _ dtype: DataType = .bf16, halfLogs: Int = 41, logMaximum: Int = 21, logChunk: Int = 14
  ) -> RoundingRule {
    let chunk = UInt128(1) << UInt128(halfLogs + logChunk)
    let (bits, _) = LinkedBase.units(dtype, fractionBits: 20, heaviestChunk: chunk, chunkEntries: 1 << logChunk)
    let leaf = BaseIdentity.Leaf(
      name: "w", dtype: dtype, shape: [512, 512],
      statistics: TensorStatistics(fractionBits: 20, sumOfSquares: chunk, maxAbs: 1 << logMaximum, sha256: []))
    return RoundingRule(
      bound: bound, leaf: leaf,
      linked: .init(name: "w", heaviestChunk: chunk, entriesBelowFloor: 0, fractionBits: bits),
      chunkEntries: 1 << logChunk)
  }

  private func halfUlps(_ text: String) throws -> RoundingBound { .halfUlps(try Decimal10(text)) }

  /// σ = 2^17.5 after a shift by 3: the table of the design.
  @Test func boundsOfTheClasses() throws {
    let claim = rule(try halfUlps("1")).claim(scale: 0, fineShift: 14)
    let bounds = claim.halfUlps
    #expect(bounds.count == 7)
    for (found, expected) in zip(bounds, [1.48, 1.15, 1.04, 1.013, 1.005, 1.002]) {
      #expect(abs(found - expected) < (expected > 1.03 ? 0.006 : 0.0006))
    }
    // The worst phase of σ, just below 2^18, in F16.
    let worst = rule(try halfUlps("1"), halfLogs: 40).claim(scale: 0, fineShift: 14)
    #expect(worst.halfUlps[0] < bounds[0])
    var wide = try #require(claim.rounding)
    wide.differenceRange = 780 << 18
    let widest = EntryClaim(square: 1 << 24, rounding: wide).halfUlps
    for (found, expected) in zip(widest, [1.65, 1.20, 1.06, 1.017, 1.006, 1.002]) {
      #expect(abs(found - expected) < (expected > 1.03 ? 0.006 : 0.0006))
    }
    // Without a rank r is E, and nothing is lost.
    #expect(abs(rule(try halfUlps("1")).claim(scale: 0, fineShift: 0).halfUlps[0] - (bounds[0] - 640.0 / 16384)) < 1e-9)
  }

  @Test func integersOfHalfUlps() throws {
    let bfloat = rule(try halfUlps("1.01"))
    #expect(bfloat.linked.fractionBits == 17)
    let claim = bfloat.claim(scale: 0, fineShift: 14)
    // ⌊1.01·16384⌋ = 16547; 16547·64.
    #expect(claim.square == 1_059_008)
    // ⌈log2(4·2^21)⌉ + 17 - 20 - 14 = 6; 780·1.01·2^17.5 = 146,031,0..
    let rounding = try #require(claim.rounding)
    #expect(rounding.classBound == 16_547 && rounding.logClasses == 6 && rounding.residualWeight == 1)
    #expect(rounding.tuned == 0 && rounding.base == 0 && rounding.drift == 0 && rounding.fineShift == 14)
    #expect(abs(Double(rounding.differenceRange) - 780 * 1.01 * 185_363.8) < 50)
    let half = rule(try halfUlps("2"), .f16).claim(scale: 0, fineShift: 12)
    #expect(half.square == 32_768 << 10)
    #expect(half.rounding?.classBound == 32_768)
    // Largest weights: 13 classes at most, and one at least.
    #expect(rule(try halfUlps("1"), logMaximum: 28).claim(scale: 0, fineShift: 0).rounding?.logClasses == 13)
    #expect(rule(try halfUlps("1"), logMaximum: 10).claim(scale: 0, fineShift: 0).rounding?.logClasses == 1)
    // F16 of tiny weights: f is held at 28, σ at 2^15.
    let tiny = rule(try halfUlps("1"), .f16, halfLogs: 14)
    #expect(tiny.linked.fractionBits == 28)
    #expect(tiny.claim(scale: 0, fineShift: 0).rounding?.differenceRange == 780 << 15 + 1)
    #expect(try RoundingRule.classBound(Decimal10("1.99999999999999999")) == 32_767)
  }

  @Test func integersOfRoundoffs() throws {
    func claim(_ text: String, _ of: RoundedQuantities) throws -> RoundingClaim {
      let claim = rule(.roundoffs(try Decimal10(text), of: of)).claim(scale: 0, fineShift: 15)
      #expect(claim.square == 1 << 30)
      return try #require(claim.rounding)
    }
    let one = try claim("1", .tuned)
    #expect(one.residualWeight == 4 && one.tuned == 4 && one.base == 0 && one.drift == 0)
    #expect(one.classBound == 0 && !one.hasClasses && one.differenceRange == 1 << 30)
    let two = try claim("1", [.tuned, .base])
    #expect(two.tuned == 2 && two.base == 2 && two.drift == 0)
    let three = try claim("1", [.tuned, .base, .update])
    #expect(three.tuned == 3 && three.base == 3 && three.drift == 3)
    #expect(try claim("1.3", .update).drift == 6)
    #expect(rule(.roundoffs(try Decimal10("1"), of: .tuned)).residualScale == 8)
    #expect(rule(.roundoffs(try Decimal10("1"), of: [.tuned, .base])).residualScale == 7)
  }

  @Test func scalesOfFactors() throws {
    func scales(_ rule: RoundingRule, _ limit: Int?) -> [Int]? {
      rule.scales(factorLimit: limit).map { [$0.scale, $0.fine] }
    }
    let (bfloat, half) = (rule(try halfUlps("1")), rule(try halfUlps("1"), .f16))
    #expect(scales(bfloat, 24) == [22, 14])
    #expect(scales(half, 24) == [23, 12])
    #expect(scales(bfloat, 17) == [16, 8])
    #expect(scales(half, 20) == [19, 8])
    // No digits for shifts of 1 to 6.
    #expect(scales(bfloat, 15) == [8, 0])
    #expect(scales(bfloat, 8) == [8, 0])
    #expect(scales(bfloat, 7) == nil)
    #expect(scales(half, 11) == [11, 0])
    #expect(scales(half, 10) == nil)
    // Without factors.
    #expect(scales(bfloat, nil) == [8, 0])
    #expect(scales(half, nil) == [11, 0])
    // w is at most 16, however coarse the residual's units are.
    let coarse = rule(.roundoffs(try Decimal10("4"), of: [.tuned, .base, .update]))
    #expect(coarse.residualScale == 5)
    #expect(scales(coarse, 24) == [20, 15])
  }
}
