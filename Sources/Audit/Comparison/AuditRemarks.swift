// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// What else the answers show: advice for people. No verdict depends on any of it.
package struct AuditRemarks: Equatable, Sendable {
  /// Of the requests with a readable answer, how many emitted the reference's tokens; nil without log probabilities.
  package var agreeing: Int?
  package var compared = 0
  /// Differences of prompt tokens, candidate less reference, where all are the same; nil where they vary or are not told.
  package var promptTokenDifference: Int?
  /// Answers that were equal to one to another question.
  package var repeatedAnswers = 0
  /// Answers whose tokens were not the likeliest by the endpoint's own word.
  package var sampled = 0
  /// Answers that a score could not be read from.
  package var unreadable = 0
  package var unanswered = 0
  /// What the endpoint called its model and fingerprint, each once.
  package var models: [String] = []
  package var fingerprints: [String] = []
  /// Mean distance of each family, in millionths, with its number of requests.
  package var families: [(family: PromptFamily, mean: Double, count: Int)] = []

  init(
    plan: AuditPlan, rows: [Scoring.Row], reference: Transcript, candidate: Transcript, source: PromptSource
  ) {
    var differences: Set<Int?> = []
    var seen: [[UInt8]: Int] = [:]
    var sums: [PromptFamily: (sum: Double, count: Int)] = [:]
    for row in rows {
      guard case .answered(let answered)? = candidate.questions[row.index]?.state else {
        unanswered += 1
        continue
      }
      if let model = answered.model, !models.contains(model), models.count < 8 { models.append(model) }
      if let print = answered.fingerprint, !fingerprints.contains(print), fingerprints.count < 8 {
        fingerprints.append(print)
      }
      guard let distance = row.distance else {
        unreadable += 1
        continue
      }
      compared += 1
      seen[answered.answer.text, default: 0] += 1
      if row.isGreedy == false { sampled += 1 }
      if case .answered(let truth)? = reference.questions[row.index]?.state {
        differences.insert(answered.promptTokens.flatMap { found in truth.promptTokens.map { found - $0 } })
      }
      if let family = source.family(row.index) {
        let (sum, count) = sums[family] ?? (0, 0)
        sums[family] = (sum + distance.shown, count + 1)
      }
    }
    if differences.count == 1, let difference = differences.first { promptTokenDifference = difference }
    // Short answers may be equal by chance: five and more of them may not.
    repeatedAnswers = seen.values.filter { $0 >= 5 }.reduce(0, +)
    if rows.contains(where: { $0.tokensAgree != nil }) { agreeing = rows.count { $0.tokensAgree == true } }
    families = PromptFamily.allCases.compactMap { family in
      sums[family].map { (family, $0.sum / Double($0.count), $0.count) }
    }
  }

  package static func == (a: AuditRemarks, b: AuditRemarks) -> Bool {
    a.sentences == b.sentences && a.models == b.models && a.fingerprints == b.fingerprints
  }

  /// One sentence each, the most telling first.
  package var sentences: [String] {
    var lines: [String] = []
    if sampled > 0 {
      lines.append(
        "\(sampled) of \(compared) answers were not the likeliest tokens by the endpoint's own word: sampling")
    }
    if let difference = promptTokenDifference, difference != 0 {
      lines.append(
        "every question counts \(abs(difference)) tokens \(difference > 0 ? "more" : "less") than with the reference: an "
          + "injected prompt, another template or tokenizer")
    }
    if repeatedAnswers * 2 > compared, compared >= 10 {
      lines.append("\(repeatedAnswers) of \(compared) answers repeat: a cache, or a server without a model")
    }
    if unreadable > 0 {
      lines.append(
        "\(unreadable) answers had nothing to compare: no text, no log probabilities, or tokens that do not join")
    }
    if models.count > 1 { lines.append("the endpoint named \(models.count) models: \(models.joined(separator: ", "))") }
    if fingerprints.count > 1 {
      lines.append("the endpoint named \(fingerprints.count) fingerprints: its configuration changed during the audit")
    }
    return lines
  }
}
