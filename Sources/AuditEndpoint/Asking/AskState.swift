// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit
import DriftProofCore

/// What the threads of an ``Asker`` share, one at a time.
struct AskState: ~Copyable {
  private var file: TranscriptFile
  private let plan: AuditPlan
  private let reference: ReferenceAnswers?
  private var scoring: Scoring?
  private let limit: Int
  private let asksAll: Bool
  private var nextIndex = 0
  /// Questions in a row that were given up for failures of the network or the server.
  private var lostInARow = 0
  private(set) var failure: AskError?
  private(set) var hasAnswers: Bool

  /// Questions that are given up one after the other before an endpoint counts as unreadable.
  private static let lostLimit = 5

  init(
    file: consuming TranscriptFile, plan: AuditPlan, reference: ReferenceAnswers?, limit: Int,
    asksAll: Bool
  ) throws(AskError) {
    let transcript = file.transcript
    self.file = file
    self.plan = plan
    self.reference = reference
    self.asksAll = asksAll
    self.limit = reference.map { min(limit, $0.count) } ?? limit
    hasAnswers = transcript.questions.values.contains {
      if case .answered = $0.state { true } else { false }
    }
    guard let reference, let header = transcript.header else { return }
    var scoring = Scoring(plan: plan, reference: reference, spelling: header.spelling)
    for (index, question) in transcript.questions {
      switch question.state {
      case .pending: continue
      case .answered(let answered): scoring.take(index, answered.answer)
      case .missing: scoring.take(index, nil)
      }
    }
    self.scoring = scoring
  }

  var transcript: Transcript { file.transcript }
  var decision: Decision? { scoring?.decision }
  var isStopped: Bool { failure != nil || !asksAll && decision.map { $0.verdict != .undecided } ?? false }

  var progress: AskProgress {
    AskProgress(settled: scoring?.decision.count ?? file.transcript.resolvedCount, total: limit, decision: decision)
  }

  /// The next question that has no answer, nil where nothing is left to ask.
  mutating func takeNext() -> Int? {
    guard !isStopped else { return nil }
    while nextIndex < limit {
      defer { nextIndex += 1 }
      if file.transcript.questions[nextIndex]?.isResolved == true { continue }
      // What the reference has no answer to is not asked.
      if let reference, reference.answer(nextIndex) == nil { continue }
      return nextIndex
    }
    return nil
  }

  mutating func stop(_ error: AskError) { failure = failure ?? error }

  /// Writes the line that must be on disk before a request goes out.
  /// - Returns: the attempt's number; nil where nothing goes out any more.
  mutating func send(_ index: Int, _ line: (Int) -> TranscriptLine.Sent) -> Int? {
    guard !isStopped else { return nil }
    let attempt = (file.transcript.questions[index]?.attempts ?? 0) + 1
    return append(.sent(line(attempt)), waits: true) ? attempt : nil
  }

  mutating func answer(_ answered: TranscriptLine.Answered) {
    hasAnswers = true
    lostInARow = 0
    guard append(.answer(answered), waits: false) else { return }
    scoring?.take(answered.index, answered.answer)
  }

  /// - Returns: how many attempts at this question have failed.
  mutating func fail(_ failed: TranscriptLine.Failed) -> Int {
    _ = append(.failure(failed), waits: false)
    return file.transcript.questions[failed.index]?.failures ?? 0
  }

  /// Gives a question up. Where nothing but failures comes, the endpoint cannot be read, and its questions stay open.
  mutating func giveUp(_ index: Int, last: String) {
    lostInARow += 1
    guard lostInARow < Self.lostLimit else { return stop(.unreadable(last: last)) }
    guard let question = file.transcript.questions[index], !isStopped else { return }
    if append(.missing(index: index, attempts: question.attempts), waits: false) { scoring?.take(index, nil) }
  }

  private mutating func append(_ line: TranscriptLine, waits: Bool) -> Bool {
    do throws(AskError) {
      try file.append(line, waits: waits)
      return true
    } catch {
      stop(error)
      return false
    }
  }

  /// Writes the end: of a reference only where nearly all of it can be compared with.
  mutating func end() throws(AskError) {
    let count = file.transcript.resolvedCount
    guard let decision = scoring?.decision else {
      let unusable = try unusableCount(count)
      guard 20 * unusable <= count else { throw .referenceMissing(missing: unusable, count: count) }
      return try file.append(file.transcript.ending(count: count, outcome: nil), waits: true)
    }
    try file.append(
      file.transcript.ending(count: decision.count, outcome: TranscriptLine.Outcome(decision)), waits: true)
  }

  func unlock() { file.unlock() }

  private func unusableCount(_ count: Int) throws(AskError) -> Int {
    do throws(AuditRejection) {
      return try ReferenceAnswers(plan: plan, transcript: file.transcript).skipped(of: count)
    } catch {
      throw .rejected(error)
    }
  }
}
