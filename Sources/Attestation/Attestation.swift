// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofCore

/// Signed statements about certificates: an in-toto Statement in a DSSE envelope.
public enum Attestation {
  /// More envelopes than one file about one certificate has.
  static let maximumEnvelopes = 64

  /// Makes a statement about a certificate and signs it. The certificate's digests are compared, its proof is not
  /// verified: who verifies the attestation does that, and signers who do not trust the prover do it before.
  /// - Parameters:
  ///   - certificate: the bytes of `CERT.drift`.
  ///   - details: what the certificate does not say.
  /// - Returns: the bytes of `X.intoto.jsonl`: one line.
  /// - Throws: `proofInvalid` for bytes that are no certificate, `operational` when libcrypto cannot sign.
  public static func make(
    certificate: [UInt8], details: AttestationDetails, key: SigningKey
  ) throws(DriftProofError) -> [UInt8] {
    let statement = AttestationStatement(try CertificateFacts(certificate), details, keyID: key.publicKey.keyID)
    let payload = Array(statement.json.compact.utf8)
    do throws(KeyError) {
      let envelope = try SignatureEnvelope(
        payloadType: AttestationStatement.payloadType, payload: payload, key: key)
      return Array(envelope.line.utf8)
    } catch {
      throw .operational("\(error)")
    }
  }

  /// Whether the tensors of a checkpoint have the names, types and shapes that the certificate states.
  /// - Throws: `identityMismatch` when not, `proofInvalid` for bytes that are no certificate.
  package static func compareShapes(certificate: [UInt8], tuned: Checkpoint) throws(DriftProofError) {
    let stated = try CertificateFacts(certificate).manifest.tuned
    let found = try DriftProofError.translating {
      try TiedHeads.reconcile(tuned, with: .names(Set(stated.map(\.name)))).manifestTensors
    }
    guard stated != found else { return }
    let first = zip(stated, found).first { $0 != $1 }
    let name = first.map { StrictJSON.shown($0.0.name) } ?? "the number of tensors"
    throw .identityMismatch(
      .checkpoint(
        "the tuned model has other tensors than the certificate, from \(name) on"))
  }

  /// Verifies that one of a file's envelopes is signed by the key and says of the certificate what is true of it. The
  /// certificate's proof is verified elsewhere (`CertificateVerifier`); an attestation does not stand for it.
  ///
  /// Nothing of the certificate is parsed before its digest was found in a statement that the key signed.
  /// - Parameters:
  ///   - attestation: the bytes of `X.intoto.jsonl`, or of one envelope in several lines.
  ///   - certificate: the bytes of `CERT.drift`.
  /// - Throws: why not; with several envelopes, the reason of the one that came furthest. No bytes make it trap.
  public static func verify(
    _ attestation: [UInt8], certificate: [UInt8], key: PublicKey
  ) throws(AttestationError) -> AttestationReport {
    let digest = SHA256.hash(certificate).hexadecimal
    var best: (error: AttestationError, stage: Stage)?
    for node in try envelopes(attestation) {
      var stage = Stage.envelope
      do throws(AttestationError) {
        let envelope = try SignatureEnvelope(node)
        guard envelope.isSigned(by: key) else { throw .notSigned(keyID: key.keyID) }
        stage = .statement
        guard envelope.payloadType == AttestationStatement.payloadType else {
          throw .payloadType(found: StrictJSON.shown(envelope.payloadType))
        }
        let statement = try AttestationStatement(parsing: envelope.payload)
        stage = .certificate
        guard statement.certificateDigest == digest else {
          throw .certificateDigest(stated: statement.certificateDigest, found: digest)
        }
        stage = .content
        try statement.check(against: certificate)
        return AttestationReport(statement, keyID: key.keyID, payloadBytes: envelope.payload.count)
      } catch {
        if best.map({ $0.stage.rawValue < stage.rawValue }) ?? true { best = (error, stage) }
      }
    }
    throw best?.error ?? .noEnvelope
  }

  /// How far an envelope came.
  private enum Stage: Int { case envelope, statement, certificate, content }

  /// One JSON object, or one in each line.
  private static func envelopes(_ bytes: [UInt8]) throws(AttestationError) -> [JSONNode] {
    if let single = try? JSONNode(parsing: bytes) { return [single] }
    let newlines: Set<UInt8> = [UInt8(ascii: "\n"), UInt8(ascii: "\r")]
    let lines = bytes.split(whereSeparator: newlines.contains)
    guard lines.count <= maximumEnvelopes else {
      throw .envelopeCount(found: lines.count, limit: maximumEnvelopes)
    }
    var nodes: [JSONNode] = []
    for (index, line) in lines.enumerated() {
      do throws(JSONError) {
        nodes.append(JSONNode(try StrictJSON.parse(Array(line)), path: lines.count > 1 ? "line \(index + 1): $" : "$"))
      } catch {
        throw .malformedEnvelope("line \(index + 1): \(error.description)")
      }
    }
    return nodes
  }
}

extension AttestationStatement {
  /// Everything that the certificate says, too, one by one.
  fileprivate func check(against bytes: [UInt8]) throws(AttestationError) {
    let facts: CertificateFacts
    do throws(DriftProofError) {
      facts = try CertificateFacts(bytes)
    } catch {
      throw .malformedCertificate("\(error)")
    }
    guard tunedCommitment == facts.tunedCommitment else {
      throw .tunedCommitment(stated: tunedCommitment, found: facts.tunedCommitment)
    }
    guard baseIdentity == facts.baseIdentity else {
      throw .baseIdentity(stated: baseIdentity, found: facts.baseIdentity)
    }
    guard baseCommitment == facts.baseIdentity else {
      throw .baseCommitment(stated: baseCommitment, found: facts.baseIdentity)
    }
    guard parentCommitment == facts.parentCommitment else {
      throw .parentCommitment(stated: parentCommitment, found: facts.parentCommitment)
    }
    guard policyDigest == facts.policyDigest else {
      throw .policyDigest(stated: policyDigest, found: facts.policyDigest)
    }
    guard policyName == facts.policyName else {
      throw .policyName(stated: StrictJSON.shown(policyName), found: StrictJSON.shown(facts.policyName))
    }
    guard system == CertificateFacts.system else {
      throw .proofSystem(stated: StrictJSON.shown(system), found: CertificateFacts.system)
    }
    guard securityBits == facts.securityBits else {
      throw .securityBits(stated: securityBits, found: facts.securityBits)
    }
    guard facts.hasClaims(claims) else { throw .claims }
    guard coverage == facts.coverage else { throw .coverage }
  }
}

/// What a verified attestation says.
public struct AttestationReport: Hashable, Sendable {
  /// The key that was given and that signed.
  public let keyID: String
  /// The subject's name in the statement.
  public let subjectName: String
  /// Root of the model's files as in OpenSSF Model Signing, hexadecimal; nil where the subject is the commitment alone.
  public let modelDigest: String?
  /// How the subject's files were tied to the certificate.
  public let binding: SubjectBinding
  /// Files of the model that could be loaded as weights, that the certificate is not about.
  public let filesLeftOut: [String]
  /// Where the base is, as the signer states it.
  public let baseURI: String?
  /// Of a link of a chain: its parent's tuned commitment, hexadecimal.
  public let parentCommitment: String?
  /// What the tuned model is to the base, as the signer states it.
  public let relation: ModelRelation
  /// Who proved, as the signer states it; the key's id where nobody else is named.
  public let proverID: String
  /// As in RFC 3339.
  public let provedAt: String
  /// Bytes of the signed statement.
  public let payloadBytes: Int

  init(_ statement: AttestationStatement, keyID: String, payloadBytes: Int) {
    self.keyID = keyID
    subjectName = statement.subjectName
    modelDigest = statement.modelDigest
    binding = statement.binding
    filesLeftOut = statement.filesLeftOut
    baseURI = statement.baseURI
    parentCommitment = statement.parentCommitment
    relation = statement.relation
    proverID = statement.proverID
    provedAt = statement.provedAt.text
    self.payloadBytes = payloadBytes
  }

  /// Compares the model's files with the subject.
  /// - Parameter digest: ``ModelDigest/root`` of the files at hand.
  /// - Throws: `noModelDigest` or `modelDigest`.
  public func requireModel(_ digest: String) throws(AttestationError) {
    guard let modelDigest else { throw .noModelDigest }
    guard modelDigest == digest else { throw .modelDigest(stated: modelDigest, found: digest) }
  }
}
