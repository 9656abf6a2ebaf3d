// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofAudit
@testable import DriftProofAuditDecision
import DriftProofAuditDecisionProver
import DriftProofCommitment
import Foundation
import TestSupport
import Testing

/// What a claim bounds, as numbers.
@Suite struct DecisionClaimTests {
  private func claim(
    _ mode: AuditMode, _ requests: Int, far: Int = 0, below: Int = 500
  ) throws -> DecisionClaim {
    try #require(
      DecisionClaim(
        mode: mode, inverseTailShare: mode.inverseTailShare, requests: requests, far: far, below: below))
  }

  /// Every score is committed as at least itself, the least such root; what can be proved to be below b is below b.
  @Test(arguments: DecisionClaim.bounds) func rootsAreNotBelowTheirScores(_ below: Int) throws {
    let claim = try claim(.audit, 300, below: below)
    let unit = claim.scale * claim.scale
    #expect(EntryClaim.squareRange.contains(claim.square))
    #expect(claim.square + EntryClaim.slack == below * unit)
    for score in 0...1000 {
      let root = claim.root(score)
      #expect(root * root >= score * unit)
      #expect(root == 0 || (root - 1) * (root - 1) < score * unit)
      #expect(!claim.isProvable(score) || score < below)
      // Only what is within a hundredth of the bound cannot be proved.
      #expect(claim.isProvable(score) || score > below - below / 100 - 1)
    }
  }

  /// What one unit more than the bound would let pass is not SAME by any line, and the bound is by one.
  @Test func theBoundIsTheLinesOwn() throws {
    for mode in AuditMode.allCases {
      for (requests, far) in [(mode.fewestForSame, 0), (mode.fewestForSame + 50, 0), (1500, 2), (16384, 30)] {
        for below in DecisionClaim.bounds {
          let claim = try claim(mode, requests, far: far, below: below)
          let bound = Double(try #require(claim.normBound)) / Double(claim.scale * claim.scale)
          func gain(_ sum: Double) -> Double {
            SameClauses.meanLines.map { line in
              let (lambda, psi) = (Double(line.lambda) / 32, Double(line.psi) / 0x1p40)
              let (s, q) = (
                sum / 1000 + Double(far), sum * Double(below) / 1e6 + Double(far)
              )
              return lambda * (Double(requests * mode.margin) / 1000 - s) - psi * q
                - Double(line.need(mode)) / 0x1p40
            }.max() ?? -1
          }
          #expect(gain(bound - 1e-3) > 0 && gain(bound + 1e-3) < 0)
        }
      }
    }
  }

  /// SAME is claimed from the first request on from which the rule can say it, and of nothing of which it does not.
  @Test func whatIsClaimedIsSameByTheRule() throws {
    for mode in AuditMode.allCases {
      #expect(try claim(mode, mode.fewestForSame).normBound != nil)
      #expect(try claim(mode, mode.fewestForSame - 1).normBound == nil)
      #expect(try claim(mode, mode.fewestForSame, far: 1).normBound == nil)
    }
    var plan = try PlanTests.plan()
    var random = SeededGenerator(seed: 41)
    var claimed = 0
    for round in 0..<600 {
      plan.mode = AuditMode.allCases[round % 3]
      let count = plan.mode.fewestForSame + Int.random(in: -3...400, using: &random)
      let reach = [5, 60, 150, 300][round / 3 % 4]
      let scores = (0..<count).map { _ in
        Int.random(in: 0..<200, using: &random) == 0
          ? Int.random(in: 0...1000, using: &random) : Int.random(in: 0...reach, using: &random)
      }
      var clauses = SameClauses()
      for score in scores { clauses.add(score, isFar: score >= plan.mode.tailScore) }
      let isSame = clauses.hold(plan.mode, inverseTailShare: plan.inverseFarShare)
      let claim = DecisionProver.claim(plan, scores: scores)
      #expect(isSame || claim == nil)
      if claim != nil { claimed += 1 }
    }
    #expect(claimed > 100)
  }

  @Test func numbersOutOfRangeAreNoClaim() {
    func claim(_ requests: Int, _ far: Int, _ below: Int, share: Int = 50) -> DecisionClaim? {
      DecisionClaim(mode: .audit, inverseTailShare: share, requests: requests, far: far, below: below)
    }
    #expect(claim(300, 0, 500) != nil && claim(16384, 16384, 50) != nil)
    for other in [
      claim(0, 0, 500), claim(16385, 0, 500), claim(300, 301, 500), claim(300, -1, 500), claim(300, 0, 501),
      claim(300, 0, 499), claim(300, 0, 300),
      claim(300, 0, 1000), claim(300, 0, 0), claim(300, 0, 500, share: 0), claim(300, 0, 500, share: 1001),
    ] {
      #expect(other == nil)
    }
  }

  @Test func everyProofHasTheSameCode() throws {
    let code = try DecisionClaim.code
    #expect(code.securityBits >= CodeParameters.requiredSecurityBits)
    #expect(
      CodeParameters.queries(logLength: code.logLength, logBlowup: code.logBlowup, grindingBits: 20, proofs: 1)
        == code.queries)
  }
}
