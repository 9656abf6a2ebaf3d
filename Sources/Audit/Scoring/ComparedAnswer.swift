// SPDX-License-Identifier: Apache-2.0

/// An answer in the form that is compared.
package enum ComparedAnswer: Equatable, Sendable {
  case logProbabilities(ReadAnswer)
  case text([UInt8])

  /// A reference's, of which no more is kept than is compared by the plan.
  init?(_ answer: Answer, spelling: TokenSpelling, plan: AuditPlan) {
    self.init(answer, spelling: spelling, score: plan.score)
    if case .logProbabilities(let read) = self {
      self = .logProbabilities(read.limited(to: Distance.compared(listed: plan.listed)))
    }
  }

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
