// SPDX-License-Identifier: Apache-2.0

import DriftProofAttestation
import DriftProofAudit
import DriftProofAuditBundle
import DriftProofCore

/// The in-toto Statement (v1) of a decision in zero knowledge: whose scores are under the commitment. That they are the
/// transcripts' is the signer's word; that the plan's rule says SAME of them is proved.
package struct DecisionStatement: Equatable, Sendable {
  package static let predicateType = "https://driftproof.dev/attestation/audit-decision/v1"
  package static let nonceLength = 32

  /// One side of an audit.
  package struct Side: Equatable, Sendable {
    /// Of the tree over all lines of the transcript; hexadecimal.
    package var root: String
    package var lines: Int

    package init(root: String, lines: Int) {
      self.root = root
      self.lines = lines
    }
  }

  /// The plan's digest; hexadecimal, as all digests here.
  package var plan: String
  package var requests: Int
  package var far: Int
  package var below: Int
  package var reference: Side
  package var candidate: Side
  /// The reference's model.
  package var referenceModel: String
  package var beacon: String?
  /// Of ``ScoreCommitment``.
  package var scores: String
  /// With the plan's key it gives the commitment's randomness.
  package var nonce: String
  /// As in RFC 3339.
  package var startedAt: String
  package var finishedAt: String

  package init(
    plan: String, claim: DecisionClaim, reference: Side, candidate: Side, referenceModel: String, beacon: String?,
    scores: String, nonce: String, startedAt: String, finishedAt: String
  ) {
    self.plan = plan
    requests = claim.requests
    far = claim.far
    below = claim.below
    self.reference = reference
    self.candidate = candidate
    self.referenceModel = referenceModel
    self.beacon = beacon
    self.scores = scores
    self.nonce = nonce
    self.startedAt = startedAt
    self.finishedAt = finishedAt
  }

  /// The statement as JSON, members always in this order; what is not of the audit follows from the plan.
  package func json(_ plan: AuditPlan) -> JSONValue {
    func text(_ value: String?) -> JSONValue? { value.map { .string($0) } }
    func number(_ value: Int) -> JSONValue { .number(String(value)) }
    func side(_ side: Side) -> JSONValue {
      Self.object([("digest", Self.object([("driftTranscript", .string(side.root))])), ("lines", number(side.lines))])
    }
    let subject = Self.object([
      ("name", .string(referenceModel)),
      ("digest", Self.object([("sha256", text(plan.modelDigest)), ("driftTranscript", .string(reference.root))])),
    ])
    let planned = Self.object([
      ("digest", Self.object([("sha256", .string(self.plan))])), ("commitment", .string(plan.commitment)),
      ("mode", .string(plan.mode.rawValue)), ("score", .string(plan.score.rawValue)), ("margin", number(plan.margin)),
      ("run", number(plan.run)), ("previous", text(plan.previous)),
    ])
    let predicate = Self.object([
      ("endpoint", Self.object([("origin", .string(plan.subjectOrigin)), ("model", .string(plan.modelName))])),
      ("plan", planned), ("beacon", text(beacon)), ("verdict", .string(Verdict.same.rawValue)),
      ("requests", number(requests)), ("far", number(far)), ("below", number(below)),
      ("transcripts", Self.object([("reference", side(reference)), ("candidate", side(candidate))])),
      (
        "scores",
        Self.object([("digest", Self.object([("driftScores", .string(scores))])), ("nonce", .string(nonce))])
      ),
      ("evidence", .string(AuditStatement.evidence)), ("startedAt", .string(startedAt)),
      ("finishedAt", .string(finishedAt)),
    ])
    return Self.object([
      ("_type", .string(AttestationStatement.statementType)), ("subject", .array([subject])),
      ("predicateType", .string(Self.predicateType)), ("predicate", predicate),
    ])
  }

  /// What is signed.
  package func payload(_ plan: AuditPlan) -> [UInt8] { Array(json(plan).compact.utf8) }

  private static func object(_ members: [(String, JSONValue?)]) -> JSONValue {
    .object(members.compactMap { name, value in value.map { JSONMember(key: name, value: $0) } })
  }
}

extension DecisionStatement {
  /// Reads what does not follow from the plan. Everything else is compared afterwards.
  init(_ root: JSONNode) throws(JSONError) {
    func hex(_ node: JSONNode, _ count: Int = SHA256.digestLength) throws(JSONError) -> String {
      try node.hex(byteCount: count).hexadecimal
    }
    func side(_ node: JSONNode) throws(JSONError) -> Side {
      Side(
        root: try hex(node.member("digest").member("driftTranscript")),
        lines: try node.member("lines").integer(in: 1...1_000_000_000))
    }
    func time(_ node: JSONNode) throws(JSONError) -> String {
      let text = try node.string()
      guard Timestamp(text) != nil else {
        throw .outOfRange(path: node.path, found: StrictJSON.shown(text), expected: "a time as in RFC 3339")
      }
      return text
    }
    let predicate = try root.member("predicate")
    plan = try hex(predicate.member("plan").member("digest").member("sha256"))
    requests = try predicate.member("requests").integer(in: DecisionClaim.requestRange)
    far = try predicate.member("far").integer(in: 0...DecisionClaim.requestRange.upperBound)
    below = try predicate.member("below").integer(in: 0...1000)
    let transcripts = try predicate.member("transcripts")
    reference = try side(transcripts.member("reference"))
    candidate = try side(transcripts.member("candidate"))
    guard let subject = try root.member("subject").elements().first else {
      throw .wrongType(path: "$.subject", expected: "one subject", found: "none")
    }
    let name = try subject.member("name")
    referenceModel = try name.string()
    guard AuditPlan.isLabel(referenceModel) else {
      throw .outOfRange(
        path: name.path, found: StrictJSON.shown(referenceModel), expected: "1 to 200 printable ASCII characters")
    }
    beacon = try predicate.optionalMember("beacon").map { (node) throws(JSONError) in
      let text = try node.string()
      guard [UInt8](hexadecimal: text) != nil, text.utf8.count <= 1 << 10 else {
        throw .outOfRange(path: node.path, found: StrictJSON.shown(text), expected: "hexadecimal digits")
      }
      return text
    }
    let committed = try predicate.member("scores")
    scores = try hex(committed.member("digest").member("driftScores"))
    nonce = try hex(committed.member("nonce"), Self.nonceLength)
    startedAt = try time(predicate.member("startedAt"))
    finishedAt = try time(predicate.member("finishedAt"))
  }
}

extension AuditPlan {
  /// As headers of the candidate's transcript name it.
  var subjectOrigin: String {
    switch subject {
    case .local: "local"
    case .endpoint(let address): address.origin
    }
  }
}
