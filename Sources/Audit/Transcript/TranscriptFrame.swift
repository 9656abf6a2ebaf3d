// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// What every transcript has, whether its questions and answers are there or withheld: the links between lines, their tree, and
/// the rules about headers, sessions and ends.
struct TranscriptFrame: Sendable {
  let side: AuditSide
  private let planDigest: [UInt8]
  private(set) var previous: [UInt8]
  private(set) var tree = LineTree()
  private(set) var header: TranscriptLine.Header?
  private(set) var sessions: [(number: Int, session: TranscriptLine.Session)] = []
  private(set) var endings: [Transcript.Ending] = []
  private var isInSession = false

  init(side: AuditSide, planDigest: [UInt8]) {
    self.side = side
    self.planDigest = planDigest
    previous = planDigest
  }

  /// Lines that are read at a time, and their bytes at most unless a single one has more: what a reader holds does not depend
  /// on how long a file is.
  private static let batch = (lines: 64, bytes: 1 << 22)

  /// Hands on the lines of a file, each of which ends with a line feed, some at a time: first one alone, which says how to read
  /// the others.
  static func forEachBatch(
    of file: ArraySlice<UInt8>, _ body: ([Range<Int>]) throws(TranscriptError) -> Void
  ) throws(TranscriptError) {
    guard !file.isEmpty else { throw .empty }
    var (lines, bytes, count, start) = ([Range<Int>](), 0, 0, file.startIndex)
    while let end = file[start...].firstIndex(of: 0x0A) {
      lines.append(start..<end)
      bytes += end - start
      count += 1
      start = end + 1
      if count == 1 || lines.count == batch.lines || bytes >= batch.bytes {
        try body(lines)
        (lines, bytes) = ([], 0)
      }
    }
    if !lines.isEmpty { try body(lines) }
    guard start == file.endIndex else { throw .unfinishedLine(number: count + 1) }
  }

  /// What the next line says, which must be linked to the one before.
  func linked(_ reading: ParsedLine) throws(TranscriptError) -> TranscriptLine {
    let number = tree.count + 1
    switch reading.content {
    case .long: throw .longLine(number: number)
    case .malformed(let reason): throw .malformed(number: number, reason: reason)
    case .line(let line, let stated):
      guard stated == previous else {
        throw number == 1 ? .otherPlan(stated: stated.hexadecimal) : .brokenChain(number: number)
      }
      return line
    }
  }

  /// Checks the next line as far as headers, sessions and ends go.
  mutating func check(_ line: TranscriptLine) throws(TranscriptError) {
    let number = tree.count + 1
    if case .header(let header) = line {
      guard number == 1 else { throw .secondHeader(number: number) }
      guard header.side == side else { throw .wrongSide(expected: side) }
      guard header.plan == planDigest.hexadecimal else { throw .otherPlan(stated: header.plan) }
      self.header = header
      return
    }
    guard header != nil else { throw .noHeader }
    if let outcome = endings.last?.end.outcome, outcome.verdict != .undecided { throw .afterVerdict(number: number) }
    if case .session(let session) = line {
      guard (session.reference != nil) == (side == .candidate) else { throw .sessionReference(number: number) }
      isInSession = true
      sessions.append((number, session))
      return
    }
    try requireSession()
    guard case .end(let end) = line else { return }
    guard (end.outcome != nil) == (side == .candidate) else { throw .wrongEnd(number: number) }
    guard end.lines == tree.count else { throw .wrongLineCount(number: number, expected: tree.count) }
    guard end.root == tree.root.hexadecimal else { throw .wrongRoot(number: number) }
    isInSession = false
    endings.append(Transcript.Ending(number: number, end: end))
  }

  /// What is about questions stands behind a header, and inside a session.
  func requireSession() throws(TranscriptError) {
    guard header != nil else { throw .noHeader }
    guard isInSession else { throw .noSession(number: tree.count + 1) }
  }

  /// Links the next line to this one.
  mutating func take(_ digest: [UInt8]) {
    previous = digest
    tree.append(digest)
  }
}
