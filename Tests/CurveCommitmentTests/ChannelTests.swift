// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCurve
import DriftProofCurveCommitment
import DriftProofTranscript
import Testing

@testable import DriftProofCurveCommitmentProver

@Suite struct ChannelTests {
  @Test func bothEndsReadTheSameAndDrawTheSame() throws {
    var prover = CurveProverChannel(transcript: Transcript(protocolID: "test"))
    prover.send("a", [Fr(3), Fr(-1)])
    prover.send("b", points: [.generator, .infinity])
    prover.send("c", digest: [UInt8](repeating: 7, count: 32))
    #expect(prover.proof.count == 2 * 32 + 2 * 48 + 32)
    var verifier = CurveVerifierChannel(transcript: Transcript(protocolID: "test"), proof: prover.proof)
    #expect(try verifier.receive("a", count: 2) == [Fr(3), Fr(-1)])
    let points = try verifier.receivePoints("b", count: 2)
    #expect(points[0] == G1.generator && points[1].isInfinity)
    _ = try verifier.receiveDigest("c")
    try verifier.finish()
    let challenge = prover.challenge("d")
    #expect(verifier.challenge("d") == challenge)
    #expect(prover.challenge("d") != challenge)
  }

  @Test func bytesThatAreNoneAreRefusedWithTheirPlace() throws {
    func channel(_ bytes: [UInt8]) -> CurveVerifierChannel {
      CurveVerifierChannel(transcript: Transcript(protocolID: "test"), proof: bytes)
    }
    let one = Fr.one.littleEndianBytes
    var scalars = channel(one + [UInt8](repeating: 0xFF, count: 32))
    #expect(throws: CurveProofRejection.scalarNotCanonical(section: "s", index: 1)) {
      try scalars.receive("s", count: 2)
    }
    var short = channel(one)
    #expect(throws: CurveProofRejection.truncated(section: "s")) { try short.receive("s", count: 2) }
    var negative = channel(one)
    #expect(throws: CurveProofRejection.truncated(section: "s")) { try negative.receive("s", count: -1) }
    var points = channel(G1.generator.compressed + [UInt8](repeating: 0, count: 48))
    #expect(
      throws: CurveProofRejection.invalidPoint(section: "p", index: 1, reason: .compressionFlag(expected: true))
    ) { try points.receivePoints("p", count: 2) }
    #expect(throws: CurveProofRejection.trailingBytes(count: 32)) { try channel(one).finish() }
  }

  @Test func functionalsAreTheirPolynomials() {
    let point = [Fr(5), Fr(-7), Fr(11)]
    let functional = CurveFunctional([
      .equality(offset: 8, point: point, scale: Fr(3)), .vector(offset: 2, values: [Fr(9), Fr(4)]),
    ])
    let x = Fr(123_456_789)
    var expected = (Fr(9) + Fr(4) * x) * x * x
    for index in 0..<8 {
      let factors = point.enumerated().map { index >> $0 & 1 == 1 ? $1 : Fr.one - $1 }
      expected = expected + Fr(3) * factors[0] * factors[1] * factors[2] * x.power(8 + index)
    }
    #expect(functional.polynomial(at: x) == expected)
    #expect(functional.end == 16)
  }

  @Test func aRowIsCommittedUnderItsPowers() {
    let tau = Fr(987_654_321)
    let committer = CurveCommitter(secret: tau, logLength: 4)
    let cells: [Int64] = [3, -5, 0, 7, 1 << 40]
    let value = cells.enumerated().reduce(Fr.zero) { $0 + Fr($1.element) * tau.power($1.offset) }
    let expected = value * G1.generator + Fr(77) * HashedGenerators.blinding
    #expect(committer.commit(cells, blinding: Fr(77)) == expected)
    #expect(committer.commit(cells.map { Fr($0) }, blinding: Fr(77)) == expected)
    #expect(throws: Never.self) { try committer.key.check() }
  }
}
