// SPDX-License-Identifier: Apache-2.0

import DriftProofAttestation
import DriftProofAudit
import DriftProofCore

/// How far the reference of an audit is bound to a model.
package enum ReferenceBinding: String, CaseIterable, Sendable {
  /// The reference is whatever answered.
  case recorded
  /// The plan has the digest of the model's files; that these were served is the auditor's word.
  case declared
  /// Beside that, the auditor's driftproof checked that the plan's certificate is about exactly these files.
  case checked
}

/// The in-toto Statement (v1) about an audit; docs/audit.md has its members. Everything in it follows from the bundle's other
/// files, except how far the reference is bound and, where answers are withheld, when the audit ended.
package struct AuditStatement: Equatable, Sendable {
  package static let predicateType = "https://driftproof.dev/attestation/audit/v1"
  /// Whose word the answers are. Signed responses and enclaves would be others.
  package static let evidence = "auditor"

  /// Root of the tree over all lines of a transcript, the last end among them, and their number.
  package struct TranscriptRoot: Equatable, Sendable {
    package let root: [UInt8]
    package let lines: Int

    package init(of file: [UInt8]) { self.init(of: file[...]) }

    package init(of file: ArraySlice<UInt8>) { (root, lines) = WithheldTranscript.root(of: file) }
  }

  package let plan: AuditPlan
  package let summary: AuditSummary
  package let reference: TranscriptLine.Header
  package let candidate: TranscriptLine.Header
  package let roots: (reference: TranscriptRoot, candidate: TranscriptRoot)
  package let binding: ReferenceBinding
  /// The certificate's tuned commitment; hexadecimal.
  package let tunedCommitment: String?
  /// Nil without one.
  package var quote: StatedQuote?
  /// As in RFC 3339.
  package let finishedAt: String

  package static func == (a: AuditStatement, b: AuditStatement) -> Bool { a.json == b.json }

  /// The statement as JSON, members always in this order.
  package var json: JSONValue {
    typealias Name = AttestationStatement.DigestName
    func text(_ value: String?) -> JSONValue? { value.map { .string($0) } }
    func number(_ value: Int) -> JSONValue { .number(String(value)) }
    func transcript(_ root: TranscriptRoot) -> JSONValue {
      .members([
        ("digest", .members([("driftTranscript", .string(root.root.hexadecimal))])), ("lines", number(root.lines)),
      ])
    }
    let subject = JSONValue.members([
      ("name", .string(reference.model)),
      (
        "digest",
        .members([
          (Name.sha256, text(plan.modelDigest)), (Name.commitment, text(tunedCommitment)),
          ("driftTranscript", .string(roots.reference.root.hexadecimal)),
        ])
      ),
    ])
    let planned = JSONValue.members([
      ("digest", .members([(Name.sha256, .string(plan.digest.hexadecimal))])), ("commitment", .string(plan.commitment)),
      ("mode", .string(plan.mode.rawValue)), ("score", .string(plan.score.rawValue)), ("margin", number(plan.margin)),
      ("run", number(plan.run)), ("previous", text(plan.previous)),
    ])
    let bounds = summary.intervals
    return .members([
      ("_type", .string(AttestationStatement.statementType)), ("subject", .array([subject])),
      ("predicateType", .string(Self.predicateType)),
      (
        "predicate",
        .members([
          (
            "endpoint",
            .members([
              ("origin", .string(candidate.origin)), ("path", .string(candidate.path)),
              ("model", .string(candidate.model)),
            ])
          ),
          ("plan", planned), ("beacon", text(candidate.beacon)), ("verdict", .string(summary.verdict.rawValue)),
          ("requests", number(summary.scores.count)), ("skipped", number(summary.skipped)),
          ("missing", number(summary.missing)),
          (
            "intervals",
            .members([
              ("meanAbove", number(bounds.meanAbove)), ("meanBelow", bounds.meanBelow.map(number)),
              ("tailAbove", number(bounds.tailAbove)), ("tailBelow", bounds.tailBelow.map(number)),
            ])
          ),
          (
            "transcripts",
            .members([("reference", transcript(roots.reference)), ("candidate", transcript(roots.candidate))])
          ),
          (
            "result",
            .members([("digest", .members([(Name.sha256, .string(SHA256.hash(summary.file).hexadecimal))]))])
          ),
          ("withheld", .bool(summary.key == nil)), ("subjectBinding", .string(binding.rawValue)),
          (
            "certificate",
            plan.certificate.map { .members([("digest", .members([(Name.sha256, .string($0))]))]) }
          ),
          (
            "quote",
            quote.map { quote in
              .members([
                ("kind", .string(quote.kind.rawValue)),
                ("digest", .members([(Name.sha256, .string(quote.digest))])),
                (
                  "chain", quote.chainDigest.map { .members([("digest", .members([(Name.sha256, .string($0))]))]) }
                ),
              ])
            }
          ),
          ("evidence", .string(Self.evidence)), ("startedAt", .string(candidate.started)),
          ("finishedAt", .string(finishedAt)),
        ])
      ),
    ])
  }

  /// What is signed.
  package var payload: [UInt8] { Array(json.compact.utf8) }
}

extension JSONValue {
  /// Those that are not nil, in this order.
  fileprivate static func members(_ members: [(String, JSONValue?)]) -> JSONValue {
    .object(members.compactMap { name, value in value.map { JSONMember(key: name, value: $0) } })
  }

  /// Where two values differ first, and what stands there; nil where they are equal.
  package func firstDifference(
    from other: JSONValue, path: String = "$"
  ) -> (path: String, here: String, there: String)? {
    switch (self, other) {
    case (.object(let a), .object(let b)):
      for (mine, theirs) in zip(a, b) {
        guard mine.key == theirs.key else { return (path, "a member \(mine.key)", "a member \(theirs.key)") }
        if let difference = mine.value.firstDifference(from: theirs.value, path: JSONNode.path(path, key: mine.key)) {
          return difference
        }
      }
      return a.count == b.count ? nil : (path, "\(a.count) members", "\(b.count) members")
    case (.array(let a), .array(let b)):
      for (place, pair) in zip(a, b).enumerated() {
        if let difference = pair.0.firstDifference(from: pair.1, path: "\(path)[\(place)]") { return difference }
      }
      return a.count == b.count ? nil : (path, "\(a.count) elements", "\(b.count) elements")
    default: return self == other ? nil : (path, StrictJSON.shown(compact), StrictJSON.shown(other.compact))
    }
  }
}
