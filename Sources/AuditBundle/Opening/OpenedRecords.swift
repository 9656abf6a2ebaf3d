// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit
import DriftProofCore

/// Single records of a bundle that withholds them, disclosed to a reader who chose their numbers: `opened.json`.
package struct OpenedRecords: Equatable, Sendable {
  /// One line of a transcript with its way to the root.
  package struct Line: Equatable, Sendable {
    /// From 1.
    package var number: Int
    package var bytes: [UInt8]
    package var path: [[UInt8]]
  }

  /// What was asked and answered, by both sides.
  package struct Record: Equatable, Sendable {
    package var index: Int
    package var prompt: String
    /// Of each side the request, and its answer; of a question that was given up, the line that says so.
    package var reference: Exchange
    package var candidate: Exchange
  }

  /// The request and what settled it.
  package struct Exchange: Equatable, Sendable {
    package var sent: Line
    package var settled: Line
  }

  /// The plan's digest; hexadecimal.
  package var plan: String
  /// By rising index.
  package var records: [Record]

  package static let version = 1
  /// More than anybody needs to look at: 1,000 records of n show a share of 1 % that does not follow with 99.995 %.
  package static let maximumRecords = 10_000

  /// The file: one object in canonical form and a line feed.
  package var file: [UInt8] {
    let records = records.map { record in
      CanonicalJSON.object([
        ("i", .number(String(record.index))), ("prompt", .string(record.prompt)),
        ("reference", record.reference.json), ("candidate", record.candidate.json),
      ])
    }
    return CanonicalJSON.bytes(
      CanonicalJSON.object([
        ("audit", .number(String(Self.version))), ("plan", .string(plan)), ("records", .array(records)),
      ])) + [0x0A]
  }

  /// Reads the file. What it says is checked by ``check(_:)``.
  package init(file: [UInt8]) throws(OpenedError) {
    guard file.last == 0x0A else { throw .malformed("it does not end with a line feed") }
    do throws(CanonicalFailure) {
      let node = try CanonicalJSON.parse(Array(file.dropLast()), limits: CanonicalJSON.fileLimits)
      do throws(JSONError) {
        try node.requireKeys(["audit", "plan", "records"])
        _ = try node.member("audit").integer(in: Self.version...Self.version)
        plan = try node.member("plan").hex(byteCount: SHA256.digestLength).hexadecimal
        var records: [Record] = []
        for entry in try node.member("records").elements() {
          try entry.requireKeys(["i", "prompt", "reference", "candidate"])
          records.append(
            Record(
              index: try entry.member("i").integer(in: 0...TranscriptLine.maximumIndex),
              prompt: try entry.member("prompt").string(),
              reference: try Exchange(try entry.member("reference")),
              candidate: try Exchange(try entry.member("candidate"))))
        }
        self.records = records
      } catch {
        throw .malformed(error.description)
      }
    } catch {
      throw .malformed(error.description)
    }
    guard records.count <= Self.maximumRecords else { throw .tooMany(count: records.count) }
  }

  package init(plan: String, records: [Record]) {
    self.plan = plan
    self.records = records
  }
}

extension OpenedRecords {
  /// Discloses records of an audit that was computed again.
  /// - Parameters:
  ///   - indices: the questions' numbers.
  ///   - source: the plan's questions.
  /// - Throws: `noSuchRecord`, `tooMany`.
  package init(
    _ indices: Set<Int>, of result: AuditResult, source: PromptSource,
    reference: (transcript: Transcript, file: [UInt8]), candidate: (transcript: Transcript, file: [UInt8])
  ) throws(OpenedError) {
    guard indices.count <= Self.maximumRecords else { throw .tooMany(count: indices.count) }
    let scored = Set(result.rows.map(\.index))
    let sides = (LineBook(reference.transcript, reference.file), LineBook(candidate.transcript, candidate.file))
    var records: [Record] = []
    for index in indices.sorted() {
      guard scored.contains(index), let prompt = source.prompt(index), let truth = sides.0.exchange(index),
        let found = sides.1.exchange(index)
      else { throw .noSuchRecord(index: index) }
      records.append(Record(index: index, prompt: prompt, reference: truth, candidate: found))
    }
    self.init(plan: result.plan.digest.hexadecimal, records: records)
  }
}

/// A transcript's lines by number, with their ways to the root.
private struct LineBook {
  private let lines: [[UInt8]]
  private let paths: LinePaths
  private let transcript: Transcript
  private let lastSent: [Int: Int]

  init(_ transcript: Transcript, _ file: [UInt8]) {
    self.transcript = transcript
    lines = file.split(separator: 0x0A).map { Array($0) }
    paths = LinePaths(lines.map { SHA256.hash($0) })
    // The last attempt is the one that was settled: nothing is sent after an answer.
    lastSent = Dictionary(transcript.sent.map { ($0.sent.index, $0.number) }) { $1 }
  }

  func exchange(_ index: Int) -> OpenedRecords.Exchange? {
    guard let sent = lastSent[index], let question = transcript.questions[index], question.isResolved else {
      return nil
    }
    return OpenedRecords.Exchange(sent: line(sent), settled: line(question.resolvedAt))
  }

  private func line(_ number: Int) -> OpenedRecords.Line {
    OpenedRecords.Line(number: number, bytes: lines[number - 1], path: paths.path(of: number))
  }
}

extension OpenedRecords.Exchange {
  fileprivate var json: JSONValue { CanonicalJSON.object([("sent", sent.json), ("settled", settled.json)]) }

  fileprivate init(_ node: JSONNode) throws(JSONError) {
    try node.requireKeys(["sent", "settled"])
    self.init(
      sent: try OpenedRecords.Line(try node.member("sent")), settled: try OpenedRecords.Line(try node.member("settled"))
    )
  }
}

extension OpenedRecords.Line {
  fileprivate var json: JSONValue {
    CanonicalJSON.object([
      ("number", .number(String(number))), ("line", .string(String(decoding: bytes, as: UTF8.self))),
      ("path", .array(path.map { .string($0.hexadecimal) })),
    ])
  }

  fileprivate init(_ node: JSONNode) throws(JSONError) {
    try node.requireKeys(["number", "line", "path"])
    let elements = try node.member("path").elements()
    // No tree of a transcript is higher.
    guard elements.count <= 40 else {
      throw .outOfRange(path: "$.path", found: "\(elements.count) digests", expected: "at most 40")
    }
    var path: [[UInt8]] = []
    for element in elements { path.append(try element.hex(byteCount: SHA256.digestLength)) }
    self.init(
      number: try node.member("number").integer(in: 1...1_000_000_000),
      bytes: Array(try node.member("line").string().utf8), path: path)
  }
}
