// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit
import Foundation
import TestSupport
import Testing

/// Evidence in whole numbers: the same bits everywhere, and never more than the exact value.
@Suite struct WealthTests {
  /// Made with rational numbers of any size, floor after each step; the scores are the first two bytes, highest first, of
  /// SHA-256("vector" ‖ index), modulo 400.
  static let scores = [
    281, 49, 17, 223, 339, 348, 122, 258, 63, 319, 280, 367, 306, 24, 333, 166, 245, 380, 358, 346, 236, 347, 194, 196,
    265, 104, 70, 179, 36, 166, 351, 349, 242, 396, 277, 100, 322, 58, 142, 320, 205, 10, 295, 364, 308, 261, 354, 29,
    232, 225,
  ]
  static let wealths = [
    Wealth(mantissa: 8_087_990_813_016_985_640, exponent: -60),
    Wealth(mantissa: 6_239_070_074_266_208_393, exponent: -57),
    Wealth(mantissa: 5_343_524_464_909_334_732, exponent: -52),
    Wealth(mantissa: 5_525_911_464_117_879_784, exponent: -44),
    Wealth(mantissa: 5_101_277_977_437_739_645, exponent: -32),
    Wealth(mantissa: 9_045_124_762_067_352_981, exponent: -25),
    Wealth(mantissa: 5_350_067_780_760_678_284, exponent: -21),
  ]

  @Test func theVectorIsMetToTheBit() {
    var bets = Bets(margin: 100)
    for score in Self.scores { bets.add(score) }
    #expect(bets.wealths == Self.wealths)
    // Their mean is exp(27.281984…): weights and threshold are met between these two integers.
    #expect(bets.refute(inverseAlpha: 705_367_192_160))
    #expect(!bets.refute(inverseAlpha: 705_367_192_161))
  }

  /// The defining inequality of each step: the largest mantissa of 63 bits not above the exact product.
  @Test func everyStepIsTheExactProductRoundedDown() {
    var random = SeededGenerator(seed: 13)
    let steps = Int(ProcessInfo.processInfo.environment["DRIFTPROOF_AUDIT_STEPS"] ?? "") ?? 100_000
    var wealth = Wealth.one
    for _ in 0..<steps {
      let margin = [100, 150, 80, 1, Int.random(in: 1...1000, using: &random)].randomElement(using: &random) ?? 1
      let fraction = Bets.fractions.randomElement(using: &random) ?? 1
      let score = Int.random(in: 0...1000, using: &random)
      let (numerator, denominator) = (margin * (32 - fraction) + fraction * score, 32 * margin)
      let next = wealth.times(numerator, over: denominator)
      let exact = WholeNumber(UInt128(wealth.mantissa)) * UInt32(numerator)
      let shift = next.exponent - wealth.exponent
      func scaled(_ mantissa: UInt64) -> WholeNumber {
        (WholeNumber(UInt128(mantissa)) * UInt32(denominator)) << max(0, shift)
      }
      let (low, high) = (scaled(next.mantissa), scaled(next.mantissa + 1))
      let truth = exact << max(0, -shift)
      guard next.mantissa >> 62 == 1, low <= truth, truth < high else {
        Issue.record("\(wealth) times \(numerator)/\(denominator) became \(next)")
        return
      }
      wealth = next.exponent > 4000 || next.exponent < -4000 ? .one : next
    }
  }

  @Test func nothingLeavesNothing() {
    #expect(Wealth.one.times(0, over: 7) == .zero)
    #expect(Wealth.zero.times(5, over: 7) == .zero)
    var sum = WealthSum()
    sum.add(.zero, weight: 3)
    #expect(!sum.isAtLeast(1))
  }

  /// Never at least a threshold that the exact sum does not reach; and at least everything that it clearly exceeds.
  @Test func sumsCompareAsExactOnesDo() {
    var random = SeededGenerator(seed: 14)
    for _ in 0..<2000 {
      let spread = [3, 60, 200].randomElement(using: &random) ?? 3
      let terms = (0..<14).map { _ in
        (
          wealth: Wealth(
            mantissa: UInt64.random(in: 1 << 62..<1 << 63, using: &random),
            exponent: -62 + Int.random(in: -spread...8, using: &random)),
          weight: Int.random(in: 1...7, using: &random)
        )
      }
      var sum = WealthSum()
      var exact = WholeNumber(0)
      let lowest = -400
      for term in terms {
        sum.add(term.wealth, weight: term.weight)
        let product = WholeNumber(UInt128(term.wealth.mantissa)) * UInt32(term.weight)
        exact = exact + (product << (term.wealth.exponent - lowest))
      }
      for threshold in [1, 2, 3, 50, 240, 2400, 24_000, Int.random(in: 1...10_000, using: &random)] {
        let isReached = exact >= WholeNumber(UInt128(threshold)) << -lowest
        #expect(sum.isAtLeast(threshold) == isReached)
      }
    }
  }
}
