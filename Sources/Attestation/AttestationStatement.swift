// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofCore

/// The in-toto Statement (v1) about a certificate; docs/attestations.md has the fields.
package struct AttestationStatement: Equatable {
  package static let payloadType = "application/vnd.in-toto+json"
  package static let statementType = "https://in-toto.io/Statement/v1"
  static let predicateType = "https://driftproof.dev/attestation/drift/v1"
  static let certificateMediaType = "application/vnd.driftproof.certificate"

  /// Names of digests. `sha256` is kept for what that word means to other tools: files, and model roots.
  package enum DigestName {
    package static let commitment = "driftCommitment"
    static let identity = "driftIdentity"
    static let policy = "driftPolicy"
    package static let sha256 = "sha256"
  }

  /// For people.
  var subjectName: String
  /// Root of the tuned model's files as in OpenSSF Model Signing (``ModelDigest``), hexadecimal as all digests here.
  var modelDigest: String?
  var tunedCommitment: String
  var binding: SubjectBinding
  /// Names of files that the subject's digest covers, that could be loaded as weights, and that the certificate is not about.
  var filesLeftOut: [String]
  var baseURI: String?
  var baseIdentity: String
  var relation: ModelRelation
  var policyName: String
  var policyDigest: String
  /// `rules`, and `total` where the policy has one, as in a policy file.
  var claims: [JSONMember]
  var coverage: CertificateFacts.Coverage
  /// The certificate's file name, for people.
  var certificateName: String
  var certificateDigest: String
  var system: String
  var securityBits: Int
  var baseCommitment: String
  /// Of a link of a chain: the claims are about the change from this commitment's model, not from the base.
  var parentCommitment: String?
  var proverID: String
  var provedAt: Timestamp

  /// What `details` and the certificate say together.
  init(_ facts: CertificateFacts, _ details: AttestationDetails, keyID: String) {
    subjectName = details.subjectName ?? facts.policyName
    modelDigest = details.modelDigest
    tunedCommitment = facts.tunedCommitment
    // What else lies there, nobody has checked.
    binding = details.binding == .checked && !details.filesLeftOut.isEmpty ? .declared : details.binding
    filesLeftOut = details.filesLeftOut
    baseURI = details.baseURI
    baseIdentity = facts.baseIdentity
    relation = details.relation
    policyName = facts.policyName
    policyDigest = facts.policyDigest
    claims = facts.claims
    coverage = facts.coverage
    certificateName = details.certificateName
    certificateDigest = facts.sha256
    system = CertificateFacts.system
    securityBits = facts.securityBits
    baseCommitment = facts.baseIdentity
    parentCommitment = facts.parentCommitment
    proverID = details.proverID ?? "key:\(keyID)"
    provedAt = details.provedAt
  }

  /// The statement as JSON, members always in this order.
  var json: JSONValue {
    typealias Name = DigestName
    let digests = [(Name.sha256, modelDigest), (Name.commitment, tunedCommitment)].compactMap { name, digest in
      digest.map { (name, JSONValue.string($0)) }
    }
    let base =
      (baseURI.map { [("uri", JSONValue.string($0))] } ?? [])
      + [("digest", .members([(Name.identity, .string(baseIdentity))]))]
    let annotations =
      [
        ("system", JSONValue.string(system)), ("securityBits", .number(String(securityBits))),
        ("baseCommitment", .string(baseCommitment)),
      ] + (parentCommitment.map { [("parentCommitment", .string($0))] } ?? [])
    let proof: JSONValue = .members([
      ("name", .string(certificateName)), ("mediaType", .string(Self.certificateMediaType)),
      ("digest", .members([(Name.sha256, .string(certificateDigest))])),
      ("annotations", .members(annotations)),
    ])
    let leftOut: [(String, JSONValue)] =
      filesLeftOut.isEmpty ? [] : [("filesLeftOut", .array(filesLeftOut.map { .string($0) }))]
    return .members([
      ("_type", .string(Self.statementType)),
      ("subject", .array([.members([("name", .string(subjectName)), ("digest", .members(digests))])])),
      ("predicateType", .string(Self.predicateType)),
      (
        "predicate",
        .members(
          [
            ("base", .members(base)), ("relation", .string(relation.rawValue)),
            ("subjectBinding", .string(binding.rawValue)),
          ] + leftOut + [
            (
              "policy",
              .members([
                ("name", .string(policyName)), ("digest", .members([(Name.policy, .string(policyDigest))])),
              ])
            ),
            ("claims", .object(claims)), ("coverage", Self.json(coverage)), ("proof", proof),
            ("prover", .members([("id", .string(proverID))])), ("provedAt", .string(provedAt.text)),
          ])
      ),
    ])
  }

  private static func json(_ coverage: CertificateFacts.Coverage) -> JSONValue {
    func share(_ share: CertificateFacts.Share) -> [(String, JSONValue)] {
      [("tensors", .number(String(share.tensors))), ("parameters", .number(String(share.parameters)))]
    }
    let names = JSONValue.array(coverage.excludedNames.map { .string($0) })
    return .members([
      ("proved", .members(share(coverage.proved))), ("identical", .members(share(coverage.identical))),
      ("excluded", .members(share(coverage.excluded) + [("names", names)])),
    ])
  }
}

extension JSONValue {
  fileprivate static func members(_ members: [(String, JSONValue)]) -> JSONValue {
    .object(members.map { JSONMember(key: $0.0, value: $0.1) })
  }
}
