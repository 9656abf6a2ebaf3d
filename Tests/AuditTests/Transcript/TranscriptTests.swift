// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofAudit
import DriftProofCore
import TestSupport
import Testing

@Suite struct AuditTranscriptTests {
  private let simulation: Simulation

  init() throws { simulation = try Simulation() }

  private func begun(_ side: AuditSide = .reference) throws -> Writer {
    var writer = Writer(side: side, plan: simulation.plan)
    let root = String(repeating: "ab", count: 32)
    try writer.add(
      .header(simulation.header(side)), simulation.session(reference: side == .candidate ? root : nil))
    return writer
  }

  private func answer(_ index: Int, attempt: Int = 1) -> TranscriptLine {
    simulation.answered(.reference, index, Simulation.answer("x", shift: 0), attempt: attempt)
  }

  private func failure(_ index: Int, attempt: Int = 1) -> TranscriptLine {
    .failure(.init(index: index, attempt: attempt, reason: .status, status: 429, retryAfter: 2))
  }

  @Test func everyLineIsReadBack() throws {
    var writer = try begun()
    try writer.add(
      simulation.sent(.reference, 0), failure(0), simulation.sent(.reference, 0, attempt: 2), answer(0, attempt: 2),
      simulation.sent(.reference, 1),
      .failure(.init(index: 1, attempt: 1, reason: .timeout, status: nil, retryAfter: nil)),
      .missing(index: 1, attempts: 1))
    try writer.end(count: 2, outcome: nil)
    let read = try simulation.read(writer.file, .reference)
    #expect(read.questions == writer.transcript.questions)
    #expect(read.root == writer.transcript.root)
    #expect(read.header == simulation.header(.reference))
    #expect(read.resolvedCount == 2)
    #expect(read.lastEnding != nil)
    for line in writer.file.split(separator: 0x0A) {
      let (parsed, previous) = try TranscriptLine.read(Array(line))
      #expect(parsed.bytes(after: previous) == Array(line))
    }
    var candidate = try begun(.candidate)
    try candidate.end(count: 0, outcome: .init(Decision(mode: .quick)))
    _ = try simulation.read(candidate.file, .candidate)
  }

  /// Tokens have a reader of their own, for speed: it takes what the reader of values takes, and nothing else.
  @Test func tokensAreReadAsValuesAre() throws {
    func outcome(_ read: ([UInt8]) throws -> (line: TranscriptLine, previous: [UInt8]), _ line: [UInt8]) -> String {
      do { return "\(try read(line))" } catch { return "\(error)" }
    }
    let tokens = [
      AnswerToken(token: [], value: 0, top: []),
      AnswerToken(token: [0xFF, 0x3E], value: -100_000_000, top: [.init(token: [0xFB], value: -7)]),
    ]
    let answers = [
      Simulation.answer("x", shift: 0), Answer(text: [0x22, 0x2C], tokens: tokens, finish: ""),
      Answer(text: [1], tokens: [], finish: ",\"tokens\":["),
    ]
    var generator = SeededGenerator(seed: 12)
    for answer in answers {
      let line = simulation.answered(.candidate, 3, answer).bytes(after: [UInt8](repeating: 5, count: 32))
      #expect(outcome(TranscriptLine.read, line) == outcome(TranscriptLine.readValues, line))
      #expect(TokenScan.split(line)?.tokens == answer.tokens)
      let text = String(decoding: line, as: UTF8.self)
      var others = [
        text.dropLast() + ",\"z\":0}", text + " ", text.dropLast(2) + "}", text.replacing("\"l\":-", with: "\"l\":-0"),
        text.replacing("\"l\":", with: "\"l\": "), text.replacing(",-7]", with: ",-07]"),
        text.replacing(",-7]", with: ",-7.0]"),
        text.replacing(",-7]", with: ",7]"), text.replacing(",-7]", with: ",-0]"), text.replacing("/z4=", with: "_z4="),
        text.replacing("/z4=", with: "/z5="), text.replacing("-100000000", with: "-100000001"),
        text.replacing("-100000000", with: "-10000000000000000000000"),
        text.replacing(",\"tokens\":[", with: ",\"tokens\":[,"),
        text.replacing("\"i\":3", with: "\"i\":{\"a\":1"),
      ].map { Array($0.utf8) }
      for _ in 0..<200 {
        var damaged = line
        // Mostly in the tokens.
        let place = line.count - 1 - Int.random(in: 0..<min(line.count, 400), using: &generator)
        damaged[place] = [0x20, 0x2C, 0x22, 0x5D, 0x5B, 0x30, 0x2D, 0x3D, 0x41].randomElement(using: &generator) ?? 0
        others.append(damaged)
      }
      for other in others {
        #expect(outcome(TranscriptLine.read, other) == outcome(TranscriptLine.readValues, other))
      }
    }
  }

  @Test func rulesAreKeptByName() throws {
    func fails(_ error: TranscriptError, side: AuditSide = .reference, _ lines: TranscriptLine...) throws {
      var writer = try begun(side)
      #expect(throws: error) { for line in lines { try writer.add(line) } }
    }
    let sent = try simulation.sent(.reference, 0)
    try fails(.resolvedTwice(number: 5, index: 0), sent, answer(0), simulation.sent(.reference, 0, attempt: 2))
    try fails(.resolvedTwice(number: 5, index: 0), sent, answer(0), answer(0))
    try fails(.resolvedTwice(number: 5, index: 0), sent, answer(0), .missing(index: 0, attempts: 1))
    try fails(.stillOpen(number: 4, index: 0), sent, simulation.sent(.reference, 0, attempt: 2))
    try fails(.stillOpen(number: 4, index: 0), sent, .missing(index: 0, attempts: 1))
    try fails(.wrongAttempt(number: 3, index: 0, expected: 1), simulation.sent(.reference, 0, attempt: 2))
    try fails(.wrongAttempt(number: 4, index: 0, expected: 1), sent, answer(0, attempt: 2))
    try fails(.wrongAttempt(number: 5, index: 0, expected: 1), sent, failure(0), .missing(index: 0, attempts: 2))
    try fails(.notSent(number: 3, index: 0), answer(0))
    try fails(.notSent(number: 3, index: 0), .missing(index: 0, attempts: 1))
    try fails(.notSent(number: 5, index: 0), sent, failure(0), failure(0))
    try fails(
      .missingWithoutFailure(number: 5, index: 0), sent, simulation.session(reference: nil),
      .missing(index: 0, attempts: 1))
    try fails(.secondHeader(number: 3), .header(simulation.header(.reference)))
    try fails(.sessionReference(number: 3), simulation.session(reference: String(repeating: "0", count: 64)))
    try fails(.sessionReference(number: 3), side: .candidate, simulation.session(reference: nil))
    let root = String(repeating: "0", count: 64)
    try fails(.wrongLineCount(number: 3, expected: 2), .end(.init(count: 0, outcome: nil, lines: 3, root: root)))
    try fails(.wrongRoot(number: 3), .end(.init(count: 0, outcome: nil, lines: 2, root: root)))
    try fails(
      .wrongEnd(number: 3), .end(.init(count: 0, outcome: .init(Decision(mode: .quick)), lines: 2, root: root)))
    try fails(.wrongEnd(number: 3), side: .candidate, .end(.init(count: 0, outcome: nil, lines: 2, root: root)))
    var ended = try begun()
    try ended.end(count: 0, outcome: nil)
    #expect(throws: TranscriptError.noSession(number: 4)) { try ended.add(sent) }
    var empty = Writer(side: .reference, plan: simulation.plan)
    #expect(throws: TranscriptError.noHeader) { try empty.add(sent) }
    #expect(throws: TranscriptError.wrongSide(expected: .reference)) {
      try empty.add(.header(simulation.header(.candidate)))
    }
    var other = simulation.header(.reference)
    other.plan = root
    #expect(throws: TranscriptError.otherPlan(stated: root)) { try empty.add(.header(other)) }
    try empty.add(.header(simulation.header(.reference)))
    #expect(throws: TranscriptError.noSession(number: 2)) { try empty.add(sent) }
  }

  /// After a crash, what had no answer is asked again, and nothing else.
  @Test func aNewSessionAsksAgain() throws {
    var writer = try begun()
    try writer.add(
      simulation.sent(.reference, 0), simulation.session(reference: nil), simulation.sent(.reference, 0, attempt: 2))
    #expect(throws: TranscriptError.wrongAttempt(number: 6, index: 0, expected: 2)) { try writer.add(answer(0)) }
    try writer.add(answer(0, attempt: 2))
    #expect(writer.transcript.questions[0]?.isResolved == true)
  }

  @Test func filesAreRefusedByName() throws {
    var writer = try begun()
    try writer.add(simulation.sent(.reference, 0), answer(0))
    let file = writer.file
    func error(_ bytes: [UInt8], _ side: AuditSide = .reference) -> TranscriptError? {
      do { _ = try Transcript(file: bytes, side: side, planDigest: simulation.plan.digest) } catch { return error }
      return nil
    }
    #expect(error([]) == .empty)
    #expect(error(Array(file.dropLast())) == .unfinishedLine(number: 4))
    #expect(error(file, .candidate) == .wrongSide(expected: .candidate))
    #expect(error([UInt8](repeating: 0x61, count: (1 << 20) + 1) + [0x0A]) == .longLine(number: 1))
    let lines = file.split(separator: 0x0A).map(Array.init)
    #expect(error(Array(lines[1]) + [0x0A]) == .otherPlan(stated: SHA256.hash(lines[0]).hexadecimal))
    #expect(error(lines[0] + [0x0A] + lines[2] + [0x0A]) == .brokenChain(number: 2))
    for (old, new) in [
      ("\"kind\":\"sent\"", "\"kind\":\"post\""), ("\"attempt\":1", "\"attempt\":0"),
      ("\"attempt\":1", "\"attempt\":1.0"),
      ("\"i\":0", "\"i\":-1"), ("\"i\":0", "\"i\":1000000"), ("2026-03", "2026-13"), ("{\"at\"", "{\"a\":1,\"at\""),
    ] {
      let text = String(decoding: lines[2], as: UTF8.self).replacing(old, with: new)
      let found = error(lines[0] + [0x0A] + lines[1] + [0x0A] + Array(text.utf8) + [0x0A])
      guard case .malformed(number: 3, reason: _)? = found else {
        Issue.record("\(new): \(String(describing: found))")
        continue
      }
    }
  }

  /// Lists that no endpoint's answer has are refused when they are read, so that no file needs much more memory than its size.
  @Test func listsHaveLimits() throws {
    let entry = AnswerToken.Entry(token: [0x61], value: -1)
    func isRead(_ tokens: Int, _ list: Int) throws -> Bool {
      let token = AnswerToken(token: [0x61], value: -1, top: [AnswerToken.Entry](repeating: entry, count: list))
      let answer = Answer(text: [0x61], tokens: [AnswerToken](repeating: token, count: tokens), finish: "stop")
      let line = simulation.answered(.reference, 0, answer).bytes(after: [UInt8](repeating: 0, count: 32))
      return (try? TranscriptLine.read(line)) != nil
    }
    #expect(try isRead(72, 1))
    #expect(try !isRead(73, 1))
    #expect(try isRead(1, 64))
    #expect(try !isRead(1, 65))
  }

  @Test func theTreeIsThatOfTheRFC() {
    func leaf(_ digest: [UInt8]) -> [UInt8] { SHA256.hash([0], digest) }
    func node(_ a: [UInt8], _ b: [UInt8]) -> [UInt8] { SHA256.hash([1], a, b) }
    /// By its definition: split at the largest power of two below the number of leaves.
    func root(_ digests: ArraySlice<[UInt8]>) -> [UInt8] {
      guard digests.count > 1 else { return digests.first.map(leaf) ?? SHA256.hash([]) }
      var split = 1
      while split * 2 < digests.count { split *= 2 }
      return node(root(digests.prefix(split)), root(digests.dropFirst(split)))
    }
    var tree = LineTree()
    var digests: [[UInt8]] = []
    for count in 0..<40 {
      #expect(tree.root == root(digests[...]))
      digests.append(SHA256.hash([UInt8(count)]))
      tree.append(digests[count])
    }
  }

  /// Whatever the bytes, an error and no trap, and one content has one form.
  @Test func damagedLinesAreRefused() throws {
    var writer = try begun()
    try writer.add(simulation.sent(.reference, 0), answer(0))
    try writer.end(count: 1, outcome: nil)
    var random = SeededGenerator(seed: 33)
    let lines = writer.file.split(separator: 0x0A).map(Array.init)
    for _ in 0..<4000 {
      var bytes = lines.randomElement(using: &random) ?? []
      for _ in 0..<Int.random(in: 1...3, using: &random) where !bytes.isEmpty {
        let place = Int.random(in: bytes.indices, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: place)
        case 2: bytes.insert(contentsOf: Array("99999999999999999999".utf8), at: place)
        default: bytes.insert(UInt8.random(in: 0x20...0x7E, using: &random), at: place)
        }
      }
      if let (line, previous) = try? TranscriptLine.read(bytes) { #expect(line.bytes(after: previous) == bytes) }
    }
  }
}
