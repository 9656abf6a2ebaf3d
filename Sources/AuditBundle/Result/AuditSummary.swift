// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit
import DriftProofCore

/// What was found, in numbers: `result.json`. With the key everything in it follows from plan and transcripts; without, the
/// scores are the auditor's word, each tied to the lines that it comes from, and the rest follows from them.
package struct AuditSummary: Equatable, Sendable {
  /// One request that was compared.
  package struct Score: Equatable, Sendable {
    /// The question's number, from 0.
    package let index: Int
    package let score: RequestScore
    /// The lines with the two answers, from 1; of a question that was given up, the line that says so.
    package let referenceLine: Int
    package let candidateLine: Int

    package init(index: Int, score: RequestScore, referenceLine: Int, candidateLine: Int) {
      self.index = index
      self.score = score
      self.referenceLine = referenceLine
      self.candidateLine = candidateLine
    }
  }

  /// The plan's digest; hexadecimal.
  package var plan: String
  /// The revealed key; nil where it stays secret, with questions and answers.
  package var key: AuditKey?
  package var verdict: Verdict
  /// In the order of the questions, up to the verdict.
  package var scores: [Score]
  /// Questions among them that the reference did not answer.
  package var skipped: Int
  /// Scores of answers that are missing or unreadable.
  package var missing: Int
  package var intervals: Intervals

  package init(_ result: AuditResult, key: AuditKey?, reference: Transcript, candidate: Transcript) {
    plan = result.plan.digest.hexadecimal
    self.key = key
    verdict = result.verdict
    scores = result.rows.map { row in
      Score(
        index: row.index, score: row.score, referenceLine: reference.questions[row.index]?.resolvedAt ?? 0,
        candidateLine: candidate.questions[row.index]?.resolvedAt ?? 0)
    }
    skipped = result.skipped
    missing = result.missing
    intervals = result.intervals
  }

  package static let version = 1

  /// The file: one object in canonical form and a line feed.
  package var file: [UInt8] {
    func number(_ value: Int) -> JSONValue { .number(String(value)) }
    let rows = scores.map { row in
      JSONValue.array(
        [row.index, row.score.low, row.score.high, row.referenceLine, row.candidateLine].map(number))
    }
    let bounds = CanonicalJSON.object([
      ("meanAbove", number(intervals.meanAbove)), ("meanBelow", intervals.meanBelow.map(number)),
      ("tailAbove", number(intervals.tailAbove)), ("tailBelow", intervals.tailBelow.map(number)),
    ])
    return CanonicalJSON.bytes(
      CanonicalJSON.object([
        ("audit", number(Self.version)), ("plan", .string(plan)), ("key", key.map { .string($0.revealed) }),
        ("verdict", .string(verdict.rawValue)), ("n", number(scores.count)), ("skipped", number(skipped)),
        ("missing", number(missing)), ("intervals", bounds), ("scores", .array(rows)),
      ])) + [0x0A]
  }
}

extension AuditSummary {
  /// Most scores of one audit, and most lines of a transcript.
  private static let scoreRange = 0...1_000_000
  private static let lineRange = 1...1_000_000_000

  /// Reads the file. What it says follows from nothing yet.
  package init(file: [UInt8]) throws(SummaryError) {
    guard file.last == 0x0A else { throw SummaryError(reason: "it does not end with a line feed") }
    do throws(CanonicalFailure) {
      let node = try CanonicalJSON.parse(Array(file.dropLast()), limits: CanonicalJSON.fileLimits)
      do throws(JSONError) {
        try self.init(node)
      } catch {
        throw .malformed(error.description)
      }
    } catch {
      throw SummaryError(reason: error.description)
    }
  }

  private init(_ node: JSONNode) throws(JSONError) {
    try node.requireKeys(
      ["audit", "plan", "verdict", "n", "skipped", "missing", "intervals", "scores"], optional: ["key"])
    _ = try node.member("audit").integer(in: Self.version...Self.version)
    plan = try node.member("plan").hex(byteCount: SHA256.digestLength).hexadecimal
    key = try node.optionalMember("key").map { (node) throws(JSONError) in
      try node.hex(byteCount: AuditKey.length)
    }.flatMap { AuditKey(bytes: $0) }
    let text = try node.member("verdict").string()
    guard let verdict = Verdict(rawValue: text) else {
      throw .outOfRange(
        path: "$.verdict", found: StrictJSON.shown(text), expected: "SAME, DIFFERENT or UNDECIDED")
    }
    self.verdict = verdict
    var scores: [Score] = []
    for row in try node.member("scores").elements() {
      let parts = try row.elements()
      guard parts.count == 5 else {
        throw .wrongType(path: row.path, expected: "five numbers", found: "\(parts.count) elements")
      }
      scores.append(
        Score(
          index: try parts[0].integer(in: 0...TranscriptLine.maximumIndex),
          score: RequestScore(low: try parts[1].integer(in: 0...1000), high: try parts[2].integer(in: 0...1000)),
          referenceLine: try parts[3].integer(in: Self.lineRange),
          candidateLine: try parts[4].integer(in: Self.lineRange)))
    }
    self.scores = scores
    _ = try node.member("n").integer(in: scores.count...scores.count)
    skipped = try node.member("skipped").integer(in: Self.scoreRange)
    missing = try node.member("missing").integer(in: 0...scores.count)
    let bounds = try node.member("intervals")
    try bounds.requireKeys(["meanAbove", "tailAbove"], optional: ["meanBelow", "tailBelow"])
    intervals = Intervals(
      meanAbove: try bounds.member("meanAbove").integer(in: 0...1000),
      meanBelow: try bounds.optionalMember("meanBelow")?.integer(in: 0...1000),
      tailAbove: try bounds.member("tailAbove").integer(in: 0...1000),
      tailBelow: try bounds.optionalMember("tailBelow")?.integer(in: 0...1000))
  }

  /// The first member in which two summaries differ; nil where they are equal.
  package func firstDifference(from other: AuditSummary) -> String? {
    if plan != other.plan { return "plan" }
    if key != other.key { return "key" }
    if verdict != other.verdict { return "verdict" }
    if let place = zip(scores, other.scores).enumerated().first(where: { $0.element.0 != $0.element.1 })?.offset {
      return "scores[\(place)]"
    }
    if scores.count != other.scores.count { return "n" }
    if skipped != other.skipped { return "skipped" }
    if missing != other.missing { return "missing" }
    return intervals != other.intervals ? "intervals" : nil
  }
}

/// Why bytes are no `result.json`.
package struct SummaryError: Error, Equatable, Sendable {
  package let reason: String
}
