// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// A margin that accuses none of some transcripts which somebody calls honest: another machine, batch size or type, whatever is to
/// be accepted. They are of a plan of their own and no part of the audit whose margin this is, so its error rates stay.
package struct MarginCalibration: Equatable, Sendable {
  /// One honest transcript.
  package struct Honest: Equatable, Sendable {
    /// Root of the tree over all its lines; hexadecimal.
    package let root: String
    package let requests: Int
    package let missing: Int
    /// The smallest margin of the grid at which the rule says SAME of it, at the share that was picked; millionths.
    package let least: Int
  }

  package let mode: AuditMode
  package let score: AuditPlan.Score
  /// One step of the grid above the smallest at which the rule says SAME of each; millionths.
  package let margin: Int
  /// 1/ρ where another share of far requests than the mode's was picked; nil for the mode's own.
  package let inverseFarShare: Int?
  /// Digest of the honest transcripts' plan, and the root of their reference; hexadecimal.
  package let plan: String
  package let reference: String
  package let honest: [Honest]

  /// 1-2-5·10^k millionths.
  package static let grid = [1_000, 10_000, 100_000].flatMap { [$0, 2 * $0, 5 * $0] } + [1_000_000]
  package static let version = 1

  /// Picks the margin; of texts, where an answer is often all or nothing, also the share of far requests: the smallest with
  /// which a margin up to the mode's own does.
  package init(plan: AuditPlan, reference: Transcript, honest: [Transcript]) throws(CalibrationFailure) {
    let answers: ReferenceAnswers
    var rows: [[Scoring.Row]] = []
    do throws(AuditRejection) {
      guard let root = reference.endings.last?.end.root else { throw .noEnd(.reference) }
      self.reference = root
      answers = try ReferenceAnswers(plan: plan, transcript: reference)
      for transcript in honest {
        guard transcript.lastEnding != nil else { throw .noEnd(.candidate) }
        try AuditChecks.checkSessions(transcript, answers)
        rows.append(Self.rows(plan, answers, transcript))
      }
    } catch {
      throw .rejected(error)
    }
    guard !honest.isEmpty else { throw .noTranscript }
    (mode, score, self.plan) = (plan.mode, plan.score, plan.digest.hexadecimal)
    let shares =
      plan.score == .text ? AuditPlan.farShares.filter { $0 <= plan.mode.inverseTailShare } : [plan.inverseFarShare]
    var picked: (place: Int, share: Int)?
    for share in shares {
      guard
        let place = Self.grid.firstIndex(where: { margin in
          rows.allSatisfy { Self.verdict($0, plan.mode, margin: margin, share: share) == .same }
        })
      else { continue }
      picked = (place, share)
      if Self.grid[place] <= plan.mode.defaultMargin { break }
    }
    guard let (place, share) = picked, place + 1 < Self.grid.count else {
      let worst = rows.firstIndex {
        Self.verdict($0, plan.mode, margin: Self.grid[Self.grid.count - 2], share: shares[shares.count - 1]) != .same
      }
      throw .noMargin(transcript: worst ?? 0, requests: rows[worst ?? 0].count, needed: plan.mode.fewestForSame)
    }
    margin = Self.grid[place + 1]
    inverseFarShare = share == plan.mode.inverseTailShare ? nil : share
    self.honest = zip(honest, rows).map { transcript, rows in
      Honest(
        root: transcript.root.hexadecimal, requests: rows.count, missing: rows.count { $0.distance == nil },
        least: Self.grid.first { Self.verdict(rows, plan.mode, margin: $0, share: share) == .same } ?? Self.grid[place])
    }
  }

  /// Every answer by rising question, up to the first that is not there.
  private static func rows(_ plan: AuditPlan, _ answers: ReferenceAnswers, _ candidate: Transcript) -> [Scoring.Row] {
    var rows: [Scoring.Row] = []
    for index in 0..<answers.count {
      guard let truth = answers.answer(index) else { continue }
      guard let question = candidate.questions[index], question.isResolved else { break }
      var answer: Answer?
      if case .answered(let answered) = question.state { answer = answered.answer }
      rows.append(
        Scoring.Row(
          index, plan: plan, reference: truth, candidate: answer, spelling: candidate.header?.spelling ?? .plain))
    }
    return rows
  }

  /// What the rule says of these distances at another margin.
  static func verdict(_ rows: [Scoring.Row], _ mode: AuditMode, margin: Int, share: Int) -> Verdict {
    var decision = Decision(mode: mode, inverseTailShare: share)
    for row in rows where decision.verdict == .undecided {
      decision.add(row.distance?.score(scale: mode.margin, margin: margin) ?? .missing)
    }
    return decision.verdict
  }

  /// The file: one object in canonical form and a line feed.
  package var file: [UInt8] {
    func number(_ value: Int) -> JSONValue { .number(String(value)) }
    let honest = honest.map { entry in
      CanonicalJSON.object([
        ("root", .string(entry.root)), ("requests", number(entry.requests)), ("missing", number(entry.missing)),
        ("least", number(entry.least)),
      ])
    }
    return CanonicalJSON.bytes(
      CanonicalJSON.object([
        ("calibration", number(Self.version)), ("mode", .string(mode.rawValue)), ("score", .string(score.rawValue)),
        ("margin", number(margin)), ("farShare", inverseFarShare.map(number)), ("plan", .string(plan)),
        ("reference", .string(reference)), ("honest", .array(honest)),
      ])) + [0x0A]
  }

  /// Reads a file.
  package init(file: [UInt8]) throws(CalibrationFailure) {
    guard file.last == 0x0A else { throw .malformed("it does not end with a line feed") }
    do throws(CanonicalFailure) {
      let node = try CanonicalJSON.parse(Array(file.dropLast()))
      do throws(JSONError) {
        try self.init(node)
      } catch {
        throw .malformed(error.description)
      }
    } catch {
      throw .malformed(error.description)
    }
  }

  private init(_ node: JSONNode) throws(JSONError) {
    try node.requireKeys(
      ["calibration", "mode", "score", "margin", "plan", "reference", "honest"], optional: ["farShare"])
    _ = try node.member("calibration").integer(in: Self.version...Self.version)
    let names = (try node.member("mode").string(), try node.member("score").string())
    guard let mode = AuditMode(rawValue: names.0), let score = AuditPlan.Score(rawValue: names.1) else {
      throw .outOfRange(
        path: "$.mode", found: StrictJSON.shown("\(names.0), \(names.1)"), expected: "a mode and a score of audits")
    }
    (self.mode, self.score) = (mode, score)
    margin = try node.member("margin").integer(in: AuditPlan.marginRange)
    inverseFarShare = try AuditPlan.farShare(node, score)
    plan = try node.member("plan").hex(byteCount: SHA256.digestLength).hexadecimal
    reference = try node.member("reference").hex(byteCount: SHA256.digestLength).hexadecimal
    var honest: [Honest] = []
    for entry in try node.member("honest").elements() {
      try entry.requireKeys(["root", "requests", "missing", "least"])
      honest.append(
        Honest(
          root: try entry.member("root").hex(byteCount: SHA256.digestLength).hexadecimal,
          requests: try entry.member("requests").integer(in: 0...TranscriptLine.maximumIndex),
          missing: try entry.member("missing").integer(in: 0...TranscriptLine.maximumIndex),
          least: try entry.member("least").integer(in: AuditPlan.marginRange)))
    }
    self.honest = honest
  }
}

/// Why no margin can be picked.
package enum CalibrationFailure: Error, Equatable, Sendable, CustomStringConvertible {
  case malformed(String)
  case rejected(AuditRejection)
  case noTranscript
  /// At no margin that has one above it does the rule say SAME of this transcript; from 0.
  case noMargin(transcript: Int, requests: Int, needed: Int)

  package var description: String {
    switch self {
    case .malformed(let reason): "it is no calibration of an audit: \(reason)"
    case .rejected(let error): error.description
    case .noTranscript: "there is no honest transcript"
    case .noMargin(_, let requests, let needed):
      requests < needed
        ? "it has \(requests) answers, and SAME needs \(needed) at best"
        : "no margin up to half of all makes the rule say SAME of it"
    }
  }
}
