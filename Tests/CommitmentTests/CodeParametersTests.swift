// SPDX-License-Identifier: Apache-2.0

import DriftProofField
import Foundation
import Testing
import DriftProofTranscript

@testable import DriftProofCommitment
@testable import DriftProofCommitmentProver

@Suite struct CodeParametersTests {
  @Test(arguments: [
    (1, 20, 227), (1, 16, 235), (1, 0, 269), (2, 20, 111), (2, 16, 115), (2, 0, 131), (3, 20, 74), (3, 16, 76),
    (3, 0, 87), (4, 20, 55), (5, 20, 44),
  ])
  func queriesOfTheProtocol(_ logBlowup: Int, _ grindingBits: Int, _ expected: Int) throws {
    let count = CodeParameters.queries(logLength: 23, logBlowup: logBlowup, grindingBits: grindingBits, proofs: 1)
    #expect(count == expected)
    let parameters = try CodeParameters(
      logLength: 23, logBlowup: logBlowup, queries: expected, grindingBits: grindingBits, driftTail: expected)
    let oneLess = try CodeParameters(
      logLength: 23, logBlowup: logBlowup, queries: expected - 1, grindingBits: grindingBits, driftTail: expected - 1)
    #expect(parameters.securityBits >= 128 && oneLess.securityBits < 128)
  }

  @Test func queriesAreTheWeakestRound() throws {
    let parameters = try CodeParameters(
      logLength: 21, logBlowup: 3, queries: 120, grindingBits: 20, driftTail: 240)
    let terms = parameters.soundnessTerms(claims: 4)
    #expect(terms.allSatisfy { $0.round.hasPrefix("queries") || $0.bits > 130 })
    #expect(terms.allSatisfy { $0.bits >= 128 || $0.round == "queries" })
    #expect(terms.last?.bits == parameters.securityBits)
  }

  @Test func tailsCostQueries() throws {
    let few = try #require(CodeParameters.queries(logLength: 14, logBlowup: 1, grindingBits: 16, proofs: 1))
    let many = try #require(CodeParameters.queries(logLength: 14, logBlowup: 1, grindingBits: 16, proofs: 8))
    #expect(few > 235 && many > few)
    #expect(CodeParameters.queries(logLength: 14, logBlowup: 1, grindingBits: 16, proofs: 1000) == nil)
  }

  @Test func parametersOutsideTheirRangeAreRejected() {
    func rejected(_ l: Int, _ b: Int, _ t: Int, _ g: Int, _ q: Int) -> Bool {
      do {
        _ = try CodeParameters(logLength: l, logBlowup: b, queries: t, grindingBits: g, driftTail: q)
        return false
      } catch {
        if case .unsupportedParameters = error { return true }
        return false
      }
    }
    #expect(!rejected(14, 1, 300, 16, 600))
    #expect(rejected(13, 1, 300, 16, 600) && rejected(27, 1, 300, 16, 600))
    #expect(rejected(14, 0, 300, 16, 600) && rejected(14, 6, 300, 16, 600))
    #expect(rejected(14, 1, 0, 16, 600) && rejected(14, 1, 5000, 16, 6000))
    #expect(rejected(14, 1, 300, 21, 600) && rejected(14, 1, 300, -1, 600))
    #expect(rejected(14, 1, 300, 16, 299) && rejected(14, 1, 300, 16, 1 << 15))
  }

  @Test func positionsAreWhatTheFoldingNeeds() {
    let k = 7
    let domain = CodeDomain(logSize: k, folds: 2)
    for position in 0..<1 << k {
      let point = domain.point(position)
      #expect(domain.point(position ^ 1) == -point)
      #expect(CodeDomain(logSize: k - 1, folds: 3).point(position >> 1) == point * point)
      #expect(domain.inverted.point(position) * point == .one)
      let coset = domain.cosetShift(position >> 4, logLength: 4)
      let inside = Goldilocks.rootOfUnity(logOrder: 4)
        .power(UInt64(CodeDomain.reverseBits(position & 15, count: 4)))
      #expect(coset * inside == point)
    }
  }

  @Test(arguments: 14...26, 1...5)
  func plansAreSoundAndShort(_ logLength: Int, _ logBlowup: Int) throws {
    let queries = try #require(
      CodeParameters.queries(logLength: logLength, logBlowup: logBlowup, grindingBits: 20, proofs: 2))
    let parameters = try CodeParameters(
      logLength: logLength, logBlowup: logBlowup, queries: queries, grindingBits: 20, driftTail: 2 * queries)
    for claims in 1...2 {
      let plan = FoldingPlan(parameters, claims: claims)
      #expect(plan.logFinal + plan.foldCount == logLength && (5...10).contains(plan.logFinal))
      #expect(plan.layers.allSatisfy { (1...FoldingPlan.maximumFolds).contains($0.folds) && $0.logLength >= 3 })
      for (layer, next) in zip(plan.layers, plan.layers.dropFirst()) {
        #expect(next.logLength == layer.logLength - layer.folds)
        #expect((layer.logDomain - layer.folds..<layer.logDomain).contains(next.logDomain))
        // The integer rules are no weaker than the inequalities that they stand for.
        let code = JohnsonRadius(next)
        #expect(-Double(next.queries) * log2(code.agreement) + Double(next.grindingBits) >= 128)
        #expect(JohnsonRadius.fieldBits - log2(code.exceptions + 2 * code.listSize) >= 130)
        #expect(code.outOfDomainBits(coefficients: Double(1 << next.logLength)) >= 130)
        #expect(next.grindingBits <= FoldingPlan.maximumInnerGrinding)
      }
      // The longest codes at the lowest rates have too many exceptional challenges; a verifier refuses them.
      // a < 2^(29.6 + k + 3r/2) of 2^191.9, a few lines at once.
      guard 2 * parameters.logDomain + 3 * logBlowup <= 62 else { continue }
      for term in parameters.soundnessTerms(claims: claims) { #expect(term.bits >= 128, "\(term.round)") }
    }
  }

  /// ℓ and a by docs/protocol.md, section 6, not by ``JohnsonRadius``.
  private func listAndExceptions(m: Double, rate: Double, length: Double) -> (list: Double, exceptions: Double) {
    let shifted = 2 * m + 0.5
    let delta = 1 - rate.squareRoot() * (1 + 1 / (2 * m))
    let list = shifted / rate.squareRoot()
    let exceptions =
      (2 * pow(shifted, 5) + 3 * shifted * delta * rate) / (3 * pow(rate, 1.5)) * length + shifted / rate.squareRoot()
    return (list, exceptions)
  }

  /// Each term with all that it must count: lists and exceptional challenges.
  @Test(arguments: [(14, 1), (18, 3), (21, 3), (16, 5)], [(1, 1), (2, 2)])
  func termsCountListsAndExceptions(_ code: (Int, Int), _ claimsAndPins: (Int, Int)) throws {
    let queries = try #require(
      CodeParameters.queries(logLength: code.0, logBlowup: code.1, grindingBits: 20, proofs: 2))
    let parameters = try CodeParameters(
      logLength: code.0, logBlowup: code.1, queries: queries, grindingBits: 20, driftTail: 2 * queries)
    let (claims, pins) = (Double(claimsAndPins.0), Double(claimsAndPins.1))
    let plan = FoldingPlan(parameters, claims: claimsAndPins.0)
    let coefficients = Double(parameters.length + parameters.driftRowTail)
    let points = Double(1 << parameters.logDomain)
    let rows = listAndExceptions(m: 32, rate: coefficients / points, length: points)
    let inner = plan.layers.dropFirst().map {
      listAndExceptions(m: 8, rate: pow(2, -Double($0.logInverseRate)), length: Double(1 << $0.logDomain))
    }
    let field = 3 * log2(Double(Goldilocks.modulus))
    // A round of degree 2 for every word of the list and the line of even and odd part; the worst layer.
    let folding = ([rows] + inner).map { field - log2(2 * $0.list + $0.exceptions) }
    let batching = zip(inner, plan.layers).map { layer, before in
      field - log2(layer.list * (1 + claims * Double(1 + before.queries)))
    }
    let expected = [
      "pins": field - log2(rows.list * rows.list / 2 * coefficients),
      "combination of trees and mask":
        field - log2(claims * ((1 + pins) * rows.exceptions + (2 + pins) * rows.list)),
      "batching of the claims": field - log2(rows.list * claims * (1 + pins)),
      "folding": try #require(folding.min()),
      "batching of folded leaves": try #require(batching.min()),
    ]
    let terms = parameters.soundnessTerms(claims: claimsAndPins.0, pins: claimsAndPins.1)
    for (name, bits) in expected {
      let found = try #require(terms.first { $0.round == name }).bits
      #expect(abs(found - bits) < 1e-9, "\(name): \(found), by hand \(bits)")
    }
  }

  /// The bounds for m = 32, 2m = 64 and rate 1/8 by hand, as the cited theorems state them.
  @Test func johnsonRadius() {
    let code = JohnsonRadius(multiplicity: 32, rate: 0.125, length: 1_048_576)
    #expect(abs(code.agreement - 0.359_077) < 1e-6)
    #expect(abs(code.listSize - 182.4335) < 1e-3)
    // (2·64.5⁵ + 3·64.5·0.640923·0.125)/(3·0.125^1.5)·2^20 + 64.5/√0.125
    #expect(abs(log2(code.exceptions) - 53.971) < 1e-2)
  }
}
