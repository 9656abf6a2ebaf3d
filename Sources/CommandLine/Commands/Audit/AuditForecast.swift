// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit

/// What an audit will ask and cost, from its plan and reference.
struct AuditForecast {
  private let plan: AuditPlan
  private let requests: Int
  private let tokensIn: Int
  private let tokensOut: Int
  private let price: Double?

  init(
    _ arguments: ParsedArguments, _ plan: AuditPlan, _ reference: Transcript, _ questions: Int
  ) throws(CommandFailure) {
    self.plan = plan
    requests = min(questions, reference.resolvedCount)
    let counted = reference.questions.values.compactMap { question -> Int? in
      guard case .answered(let answered) = question.state else { return nil }
      return answered.promptTokens
    }
    // As the reference's server counted them; else about as many as these sentences have.
    let mean = counted.isEmpty ? 40 : Double(counted.reduce(0, +)) / Double(counted.count)
    tokensIn = Int(Double(requests) * mean)
    tokensOut = requests * plan.tokens
    let range = 0...100_000_000_000
    let prices = (try arguments.millionths("price-in", in: range), try arguments.millionths("price-out", in: range))
    price =
      prices.0 == nil && prices.1 == nil
      ? nil
      : (Double(tokensIn) * Double(prices.0 ?? 0) + Double(tokensOut) * Double(prices.1 ?? 0)) / 1e12
  }

  /// Distances in margins, and after how many requests a steady one of that size is DIFFERENT.
  private var effects: [(margins: Double, requests: Int?)] {
    [1.5, 2, 3, 5, 8].map { margins in
      let score = min(1000, Int(margins * Double(plan.mode.margin)))
      var decision = Decision(plan)
      while decision.verdict == .undecided, decision.count < 4 * plan.mode.budget {
        decision.add(RequestScore(low: score, high: score))
      }
      return (margins, decision.verdict == .different ? decision.count : nil)
    }
  }

  var result: CommandResult {
    let unit = AuditText.unit(plan)
    var lines = [
      "DRY RUN: nothing was sent",
      "requests    at most \(Format.count(requests)); SAME needs \(plan.fewestForSame)",
      "tokens      about \(Format.count(tokensIn)) in questions, at most \(Format.count(tokensOut)) in answers",
    ]
    if let price { lines.append("price       at most about \(Format.number(price, digits: 3))") }
    for (margins, count) in effects {
      let distance = Format.number(margins * Double(plan.margin) / 1e6, digits: 3)
      lines.append(
        "expected    \(count.map { "DIFFERENT after \($0)" } ?? "no verdict") at a steady distance of \(distance) \(unit)"
      )
    }
    return CommandResult(
      text: lines.joined(separator: "\n") + "\n",
      json: .object([
        ("requests", .integer(requests)), ("tokensIn", .integer(tokensIn)), ("tokensOut", .integer(tokensOut)),
        ("price", .number(price)), ("fewestForSame", .integer(plan.fewestForSame)),
        (
          "expected",
          .array(
            effects.map { effect in
              .object([
                ("margins", .number(effect.margins)), ("requests", effect.requests.map { .integer($0) } ?? .null),
              ])
            })
        ), ("exitCode", .integer(0)),
      ]))
  }
}
