import Field
import Testing
import Transcript

@testable import Commitment

@Suite struct CodeParametersTests {
  /// The table of docs/protocol.md section 6, whose rate counts L alone: the longest rows come closest to it.
  @Test(arguments: [
    (1, 20, 261), (1, 16, 270), (1, 0, 309), (2, 20, 160), (2, 16, 166), (2, 0, 189), (3, 20, 131), (3, 16, 135),
    (3, 0, 155),
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
      logLength: 23, logBlowup: 4, queries: 120, grindingBits: 20, driftTail: 240)
    let terms = parameters.soundnessTerms(claims: 4)
    #expect(terms.allSatisfy { $0.round == "queries" || $0.bits > 160 })
    #expect(terms.last?.bits == parameters.securityBits)
  }

  @Test func tailsCostQueries() throws {
    let few = try #require(CodeParameters.queries(logLength: 14, logBlowup: 1, grindingBits: 16, proofs: 1))
    let many = try #require(CodeParameters.queries(logLength: 14, logBlowup: 1, grindingBits: 16, proofs: 8))
    #expect(few > 270 && many > few)
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
    #expect(rejected(13, 1, 300, 16, 600) && rejected(24, 1, 300, 16, 600))
    #expect(rejected(14, 0, 300, 16, 600) && rejected(14, 5, 300, 16, 600))
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

  @Test(arguments: 14...23)
  func plansEndInFewCoefficients(_ logLength: Int) throws {
    let parameters = try CodeParameters(
      logLength: logLength, logBlowup: 3, queries: 135, grindingBits: 16, driftTail: 270)
    for claims in 1...4 {
      let plan = FoldingPlan(parameters, claims: claims)
      #expect(plan.logFinal + plan.foldCount == logLength && (6...10).contains(plan.logFinal))
      #expect(plan.layers.allSatisfy { (1...FoldingPlan.maximumFolds).contains($0.folds) && $0.logLength >= 3 })
    }
  }
}
