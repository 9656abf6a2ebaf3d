// SPDX-License-Identifier: Apache-2.0

/// One server's answers to all questions of a suite, and what they score against the reference's.
package struct SuiteScores: Sendable {
  package let name: String
  /// In the order of the questions; nil where the reference has no answer.
  package let scores: [RequestScore?]
  /// Mean over readable answers, in millionths of the score's unit; nil without any.
  package let meanDistance: Double?

  /// - Parameter change: what a server on the way makes of each answer.
  package init(
    name: String, plan: AuditPlan, reference: ReferenceAnswers, candidate: Transcript,
    change: (Answer) -> Answer = { $0 }
  ) {
    self.name = name
    let spelling = candidate.header?.spelling ?? .plain
    var distances: [Double] = []
    scores = (0..<reference.count).map { index in
      guard let truth = reference.answer(index) else { return nil }
      var answer: Answer?
      if case .answered(let answered)? = candidate.questions[index]?.state { answer = change(answered.answer) }
      let row = Scoring.Row(index, plan: plan, reference: truth, candidate: answer, spelling: spelling)
      if let distance = row.distance { distances.append(distance.shown) }
      return row.score
    }
    meanDistance = distances.isEmpty ? nil : distances.reduce(0, +) / Double(distances.count)
  }

  package init(name: String, scores: [RequestScore?], meanDistance: Double?) {
    self.name = name
    self.scores = scores
    self.meanDistance = meanDistance
  }
}

/// What servers on the way may do to answers without changing the model.
package enum SuiteChange: String, CaseIterable, Sendable {
  case twoDecimals = "log probabilities of two decimals"
  case fiveListed = "lists of five"
  case renamed = "30 % of token texts renamed"

  package func apply(_ answer: Answer) -> Answer {
    let tokens = answer.tokens.map { token in
      switch self {
      case .twoDecimals:
        AnswerToken(
          token: token.token, value: Self.rounded(token.value),
          top: token.top.map { .init(token: $0.token, value: Self.rounded($0.value)) })
      case .fiveListed: AnswerToken(token: token.token, value: token.value, top: Array(token.top.prefix(5)))
      case .renamed:
        AnswerToken(
          token: Self.renamed(token.token), value: token.value,
          top: token.top.map { .init(token: Self.renamed($0.token), value: $0.value) })
      }
    }
    return Answer(text: answer.text, tokens: tokens, finish: answer.finish)
  }

  /// To hundredths of a nat.
  private static func rounded(_ value: Int) -> Int { (value - 5000) / 10_000 * 10_000 }

  /// Three of ten texts, the same ones always.
  private static func renamed(_ token: [UInt8]) -> [UInt8] {
    let number = token.reduce(7) { ($0 &* 31 &+ Int($1)) & 0xFFFF }
    return number % 10 < 3 ? token + Array("~".utf8) : token
  }
}
