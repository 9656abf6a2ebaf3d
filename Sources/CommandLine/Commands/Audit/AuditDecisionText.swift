// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit
import DriftProofAuditDecision
import DriftProofAuditDecisionProver

/// A decision in zero knowledge, in words.
enum AuditDecisionText {
  /// What is proved, and what is somebody's word.
  static func lines(_ report: DecisionReport, hasTerms: Bool) -> [String] {
    let (plan, statement) = (report.plan, report.statement)
    let requests = Format.count(statement.requests, "request")
    let others = others(report.claim)
    let least = report.soundness.min { $0.bits < $1.bits }?.name ?? ""
    var lines = [
      "proved      by the plan's rule the committed scores of \(requests) are SAME; \(others)",
      "on the word of whoever signed: that these are the scores of the transcripts, and these an endpoint's answers",
      "scores      \(statement.scores)",
      "signed by   key \(report.keyID)",
      "plan        \(plan.digest.hexadecimal) (\(plan.mode.rawValue), number \(plan.run) about this endpoint"
        + (plan.previous.map { ", after \($0)" } ?? "") + ")",
      "margin      \(AuditText.decimal(plan.margin)) \(AuditText.unit(plan)); wrong with probability at most "
        + "\(Format.number(100 / Double(plan.mode.inverseAlpha))) %",
      "endpoint    \(Quoting.plain(origin(plan))), model \(Quoting.plain(plan.modelName))",
      "time        \(Quoting.plain(statement.startedAt)) to \(Quoting.plain(statement.finishedAt))",
      "reference   \(Quoting.plain(statement.referenceModel)), \(Format.count(statement.reference.lines, "line")) under "
        + statement.reference.root,
      "candidate   \(Format.count(statement.candidate.lines, "line")) under \(statement.candidate.root)",
    ]
    if let beacon = statement.beacon { lines.append("beacon      \(beacon)") }
    lines.append(
      "soundness   \(Format.number(report.securityBits)) bits proven, the least of "
        + "\(Format.count(report.soundness.count, "term")): \(least)")
    if hasTerms {
      lines += report.soundness.map { "            \(Format.number($0.bits)) bits  \($0.name)" }
    }
    lines.append("proof       \(Format.byteCount(report.proofBytes)), file \(Format.byteCount(report.byteCount))")
    return lines
  }

  /// What is proved of single scores.
  static func others(_ claim: DecisionClaim) -> String {
    claim.far == 0
      ? "none scores \(claim.below) thousandths or more"
      : "at most \(Format.count(claim.far)) score \(claim.below) thousandths or more"
  }

  private static func origin(_ plan: AuditPlan) -> String {
    switch plan.subject {
    case .local: "local"
    case .endpoint(let address): address.origin + address.path
    }
  }

  static func members(_ report: DecisionReport) -> [(key: String, value: JSONOutput)] {
    func text(_ value: String?) -> JSONOutput { value.map { .string($0) } ?? .null }
    let (plan, statement) = (report.plan, report.statement)
    return [
      ("verdict", .string(Verdict.same.rawValue)), ("requests", .integer(statement.requests)),
      ("far", .integer(statement.far)), ("below", .integer(statement.below)), ("keyID", .string(report.keyID)),
      ("plan", .string(plan.digest.hexadecimal)), ("mode", .string(plan.mode.rawValue)),
      ("score", .string(plan.score.rawValue)), ("margin", .number(Double(plan.margin) / 1e6)),
      ("run", .integer(plan.run)), ("previous", text(plan.previous)), ("commitment", .string(plan.commitment)),
      ("beacon", text(statement.beacon)), ("origin", .string(origin(plan))), ("model", .string(plan.modelName)),
      ("referenceModel", .string(statement.referenceModel)), ("referenceRoot", .string(statement.reference.root)),
      ("candidateRoot", .string(statement.candidate.root)), ("scores", .string(statement.scores)),
      ("modelDigest", text(plan.modelDigest)), ("certificate", text(plan.certificate)),
      ("startedAt", .string(statement.startedAt)), ("finishedAt", .string(statement.finishedAt)),
      ("securityBits", .number(report.securityBits)),
      (
        "soundness", .array(report.soundness.map { .object([("term", .string($0.name)), ("bits", .number($0.bits))]) })
      ),
      ("proofBytes", .integer(report.proofBytes)), ("bytes", .integer(report.byteCount)),
    ]
  }
}

extension CommandFailure {
  init(_ rejection: DecisionRejection) {
    let remedy: String? =
      switch rejection {
      case .file(.badMagic): "audit prove writes such a file; a bundle is verified without --zero-knowledge."
      case .plan(let error): error.remedy
      default: nil
      }
    self.init(
      { if case .signing = rejection { .operational } else { .proofInvalid } }(), rejection.description,
      remedy: remedy)
  }

  init(_ refusal: DecisionRefusal) {
    switch refusal {
    case .verdict(let verdict): self.init(ExitCode(verdict), refusal.description)
    case .tooManyRequests: self.init(.notProvable, refusal.description)
    case .notProvable:
      self.init(.notProvable, refusal.description, remedy: "A bundle with --withhold shows scores, and no answers.")
    case .scores(let rejection): self.init(rejection)
    case .argument: self.init(.operational, refusal.description)
    }
  }
}
