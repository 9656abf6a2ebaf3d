// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofCore

extension AttestationStatement {
  /// Reads a signed payload. As in-toto says, unknown members are ignored; those that are read must be as described.
  package init(parsing payload: [UInt8]) throws(AttestationError) {
    let document: JSONNode
    let type: String
    let predicateType: String
    let subjects: [JSONNode]
    do throws(JSONError) {
      document = JSONNode(try StrictJSON.parse(payload).withPlainIntegers)
      type = try document.member("_type").string()
      predicateType = try document.member("predicateType").string()
      subjects = try document.member("subject").elements()
    } catch {
      throw .malformedStatement(error.description)
    }
    guard type == Self.statementType else { throw .statementType(found: StrictJSON.shown(type)) }
    guard predicateType == Self.predicateType else { throw .predicateType(found: StrictJSON.shown(predicateType)) }
    guard let subject = subjects.first, subjects.count == 1 else { throw .subjectCount(subjects.count) }
    let reader: PredicateReader
    do throws(JSONError) {
      reader = try PredicateReader(subject: subject, predicate: document.member("predicate"))
    } catch {
      throw .malformedStatement(error.description)
    }
    try self.init(reader)
  }

  private init(_ fields: PredicateReader) throws(AttestationError) {
    guard let relation = ModelRelation(rawValue: fields.relation) else {
      throw .unknownRelation(StrictJSON.shown(fields.relation))
    }
    guard let binding = SubjectBinding(rawValue: fields.binding) else {
      throw .unknownBinding(StrictJSON.shown(fields.binding))
    }
    guard binding != .checked || fields.filesLeftOut.isEmpty else {
      throw .malformedStatement(
        "$.predicate.subjectBinding is checked, although $.predicate.filesLeftOut names files that nobody has checked")
    }
    guard let provedAt = Timestamp(fields.provedAt) else { throw .malformedTime(StrictJSON.shown(fields.provedAt)) }
    subjectName = fields.subjectName
    modelDigest = fields.modelDigest
    tunedCommitment = fields.tunedCommitment
    self.binding = binding
    filesLeftOut = fields.filesLeftOut
    baseURI = fields.baseURI
    baseIdentity = fields.baseIdentity
    self.relation = relation
    policyName = fields.policyName
    policyDigest = fields.policyDigest
    claims = fields.claims
    coverage = fields.coverage
    certificateName = fields.certificateName
    certificateDigest = fields.certificateDigest
    system = fields.system
    securityBits = fields.securityBits
    baseCommitment = fields.baseCommitment
    parentCommitment = fields.parentCommitment
    proverID = fields.proverID
    self.provedAt = provedAt
  }
}

extension JSONValue {
  /// The same value, `6.0` spelled `6`: tools built on protobuf keep every number as a double.
  fileprivate var withPlainIntegers: JSONValue {
    switch self {
    case .number(let text):
      let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
      return parts.count == 2 && parts[1].utf8.allSatisfy { $0 == UInt8(ascii: "0") } ? .number(String(parts[0])) : self
    case .array(let elements): return .array(elements.map(\.withPlainIntegers))
    case .object(let members):
      return .object(members.map { JSONMember(key: $0.key, value: $0.value.withPlainIntegers) })
    case .null, .bool, .string: return self
    }
  }
}

/// The members of a statement by type; what they say is looked at later.
private struct PredicateReader {
  let subjectName, tunedCommitment, binding, baseIdentity, relation, policyName, policyDigest: String
  let certificateName, certificateDigest, system, baseCommitment, proverID, provedAt: String
  let modelDigest, baseURI, parentCommitment: String?
  let filesLeftOut: [String]
  let securityBits: Int
  let claims: [JSONMember]
  let coverage: CertificateFacts.Coverage

  init(subject: JSONNode, predicate: JSONNode) throws(JSONError) {
    typealias Name = AttestationStatement.DigestName
    func digest(_ node: JSONNode, _ name: String) throws(JSONError) -> String {
      try node.member("digest").member(name).hex(byteCount: SHA256.digestLength).hexadecimal
    }
    subjectName = try subject.optionalMember("name")?.string() ?? ""
    modelDigest = try subject.member("digest").optionalMember(Name.sha256)?.hex(byteCount: SHA256.digestLength)
      .hexadecimal
    tunedCommitment = try digest(subject, Name.commitment)
    let base = try predicate.member("base")
    baseURI = try base.optionalMember("uri")?.string()
    baseIdentity = try digest(base, Name.identity)
    relation = try predicate.member("relation").string()
    binding = try predicate.member("subjectBinding").string()
    var left: [String] = []
    if let list = try predicate.optionalMember("filesLeftOut") {
      for name in try list.elements() { left.append(try name.string()) }
      // One spelling: a statement that leaves nothing out has no such member.
      guard !left.isEmpty else { throw .outOfRange(path: list.path, found: "no name", expected: "one or more") }
    }
    filesLeftOut = left
    let policy = try predicate.member("policy")
    policyName = try policy.member("name").string()
    policyDigest = try digest(policy, Name.policy)
    claims = try predicate.member("claims").members().map { JSONMember(key: $0.key, value: $0.node.value) }
    coverage = try Self.coverage(predicate.member("coverage"))
    let proof = try predicate.member("proof")
    certificateName = try proof.optionalMember("name")?.string() ?? ""
    certificateDigest = try digest(proof, Name.sha256)
    let annotations = try proof.member("annotations")
    system = try annotations.member("system").string()
    securityBits = try annotations.member("securityBits").integer(in: 0...Int.max)
    baseCommitment = try annotations.member("baseCommitment").hex(byteCount: SHA256.digestLength).hexadecimal
    parentCommitment =
      try annotations.optionalMember("parentCommitment")?.hex(byteCount: SHA256.digestLength).hexadecimal
    proverID = try predicate.member("prover").member("id").string()
    provedAt = try predicate.member("provedAt").string()
  }

  private static func coverage(_ node: JSONNode) throws(JSONError) -> CertificateFacts.Coverage {
    func share(_ name: String) throws(JSONError) -> CertificateFacts.Share {
      let node = try node.member(name)
      return CertificateFacts.Share(
        tensors: try node.member("tensors").integer(in: 0...Int.max),
        parameters: try node.member("parameters").integer(in: 0...Int.max))
    }
    var names: [String] = []
    for name in try node.member("excluded").member("names").elements() { names.append(try name.string()) }
    return CertificateFacts.Coverage(
      proved: try share("proved"), identical: try share("identical"), excluded: try share("excluded"),
      excludedNames: names)
  }
}
