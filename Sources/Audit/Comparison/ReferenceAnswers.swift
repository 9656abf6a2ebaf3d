// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// An answer in the form that is compared.
package enum ComparedAnswer: Equatable, Sendable {
  case logProbabilities(ReadAnswer)
  case text([UInt8])

  /// Nil where there is nothing to compare: no text, a filter's end, no log probabilities, tokens that do not join.
  package init?(_ answer: Answer, spelling: TokenSpelling, score: AuditPlan.Score) {
    guard !answer.text.isEmpty, answer.finish != "content_filter" else { return nil }
    switch score {
    case .text: self = .text(answer.text)
    case .logProbabilities:
      guard let read = ReadAnswer(answer, spelling: spelling) else { return nil }
      self = .logProbabilities(read)
    }
  }
}

/// What the reference answered, question by question, up to some end of its transcript.
package struct ReferenceAnswers: Sendable {
  private let transcript: Transcript
  private let answers: [Int: ComparedAnswer]
  /// Questions from 0 on that are settled.
  package let count: Int

  /// - Throws: `referenceSamples`, where an answer is not greedy.
  package init(plan: AuditPlan, transcript: Transcript) throws(AuditRejection) {
    let spelling = transcript.header?.spelling ?? .plain
    var answers: [Int: ComparedAnswer] = [:]
    let questions = transcript.questions.sorted { $0.key < $1.key }
    let read = Parallel.map(questions.count) { place -> ComparedAnswer? in
      guard case .answered(let answered) = questions[place].value.state else { return nil }
      return ComparedAnswer(answered.answer, spelling: spelling, score: plan.score)
    }
    for (question, answer) in zip(questions, read) {
      guard let answer else { continue }
      if case .logProbabilities(let read) = answer, !read.isGreedy { throw .referenceSamples(index: question.key) }
      answers[question.key] = answer
    }
    self.transcript = transcript
    self.answers = answers
    count = transcript.resolvedCount
  }

  /// Lines of the reference when its tree had this root, at one of its ends; nil if it never had.
  package func lines(root: String) -> Int? {
    transcript.endings.last { $0.end.root == root }.map { $0.end.lines }
  }

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
