// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// Both transcripts of an audit, read line by line, of whose answers no more is kept than the audit needs to be computed again.
package struct AuditReading: Sendable {
  package let reference: Transcript
  package let candidate: Transcript

  /// - Parameters:
  ///   - plan: by which answers are compared.
  ///   - reference, candidate: the files, or the parts of one that they are.
  /// - Throws: `transcript`, where one does not hold together. What they say together is ``AuditResult``'s to check.
  package init(
    plan: AuditPlan, reference: ArraySlice<UInt8>, candidate: ArraySlice<UInt8>
  ) throws(AuditRejection) {
    self.reference = try Self.read(reference, .reference, plan, .compared(plan))
    let answers = ReferenceAnswers(unchecked: self.reference, plan: plan)
    self.candidate = try Self.read(candidate, .candidate, plan, .scored(plan, against: answers.answers))
  }

  private static func read(
    _ file: ArraySlice<UInt8>, _ side: AuditSide, _ plan: AuditPlan, _ keeping: AnswerKeeping
  ) throws(AuditRejection) -> Transcript {
    do throws(TranscriptError) {
      return try Transcript(part: file, side: side, planDigest: plan.digest, keeping: keeping)
    } catch {
      throw .transcript(side, error)
    }
  }
}
