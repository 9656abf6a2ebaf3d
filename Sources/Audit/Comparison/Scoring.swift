// SPDX-License-Identifier: Apache-2.0

/// The rule at work: takes the candidate's answers in any order, and decides on them in the order of the questions.
package struct Scoring: Sendable {
  /// One request that was compared.
  package struct Row: Equatable, Sendable {
    package let index: Int
    package let score: RequestScore
    /// Nil for a missing answer.
    package let distance: Distance?
    /// Whether all emitted tokens agree; nil without log probabilities.
    package let tokensAgree: Bool?
    /// Whether the tokens were the likeliest by the endpoint's own word; nil without log probabilities.
    package let isGreedy: Bool?
  }

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

extension Scoring.Row {
  /// Compares one answer with the reference's.
  /// - Parameter answer: nil where it is missing.
  package init(
    _ index: Int, plan: AuditPlan, reference truth: ComparedAnswer, candidate answer: Answer?, spelling: TokenSpelling
  ) {
    let read = answer.flatMap { ComparedAnswer($0, spelling: spelling, score: plan.score) }
    let distance: Distance? =
      switch (truth, read) {
      case (.logProbabilities(let a), .logProbabilities(let b)):
        Distance(reference: a, candidate: b, listed: plan.listed)
      case (.text(let a), .text(let b)): Distance(reference: a, candidate: b)
      default: nil
      }
    var (agree, isGreedy): (Bool?, Bool?)
    if case .logProbabilities(let a) = truth, case .logProbabilities(let b)? = read {
      isGreedy = b.isGreedy
      agree = a.places.prefix(a.shown).map(\.bytes) == b.places.prefix(b.shown).map(\.bytes)
    }
    self.init(
      index: index, score: distance?.score(scale: plan.mode.margin, margin: plan.margin) ?? .missing,
      distance: distance, tokensAgree: agree, isGreedy: isGreedy)
  }
}
