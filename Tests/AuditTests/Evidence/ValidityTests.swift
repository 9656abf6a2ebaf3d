// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit
import Foundation
import TestSupport
import Testing

/// How often the rule is wrong, counted. A few seconds' worth by default; `DRIFTPROOF_AUDIT_STREAMS=20000` counts more, and
/// prints what it counts.
@Suite struct ValidityTests {
  static let wanted = Int(ProcessInfo.processInfo.environment["DRIFTPROOF_AUDIT_STREAMS"] ?? "")

  static func streams(_ mode: AuditMode) -> Int { wanted ?? (mode == .quick ? 150 : 50) }

  /// Scores of one request after another; the state is the stream's own.
  struct Endpoint: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let make: @Sendable (AuditMode) -> @Sendable (_ last: Int, _ debt: inout Double, inout SeededGenerator) -> Int
  }

  private static func chance(_ random: inout SeededGenerator) -> Double { Double.random(in: 0..<1, using: &random) }

  /// Within both margins at every request, and at one of their edges.
  static let innocent = [
    Endpoint(testDescription: "mean at the margin, two points") { mode in
      { _, _, random in chance(&random) < Double(mode.margin) / 499 ? 499 : 0 }
    },
    Endpoint(testDescription: "share at the margin") { mode in
      { _, _, random in chance(&random) < 1 / Double(mode.inverseTailShare) ? 500 : 0 }
    },
    Endpoint(testDescription: "both margins at once, largest scores") { mode in
      let share = 1 / Double(mode.inverseTailShare)
      let rest = (Double(mode.margin) - 1000 * share) / 499
      return { _, _, random in
        let drawn = chance(&random)
        return drawn < share ? 1000 : drawn < share + rest ? 499 : 0
      }
    },
  ]

  /// At a margin on average, and trying to hear SAME. `debt` is what is still owed to that average.
  static let guilty = [
    Endpoint(testDescription: "share at the margin, barely far") { mode in
      { _, _, random in chance(&random) < 1 / Double(mode.inverseTailShare) ? 500 : 0 }
    },
    Endpoint(testDescription: "share owed, paid after none") { mode in
      { last, debt, random in
        debt += 1 / Double(mode.inverseTailShare)
        let pays = last > 0 ? 0 : min(1, max(0, debt))
        debt -= pays
        return chance(&random) < pays ? 500 : 0
      }
    },
    Endpoint(testDescription: "mean at the margin, just below far") { mode in
      { _, _, random in chance(&random) < Double(mode.margin) / 499 ? 499 : 0 }
    },
    Endpoint(testDescription: "mean owed, paid after a zero") { mode in
      { last, debt, random in
        debt += Double(mode.margin) / 499
        let pays = last > 0 ? 0 : min(1, max(0, debt))
        debt -= pays
        return chance(&random) < pays ? 499 : 0
      }
    },
    Endpoint(testDescription: "mean by rare thousands") { mode in
      { _, _, random in chance(&random) < Double(mode.margin) / 1000 ? 1000 : 0 }
    },
    Endpoint(testDescription: "far until seen, then the mean instead") { mode in
      // What is owed to the mean, and a thousand more once a far one was seen.
      { last, debt, random in
        if last == 1000 { debt += 1000 }
        debt += Double(mode.margin) / 499
        let isSeen = debt > 500
        let share = isSeen ? 0 : 1 / Double(mode.inverseTailShare)
        let rate = isSeen ? min(0.9, max(0, debt - 1000)) : 0
        debt -= share * 1000 / 499 + rate
        let drawn = chance(&random)
        return drawn < share ? 1000 : drawn < share + rate ? 499 : 0
      }
    },
  ]

  @Test(arguments: AuditMode.allCases, innocent)
  func whoKeepsTheMarginsIsRarelyAccused(_ mode: AuditMode, _ endpoint: Endpoint) {
    let accused = Self.count(Self.streams(mode), mode, endpoint, requests: mode.budget) { $0 == .different }
    if Self.wanted != nil { print("\(mode.rawValue), \(endpoint.testDescription): DIFFERENT \(accused)") }
    #expect(accused.upperBound <= 1.5 / Double(mode.inverseAlpha) || accused.isTooFewToTell(mode), "\(accused)")
  }

  @Test(arguments: AuditMode.allCases, guilty)
  func whoIsAtAMarginRarelyHearsSame(_ mode: AuditMode, _ endpoint: Endpoint) {
    let acquitted = Self.count(Self.streams(mode), mode, endpoint, requests: 2 * mode.budget) { $0 == .same }
    if Self.wanted != nil { print("\(mode.rawValue), \(endpoint.testDescription): SAME \(acquitted)") }
    #expect(acquitted.upperBound <= 1.5 / Double(mode.inverseAlpha) || acquitted.isTooFewToTell(mode), "\(acquitted)")
  }

  struct Share: CustomStringConvertible {
    let hits: Int
    let count: Int

    /// Of Clopper and Pearson, at 97.5 %, by bisection of the binomial distribution.
    var upperBound: Double {
      var (low, high) = (Double(hits) / Double(count), 1.0)
      for _ in 0..<50 {
        let rate = (low + high) / 2
        if cumulative(rate) > 0.025 { low = rate } else { high = rate }
      }
      return high
    }

    /// P(at most `hits`) of `count`.
    private func cumulative(_ rate: Double) -> Double {
      (0...hits).reduce(0) { sum, k in
        let (n, k) = (Double(count), Double(k))
        let choices: Double = lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
        let chances: Double = k * log(rate) + (n - k) * log1p(-rate)
        return sum + exp(choices + chances)
      }
    }

    /// So few streams that even α by itself would look like too much: then no more than α·count + 3 are allowed.
    func isTooFewToTell(_ mode: AuditMode) -> Bool {
      let expected = Double(count) / Double(mode.inverseAlpha)
      return expected < 30 && Double(hits) <= expected + 3 * expected.squareRoot() + 1
    }

    var description: String { "\(hits) of \(count), at most \(upperBound)" }
  }

  private static func count(
    _ count: Int, _ mode: AuditMode, _ endpoint: Endpoint, requests: Int, where isHit: (Verdict) -> Bool
  ) -> Share {
    var hits = 0
    var random = SeededGenerator(seed: 16)
    for _ in 0..<count {
      let next = endpoint.make(mode)
      var (last, debt) = (0, 0.0)
      var decision = Decision(mode: mode)
      while decision.verdict == .undecided, decision.count < requests {
        last = next(last, &debt, &random)
        decision.add(RequestScore(low: last, high: last))
      }
      if isHit(decision.verdict) { hits += 1 }
    }
    return Share(hits: hits, count: count)
  }

  /// Scores of Beta(3, 3) and Beta(4, 1): the middle of five uniform numbers, the largest of four.
  @Test func fraudIsSeenAfterAHandfulOfRequests() {
    var random = SeededGenerator(seed: 17)
    func uniform(_ count: Int) -> [Int] { (0..<count).map { _ in Int.random(in: 0...1000, using: &random) }.sorted() }
    func meanQueries(_ score: () -> Int) -> Double {
      var total = 0
      for _ in 0..<200 {
        var decision = Decision(mode: .audit)
        while decision.verdict == .undecided, decision.count < 400 {
          let value = score()
          decision.add(RequestScore(low: value, high: value))
        }
        #expect(decision.verdict == .different)
        total += decision.count
      }
      return Double(total) / 200
    }
    #expect(meanQueries { uniform(5)[2] } <= 5)
    #expect(meanQueries { uniform(4)[3] } <= 3)
  }

  @Test func honestNoiseHearsSameAtTheFloor() {
    for mode in AuditMode.allCases {
      var random = SeededGenerator(seed: 18)
      var decision = Decision(mode: mode)
      while decision.verdict == .undecided, decision.count < mode.budget {
        let score = Int.random(in: 0...40, using: &random)
        decision.add(RequestScore(low: score, high: score))
      }
      #expect(decision.verdict == .same)
      #expect(decision.count == mode.fewestForSame)
    }
  }
}
