// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofAttestation
@testable import DriftProofCertificate
import DriftProofCore
import Foundation

/// Targets about attestations, with the pinned certificate and the Ed25519 key of Tests/Fixtures/attestation.
enum AttestationTargets {
  private struct Signed {
    let key: SigningKey
    /// A true statement about the pinned certificate.
    let statement: AttestationStatement
  }

  private static let signed: Signed = {
    do {
      let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Tests/Fixtures/attestation/ed25519.pem")
      let key = try SigningKey(pem: [UInt8](try Data(contentsOf: file)))
      let details = AttestationDetails(certificateName: "tuned.drift", provedAt: Timestamp(secondsSince1970: 0))
      let facts = try CertificateFacts(Pinned.shared.certificate)
      return Signed(key: key, statement: AttestationStatement(facts, details, keyID: key.publicKey.keyID))
    } catch {
      fatalError("the pinned attestation cannot be made: \(error)")
    }
  }()

  /// The input as a file, and as a statement that the key signed.
  static func attestation(_ bytes: [UInt8]) {
    let pinned = Pinned.shared
    let isAccepted =
      (try? Attestation.verify(bytes, certificate: pinned.certificate, key: signed.key.publicKey)) != nil
    FuzzTarget.promise(!isAccepted, "what the key did not sign is rejected")
    // With the digest in place, so that the checks behind it are reached.
    let digest = signed.statement.certificateDigest
    let text = String(decoding: bytes, as: UTF8.self).replacing("CERTIFICATE", with: digest, maxReplacements: 1)
    do {
      let envelope = try SignatureEnvelope(
        payloadType: AttestationStatement.payloadType, payload: Array(text.utf8), key: signed.key)
      _ = try Attestation.verify(
        Array(envelope.line.utf8), certificate: pinned.certificate, key: signed.key.publicKey)
      let statement = try AttestationStatement(parsing: Array(text.utf8))
      let truth = signed.statement
      FuzzTarget.promise(
        statement.tunedCommitment == truth.tunedCommitment && statement.policyDigest == truth.policyDigest
          && statement.baseIdentity == truth.baseIdentity && statement.coverage == truth.coverage,
        "what is accepted says what the certificate says")
    } catch {
      FuzzTarget.promise(!"\(error)".isEmpty, "a rejection has a reason")
    }
  }

  /// The input as either kind of key file, and as what is inside one.
  static func key(_ bytes: [UInt8]) {
    for label in [nil, PEMBlock.privateLabel, PEMBlock.publicLabel] {
      let pem = label.map { Array(PEMBlock(label: $0, content: bytes).text.utf8) } ?? bytes
      if let key = try? SigningKey(pem: pem) {
        guard let signature = try? key.sign(bytes) else {
          fatalError("broken promise: an accepted key signs: \(String(decoding: pem, as: UTF8.self))")
        }
        FuzzTarget.promise(key.publicKey.verifies(signature, of: bytes), "a signature verifies")
      }
      if let key = try? PublicKey(pem: pem) {
        FuzzTarget.promise((try? PublicKey(pem: Array(key.pem.utf8))) == key, "a key is read back")
      }
    }
  }
}
