// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofField
import Testing

@testable import DriftProofTranscript

/// Expected values from a Python implementation over hashlib and the cryptography package.
@Suite struct TranscriptTests {
  /// One stream, element by element and in pieces, over several of its blocks.
  @Test func elementsComeInPieces() {
    func stream() -> PseudorandomStream { PseudorandomStream(secret: [3], label: "pieces") }
    let expected = stream().elements(10_000).map(\.value)
    let pieces = stream()
    var found: [UInt64] = []
    for count in [0, 1, 4095, 4, 5000] {
      var piece = [UInt64](repeating: 0, count: count)
      var target = piece.mutableSpan
      pieces.fill(&target)
      found += piece
    }
    found += pieces.elements(900).map(\.value)
    #expect(found == expected)
  }

  @Test func knownAnswers() {
    var transcript = Transcript(protocolID: "test")
    transcript.absorb("label", bytes: [1, 2, 3])
    let challenge = transcript.challenge("c")
    #expect(challenge.c0.value == 0xfca1_e32b_c7a6_497f)
    #expect(challenge.c1.value == 0x46f8_92cf_bc5b_52f9)
    #expect(challenge.c2.value == 0xfbb5_dcfe_82b7_459d)
    #expect(
      transcript.challengeBytes("bytes", count: 40).hexadecimal
        == "454f76aafd44c89f41e47174fa5ef6fddc72e2b275958050448ac07d3b331cd16f0938d48f52896b")
  }

  @Test func pseudorandomStream() {
    let stream = PseudorandomStream(secret: [UInt8](0..<32), label: "label", context: [5])
    #expect(
      stream.bytes(40).hexadecimal == "19c5a4185049e01a62c8a9901d1b80d96911b7cc7a9419e3dbab5fa065ae7f76c00d7e1a5be59ab1"
    )
  }

  @Test func labelsKindsAndLengthsSeparate() {
    func state(_ change: (inout Transcript) -> Void) -> [UInt8] {
      var transcript = Transcript(protocolID: "test")
      change(&transcript)
      return transcript.state
    }
    let states = [
      state { $0.absorb("a", bytes: [1]) }, state { $0.absorb("b", bytes: [1]) }, state { $0.absorb("a", .field, [1]) },
      state { $0.absorb("a1", bytes: []) }, state { $0.absorb("a", bytes: [1, 0]) },
      state {
        $0.absorb("a", bytes: [])
        $0.absorb("a", bytes: [1])
      },
    ]
    #expect(Set(states).count == states.count)
  }

  @Test func positionsAreDistinctAndBelowTheBound() {
    var transcript = Transcript(protocolID: "test")
    let positions = transcript.positions("p", count: 50, logBound: 6)
    #expect(
      Set(positions).count == 50 && positions.allSatisfy { (0..<64).contains($0) } && positions == positions.sorted())
  }
}

@Suite struct ChannelTests {
  @Test func verifierReadsWhatTheProverSent() throws {
    var prover = ProverChannel(transcript: Transcript(protocolID: "test"))
    let values = [CubicExtension(1), -CubicExtension(2)]
    prover.send("values", values)
    prover.send("root", digest: [UInt8](repeating: 9, count: 32))
    prover.send("nonce", nonce: 77)
    prover.hint("hint", [1, 2])
    var verifier = VerifierChannel(transcript: Transcript(protocolID: "test"), proof: prover.proof)
    #expect(try verifier.receive("values", count: 2) == values)
    #expect(try verifier.receiveDigest("root") == [UInt8](repeating: 9, count: 32))
    #expect(try verifier.receiveNonce("nonce") == 77)
    #expect(throws: ProofRejection.trailingBytes(count: 2)) { try verifier.finish() }
    #expect(try verifier.hint("hint", count: 2) == [1, 2])
    try verifier.finish()
    #expect(verifier.transcript.state == prover.transcript.state)
    #expect(throws: ProofRejection.truncated(section: "more")) { try verifier.receive("more") }
  }

  @Test func rejectsNonCanonicalElements() {
    var proof: [UInt8] = []
    for _ in 0..<3 { proof.append(littleEndian: Goldilocks.modulus) }
    var verifier = VerifierChannel(transcript: Transcript(protocolID: "test"), proof: proof)
    #expect(throws: ProofRejection.notCanonical(section: "v")) { try verifier.receive("v") }
  }
}
