// SPDX-License-Identifier: Apache-2.0

import DriftProofAttestation
import DriftProofAudit
import DriftProofCertificate
import DriftProofCore

/// Verifies bundles of audits, without network or model.
package enum BundleVerifier {
  /// Checks the signature, that the files are those that were signed, and everything that they say: questions from key and plan,
  /// every score, every verdict on the way, result and statement; of a bundle without answers what its scores say. No bytes
  /// make it trap.
  package static func verify(_ tar: [UInt8], key: PublicKey) throws(BundleRejection) -> BundleReport {
    let archive: BundleArchive
    do throws(ArchiveError) {
      archive = try BundleArchive(tar: tar)
    } catch {
      throw .archive(error)
    }
    let signed = try SignedStatement(archive[.attestation], key: key)
    let roots = try checkSigned(archive, signed)
    let plan: AuditPlan
    do throws(AuditPlanError) {
      plan = try AuditPlan(file: archive[.plan])
    } catch {
      throw .plan(error)
    }
    let summary: AuditSummary
    do throws(SummaryError) {
      summary = try AuditSummary(file: archive[.result])
    } catch {
      throw .malformedResult(error.reason)
    }
    let audit = try recompute(archive, plan, summary)
    if let member = summary.firstDifference(from: audit.summary) { throw .result(member: member) }
    try checkBinding(signed.binding, plan)
    let certificate = try CertificateFile(archive, plan)
    let quote = try QuoteFile(archive, plan, candidate: roots.candidate.root)
    let statement = AuditStatement(
      plan: plan, summary: audit.summary, reference: audit.reference, candidate: audit.candidate,
      roots: roots, binding: signed.binding, tunedCommitment: certificate?.facts.tunedCommitment,
      quote: quote?.stated, finishedAt: audit.finishedAt ?? signed.finishedAt)
    if let difference = signed.document.firstDifference(from: statement.json) {
      throw .claim(path: difference.path, stated: difference.here, computed: difference.there)
    }
    guard signed.payload == statement.payload else { throw .statementSpelling }
    let check = OpenedCheck(
      plan: plan, summary: summary,
      reference: .init(
        side: .reference, header: audit.reference, root: roots.reference.root, lines: roots.reference.lines),
      candidate: .init(
        side: .candidate, header: audit.candidate, root: roots.candidate.root, lines: roots.candidate.lines))
    var report = BundleReport(
      statement: statement, keyID: key.keyID, result: audit.result, certificate: certificate, quote: quote,
      check: check)
    if let opened = archive.optional(.opened) {
      do throws(OpenedError) {
        try report.open(opened)
      } catch {
        throw .opened(error)
      }
    }
    return report
  }

  /// The files are those that the statement is about, whatever they say.
  private static func checkSigned(
    _ archive: BundleArchive, _ signed: SignedStatement
  ) throws(BundleRejection) -> (reference: AuditStatement.TranscriptRoot, candidate: AuditStatement.TranscriptRoot) {
    let plan = SHA256.hash(archive[.plan]).hexadecimal
    guard plan == signed.planDigest else { throw .otherPlan(stated: signed.planDigest, found: plan) }
    let roots = Parallel.map(2) { AuditStatement.TranscriptRoot(of: archive.part($0 == 0 ? .reference : .candidate)) }
    let (reference, candidate) = (roots[0], roots[1])
    for (side, stated, root) in [
      (AuditSide.reference, signed.referenceRoot, reference), (.candidate, signed.candidateRoot, candidate),
    ] where stated != root.root.hexadecimal {
      throw .otherTranscript(side, stated: stated, found: root.root.hexadecimal)
    }
    let result = SHA256.hash(archive[.result]).hexadecimal
    guard result == signed.resultDigest else { throw .otherResult(stated: signed.resultDigest, found: result) }
    return (reference, candidate)
  }

  private struct Audit {
    let summary: AuditSummary
    let reference: TranscriptLine.Header
    let candidate: TranscriptLine.Header
    let result: AuditResult?
    /// Nil where it cannot be seen.
    let finishedAt: String?
  }

  private static func recompute(
    _ archive: BundleArchive, _ plan: AuditPlan, _ summary: AuditSummary
  ) throws(BundleRejection) -> Audit {
    guard let key = summary.key else { return try recomputeWithheld(archive, plan, summary) }
    let prompts = try prompts(archive)
    do throws(AuditRejection) {
      let reading = try AuditReading(
        plan: plan, reference: archive.part(.reference), candidate: archive.part(.candidate))
      let (reference, candidate) = (reading.reference, reading.candidate)
      let result = try AuditResult(
        plan: plan, key: key, prompts: prompts, reference: reference, candidate: candidate)
      // AuditResult has seen both headers.
      guard let truth = reference.header else { throw .transcript(.reference, .noHeader) }
      guard let header = candidate.header else { throw .transcript(.candidate, .noHeader) }
      return Audit(
        summary: AuditSummary(result, key: key, reference: reference, candidate: candidate),
        reference: truth, candidate: header, result: result,
        finishedAt: BundleMaker.finishedAt(candidate))
    } catch {
      throw .audit(error)
    }
  }

  private static func recomputeWithheld(
    _ archive: BundleArchive, _ plan: AuditPlan, _ summary: AuditSummary
  ) throws(BundleRejection) -> Audit {
    guard archive.optional(.prompts) == nil else { throw .unexpectedFile(.prompts) }
    func transcript(_ file: BundleFile, _ side: AuditSide) throws(BundleRejection) -> WithheldTranscript {
      do throws(TranscriptError) {
        return try WithheldTranscript(part: archive.part(file), side: side, planDigest: plan.digest)
      } catch {
        throw .audit(.transcript(side, error))
      }
    }
    let reference = try transcript(.reference, .reference)
    let candidate = try transcript(.candidate, .candidate)
    let expected = try WithheldCheck(plan: plan, summary: summary, reference: reference, candidate: candidate)
      .recomputed()
    guard let truth = reference.header else { throw .audit(.transcript(.reference, .noHeader)) }
    guard let header = candidate.header else { throw .audit(.transcript(.candidate, .noHeader)) }
    return Audit(
      summary: expected, reference: truth, candidate: header, result: nil,
      finishedAt: nil)
  }

  private static func prompts(_ archive: BundleArchive) throws(BundleRejection) -> PromptFile? {
    guard let file = archive.optional(.prompts) else { return nil }
    do throws(PromptFileError) {
      return try PromptFile(file)
    } catch {
      throw .prompts(error)
    }
  }

  /// A reference is bound to what the plan says of its model, neither more nor less.
  static func checkBinding(_ binding: ReferenceBinding, _ plan: AuditPlan) throws(BundleRejection) {
    let planned: BundleRejection.PlanBinding =
      plan.modelDigest == nil ? .none : plan.certificate == nil ? .model : .certified
    let isAllowed =
      switch binding {
      case .recorded: planned == .none
      case .declared: planned != .none
      case .checked: planned == .certified
      }
    guard isAllowed else { throw .binding(binding, plan: planned) }
  }
}
