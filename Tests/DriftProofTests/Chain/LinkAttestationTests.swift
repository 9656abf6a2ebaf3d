// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofAttestation
@testable import DriftProofCertificate
import DriftProofCore
import Testing

/// A statement about a link says from which model the claims count.
@Suite struct LinkAttestationTests {
  @Test func theStatementNamesTheParent() throws {
    let fixture = try ChainFixture.shared.get()
    let key = try AttestationFixture.signingKey("ed25519")
    let details = AttestationDetails(
      certificateName: "second.drift", provedAt: try #require(Timestamp("2026-03-01T12:30:00Z")))
    for (name, parent) in [("second", try fixture.commitment("first").hexadecimal), ("first", nil)] {
      let certificate = try #require(fixture.certificates[name])
      let attestation = try Attestation.make(certificate: certificate, details: details, key: key)
      let report = try Attestation.verify(attestation, certificate: certificate, key: key.publicKey)
      #expect(report.parentCommitment == parent)
      // Another parent, or another place to start from: signed, but not true.
      let truth = AttestationStatement(try CertificateFacts(certificate), details, keyID: key.publicKey.keyID)
      #expect(truth.parentCommitment == parent && truth.json.compact.contains("parentCommitment") == (parent != nil))
      for stated in [parent == nil ? String(repeating: "ab", count: 32) : nil, String(repeating: "cd", count: 32)] {
        var forged = truth
        forged.parentCommitment = stated
        let envelope = try SignatureEnvelope(
          payloadType: AttestationStatement.payloadType, payload: Array(forged.json.compact.utf8), key: key)
        let expected = AttestationError.parentCommitment(stated: stated, found: parent)
        #expect(throws: expected) {
          try Attestation.verify(Array(envelope.line.utf8), certificate: certificate, key: key.publicKey)
        }
        #expect(expected.exitCode == 12)
      }
    }
  }
}
