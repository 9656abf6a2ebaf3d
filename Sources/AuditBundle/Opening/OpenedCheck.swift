// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit
import DriftProofCore

/// What opened records are held against: everything here is under the bundle's signature.
package struct OpenedCheck {
  /// One side of the audit.
  package struct Side {
    let side: AuditSide
    let model: String
    let spelling: TokenSpelling
    let root: [UInt8]
    let lines: Int

    package init(side: AuditSide, header: TranscriptLine.Header, root: [UInt8], lines: Int) {
      self.side = side
      model = header.model
      spelling = header.spelling
      self.root = root
      self.lines = lines
    }
  }

  let plan: AuditPlan
  let summary: AuditSummary
  let reference: Side
  let candidate: Side

  package init(plan: AuditPlan, summary: AuditSummary, reference: Side, candidate: Side) {
    self.plan = plan
    self.summary = summary
    self.reference = reference
    self.candidate = candidate
  }

  /// Each record is in both transcripts where its score says, both sides were asked the same question, and the score follows
  /// from what they answered.
  package func check(_ opened: OpenedRecords) throws(OpenedError) {
    let digest = plan.digest.hexadecimal
    guard opened.plan == digest else { throw .otherPlan(stated: opened.plan, expected: digest) }
    var scores: [Int: AuditSummary.Score] = [:]
    for score in summary.scores { scores[score.index] = score }
    var last = -1
    for record in opened.records {
      guard record.index > last else { throw .order(index: record.index) }
      last = record.index
      guard let score = scores[record.index] else { throw .noSuchRecord(index: record.index) }
      try check(record, score)
    }
  }

  private func check(_ record: OpenedRecords.Record, _ listed: AuditSummary.Score) throws(OpenedError) {
    let index = record.index
    guard let truth = try settled(record.reference, record, reference, line: listed.referenceLine) else {
      throw .noReferenceAnswer(index: index)
    }
    let found = try settled(record.candidate, record, candidate, line: listed.candidateLine)
    guard let compared = ComparedAnswer(truth, spelling: reference.spelling, score: plan.score) else {
      throw .noReferenceAnswer(index: index)
    }
    if case .logProbabilities(let read) = compared, !read.isGreedy { throw .referenceSamples(index: index) }
    let row = Scoring.Row(
      index, plan: plan, reference: compared, candidate: found, spelling: candidate.spelling)
    guard row.score == listed.score else {
      throw .otherScore(index: index, stated: listed.score, computed: row.score)
    }
  }

  /// The answer of one side; nil where the question was given up.
  private func settled(
    _ exchange: OpenedRecords.Exchange, _ record: OpenedRecords.Record, _ side: Side, line: Int
  ) throws(OpenedError) -> Answer? {
    let index = record.index
    for opened in [exchange.sent, exchange.settled] {
      let root = LinePaths.root(
        digest: SHA256.hash(opened.bytes), number: opened.number, count: side.lines, path: opened.path)
      guard root == side.root else { throw .notInTranscript(side.side, index: index, line: opened.number) }
    }
    guard exchange.settled.number == line else {
      throw .otherLine(side.side, index: index, stated: exchange.settled.number, expected: line)
    }
    guard case .sent(let sent)? = read(exchange.sent), sent.index == index, exchange.sent.number < line else {
      throw .notThisRecord(side.side, index: index)
    }
    let request = EndpointRequest(plan: plan, modelName: side.model).body(record.prompt)
    guard SHA256.hash(request).hexadecimal == sent.request else { throw .otherPrompt(side.side, index: index) }
    switch read(exchange.settled) {
    case .answer(let answered)? where answered.index == index && answered.attempt == sent.attempt:
      return answered.answer
    case .missing(index: index, attempts: sent.attempt)?: return nil
    default: throw .notThisRecord(side.side, index: index)
    }
  }

  private func read(_ line: OpenedRecords.Line) -> TranscriptLine? { try? TranscriptLine.read(line.bytes).line }
}

/// Why opened records show nothing, or show that a score does not follow.
package enum OpenedError: Error, Equatable, Sendable {
  case malformed(String)
  case tooMany(count: Int)
  case otherPlan(stated: String, expected: String)
  /// Records are not in rising order, or one stands there twice.
  case order(index: Int)
  case noSuchRecord(index: Int)
  /// A record that was asked for and is not there.
  case notOpened(index: Int)
  /// The line's path does not lead to the transcript's root.
  case notInTranscript(AuditSide, index: Int, line: Int)
  /// Another line than the one that the score names.
  case otherLine(AuditSide, index: Int, stated: Int, expected: Int)
  /// The lines are not this question's request and what settled it.
  case notThisRecord(AuditSide, index: Int)
  /// The request that was sent is not of the question that is disclosed.
  case otherPrompt(AuditSide, index: Int)
  case noReferenceAnswer(index: Int)
  case referenceSamples(index: Int)
  case otherScore(index: Int, stated: RequestScore, computed: RequestScore)
}

extension OpenedError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .malformed(let reason): "they are no opened records of an audit: \(reason)"
    case .tooMany(let count): "\(count) records are more than \(OpenedRecords.maximumRecords)"
    case .otherPlan(let stated, let expected): "they belong to the plan \(stated), the bundle to \(expected)"
    case .order(let index): "record \(index) is not behind the one before it"
    case .noSuchRecord(let index): "the audit has no score of question \(index)"
    case .notOpened(let index): "record \(index), which was asked for, is not among them"
    case .notInTranscript(let side, let index, let line):
      "record \(index): line \(line) is not in the \(side.rawValue)'s transcript"
    case .otherLine(let side, let index, let stated, let expected):
      "record \(index): the score is of the \(side.rawValue)'s line \(expected), and line \(stated) was opened"
    case .notThisRecord(let side, let index):
      "record \(index): the \(side.rawValue)'s lines are not the request of this question and its answer"
    case .otherPrompt(let side, let index):
      "record \(index): the \(side.rawValue) was not asked the question that is disclosed"
    case .noReferenceAnswer(let index): "record \(index) has a score, and the reference no answer to compare with"
    case .referenceSamples(let index): "record \(index): the reference's answer is not its likeliest one: it samples"
    case .otherScore(let index, let stated, let computed):
      "record \(index): the scores \(stated.low) and \(stated.high) do not follow from the answers, which give "
        + "\(computed.low) and \(computed.high)"
    }
  }
}
