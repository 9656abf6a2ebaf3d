// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofAudit
import Foundation
import TestSupport
import Testing

/// The clauses of SAME and the rule around them.
@Suite struct ClauseTests {
  /// The constants are the smallest integers not below 2^40 times what they stand for. A double is exact enough to tell, as
  /// none of them is within a hundredth of the next.
  @Test func constantsAreRoundedUp() {
    let unit = 1_099_511_627_776.0
    func check(_ constant: Int, _ value: Double) {
      let above = Double(constant) - value * unit
      #expect(above > -0.01 && above < 1.01, "\(constant) for \(value)")
    }
    let inverseWeights: [Double] = [32, 16, 16, 16, 32, 16, 16.0 / 3, 2]
    for (line, inverseWeight) in zip(SameClauses.meanLines + SameClauses.tailLines, inverseWeights) {
      let lambda = Double(line.lambda) / 32
      if line.lambda < 32 { check(line.psi, -log(1 - lambda) - lambda) }
      for mode in AuditMode.allCases { check(line.need(mode), log(Double(mode.inverseAlpha) * inverseWeight)) }
    }
    // What a provider may choose among adds up to one.
    let weights = inverseWeights.reduce(0.0) { $0 + 1 / $1 }
    #expect(abs(weights - 1) < 1e-12)
  }

  @Test func theFewestRequestsAreThoseOfTheDesign() {
    #expect(AuditMode.allCases.map(\.fewestForSame) == [88, 265, 609])
    #expect(AuditMode.allCases.map { SameClauses.requests(of: $0, tail: 1) } == [180, 512, 1064])
    #expect(AuditMode.allCases.map { SameClauses.requests(of: $0, tail: 2) } == [217, 604, 1212])
  }

  /// Against floating point, at every look where that is clear.
  @Test(arguments: AuditMode.allCases) func clausesAgreeWithFloatingPoint(_ mode: AuditMode) {
    var random = SeededGenerator(seed: 15)
    var clauses = SameClauses()
    for _ in 0..<900 {
      let score = Int.random(in: 0...60, using: &random)
      clauses.add(score, isFar: false)
      let (n, sum, squares) = (Double(clauses.count), Double(clauses.sum) / 1000, Double(clauses.squares) / 1e6)
      let excesses = [(0.25, 32.0), (0.5, 16), (0.75, 16), (0.875, 16), (0.9375, 32)].map { lambda, inverseWeight in
        lambda * (n * Double(mode.margin) / 1000 - sum) - (-log(1 - lambda) - lambda) * squares
          - log(Double(mode.inverseAlpha) * inverseWeight)
      }
      let best = excesses.max() ?? 0
      if abs(best) > 1e-6 { #expect(clauses.meanIsBelow(mode.margin, mode) == (best > 0)) }
    }
  }

  /// Where DIFFERENT falls, found with rational numbers of any size. Without the half, or with other weights, one of them
  /// moves.
  @Test func theFirstCrossingIsWhereItMustBe() {
    let sparse = [0, 0, 0, 600, 0, 0, 700, 0, 0, 800, 0, 0, 900, 0, 0, 600, 0, 600]
    let streams: [(scores: [Int], crossings: [Int])] = [
      (WealthTests.scores, [21, 13, 12]), ((0..<50).map { 500 + 3 * $0 }, [2, 2, 2]),
      (sparse + sparse + sparse, [18, 13, 13]),
    ]
    for (scores, crossings) in streams {
      for (mode, crossing) in zip(AuditMode.allCases, crossings) {
        var decision = Decision(mode: mode)
        for score in scores where decision.verdict == .undecided { decision.add(RequestScore(low: score, high: 1000)) }
        #expect(decision.verdict == .different)
        #expect(decision.count == crossing)
      }
    }
  }

  @Test func missingAnswersAccuseNobodyAndHelpNobody() {
    var decision = Decision(mode: .audit)
    for _ in 0..<2000 { decision.add(.missing) }
    #expect(decision.verdict == .undecided)
    #expect(decision.far == 0)
  }

  /// What may be away counts against SAME, what surely is for DIFFERENT: neither in the other's place.
  @Test func eachVerdictReadsItsOwnScore() {
    var decision = Decision(mode: .quick)
    for _ in 0..<2000 { decision.add(RequestScore(low: 0, high: 400)) }
    #expect(decision.verdict == .undecided)
    #expect(decision.clauses.sum == 800_000)
  }

  @Test func theFirstVerdictStands() {
    var decision = Decision(mode: .quick)
    for _ in 0..<88 { decision.add(RequestScore(low: 0, high: 0)) }
    #expect(decision.verdict == .same)
    for _ in 0..<20 { decision.add(RequestScore(low: 1000, high: 1000)) }
    #expect(decision.verdict == .same)
  }

  @Test func grossFraudIsSeenAtOnce() {
    for mode in AuditMode.allCases {
      var decision = Decision(mode: mode)
      while decision.verdict == .undecided, decision.count < 10 { decision.add(RequestScore(low: 1000, high: 1000)) }
      #expect(decision.verdict == .different)
      #expect(decision.count <= 3)
    }
  }

  /// A mixture that only sometimes substitutes never hears SAME because the rest is perfect.
  @Test func oneFarRequestPostponesSameness() {
    var decision = Decision(mode: .audit)
    decision.add(RequestScore(low: 700, high: 700))
    for _ in 0..<300 { decision.add(RequestScore(low: 0, high: 0)) }
    #expect(decision.verdict == .undecided)
  }

  @Test func intervalsEncloseWhatWasSeen() {
    let honest = Intervals(scores: [RequestScore](repeating: RequestScore(low: 5, high: 5), count: 265), mode: .audit)
    #expect(honest.meanAbove < 5)
    #expect(honest.meanBelow.map { $0 <= 100 } == true)
    #expect(honest.tailBelow.map { $0 <= 20 } == true)
    let other = Intervals(scores: [RequestScore](repeating: RequestScore(low: 900, high: 900), count: 3), mode: .audit)
    #expect(other.meanAbove >= 100)
    #expect(other.tailAbove >= 20)
    #expect(other.meanBelow == nil)
  }
}
