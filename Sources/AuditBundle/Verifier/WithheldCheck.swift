// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit

/// What can be computed of an audit whose questions and answers are withheld: the decision from the scores that are listed.
/// That they follow from the answers, opened records show.
struct WithheldCheck {
  let plan: AuditPlan
  let summary: AuditSummary
  let reference: WithheldTranscript
  let candidate: WithheldTranscript

  /// - Returns: what the result must say beside its scores.
  func recomputed() throws(BundleRejection) -> AuditSummary {
    let limits = try checkSubject()
    do throws(WithheldError) {
      try checkScores(limits)
    } catch {
      throw .withheld(error)
    }
    let decision = try checkEndings()
    var expected = summary
    expected.plan = plan.digest.hexadecimal
    expected.verdict = decision.verdict
    expected.intervals = Intervals(scores: summary.scores.map(\.score), mode: plan.mode)
    // Readable answers may score like missing ones, never the other way round.
    expected.missing = min(summary.missing, summary.scores.count { $0.score == .missing })
    // What is not scored up to the last score was left out; behind it only an open end goes on.
    let gaps = (summary.scores.last?.index).map { $0 + 1 - summary.scores.count } ?? 0
    expected.skipped = decision.verdict == .undecided ? max(gaps, summary.skipped) : gaps
    return expected
  }

  private func checkSubject() throws(BundleRejection) -> SessionLimits {
    guard let truth = reference.header else { throw .audit(.transcript(.reference, .noHeader)) }
    guard let header = candidate.header else { throw .audit(.transcript(.candidate, .noHeader)) }
    guard truth.beacon == header.beacon else { throw .audit(.otherBeacon) }
    do throws(AuditRejection) {
      try AuditChecks.checkSubject(plan, reference: truth, candidate: header)
      return try SessionLimits(candidate.sessions, endings: reference.endings)
    } catch {
      throw .audit(error)
    }
  }

  /// Every score names lines of its own, that may be answers, of which the reference's was there first.
  private func checkScores(_ limits: SessionLimits) throws(WithheldError) {
    var last = -1
    var used: (reference: Set<Int>, candidate: Set<Int>) = ([], [])
    for row in summary.scores {
      let index = row.index
      guard index > last else { throw .order(index: index) }
      last = index
      guard reference.hidden.contains(row.referenceLine) else {
        throw .line(.reference, index: index, line: row.referenceLine)
      }
      if candidate.missing[index] == row.candidateLine {
        guard row.score == .missing else { throw .scoredMissing(index: index) }
      } else {
        guard candidate.missing[index] == nil, candidate.hidden.contains(row.candidateLine) else {
          throw .line(.candidate, index: index, line: row.candidateLine)
        }
      }
      guard used.reference.insert(row.referenceLine).inserted else {
        throw .sameLine(.reference, index: index, line: row.referenceLine)
      }
      guard used.candidate.insert(row.candidateLine).inserted else {
        throw .sameLine(.candidate, index: index, line: row.candidateLine)
      }
      guard row.referenceLine <= limits.lines(at: row.candidateLine) else {
        throw .lateReference(index: index, line: row.referenceLine)
      }
    }
  }

  /// Every end on the way says what the rule says of the scores before it.
  private func checkEndings() throws(BundleRejection) -> Decision {
    var decision = Decision(plan)
    var rest = summary.scores[...]
    for ending in candidate.endings {
      while let row = rest.first, row.candidateLine < ending.number {
        guard decision.verdict == .undecided else { throw .withheld(.afterVerdict(index: row.index)) }
        decision.add(row.score)
        rest = rest.dropFirst()
      }
      guard let outcome = ending.end.outcome else { continue }
      let computed = TranscriptLine.Outcome(decision)
      guard outcome.verdict == computed.verdict else {
        throw .audit(.wrongVerdict(line: ending.number, stated: outcome.verdict, computed: computed.verdict))
      }
      guard ending.end.count == decision.count else {
        throw .audit(.wrongCount(line: ending.number, stated: ending.end.count, computed: decision.count))
      }
      guard outcome == computed else { throw .audit(.wrongEvidence(line: ending.number)) }
    }
    return decision
  }
}
