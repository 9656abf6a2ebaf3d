// SPDX-License-Identifier: Apache-2.0

/// The rule at work: takes the candidate's answers in any order, and decides on them in the order of the questions.
package struct Scoring: Sendable {
  package typealias Row = ScoredRow

  private let plan: AuditPlan
  private let reference: ReferenceAnswers
  package private(set) var decision: Decision
  package private(set) var rows: [Row] = []
  /// The next question that the rule waits for.
  package private(set) var next = 0
  private var waiting: [Int: Row?] = [:]
  private let spelling: TokenSpelling

  package init(plan: AuditPlan, reference: ReferenceAnswers, spelling: TokenSpelling) {
    self.plan = plan
    self.reference = reference
    self.spelling = spelling
    decision = Decision(plan)
  }

  /// Takes what became of one question: an answer, or nil where it is missing.
  package mutating func take(_ index: Int, _ answer: Answer?) { take(index, row: row(index, answer)) }

  /// What an answer is compared to; nil where the reference has none. It does not depend on others.
  package func row(_ index: Int, _ answer: Answer?) -> Row? {
    reference.answer(index).map {
      Row(index, plan: plan, reference: $0, candidate: answer, spelling: spelling)
    }
  }

  /// The same of a comparison that was made before.
  package mutating func take(_ index: Int, row: Row?) {
    waiting[index] = .some(row)
    while decision.verdict == .undecided, next < reference.count {
      guard reference.answer(next) != nil else {
        next += 1
        continue
      }
      guard let found = waiting.removeValue(forKey: next), let row = found else { return }
      rows.append(row)
      decision.add(row.score)
      next += 1
    }
  }
}
