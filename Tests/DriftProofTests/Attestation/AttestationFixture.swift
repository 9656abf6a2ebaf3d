// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
@testable import DriftProofAttestation
@testable import DriftProofCertificate
import DriftProofCheckpoint
import Foundation
import TestSupport
import Testing

/// Key files and envelopes of Tests/Fixtures/attestation. The Ed25519 key is that of RFC 8410, section 10.3; the others
/// were made with openssl, the envelope by securesystemslib.
enum AttestationFixture {
  static let folder = Repository.fixture("attestation")

  static func file(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: folder.appendingPathComponent(name)))
  }

  static let keyNames = ["ed25519", "p256"]

  static func signingKey(_ name: String) throws -> SigningKey { try SigningKey(pem: file("\(name).pem")) }
  static func publicKey(_ name: String) throws -> PublicKey { try PublicKey(pem: file("\(name).pub.pem")) }
}

/// A true statement about a certificate, and what a signer could write instead.
struct StatementForger {
  let certificate: [UInt8]
  let key: SigningKey
  let statement: AttestationStatement

  init(_ name: String = "ed25519") throws {
    certificate = try CertificateFixture.shared.get().certificate.bytes
    key = try AttestationFixture.signingKey(name)
    let time = try #require(Timestamp("2026-03-01T12:30:00Z"))
    var details = AttestationDetails(certificateName: "tuned.drift", provedAt: time)
    details.modelDigest = String(repeating: "ab", count: 32)
    details.subjectName = "tuned"
    details.binding = .declared
    details.baseURI = "pkg:huggingface/org/base@main"
    statement = AttestationStatement(try CertificateFacts(certificate), details, keyID: key.publicKey.keyID)
  }

  func signed(_ payload: [UInt8], type: String = AttestationStatement.payloadType) throws -> [UInt8] {
    Array(try SignatureEnvelope(payloadType: type, payload: payload, key: key).line.utf8)
  }

  /// The statement as `change` leaves it, signed.
  func forged(_ change: (inout AttestationStatement) -> Void) throws -> [UInt8] {
    var copy = statement
    change(&copy)
    return try signed(Array(copy.json.compact.utf8))
  }

  /// The statement's JSON with one text replaced, signed.
  func respelled(_ old: String, _ new: String) throws -> [UInt8] {
    let text = statement.json.compact
    #expect(text.contains(old))
    return try signed(Array(text.replacingOccurrences(of: old, with: new).utf8))
  }

  func verify(_ attestation: [UInt8]) throws(AttestationError) -> AttestationReport {
    try Attestation.verify(attestation, certificate: certificate, key: key.publicKey)
  }

  func expectRejection(
    _ expected: AttestationError, exitCode: Int32, _ attestation: [UInt8], location: SourceLocation = #_sourceLocation
  ) {
    let error = #expect(throws: AttestationError.self, sourceLocation: location) { try verify(attestation) }
    #expect(error == expected, sourceLocation: location)
    #expect(error?.exitCode == exitCode, sourceLocation: location)
  }
}
