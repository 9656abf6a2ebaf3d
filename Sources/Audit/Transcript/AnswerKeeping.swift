// SPDX-License-Identifier: Apache-2.0

/// What is kept of an answer when its line has been read. Lists of tokens are nearly all of a transcript, and a score needs few of
/// them: who only computes an audit again needs a fraction of the memory that the files would take.
package enum AnswerKeeping: Sendable {
  /// All of it.
  case all
  /// A reference's: what a candidate's answer is compared with, by this plan.
  case compared(AuditPlan)
  /// A candidate's: what it scores by this plan against the reference's answers to the questions of these numbers.
  case scored(AuditPlan, against: [Int: ComparedAnswer])

  /// - Parameter spelling: the one of the transcript's header.
  func applied(to line: TranscriptLine, spelling: TokenSpelling) -> TranscriptLine {
    guard case .answer(var answered) = line else { return line }
    let answer = answered.answer
    switch self {
    case .all: return line
    case .compared(let plan):
      answered.kept = .compared(ComparedAnswer(answer, spelling: spelling, plan: plan))
    case .scored(let plan, let reference):
      answered.kept = .scored(
        reference[answered.index].map {
          ScoredRow(answered.index, plan: plan, reference: $0, candidate: answer, spelling: spelling)
        })
    }
    answered.answer = Answer(text: answer.text, tokens: [], finish: answer.finish)
    return .answer(answered)
  }
}
