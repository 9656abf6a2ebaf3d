// SPDX-License-Identifier: Apache-2.0

/// Why two transcripts are no audit by this plan. Lines count from 1, questions from 0.
package enum AuditRejection: Error, Equatable, Sendable {
  case plan(AuditPlanError)
  case transcript(AuditSide, TranscriptError)
  /// Reference and candidate were asked with other beacons.
  case otherBeacon
  case otherOrigin(stated: String, expected: String)
  case otherPath(AuditSide, stated: String, expected: String)
  case otherModel(stated: String, expected: String)
  /// What was sent is not the plan's question.
  case otherRequest(AuditSide, line: Int, index: Int)
  case otherSalt(AuditSide, index: Int)
  /// More questions than the file of prompts has lines.
  case noSuchPrompt(AuditSide, index: Int)
  /// A session names a reference that the one given never was.
  case otherReference(line: Int)
  /// The candidate was asked what the reference had not answered then.
  case noReferenceAnswer(index: Int, line: Int)
  case referenceSamples(index: Int)
  case noEnd(AuditSide)
  case wrongCount(line: Int, stated: Int, computed: Int)
  case wrongVerdict(line: Int, stated: Verdict, computed: Verdict)
  case wrongEvidence(line: Int)
}

extension AuditRejection {
  /// Whether it is about other things than were given, rather than about something that is wrong in itself.
  package var isMismatch: Bool {
    switch self {
    case .plan(.otherKey), .plan(.otherPrompts), .transcript(_, .otherPlan), .otherBeacon, .otherOrigin, .otherPath,
      .otherModel, .otherReference:
      true
    default: false
    }
  }
}

extension AuditRejection: CustomStringConvertible {
  package var description: String {
    switch self {
    case .plan(let error): "the plan: \(error)"
    case .transcript(let side, let error): "the \(side.rawValue)'s transcript: \(error)"
    case .otherBeacon: "reference and candidate were asked with different beacons, so with different questions"
    case .otherOrigin(let stated, let expected): "\(stated) was asked, the plan is about \(expected)"
    case .otherPath(let side, let stated, let expected):
      "the \(side.rawValue) was asked at \(stated), by the plan that is \(expected)"
    case .otherModel(let stated, let expected): "the model \(stated) was asked for, the plan is about \(expected)"
    case .otherRequest(let side, let line, let index):
      "the \(side.rawValue)'s line \(line): what was sent is not question \(index) of this plan and key"
    case .otherSalt(let side, let index):
      "the \(side.rawValue)'s salt of question \(index) does not follow from the key"
    case .noSuchPrompt(let side, let index): "the \(side.rawValue) was asked question \(index), behind the file's last"
    case .otherReference(let line):
      "the candidate's line \(line) names another reference: the transcript given never had that root"
    case .noReferenceAnswer(let index, let line):
      "the candidate's line \(line) asks question \(index), which the reference had not answered by then"
    case .referenceSamples(let index):
      "the reference's answer to question \(index) is not its likeliest one: it samples, so nothing can be compared with it"
    case .noEnd(let side): "the \(side.rawValue)'s transcript has no end"
    case .wrongCount(let line, let stated, let computed):
      "the candidate's line \(line) counts \(stated) requests, the rule ends at \(computed)"
    case .wrongVerdict(let line, let stated, let computed):
      "the candidate's line \(line) says \(stated.rawValue), the answers say \(computed.rawValue)"
    case .wrongEvidence(let line): "the candidate's line \(line) has other evidence than follows from the answers"
    }
  }
}
