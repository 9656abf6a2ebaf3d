// SPDX-License-Identifier: Apache-2.0

/// One request that was compared.
package struct ScoredRow: Equatable, Sendable {
  package let index: Int
  package let score: RequestScore
  /// Nil for a missing answer.
  package let distance: Distance?
  /// Whether all emitted tokens agree; nil without log probabilities.
  package let tokensAgree: Bool?
  /// Whether the tokens were the likeliest by the endpoint's own word; nil without log probabilities.
  package let isGreedy: Bool?
}

extension ScoredRow {
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
