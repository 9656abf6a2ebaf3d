// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit
import DriftProofAuditBundle
import DriftProofCertificate

/// A bundle in words.
enum AuditBundleText {
  /// The verdict, and what of it was computed.
  static func verdict(_ report: BundleReport) -> [String] {
    if let result = report.result {
      return ["VERIFIED    recomputed from every question and answer"] + AuditText.verdict(result)
    }
    let (plan, summary) = (report.plan, report.summary)
    var decision = Decision(plan)
    for row in summary.scores { decision.add(row.score) }
    return [
      "NOT RECOMPUTED: questions and answers are withheld; that the scores follow from them is the auditor's word"
    ] + AuditText.head(plan, decision) + [AuditText.requests(plan, decision, summary.intervals)]
      + AuditText.losses(missing: summary.missing, skipped: summary.skipped, of: summary.scores.count)
  }

  /// Who signed what about which model.
  /// - Parameters:
  ///   - verification: of the certificate's proof, against what the reader gave.
  ///   - quote: what was found of the bundle's quote, if it was checked.
  static func facts(
    _ report: BundleReport, _ verification: VerificationReport? = nil, _ quote: CheckedQuote? = nil
  ) -> [String] {
    let (statement, plan) = (report.statement, report.plan)
    var lines = [
      "signed by   key \(report.keyID); that the endpoint answered so is the signer's word",
      "plan        \(plan.digest.hexadecimal) (number \(plan.run) about this endpoint"
        + (plan.previous.map { ", after \($0)" } ?? "") + ")",
      "commitment  \(plan.commitment)",
    ]
    if let beacon = statement.candidate.beacon {
      let source = plan.beacon.map { ", said to be \(Quoting.plain($0)): look its value up" } ?? ""
      lines.append("beacon      \(beacon)\(source)")
    } else if let source = plan.beacon {
      lines.append("NO BEACON   although the plan names one: \(Quoting.plain(source))")
    }
    lines += [
      "endpoint    \(Quoting.plain(statement.candidate.origin + statement.candidate.path)), model "
        + Quoting.plain(statement.candidate.model),
      "time        \(Quoting.plain(statement.candidate.started)) to \(Quoting.plain(statement.finishedAt))",
      "reference   \(binding(statement.binding)): \(Quoting.plain(statement.reference.model))",
    ]
    if let digest = plan.modelDigest { lines.append("model       \(digest)") }
    if let certificate = report.certificate {
      let proof =
        verification != nil
        ? "its proof is verified"
        : certificate.verification != nil
          ? "its proof is verified against the identity in the bundle: is it the right base's?"
          : "its proof is NOT verified; --base-identity verifies it"
      lines.append("certificate \(certificate.facts.sha256); \(proof)")
      lines.append(
        "            policy \(Quoting.plain(certificate.facts.policyName)) (\(certificate.facts.policyDigest))")
    }
    if let found = statement.quote {
      lines.append(
        "quote       of \(found.kind.rawValue) (\(found.digest)); "
          + (quote.map { "verified as of \($0.asOf), to the root \($0.root): is it its maker's?" }
            ?? "present, NOT CHECKED; --trust-root and --measurement verify it"))
    }
    if !report.opened.isEmpty {
      lines.append(
        "opened      \(Format.count(report.opened.count, "record")), whose scores follow from their answers: "
          + report.opened.prefix(50).map(String.init).joined(separator: ", ") + (report.opened.count > 50 ? ", …" : ""))
    }
    return lines
  }

  private static func binding(_ binding: ReferenceBinding) -> String {
    switch binding {
    case .recorded: "recorded, whatever answered"
    case .declared: "declared to be the plan's model, on the signer's word"
    case .checked: "the plan's model, checked by the signer to be the certified one"
    }
  }

  static func members(
    _ report: BundleReport, _ verification: VerificationReport? = nil, _ quote: CheckedQuote? = nil
  ) -> [(key: String, value: JSONOutput)] {
    func text(_ value: String?) -> JSONOutput { value.map { .string($0) } ?? .null }
    let (statement, plan) = (report.statement, report.plan)
    return [
      ("verdict", .string(report.verdict.rawValue)), ("recomputed", .boolean(!report.isWithheld)),
      ("requests", .integer(report.summary.scores.count)), ("missing", .integer(report.summary.missing)),
      ("skipped", .integer(report.summary.skipped)), ("keyID", .string(report.keyID)),
      ("plan", .string(plan.digest.hexadecimal)), ("run", .integer(plan.run)), ("previous", text(plan.previous)),
      ("commitment", .string(plan.commitment)), ("beacon", text(statement.candidate.beacon)),
      ("origin", .string(statement.candidate.origin)), ("model", .string(statement.candidate.model)),
      ("binding", .string(statement.binding.rawValue)), ("modelDigest", text(plan.modelDigest)),
      ("certificate", text(plan.certificate)),
      ("certificateVerified", .boolean((verification ?? report.certificate?.verification) != nil)),
      ("startedAt", .string(statement.candidate.started)), ("finishedAt", .string(statement.finishedAt)),
      ("opened", .array(report.opened.map { .integer($0) })),
      (
        "quote",
        statement.quote.map { found in
          .object([
            ("kind", .string(found.kind.rawValue)), ("digest", .string(found.digest)),
            ("checked", .boolean(quote != nil)),
            ("trustRoot", text(quote?.root)), ("asOf", text(quote?.asOf)),
          ])
        } ?? .null
      ),
    ]
  }
}

extension ExitCode {
  /// - Parameter isMade: the bundle was being made from files that may be of another plan.
  init(_ rejection: BundleRejection, isMade: Bool) {
    switch rejection {
    case .audit(let error) where isMade: self.init(error)
    case .signing: self = .operational
    case .certificate(let error): self.init(error)
    default: self = .proofInvalid
    }
  }
}

extension CommandFailure {
  init(_ error: BundleRejection, isMade: Bool = false) {
    let remedy: String? =
      switch error {
      case .audit(let error): error.remedy
      case .certificate(let error): error.remedy
      case .opened(.notOpened): "Ask the auditor for it: audit open discloses it."
      default: nil
      }
    if case .audit(let error) = error, isMade {
      self.init(error)
    } else {
      self.init(ExitCode(error, isMade: isMade), error.description, remedy: remedy)
    }
  }

  init(_ error: BundleReport.Mismatch) { self.init(.identityMismatch, error.description) }
}
