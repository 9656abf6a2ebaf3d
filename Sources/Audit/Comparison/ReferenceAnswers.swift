// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// What the reference answered, question by question, up to some end of its transcript.
package struct ReferenceAnswers: Sendable {
  private let transcript: Transcript
  /// By the questions' numbers.
  package let answers: [Int: ComparedAnswer]
  /// Questions from 0 on that are settled.
  package let count: Int

  /// - Throws: `referenceSamples`, where an answer is not greedy.
  package init(plan: AuditPlan, transcript: Transcript) throws(AuditRejection) {
    self.init(unchecked: transcript, plan: plan)
    let sampled = answers.filter { if case .logProbabilities(let read) = $0.value { !read.isGreedy } else { false } }
    if let index = sampled.keys.min() { throw .referenceSamples(index: index) }
  }

  /// What ``init(plan:transcript:)`` has of a reference whose answers may not be greedy; it must be checked before anything that
  /// is compared with it counts.
  package init(unchecked transcript: Transcript, plan: AuditPlan) {
    let spelling = transcript.header?.spelling ?? .plain
    let questions = transcript.questions.sorted { $0.key < $1.key }
    let read = Parallel.map(questions.count) { place -> ComparedAnswer? in
      guard case .answered(let answered) = questions[place].value.state else { return nil }
      if case .compared(let answer) = answered.kept { return answer }
      return ComparedAnswer(answered.answer, spelling: spelling, plan: plan)
    }
    var answers: [Int: ComparedAnswer] = [:]
    for (question, answer) in zip(questions, read) { answers[question.key] = answer }
    self.transcript = transcript
    self.answers = answers
    count = transcript.resolvedCount
  }

  /// Its states that sessions may name.
  package var endings: [Transcript.Ending] { transcript.endings }

  /// The root that a session names now.
  package var currentRoot: String? { transcript.endings.last?.end.root }

  /// Whether question `index` was settled within the first `lines` lines.
  package func isSettled(_ index: Int, within lines: Int) -> Bool {
    guard let question = transcript.questions[index], question.isResolved else { return false }
    return question.resolvedAt <= lines
  }

  /// What there is to compare with; nil for a question that is skipped.
  package func answer(_ index: Int) -> ComparedAnswer? { answers[index] }

  /// How many of the first `count` have nothing to compare with.
  package func skipped(of count: Int) -> Int { (0..<count).count { answers[$0] == nil } }
}
