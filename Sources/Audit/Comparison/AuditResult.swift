// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// What two transcripts say, computed again from the first line to the last.
package struct AuditResult: Sendable {
  package let plan: AuditPlan
  package let decision: Decision
  package let rows: [Scoring.Row]
  package let intervals: Intervals
  /// Questions that the reference did not answer, among those before the verdict.
  package let skipped: Int
  package let remarks: AuditRemarks

  package var verdict: Verdict { decision.verdict }
  package var missing: Int { rows.count { $0.distance == nil } }

  /// Checks everything that can be checked without network: chain, questions, salts, scores, and every verdict on the way.
  package init(
    plan: AuditPlan, key: AuditKey, prompts: PromptFile?, reference: Transcript, candidate: Transcript
  ) throws(AuditRejection) {
    guard let truth = reference.header else { throw .transcript(.reference, .noHeader) }
    guard let header = candidate.header else { throw .transcript(.candidate, .noHeader) }
    guard truth.beacon == header.beacon else { throw .otherBeacon }
    let source: PromptSource
    do throws(AuditPlanError) {
      source = try plan.questions(key: key, beacon: header.beaconBytes, file: prompts)
    } catch {
      throw .plan(error)
    }
    try AuditChecks.checkSubject(plan, reference: truth, candidate: header)
    for (transcript, header) in [(reference, truth), (candidate, header)] {
      try AuditChecks.checkQuestions(plan, key, source, transcript, model: header.model)
    }
    guard !reference.endings.isEmpty else { throw .noEnd(.reference) }
    guard candidate.lastEnding != nil else { throw .noEnd(.candidate) }
    let answers = try ReferenceAnswers(plan: plan, transcript: reference)
    try AuditChecks.checkSessions(candidate, answers)
    let scoring = try AuditChecks.checkEndings(plan, candidate, answers, spelling: header.spelling)
    self.plan = plan
    decision = scoring.decision
    rows = scoring.rows
    intervals = Intervals(scores: scoring.rows.map(\.score), mode: plan.mode)
    skipped = answers.skipped(of: scoring.next)
    remarks = AuditRemarks(plan: plan, rows: scoring.rows, reference: reference, candidate: candidate, source: source)
  }
}
