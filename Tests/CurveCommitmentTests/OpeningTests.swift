// SPDX-License-Identifier: Apache-2.0

import DriftProofCurve
import DriftProofCurveCommitment
import DriftProofCurveCommitmentProver
import Testing

@Suite struct OpeningTests {
  @Test(arguments: [1, 2, 3, 5, 8, 9]) func honestOpeningsAreAccepted(log: Int) throws {
    let fixture = OpeningFixture(log: log)
    let proof = try fixture.prove()
    // μ, s, three times two evaluations less one, the quotient, the blinding.
    #expect(proof.count == 320)
    #expect(throws: Never.self) { try fixture.verify(proof) }
    #expect(try fixture.carelessVerifier(accepts: proof))
  }

  @Test func aClaimOfTwoPartsAddsAMaskAndFourEvaluations() throws {
    let fixture = OpeningFixture(log: 8, parts: true)
    let proof = try fixture.prove()
    #expect(proof.count == 320 + 32 + 2 * 64)
    #expect(throws: Never.self) { try fixture.verify(proof) }
    let wrong = fixture.claims(off: [1: .one])
    #expect(throws: CurveProofRejection.openingPairing) { try fixture.verify(try fixture.prove(wrong), wrong) }
  }

  @Test func aLongerSetupLeavesHighCellsWithoutMeaning() throws {
    let fixture = OpeningFixture(log: 9, rowLog: 8)
    #expect(fixture.rows.cells[0].count == 512)
    #expect(throws: Never.self) { try fixture.verify(try fixture.prove()) }
    let wrong = fixture.claims(off: [0: .one])
    #expect(throws: CurveProofRejection.openingPairing) { try fixture.verify(try fixture.prove(wrong), wrong) }
  }

  @Test func claimsAboutRowsThatAreNotThereAreRefused() throws {
    let fixture = OpeningFixture(log: 4)
    var claims = fixture.claims
    claims[1].parts[0].rows = [(8, .one)]
    #expect(throws: CurveProofRejection.malformedClaim(index: 1)) { try fixture.verify([], claims) }
    #expect(throws: CurveProofRejection.malformedClaim(index: 1)) { try fixture.prove(claims) }
    claims = fixture.claims
    claims[0].maskRows = [4, 5]
    #expect(throws: CurveProofRejection.malformedClaim(index: 0)) { try fixture.verify([], claims) }
    claims[0].maskRows = [-1]
    #expect(throws: CurveProofRejection.malformedClaim(index: 0)) { try fixture.verify([], claims) }
    claims = fixture.claims
    claims[0].parts[0].functional = CurveFunctional([.vector(offset: 16, values: [.one])])
    #expect(throws: CurveProofRejection.malformedClaim(index: 0)) { try fixture.prove(claims) }
  }

  @Test func everyByteOfAProofCounts() throws {
    let fixture = OpeningFixture(log: 5)
    let proof = try fixture.prove()
    for place in stride(from: 0, to: proof.count, by: 7) {
      var changed = proof
      changed[place] ^= 1
      #expect(throws: CurveProofRejection.self, "byte \(place)") { try fixture.verify(changed) }
      #expect(throws: CurveProofRejection.self) { try fixture.verify(Array(proof.prefix(place))) }
    }
    #expect(throws: CurveProofRejection.trailingBytes(count: 1)) { try fixture.verify(proof + [0]) }
  }

  @Test func theCorrelationIsTheProductsPositiveHalf() {
    var random = ScalarGenerator(3)
    let pairs = [
      (u: random.next(11), c: random.next(5)), (u: random.next(3), c: random.next(2)), (u: [Fr(2)], c: [Fr(3)]),
    ]
    var expected = [Fr](repeating: .zero, count: 11)
    for (u, c) in pairs {
      for (i, a) in u.enumerated() {
        for (j, b) in c.enumerated() where i != j {
          expected[abs(i - j)] = expected[abs(i - j)] + a * b
        }
      }
    }
    let found = ScalarVector.correlation(pairs.map { ($0.u, $0.c) })
    #expect(found.count >= 10)
    for (index, value) in found.enumerated() { #expect(value == (index < 10 ? expected[index + 1] : .zero)) }
  }

  @Test(arguments: [3, 14, 15]) func transformsAreEvaluationsAndInvert(log: Int) {
    var random = ScalarGenerator(UInt64(log))
    let coefficients = random.next(1 << log - 1)
    let values = ScalarTransform.values(of: coefficients, log: log)
    let root = ScalarTransform.root(log: log)
    #expect(root.power(1 << (log - 1)) == -Fr.one)
    for index in [0, 1, 5, 1 << log - 1, 1 << (log - 1) + 1] where index < 1 << log {
      #expect(values[index] == ScalarVector.value(of: coefficients, at: root.power(index)))
    }
    #expect(ScalarTransform.coefficients(of: values, log: log) == coefficients + [.zero])
  }
}
