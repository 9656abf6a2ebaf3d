// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// A transcript whose questions and answers are replaced by the digests of their lines. Links and tree hold as before; that no
/// question has two answers can no longer be seen, so who withholds says of each score which line it comes from.
package struct WithheldTranscript: Sendable {
  /// Where a question was given up; from 1.
  package private(set) var missing: [Int: Int] = [:]
  /// Numbers of the lines that are withheld.
  package private(set) var hidden: Set<Int> = []
  private var frame: TranscriptFrame

  package var side: AuditSide { frame.side }
  package var header: TranscriptLine.Header? { frame.header }
  package var sessions: [(number: Int, session: TranscriptLine.Session)] { frame.sessions }
  package var endings: [Transcript.Ending] { frame.endings }
  package var count: Int { frame.tree.count }
  package var root: [UInt8] { frame.tree.root }

  /// Reads a file that ``file(withholding:)`` has written.
  package init(file: [UInt8], side: AuditSide, planDigest: [UInt8]) throws(TranscriptError) {
    try self.init(part: file[...], side: side, planDigest: planDigest)
  }

  /// The same of a part of one, which is not copied as a whole.
  package init(part: ArraySlice<UInt8>, side: AuditSide, planDigest: [UInt8]) throws(TranscriptError) {
    var transcript = WithheldTranscript(frame: TranscriptFrame(side: side, planDigest: planDigest))
    try TranscriptFrame.forEachBatch(of: part) { (lines) throws(TranscriptError) in
      for line in lines { try transcript.read(Array(part[line])) }
    }
    guard transcript.endings.last?.number == transcript.count else { throw .noEnd }
    self = transcript
  }

  private init(frame: TranscriptFrame) { self.frame = frame }

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
  package static func root(of file: ArraySlice<UInt8>) -> (root: [UInt8], lines: Int) {
    var tree = LineTree()
    var rest = file
    while let end = rest.firstIndex(of: 0x0A) {
      let bytes = Array(rest[rest.startIndex..<end])
      tree.append(hiddenDigest(bytes) ?? SHA256.hash(bytes))
      rest = rest[(end + 1)...]
    }
    return (tree.root, tree.count)
  }

  // MARK: Reading

  private mutating func read(_ bytes: [UInt8]) throws(TranscriptError) {
    let number = count + 1
    if let digest = Self.hiddenDigest(bytes) {
      try frame.requireSession()
      hidden.insert(number)
      frame.take(digest)
      return
    }
    let reading = ParsedLine(bytes, keeping: .all, spelling: .plain)
    let line = try frame.linked(reading)
    try frame.check(line)
    switch line {
    case .sent, .answer: throw .visible(number: number)
    case .header, .session, .failure, .end: break
    case .missing(let index, _):
      guard missing.updateValue(number, forKey: index) == nil else {
        throw .resolvedTwice(number: number, index: index)
      }
    }
    frame.take(reading.digest)
  }
}
