// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// The lines of one side, each linked to the one before, and what they say together. It grows line by line, whether it is
/// read or written, under the same rules: no question has two answers, none has an answer that was not sent, and no
/// verdict is followed by another.
package struct Transcript: Sendable {
  /// What became of one question.
  package struct Question: Equatable, Sendable {
    package enum State: Equatable, Sendable {
      /// Sent, or to be sent again.
      case pending
      case answered(TranscriptLine.Answered)
      case missing
    }

    package fileprivate(set) var attempts = 0
    package fileprivate(set) var failures = 0
    fileprivate var isOpen = false
    package fileprivate(set) var state = State.pending
    /// The line with its answer, or that gives it up; from 1.
    package fileprivate(set) var resolvedAt = 0

    package var isResolved: Bool { state != .pending }
  }

  /// One `end` and where it stands; lines from 1.
  package struct Ending: Equatable, Sendable {
    package let number: Int
    package let end: TranscriptLine.End
  }

  private var frame: TranscriptFrame
  package private(set) var questions: [Int: Question] = [:]
  /// Every line that was sent, with its number.
  package private(set) var sent: [(number: Int, sent: TranscriptLine.Sent)] = []
  private var opened: Set<Int> = []

  /// One without lines.
  package init(side: AuditSide, planDigest: [UInt8]) { frame = TranscriptFrame(side: side, planDigest: planDigest) }

  package var side: AuditSide { frame.side }
  package var header: TranscriptLine.Header? { frame.header }
  package var sessions: [(number: Int, session: TranscriptLine.Session)] { frame.sessions }
  package var endings: [Ending] { frame.endings }
  /// Lines so far, and the root of their tree.
  package var count: Int { frame.tree.count }
  package var root: [UInt8] { frame.tree.root }

  /// Questions from 0 on that have their answer, or are given up.
  package var resolvedCount: Int {
    var count = 0
    while questions[count]?.isResolved == true { count += 1 }
    return count
  }

  /// The last one; nil where there is none, or lines follow it.
  package var lastEnding: Ending? { endings.last.flatMap { $0.number == count ? $0 : nil } }

  /// Appends a line of one's own.
  /// - Returns: its bytes, without the line feed.
  package mutating func append(_ line: TranscriptLine) throws(TranscriptError) -> [UInt8] {
    let bytes = line.bytes(after: frame.previous)
    guard bytes.count <= CanonicalJSON.maximumBytes else { throw .longLine(number: count + 1) }
    try take(line, digest: SHA256.hash(bytes))
    return bytes
  }

  /// The line that would end it now.
  package func ending(count: Int, outcome: TranscriptLine.Outcome?) -> TranscriptLine {
    .end(TranscriptLine.End(count: count, outcome: outcome, lines: self.count, root: root.hexadecimal))
  }

  private mutating func take(_ line: TranscriptLine, digest: [UInt8]) throws(TranscriptError) {
    try check(line, number: count + 1)
    frame.take(digest)
  }

  // MARK: Rules

  private mutating func check(_ line: TranscriptLine, number: Int) throws(TranscriptError) {
    try frame.check(line)
    switch line {
    case .header: return
    // What was open when the session before stopped is lost.
    case .session, .end: close()
    case .sent(let sent): try check(sent, number)
    case .answer(let answered):
      try resolve(answered.index, answered.attempt, number)
      questions[answered.index]?.state = .answered(answered)
      questions[answered.index]?.resolvedAt = number
    case .failure(let failed):
      try resolve(failed.index, failed.attempt, number)
      questions[failed.index]?.failures += 1
    case .missing(let index, let attempts): try giveUp(index, attempts, number)
    }
  }

  private mutating func close() {
    for index in opened { questions[index]?.isOpen = false }
    opened = []
  }

  private mutating func check(_ line: TranscriptLine.Sent, _ number: Int) throws(TranscriptError) {
    var question = questions[line.index] ?? Question()
    guard !question.isResolved else { throw .resolvedTwice(number: number, index: line.index) }
    guard !question.isOpen else { throw .stillOpen(number: number, index: line.index) }
    guard line.attempt == question.attempts + 1 else {
      throw .wrongAttempt(number: number, index: line.index, expected: question.attempts + 1)
    }
    question.attempts += 1
    question.isOpen = true
    questions[line.index] = question
    opened.insert(line.index)
    sent.append((number, line))
  }

  /// Ends an open attempt.
  private mutating func resolve(_ index: Int, _ attempt: Int, _ number: Int) throws(TranscriptError) {
    guard let question = questions[index] else { throw .notSent(number: number, index: index) }
    guard !question.isResolved else { throw .resolvedTwice(number: number, index: index) }
    guard question.isOpen else { throw .notSent(number: number, index: index) }
    guard attempt == question.attempts else {
      throw .wrongAttempt(number: number, index: index, expected: question.attempts)
    }
    questions[index]?.isOpen = false
    opened.remove(index)
  }

  private mutating func giveUp(_ index: Int, _ attempts: Int, _ number: Int) throws(TranscriptError) {
    guard let question = questions[index] else { throw .notSent(number: number, index: index) }
    guard !question.isResolved else { throw .resolvedTwice(number: number, index: index) }
    guard !question.isOpen else { throw .stillOpen(number: number, index: index) }
    guard question.failures > 0 else { throw .missingWithoutFailure(number: number, index: index) }
    guard attempts == question.attempts else {
      throw .wrongAttempt(number: number, index: index, expected: question.attempts)
    }
    questions[index]?.state = .missing
    questions[index]?.resolvedAt = number
  }
}

extension Transcript {
  /// Bytes of a transcript.
  package static let maximumBytes = 256 << 20

  /// Reads a whole file: lines, each with a line feed.
  package init(file: [UInt8], side: AuditSide, planDigest: [UInt8]) throws(TranscriptError) {
    try self.init(part: file[...], side: side, planDigest: planDigest, keeping: .all)
  }

  /// The same of a part of one, which is not copied as a whole.
  /// - Parameter keeping: what to keep of each answer.
  package init(
    part: ArraySlice<UInt8>, side: AuditSide, planDigest: [UInt8], keeping: AnswerKeeping
  ) throws(TranscriptError) {
    var transcript = Transcript(side: side, planDigest: planDigest)
    try TranscriptFrame.forEachBatch(of: part) { (lines) throws(TranscriptError) in
      let spelling = transcript.header?.spelling ?? .plain
      let readings = Parallel.map(lines.count) {
        ParsedLine(Array(part[lines[$0]]), keeping: keeping, spelling: spelling)
      }
      for reading in readings {
        try transcript.take(try transcript.frame.linked(reading), digest: reading.digest)
      }
    }
    self = transcript
  }
}
