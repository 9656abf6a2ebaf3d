// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit
import DriftProofCore

/// An audit in words, for people who have never heard of evidence that holds at any time.
enum AuditText {
  static func unit(_ plan: AuditPlan) -> String { plan.score == .logProbabilities ? "nats" : "of the text" }

  /// Millionths as a decimal, exactly.
  static func decimal(_ millionths: Int) -> String {
    let (whole, rest) = millionths.quotientAndRemainder(dividingBy: 1_000_000)
    guard rest != 0 else { return String(whole) }
    var digits = String(rest)
    digits = String(repeating: "0", count: 6 - digits.count) + digits
    while digits.hasSuffix("0") { digits.removeLast() }
    return "\(whole).\(digits)"
  }

  /// Thousandths of the mode's scale as a distance.
  private static func distance(_ score: Int, _ plan: AuditPlan) -> String {
    Format.number(Double(score) * Double(plan.margin) / Double(plan.mode.margin) / 1e6, digits: 3)
  }

  private static func percent(_ thousandths: Int) -> String {
    Format.number(Double(thousandths) / 10, digits: 3) + " %"
  }

  private static func alpha(_ mode: AuditMode) -> String { Format.number(100 / Double(mode.inverseAlpha)) + " %" }

  private static func sure(_ mode: AuditMode) -> String { Format.number(100 - 100 / Double(mode.inverseAlpha)) + " %" }

  private static func tail(_ plan: AuditPlan) -> String { Format.number(100 / Double(plan.inverseFarShare)) + " %" }

  private static func far(_ plan: AuditPlan) -> String { distance(plan.mode.tailScore, plan) }

  static func evidence(_ decision: Decision) -> String {
    decision.shownEvidence.map { Format.number($0, digits: 3) } ?? "beyond 10^15"
  }

  /// What a plan means, before anything is asked.
  static func describe(_ plan: AuditPlan) -> [String] {
    let unit = unit(plan)
    var lines = [
      "plan        \(plan.digest.hexadecimal)",
      "commitment  \(plan.commitment) (publish both before you record)",
      "SAME means  mean distance below \(decimal(plan.margin)) \(unit) (a request counts at most "
        + "\(distance(1000, plan))), and fewer than \(tail(plan)) of requests beyond \(far(plan)) \(unit);",
      "            wrong with probability at most \(alpha(plan.mode))",
      "needs       2 to 5 requests for another model, \(plan.fewestForSame) for SAME, at most \(plan.mode.budget) "
        + "(may be extended)",
    ]
    if plan.score == .text {
      lines.append("note        texts alone hardly see quantised weights or a small fine-tune")
    } else if plan.margin >= 50_000 {
      lines.append(
        "note        this margin does not see weights of eight bits (about 0.013), or one step of fine-tuning")
    } else if plan.margin <= 25_000 {
      lines.append(
        "note        a server that keeps logits in bf16 may lie 0.025 from an exact reference: record the reference with the "
          + "engine and types that were promised")
    }
    return lines
  }

  /// What was found, how sure it is, and what it means.
  static func verdict(_ result: AuditResult) -> [String] {
    let (plan, decision, intervals) = (result.plan, result.decision, result.intervals)
    let unit = unit(plan)
    let readable = result.rows.compactMap(\.distance)
    var lines = head(plan, decision) + [requests(plan, decision, intervals)]
    if !readable.isEmpty {
      let mean = readable.reduce(0) { $0 + $1.shown } / Double(readable.count) / 1e6
      lines.append(
        "distance    mean \(Format.number(mean, digits: 3)) \(unit) (as evidence a request counts at most \(distance(1000, plan)))"
          + "\(bounds(plan, intervals)); margin \(decimal(plan.margin))")
    }
    lines += losses(missing: result.missing, skipped: result.skipped, of: decision.count)
    if result.verdict == .different {
      lines.append("looks like  \(looksLike(result)) (a guess; the verdict does not depend on it)")
    }
    return lines + result.remarks.sentences.map { "remark      \($0)" }
  }

  /// The verdict and what it means.
  static func head(_ plan: AuditPlan, _ decision: Decision) -> [String] {
    let unit = unit(plan)
    var lines: [String] = []
    switch decision.verdict {
    case .same:
      lines.append("SAME after \(Format.count(decision.count, "request"))")
      lines.append(
        "means       over this audit the endpoint's answers were on average less than \(decimal(plan.margin)) \(unit) from the "
          + "reference's,")
      lines.append(
        "            and fewer than \(tail(plan)) of them beyond \(far(plan)); wrong with probability at most "
          + "\(alpha(plan.mode)). Not: identical weights")
    case .different:
      lines.append(
        "DIFFERENT after \(Format.count(decision.count, "request")) (evidence \(evidence(decision)), needed "
          + "\(plan.mode.inverseAlpha))")
      lines.append(
        "means       an endpoint that keeps the margin would hear this with probability at most \(alpha(plan.mode))")
    case .undecided:
      lines.append(
        "UNDECIDED after \(Format.count(decision.count, "request")) (evidence \(evidence(decision)), needed "
          + "\(plan.mode.inverseAlpha))")
    }
    return lines
  }

  /// How many requests were far off.
  static func requests(_ plan: AuditPlan, _ decision: Decision, _ intervals: Intervals) -> String {
    "requests    \(decision.far) of \(decision.count) beyond \(far(plan)) \(unit(plan))"
      + (intervals.tailAbove > 0
        ? "; more than \(percent(intervals.tailAbove)) at some time, at \(sure(plan.mode))" : "")
      + (intervals.tailBelow.map { "; below \(percent($0)) on average, at \(sure(plan.mode))" } ?? "")
      + "; margin \(tail(plan))"
  }

  /// What is shown of the mean distance.
  static func bounds(_ plan: AuditPlan, _ intervals: Intervals) -> String {
    (intervals.meanAbove > 0
      ? "; above \(distance(intervals.meanAbove, plan)) at some request, at \(sure(plan.mode))" : "")
      + (intervals.meanBelow.map { "; below \(distance($0, plan)) on average, at \(sure(plan.mode))" } ?? "")
  }

  /// What has no score.
  static func losses(missing: Int, skipped: Int, of count: Int) -> [String] {
    var lines: [String] = []
    if missing > 0 {
      lines.append(
        "missing     \(missing) of \(count) answers: they accuse nobody, and count against SAME"
          + (20 * missing > count ? "; MORE THAN 5 % ARE MISSING" : ""))
    }
    if skipped > 0 { lines.append("left out    \(skipped) questions that the reference did not answer") }
    return lines
  }

  /// A guess at what the endpoint serves, from the size of the distance.
  private static func looksLike(_ result: AuditResult) -> String {
    let readable = result.rows.compactMap(\.distance)
    let mean = readable.isEmpty ? 0 : readable.reduce(0) { $0 + $1.shown } / Double(readable.count) / 1e6
    let agreeing = result.remarks.agreeing.map { "; tokens agree in \($0) of \(readable.count) answers" } ?? ""
    if result.remarks.sampled * 2 > readable.count { return "sampling at a temperature, or penalties" + agreeing }
    if let difference = result.remarks.promptTokenDifference, difference != 0 {
      return "an injected prompt, or another template or tokenizer" + agreeing
    }
    if result.plan.score == .text { return "another model, weights or decoding; texts alone cannot tell" }
    return
      (mean < 0.05
      ? "rounded weights or a very small fine-tune"
      : mean < 0.4
        ? "quantised weights, a fine-tune or an adapter" : "another model") + agreeing
  }

  /// How to go on where nothing was decided.
  static func next(_ result: AuditResult, recorded: Int) -> [String] {
    let needed = result.decision.fewestForSame
    // What is left out by the reference takes a question, too.
    let questions = needed + result.skipped
    let reference =
      recorded < questions
      ? "; first record as many with the same audit record and --queries \(questions)" : ""
    return [
      "to go on    the same command with --max-queries \(questions) or more: SAME needs at least "
        + "\(needed - result.decision.count) more without a distance\(reference)"
    ]
  }

  static func json(_ result: AuditResult) -> JSONOutput {
    let (plan, decision, intervals) = (result.plan, result.decision, result.intervals)
    let readable = result.rows.compactMap(\.distance)
    let mean = readable.isEmpty ? nil : readable.reduce(0) { $0 + $1.shown } / Double(readable.count) / 1e6
    func share(_ thousandths: Int?) -> JSONOutput { .number(thousandths.map { Double($0) / 1000 }) }
    func size(_ score: Int?) -> JSONOutput {
      .number(score.map { Double($0) * Double(plan.margin) / Double(plan.mode.margin) / 1e6 })
    }
    return .object([
      ("verdict", .string(result.verdict.rawValue)), ("requests", .integer(decision.count)),
      ("plan", .string(plan.digest.hexadecimal)), ("mode", .string(plan.mode.rawValue)),
      ("score", .string(plan.score.rawValue)), ("margin", .number(Double(plan.margin) / 1e6)),
      ("errorAtMost", .number(1 / Double(plan.mode.inverseAlpha))), ("evidence", .number(decision.shownEvidence)),
      ("evidenceNeeded", .integer(plan.mode.inverseAlpha)), ("meanDistance", .number(mean)),
      ("meanAbove", size(intervals.meanAbove)), ("meanBelow", size(intervals.meanBelow)),
      ("far", .integer(decision.far)),
      ("farAbove", share(intervals.tailAbove)), ("farBelow", share(intervals.tailBelow)),
      ("missing", .integer(result.missing)), ("skipped", .integer(result.skipped)),
      (
        "families",
        .array(
          result.remarks.families.map { family in
            .object([
              ("family", .string(family.family.rawValue)), ("requests", .integer(family.count)),
              ("meanDistance", .number(family.mean / 1e6)),
            ])
          })
      ),
      ("remarks", .array(result.remarks.sentences.map { .string($0) })),
      ("exitCode", .integer(Int(ExitCode(result.verdict).rawValue))),
    ])
  }
}
