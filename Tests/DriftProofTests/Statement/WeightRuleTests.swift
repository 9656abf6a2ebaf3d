// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCheckpoint
import DriftProofPolicy
@testable import DriftProofStatement
import Testing

/// The integers of bounds by fractions of weights against numbers computed by hand (docs/protocol.md section 4).
@Suite struct WeightRuleTests {
  private func rule(_ fraction: String, _ least: String? = nil, bits: Int = 20) throws -> WeightRule {
    WeightRule(
      fraction: try Decimal10(fraction), least: try least.map { try Decimal10($0) }, fractionBits: bits)
  }

  @Test func scaleAndCoefficient() throws {
    // x·2^s ≤ √2: 0.01·2^7 = 1.28, B = ⌊4·1.28²⌋ = ⌊6.5536⌋.
    let percent = try rule("0.01")
    #expect(percent.scale(limit: 20) == 7)
    let claim = try #require(percent.claim(scale: 7))
    let rounding = try #require(claim.rounding)
    #expect(rounding.base == 6 && rounding.residualWeight == 4 && rounding.differenceRange == 1 << 30)
    #expect(rounding.tuned == 0 && rounding.drift == 0 && rounding.fineShift == 0 && !rounding.hasClasses)
    #expect(claim.square == 1 << 30)
    // A power of two is exact; 8 is the largest coefficient, at √2 itself never reached.
    #expect(try rule("0.0078125").scale(limit: 20) == 7 && rule("0.0078125").claim(scale: 7)?.rounding?.base == 4)
    #expect(try rule("1").scale(limit: 20) == 0 && rule("1").claim(scale: 0)?.rounding?.base == 4)
    #expect(try rule("0.70710678").scale(limit: 20) == 1 && rule("0.70710679").scale(limit: 20) == 0)
    #expect(try rule("0.70710678").claim(scale: 1)?.rounding?.base == 7)
    // Held at 20, and by factors; too small there.
    #expect(try rule("1e-6").scale(limit: 20) == 20 && rule("1e-6").claim(scale: 20)?.rounding?.base == 4)
    #expect(try rule("4.7e-7").claim(scale: 20) == nil && rule("4.8e-7").claim(scale: 20)?.rounding?.base == 1)
    #expect(try rule("0.01").scale(limit: 5) == 5 && rule("0.01").claim(scale: 5) == nil)
    #expect(WeightRule.least(scale: 5) == 1.0 / 64)
  }

  @Test func leastBounds() throws {
    // T = 2^-8·2^(20+7) = 2^19: above 2^17.5, so that s is 5, T = 2^17, 4·T² - 2^31 = 2^36 - 2^31. B = ⌊4·0.32²⌋ = 0.
    let wide = try rule("0.01", "0.00390625")
    #expect(wide.scale(limit: 20) == 5 && wide.claim(scale: 5) == nil)
    let claim = try #require(try rule("0.03", "0.00390625").claim(scale: 5))
    #expect(claim.square == 1 << 36 - 1 << 31 && claim.rounding?.base == 3)
    // Below the floor it is the floor: 4·T² ≤ 3·2^30.
    #expect(try rule("0.01", "1e-6").claim(scale: 7)?.square == 1 << 30)
    // So large that no scale has it: held at what can be proved.
    let huge = try rule("1", "1e6")
    #expect(huge.scale(limit: 20) == 0)
    #expect(huge.claim(scale: 0)?.square == 1 << 37 - 1 << 31)
    #expect(EntryClaim.squareRange.contains(1 << 37 - 1 << 31))
  }

  /// Whatever the numbers, never more than the policy's: (τ² + B·q² + 2^31)/4 ≤ max(T, floor)² + x²·(2^s·q)².
  @Test(arguments: ["0.01", "0.0123", "0.3", "0.999", "1", "0.00002"], [nil, "1e-5", "0.002"])
  func isNeverWider(_ fraction: String, _ least: String?) throws {
    for bits in [8, 17, 22, 28] {
      let rule = try rule(fraction, least, bits: bits)
      let scale = rule.scale(limit: 20)
      guard let claim = rule.claim(scale: scale), let rounding = claim.rounding else { continue }
      let unit = Double(sign: .plus, exponent: scale, significand: 1)
      let (x, t) = (try Decimal10(fraction).doubleValue, try least.map { try Decimal10($0).doubleValue } ?? 0)
      let absolute = t * Double(sign: .plus, exponent: bits, significand: 1) * unit
      let floor = max(absolute, (0.75 * Double(1 << 30)).squareRoot())
      for q in [0.0, 1000, 20_000, 131_072, 1_000_000] {
        let proved = (Double(claim.square) + Double(rounding.base) * q * q + 2 * Double(rounding.differenceRange)) / 4
        let allowed = floor * floor + x * x * unit * unit * q * q
        #expect(proved <= allowed * (1 + 1e-12))
      }
      // And at most 18 % less where the fraction decides the scale.
      if least == nil, scale < 20 { #expect(Double(rounding.base).squareRoot() / 2 / unit > 0.81 * x) }
    }
  }
}
