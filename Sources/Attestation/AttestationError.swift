// SPDX-License-Identifier: Apache-2.0

/// Why an attestation is rejected.
public enum AttestationError: Error, Equatable, Sendable {
  // The file and its signature.

  case noEnvelope
  case envelopeCount(found: Int, limit: Int)
  /// No JSON, or no envelope; says where.
  case malformedEnvelope(String)
  case notBase64(field: String)
  case signatureCount(found: Int, limit: Int)
  case payloadType(found: String)
  /// No signature is by the key.
  case notSigned(keyID: String)

  // The signed statement.

  case malformedStatement(String)
  case statementType(found: String)
  case predicateType(found: String)
  case subjectCount(Int)
  case malformedTime(String)
  case unknownRelation(String)
  case unknownBinding(String)

  /// The statement names these bytes, but they are no certificate.
  case malformedCertificate(String)

  // The statement against the certificate; digests in hexadecimal.

  case certificateDigest(stated: String, found: String)
  case tunedCommitment(stated: String, found: String)
  case baseIdentity(stated: String, found: String)
  case baseCommitment(stated: String, found: String)
  /// Nil for a certificate about the base itself.
  case parentCommitment(stated: String?, found: String?)
  case policyDigest(stated: String, found: String)
  case policyName(stated: String, found: String)
  case proofSystem(stated: String, found: String)
  case securityBits(stated: Int, found: Int)
  /// The rules in it are not those of the certificate's policy.
  case claims
  /// It counts or names other tensors than the certificate.
  case coverage

  // The statement against a model's files.

  case noModelDigest
  case modelDigest(stated: String, found: String)

}

extension AttestationError: CustomStringConvertible {
  /// In English, for people and logs.
  public var description: String { "the attestation is rejected: \(reason)" }

  private var reason: String {
    switch self {
    case .noEnvelope: "the file has no envelope"
    case .envelopeCount(let found, let limit): "the file has \(found) envelopes, more than \(limit)"
    case .malformedEnvelope(let why): "it is no DSSE envelope: \(why)"
    case .notBase64(let field): "its \(field) is not strict base64"
    case .signatureCount(let found, let limit): "it has \(found) signatures, expected 1 to \(limit)"
    case .payloadType(let found): "its payload is \(found), expected \(AttestationStatement.payloadType)"
    case .notSigned(let keyID): "no signature in it is by the key \(keyID); is it the signer's public key?"
    case .malformedStatement(let why): "its payload is no statement about a drift: \(why)"
    case .statementType(let found): "its statement is of type \(found), expected \(AttestationStatement.statementType)"
    case .predicateType(let found): "its predicate is \(found), expected \(AttestationStatement.predicateType)"
    case .subjectCount(let count): "its statement has \(count) subjects, expected 1"
    case .malformedTime(let found): "\(found) is no time as in RFC 3339"
    case .unknownRelation(let found): "the relation \(found) is unknown"
    case .unknownBinding(let found): "the subject binding \(found) is unknown"
    case .malformedCertificate(let why): "it is about bytes that are no certificate: \(why)"
    default: differenceFromCertificate
    }
  }

  private var differenceFromCertificate: String {
    switch self {
    case .certificateDigest(let stated, let found): Self.difference("certificate", stated, found)
    case .tunedCommitment(let stated, let found): Self.difference("tuned commitment", stated, found)
    case .baseIdentity(let stated, let found): Self.difference("base identity", stated, found)
    case .baseCommitment(let stated, let found): Self.difference("base commitment", stated, found)
    case .parentCommitment(let stated, let found): Self.difference("parent", stated ?? "none", found ?? "none")
    case .policyDigest(let stated, let found): Self.difference("policy", stated, found)
    case .policyName(let stated, let found): Self.difference("policy", stated, found)
    case .proofSystem(let stated, let found): Self.difference("proof system", stated, found)
    case .securityBits(let stated, let found): Self.difference("number of security bits", "\(stated)", "\(found)")
    case .claims: "its claims are not the rules of the certificate's policy"
    case .coverage: "its coverage is not the certificate's"
    case .noModelDigest:
      "it names no digest of the model's files, so they cannot be compared; ask for an attestation that states one"
    case .modelDigest(let stated, let found):
      "it is about the model files \(stated), those given are \(found)"
    default: "it does not fit"
    }
  }

  private static func difference(_ what: String, _ stated: String, _ found: String) -> String {
    "it is about the \(what) \(stated), the certificate given has \(found)"
  }
}
