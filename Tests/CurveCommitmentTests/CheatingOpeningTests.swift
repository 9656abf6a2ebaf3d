// SPDX-License-Identifier: Apache-2.0

import DriftProofCurve
import DriftProofCurveCommitment
import DriftProofCurveCommitmentProver
import Synchronization
import Testing

/// Each forgery, everything else honest, with the check that stops it; where a careless verifier would be taken in, that is
/// shown, too.
@Suite struct CheatingOpeningTests {
  private static let fixture = OpeningFixture(log: 8, parts: true)
  private var fixture: OpeningFixture { Self.fixture }

  private func expectPairing(
    _ deviation: CurveOpeningDeviation, off shifts: [Int: Fr] = [:], location: SourceLocation = #_sourceLocation
  ) throws {
    let claims = fixture.claims(off: shifts)
    let proof = try fixture.prove(claims, deviation)
    #expect(throws: CurveProofRejection.openingPairing, sourceLocation: location) { try fixture.verify(proof, claims) }
  }

  @Test func aFalseValue() throws { try expectPairing(.init(), off: [0: .one]) }

  @Test func aFalseValueMovedIntoTheMask() throws {
    var cheat = CurveOpeningDeviation()
    cheat.masks = { [$0[0] - .one] + $0.dropFirst() }
    try expectPairing(cheat, off: [0: .one])
    // Without a challenge between μ and V it passes.
    let claims = fixture.claims(off: [0: .one])
    cheat.challenge = { $0 == CurveOpeningLabel.beta ? .one : $1 }
    let proof = try fixture.prove(claims, cheat)
    #expect(try fixture.carelessVerifier(accepts: proof, claims, challenge: cheat.challenge))
  }

  @Test func aFalseValueMovedIntoTheRemainder() throws {
    var cheat = CurveOpeningDeviation()
    cheat.remainder = { $0 + .generator }
    try expectPairing(cheat)
    cheat = CurveOpeningDeviation()
    cheat.evaluations = { honest, _ in honest.dropLast() + [honest[honest.count - 1] + Fr(5)] }
    try expectPairing(cheat, off: [0: .one])
    // With ζ known before S, a constant c in s takes up any δ·β: c·(ζ + 1/ζ) = -2·δ·β.
    let zeta = Fr(1_000_003)
    let claims = fixture.claims(off: [0: .one])
    cheat = CurveOpeningDeviation()
    cheat.challenge = { label, drawn in
      switch label {
      case CurveOpeningLabel.zeta: zeta
      case CurveOpeningLabel.beta: .one
      default: drawn
      }
    }
    let constant = -Fr(2) * (zeta + zeta.inverse()).inverse()
    cheat.remainder = { $0 + constant * .generator }
    cheat.evaluations = { honest, _ in honest.dropLast() + [honest[honest.count - 1] + constant] }
    let proof = try fixture.prove(claims, cheat)
    #expect(try fixture.carelessVerifier(accepts: proof, claims, challenge: cheat.challenge))
  }

  @Test(arguments: [0, 1, 4]) func aFalseEvaluation(index: Int) throws {
    var cheat = CurveOpeningDeviation()
    cheat.evaluations = { honest, _ in
      var changed = honest
      changed[index] = changed[index] + .one
      return changed
    }
    try expectPairing(cheat)
  }

  @Test func aWrongBlinding() throws {
    var cheat = CurveOpeningDeviation()
    cheat.blinding = { honest, _ in honest + .one }
    try expectPairing(cheat)
  }

  @Test func anotherQuotient() throws {
    for extra in [G1.generator, HashedGenerators.blinding] {
      var cheat = CurveOpeningDeviation()
      cheat.quotient = { $0 + extra }
      try expectPairing(cheat)
    }
    // A multiple of H in the quotient, which the blinding cannot take up.
    var cheat = CurveOpeningDeviation()
    cheat.quotient = { $0 + HashedGenerators.blinding }
    cheat.blinding = { honest, _ in honest - .one }
    try expectPairing(cheat)
  }

  @Test func aRemainderWithABlindingIsAccepted() throws {
    // S is no unique answer and need not be: the blinding takes its multiple of H up.
    var deviation = CurveOpeningDeviation()
    deviation.remainder = { $0 + Fr(7) * HashedGenerators.blinding }
    deviation.blinding = { honest, power in honest + Fr(7) * power }
    let proof = try fixture.prove(nil, deviation)
    #expect(throws: Never.self) { try fixture.verify(proof) }
  }

  @Test func twoClaimsFalseAgainstEachOther() throws {
    // The last claim has no mask, so that β does not scale its error.
    let shifts: [Int: Fr] = [0: Fr(3), 1: -Fr(3)]
    try expectPairing(.init(), off: shifts)
    let claims = fixture.claims(off: shifts)
    var cheat = CurveOpeningDeviation()
    cheat.challenge = { $0 == CurveOpeningLabel.chi ? .one : $1 }
    let proof = try fixture.prove(claims, cheat)
    #expect(try fixture.carelessVerifier(accepts: proof, claims, challenge: cheat.challenge))
  }

  @Test func theLastEvaluationBentAgainstTheRemainder() throws {
    // u(1/ζ) + δ and s(1/ζ) - δ cancel where both count with one power of γ: δ solves a linear equation.
    var cheat = CurveOpeningDeviation()
    cheat.firstPower = 1
    cheat.evaluations = { honest, knowledge in
      func bent(_ delta: Fr) -> [Fr] {
        var changed = honest
        changed[honest.count - 2] = changed[honest.count - 2] + delta
        return changed
      }
      func miss(_ delta: Fr) -> Fr {
        knowledge.opening.inverseEvaluation(
          evaluations: bent(delta), values: knowledge.values, chi: knowledge.chi, zeta: knowledge.zeta)
          - knowledge.inverseEvaluation + delta
      }
      return bent(-miss(.zero) * (miss(.one) - miss(.zero)).inverse())
    }
    try expectPairing(cheat, off: [0: .one])
    let claims = fixture.claims(off: [0: .one])
    let proof = try fixture.prove(claims, cheat)
    #expect(try fixture.carelessVerifier(accepts: proof, claims, firstPower: 1))
    cheat.firstPower = 0
    try expectPairing(cheat, off: [0: .one])
  }

  @Test func aPointWhereBothEvaluationsAreOneIsDrawnAgain() {
    var drawn = [Fr.zero, .one, -Fr.one, Fr(2), Fr(3)]
    #expect(CurveOpening.evaluationPoint { drawn.removeFirst() } == Fr(2))
    #expect(drawn == [Fr(3)])
  }

  @Test func pointsThatAreNoneAreNamedWithTheirReason() throws {
    let proof = try fixture.prove()
    func encoding(_ first: UInt8, _ last: UInt8) -> [UInt8] { [first] + [UInt8](repeating: 0, count: 46) + [last] }
    // p, which is zero; (0, 2) has order 3.
    let modulus = try #require(
      [UInt8](
        hexadecimal: "9a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab")
    )
    let offCurve = try #require(
      (1..<100).map { encoding(0x80, $0) }.first {
        do throws(CurveEncodingError) { _ = try G1(compressed: $0) } catch { return error == .notOnCurve }
        return false
      })
    let cases: [([UInt8], CurveEncodingError)] = [
      (offCurve, .notOnCurve), (encoding(0x80, 0), .wrongOrder), (modulus, .coordinateNotCanonical),
      (encoding(0xE0, 0), .signFlag), (encoding(0xC0, 1), .infinityNotCanonical),
      (encoding(0x40, 0), .compressionFlag(expected: true)),
    ]
    let masks = 2 * 32
    let evaluations = 9 * 32
    for (bytes, reason) in cases {
      for (section, place) in [
        (CurveOpeningLabel.remainder, masks), (CurveOpeningLabel.quotient, masks + 48 + evaluations),
      ] {
        var changed = proof
        changed.replaceSubrange(place..<place + 48, with: bytes)
        #expect(throws: CurveProofRejection.invalidPoint(section: section, index: 0, reason: reason)) {
          try fixture.verify(changed)
        }
      }
    }
    // Infinity is a point like others; here a wrong one.
    var changed = proof
    changed.replaceSubrange(masks..<masks + 48, with: encoding(0xC0, 0))
    #expect(throws: CurveProofRejection.openingPairing) { try fixture.verify(changed) }
    changed = proof
    changed.replaceSubrange(0..<32, with: [UInt8](repeating: 0xFF, count: 32))
    #expect(throws: CurveProofRejection.scalarNotCanonical(section: CurveOpeningLabel.masks, index: 0)) {
      try fixture.verify(changed)
    }
  }
}
