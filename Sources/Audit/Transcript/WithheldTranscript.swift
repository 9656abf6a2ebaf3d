// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// A transcript whose questions and answers are replaced by the digests of their lines. Links and tree hold as before; that no
/// question has two answers can no longer be seen, so who withholds says of each score which line it comes from.
package struct WithheldTranscript: Sendable {
  /// Where a question was given up; from 1.
  package private(set) var missing: [Int: Int] = [:]
  package let side: AuditSide
  private let planDigest: [UInt8]
  package private(set) var header: TranscriptLine.Header?
  package private(set) var sessions: [(number: Int, session: TranscriptLine.Session)] = []
  package private(set) var endings: [Transcript.Ending] = []
  /// Numbers of the lines that are withheld.
  package private(set) var hidden: Set<Int> = []
  private var previous: [UInt8]
  private var tree = LineTree()
  private var isInSession = false

  package var count: Int { tree.count }
  package var root: [UInt8] { tree.root }

  /// Reads a file that ``file(withholding:)`` has written.
  package init(file: [UInt8], side: AuditSide, planDigest: [UInt8]) throws(TranscriptError) {
    self.side = side
    self.planDigest = planDigest
    previous = planDigest
    guard !file.isEmpty else { throw .empty }
    var rest = file[...]
    while let end = rest.firstIndex(of: 0x0A) {
      try read(Array(rest[rest.startIndex..<end]))
      rest = rest[(end + 1)...]
    }
    guard rest.isEmpty else { throw .unfinishedLine(number: count + 1) }
    guard endings.last?.number == count else { throw .noEnd }
  }

  /// The file with the lines replaced that have questions or answers.
  /// - Parameter file: of a transcript that was read.
  package static func file(withholding file: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    for line in file.split(separator: 0x0A) {
      let bytes = Array(line)
      let isHidden =
        switch try? TranscriptLine.read(bytes).line {
        case .sent, .answer, nil: true
        default: false
        }
      result +=
        isHidden ? placeholder.begin + Array(SHA256.hash(bytes).hexadecimal.utf8) + placeholder.end : bytes
      result.append(0x0A)
    }
    return result
  }

  private static let placeholder = (begin: Array("{\"digest\":\"".utf8), end: Array("\",\"kind\":\"withheld\"}".utf8))

  /// The digest that a line of a withheld transcript stands for; there is one spelling.
  private static func hiddenDigest(_ bytes: [UInt8]) -> [UInt8]? {
    let (begin, end) = placeholder
    guard bytes.count == begin.count + 2 * SHA256.digestLength + end.count, bytes.starts(with: begin),
      bytes.suffix(end.count).elementsEqual(end)
    else { return nil }
    return [UInt8](
      hexadecimal: String(decoding: bytes.dropFirst(begin.count).dropLast(end.count), as: UTF8.self))
  }

  /// The root of the tree over all lines of either form of a transcript, without reading what they say.
  package static func root(of file: [UInt8]) -> (root: [UInt8], lines: Int) {
    var tree = LineTree()
    for line in file.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast() {
      let bytes = Array(line)
      tree.append(hiddenDigest(bytes) ?? SHA256.hash(bytes))
    }
    return (tree.root, tree.count)
  }

  // MARK: Reading

  private mutating func read(_ bytes: [UInt8]) throws(TranscriptError) {
    let number = count + 1
    guard bytes.count <= CanonicalJSON.maximumBytes else { throw .longLine(number: number) }
    if let digest = Self.hiddenDigest(bytes) {
      guard header != nil else { throw .noHeader }
      guard isInSession else { throw .noSession(number: number) }
      hidden.insert(number)
      take(digest)
      return
    }
    let (line, stated): (TranscriptLine, [UInt8])
    do throws(LineFailure) {
      (line, stated) = try TranscriptLine.read(bytes)
    } catch {
      throw .malformed(number: number, reason: error.reason)
    }
    guard stated == previous else {
      throw number == 1 ? .otherPlan(stated: stated.hexadecimal) : .brokenChain(number: number)
    }
    try check(line, number)
    take(SHA256.hash(bytes))
  }

  private mutating func take(_ digest: [UInt8]) {
    previous = digest
    tree.append(digest)
  }

  private mutating func check(_ line: TranscriptLine, _ number: Int) throws(TranscriptError) {
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
    guard isInSession else { throw .noSession(number: number) }
    switch line {
    case .sent, .answer: throw .visible(number: number)
    case .header, .session, .failure: return
    case .missing(let index, _):
      guard missing.updateValue(number, forKey: index) == nil else {
        throw .resolvedTwice(number: number, index: index)
      }
    case .end(let end):
      guard (end.outcome != nil) == (side == .candidate) else { throw .wrongEnd(number: number) }
      guard end.lines == tree.count else { throw .wrongLineCount(number: number, expected: tree.count) }
      guard end.root == tree.root.hexadecimal else { throw .wrongRoot(number: number) }
      isInSession = false
      endings.append(Transcript.Ending(number: number, end: end))
    }
  }
}
