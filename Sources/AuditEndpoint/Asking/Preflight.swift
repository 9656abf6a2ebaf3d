// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit
import DriftProofCore

/// Eight questions of their own, asked before the first one counts: what an endpoint gives, and how it spells it.
package struct Preflight: Equatable, Sendable {
  package let spelling: TokenSpelling
  /// The fewest likely tokens of a place; nil where none are compared.
  package let listed: Int?
  /// The most decimals of a log probability.
  package let decimals: Int
  package let promptTokens: [Int?]
  package let models: [String]
  package let fingerprints: [String]

  static let questions = 8

  init(
    _ responses: [EndpointResponse], plan: AuditPlan, side: AuditSide
  ) throws(AskError) {
    let texts = responses.filter { !$0.answer.text.isEmpty }
    guard !texts.isEmpty else { throw .noText(hasReasoning: responses.contains(where: \.hasReasoning)) }
    promptTokens = responses.map(\.promptTokens)
    models = Array(Set(responses.compactMap(\.model))).sorted()
    fingerprints = Array(Set(responses.compactMap(\.fingerprint))).sorted()
    decimals = texts.map(\.decimals).max() ?? 0
    guard plan.score == .logProbabilities else {
      (spelling, listed) = (.plain, nil)
      return
    }
    let answers = texts.map(\.answer).filter { !$0.tokens.isEmpty }
    guard !answers.isEmpty else { throw .noLogProbabilities }
    let fitting = TokenSpelling.allCases.map { spelling in
      (spelling, answers.compactMap { ReadAnswer($0, spelling: spelling) })
    }.max { $0.1.count < $1.1.count }
    // One odd answer of eight is a partial character; a wrong spelling fails in most.
    guard let (found, read) = fitting, 2 * read.count > answers.count else { throw .noSpelling }
    spelling = found
    let least = read.flatMap(\.places).map(\.listed.count).min() ?? 0
    listed = least
    guard decimals > 2 || plan.margin >= 10_000 else { throw .fewDecimals(found: decimals, margin: plan.margin) }
    guard side == .reference else { return }
    let needed = Distance.compared(listed: plan.listed)
    guard least >= needed else { throw .fewListed(found: least, needed: needed) }
    guard read.allSatisfy(\.isGreedy) else { throw .referenceSamples }
  }
}
