// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofAudit
import DriftProofCore

/// Two transcripts made without network: what an honest auditor writes down, and what cheats make of it.
struct Simulation {
  typealias Endpoint = (_ prompt: String, _ index: Int) -> Answer?

  var plan: AuditPlan
  let key = PlanTests.key
  var beacon: [UInt8] = []
  var referenceModel = "reference"
  /// The plan's own questions, where it has a file of them.
  var file: PromptFile?

  init(_ change: (inout AuditPlan) -> Void = { _ in }) throws {
    plan = try PlanTests.plan()
    change(&plan)
  }

  /// Eight tokens that follow from the question alone.
  static func model(_ prompt: String, _ index: Int) -> Answer? { answer(prompt, shift: 0) }

  /// The same, each listed value less likely by `shift` millionths of a nat.
  static func answer(_ prompt: String, shift: Int) -> Answer {
    let seed = SHA256.hash(Array(prompt.utf8))
    let tokens = (0..<8).map { place -> AnswerToken in
      let words = (0..<20).map { " w\((Int(seed[place]) + 7 * $0) % 256)" }
      let top = words.enumerated().map { rank, word in
        AnswerToken.Entry(token: Array(word.utf8), value: -200_000 * (rank + 1) - shift)
      }
      return AnswerToken(token: top[0].token, value: top[0].value, top: top)
    }
    return Answer(text: Array(tokens.map(\.token).joined()), tokens: tokens, finish: "length")
  }

  func questions() throws -> PromptSource { try plan.questions(key: key, beacon: beacon, file: file) }

  func header(_ side: AuditSide) -> TranscriptLine.Header {
    TranscriptLine.Header(
      side: side, plan: plan.digest.hexadecimal, origin: side == .reference ? "local" : "https://api.example.com",
      path: plan.isChat ? "/v1/chat/completions" : "/v1/completions",
      model: side == .reference ? referenceModel : plan.modelName, spelling: .plain,
      beacon: beacon.isEmpty ? nil : beacon.hexadecimal, tool: "driftproof/test", started: "2026-03-01T12:30:00Z")
  }

  func session(reference: String?) -> TranscriptLine {
    .session(.init(at: "2026-03-01T12:30:00Z", concurrency: 4, reference: reference))
  }

  func sent(_ side: AuditSide, _ index: Int, attempt: Int = 1, prompt: String? = nil) throws -> TranscriptLine {
    let model = side == .reference ? referenceModel : plan.modelName
    let text = try prompt ?? questions().prompt(index) ?? ""
    return .sent(
      .init(
        index: index, attempt: attempt,
        request: SHA256.hash(EndpointRequest(plan: plan, modelName: model).body(text)).hexadecimal,
        salt: key.salt(side: side, kind: .sent, index: index, attempt: attempt).hexadecimal,
        at: "2026-03-01T12:30:00Z"))
  }

  func answered(_ side: AuditSide, _ index: Int, _ answer: Answer, attempt: Int = 1) -> TranscriptLine {
    .answer(
      .init(
        index: index, attempt: attempt, body: SHA256.hash(answer.text).hexadecimal, answer: answer,
        salt: key.salt(side: side, kind: .answer, index: index, attempt: attempt).hexadecimal))
  }

  /// The reference's file.
  func reference(_ count: Int, _ endpoint: Endpoint = model) throws -> [UInt8] {
    var writer = Writer(side: .reference, plan: plan)
    try writer.add(.header(header(.reference)), session(reference: nil))
    for index in 0..<count { try ask(.reference, index, endpoint, &writer) }
    try writer.end(count: count, outcome: nil)
    return writer.file
  }

  func ask(_ side: AuditSide, _ index: Int, _ endpoint: Endpoint, _ writer: inout Writer) throws {
    try writer.add(sent(side, index))
    if let answer = endpoint(try questions().prompt(index) ?? "", index) {
      try writer.add(answered(side, index, answer))
    } else {
      try writer.add(
        .failure(.init(index: index, attempt: 1, reason: .status, status: 403, retryAfter: nil)),
        .missing(index: index, attempts: 1))
    }
  }

  func read(_ file: [UInt8], _ side: AuditSide) throws -> Transcript {
    try Transcript(file: file, side: side, planDigest: plan.digest)
  }

  /// The candidate's file, up to the first verdict or the end of the reference.
  func candidate(_ reference: [UInt8], _ endpoint: Endpoint = model, limit: Int = .max) throws -> [UInt8] {
    let answers = try ReferenceAnswers(plan: plan, transcript: try read(reference, .reference))
    var scoring = Scoring(plan: plan, reference: answers, spelling: .plain)
    var writer = Writer(side: .candidate, plan: plan)
    try writer.add(.header(header(.candidate)), session(reference: answers.currentRoot))
    for index in 0..<min(limit, answers.count) where scoring.decision.verdict == .undecided {
      guard answers.answer(index) != nil else { continue }
      try ask(.candidate, index, endpoint, &writer)
      scoring.take(index, endpoint(try questions().prompt(index) ?? "", index))
    }
    try writer.end(count: scoring.decision.count, outcome: .init(scoring.decision))
    return writer.file
  }

  func compare(_ reference: [UInt8], _ candidate: [UInt8]) throws -> AuditResult {
    try AuditResult(
      plan: plan, key: key, prompts: file, reference: try read(reference, .reference),
      candidate: try read(candidate, .candidate))
  }
}

/// Writes lines by the rules.
struct Writer {
  var transcript: Transcript
  var file: [UInt8] = []

  init(side: AuditSide, plan: AuditPlan) { transcript = Transcript(side: side, planDigest: plan.digest) }

  mutating func add(_ lines: TranscriptLine...) throws {
    for line in lines { file += try transcript.append(line) + [0x0A] }
  }

  mutating func end(count: Int, outcome: TranscriptLine.Outcome?) throws {
    try add(transcript.ending(count: count, outcome: outcome))
  }
}

/// Lines taken apart and linked anew, as whoever holds no key can do it.
enum Forgery {
  /// The file with its lines changed, every link, count and root made anew.
  static func relinked(
    _ file: [UInt8], _ planDigest: [UInt8], _ change: (inout [TranscriptLine]) -> Void
  ) throws -> [UInt8] {
    var lines = try file.split(separator: 0x0A).map { try TranscriptLine.read(Array($0)).line }
    change(&lines)
    var (previous, tree, result) = (planDigest, LineTree(), [UInt8]())
    for var line in lines {
      if case .end(var end) = line {
        end.lines = tree.count
        end.root = tree.root.hexadecimal
        line = .end(end)
      }
      let bytes = line.bytes(after: previous)
      result += bytes + [0x0A]
      previous = SHA256.hash(bytes)
      tree.append(previous)
    }
    return result
  }
}
