// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofAudit
@testable import DriftProofAuditEndpoint
import DriftProofCore
import Foundation
import TestSupport
import Testing

/// Asking, with every failure of an endpoint, in memory.
@Suite struct AskerTests {
  private let folder: TemporaryFolder
  private let simulation: Simulation

  init() throws {
    folder = try TemporaryFolder()
    simulation = try Simulation { $0.mode = .quick }
  }

  private var address: EndpointAddress { EndpointAddress(origin: "https://api.example.com", path: "/v1") }

  private func options(_ questions: Int) -> AskOptions {
    var options = AskOptions(questions: questions, tool: "driftproof/test") { "2026-03-01T12:30:00Z" }
    options.pace = 0.0001
    return options
  }

  private func access(_ client: FakeEndpoint, local: Bool = false) -> EndpointAccess {
    EndpointAccess(
      plan: simulation.plan, address: address, actualOrigin: local ? "http://127.0.0.1:1" : nil,
      modelName: local ? "reference" : simulation.plan.modelName, apiKey: nil, client: client)
  }

  private func record(_ count: Int, _ client: FakeEndpoint, file: String = "ref") throws -> AskReport {
    try Asker(
      plan: simulation.plan, key: simulation.key, prompts: nil, access: access(client, local: true), reference: nil,
      options: options(count)
    ).run(file: folder.file(file))
  }

  private func run(
    _ client: FakeEndpoint, _ reference: Transcript, file: String = "cand", questions: Int = 120
  ) throws -> AskReport {
    try Asker(
      plan: simulation.plan, key: simulation.key, prompts: nil, access: access(client),
      reference: ReferenceAnswers(plan: simulation.plan, transcript: reference), options: options(questions)
    ).run(file: folder.file(file))
  }

  private func compare(_ reference: String = "ref", _ candidate: String = "cand") throws -> AuditResult {
    func bytes(_ name: String) throws -> [UInt8] {
      [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.file(name))))
    }
    return try simulation.compare(bytes(reference), bytes(candidate))
  }

  private func fails(_ error: AskError, _ location: SourceLocation = #_sourceLocation, _ body: () throws -> Void) {
    #expect(throws: error, sourceLocation: location) { try body() }
  }

  @Test func anHonestEndpointHearsSame() throws {
    let reference = try record(100, FakeEndpoint(FakeEndpoint.honest))
    #expect(reference.preflight?.listed == 20)
    #expect(reference.preflight?.spelling == .plain)
    #expect(reference.isRepeatable == true)
    let client = FakeEndpoint(FakeEndpoint.honest)
    let report = try run(client, reference.transcript)
    #expect(report.decision?.verdict == .same)
    #expect(try compare().verdict == .same)
    // No question goes out twice, but for the one that tries whether answers repeat.
    #expect(client.attempts.values.filter { $0 > 1 }.count == 1)
  }

  @Test func anotherModelHearsDifferent() throws {
    let reference = try record(100, FakeEndpoint(FakeEndpoint.honest))
    let report = try run(FakeEndpoint(FakeEndpoint.other), reference.transcript)
    #expect(report.decision?.verdict == .different)
    #expect(try compare().verdict == .different)
    fails(.hasVerdict(.different)) { _ = try run(FakeEndpoint(FakeEndpoint.honest), reference.transcript) }
  }

  /// Storms that recover leave the same verdict and the same scores.
  @Test func failuresThatRecoverChangeNothing() throws {
    let reference = try record(100, FakeEndpoint(FakeEndpoint.honest))
    _ = try run(FakeEndpoint(FakeEndpoint.honest), reference.transcript, file: "calm")
    let storm = FakeEndpoint { call in
      switch (call.number % 6, call.attempt) {
      case (0, 1): FakeEndpoint.status(429, retryAfter: 1)
      case (1, 1...3): FakeEndpoint.status(503)
      case (2, 1): .broken("x")
      case (3, 1...2): .timedOut
      case (4, 1...4): .answered(status: 200, body: Array("{\"choices\":[{\"te".utf8), retryAfter: nil)
      default: FakeEndpoint.honest(call)
      }
    }
    _ = try run(storm, reference.transcript, file: "storm")
    let (calm, stormy) = (try compare("ref", "calm"), try compare("ref", "storm"))
    #expect(calm.verdict == .same && stormy.verdict == .same)
    #expect(calm.rows == stormy.rows)
    #expect(calm.decision == stormy.decision)
  }

  /// What is lost for good accuses nobody, and helps nobody.
  @Test func failuresForGoodDecideNothing() throws {
    let reference = try record(120, FakeEndpoint(FakeEndpoint.honest))
    let client = FakeEndpoint { call in
      call.number > 8 && call.number % 20 == 0 ? FakeEndpoint.status(500) : FakeEndpoint.honest(call)
    }
    let report = try run(client, reference.transcript)
    #expect(report.decision?.verdict == .undecided)
    #expect(try compare().missing == 6)
    #expect(client.attempts.values.contains(5))
  }

  @Test func refusalsOfOneQuestionAreNotRepeated() throws {
    let reference = try record(120, FakeEndpoint(FakeEndpoint.honest))
    let client = FakeEndpoint { call in call.number == 30 ? FakeEndpoint.status(422) : FakeEndpoint.honest(call) }
    #expect(try run(client, reference.transcript).decision?.verdict == .undecided)
    #expect(try compare().missing == 1)
    #expect(client.attempts.values.max() == 3)
  }

  @Test(arguments: [400, 401, 402, 403, 404, 422])
  func aRefusalAtOnceStops(_ status: Int) throws {
    fails(.refused(status: status)) { _ = try record(10, FakeEndpoint { _ in FakeEndpoint.status(status) }) }
  }

  @Test(arguments: [401, 402]) func aKeyThatIsRefusedLaterStops(_ status: Int) throws {
    let client = FakeEndpoint { $0.number > 20 ? FakeEndpoint.status(status) : FakeEndpoint.honest($0) }
    fails(.refused(status: status)) { _ = try record(40, client) }
    // And goes on when it is accepted again, asking nothing twice.
    let again = FakeEndpoint(FakeEndpoint.honest)
    let report = try record(40, again)
    #expect(report.preflight == nil)
    #expect(report.transcript.resolvedCount == 40)
    #expect(again.attempts.count < 30)
  }

  @Test func anUnreadableEndpointIsNoVerdict() throws {
    let reference = try record(100, FakeEndpoint(FakeEndpoint.honest))
    let client = FakeEndpoint { $0.number > 20 ? .broken("the cable") : FakeEndpoint.honest($0) }
    fails(.unreadable(last: "the cable")) { _ = try run(client, reference.transcript) }
    #expect(throws: AuditRejection.noEnd(.candidate)) { try compare() }
    #expect(try run(FakeEndpoint(FakeEndpoint.honest), reference.transcript).decision?.verdict == .undecided)
  }

  @Test func redirectionsAreRefused() throws {
    fails(.redirected(status: 307)) { _ = try record(10, FakeEndpoint { _ in .redirected(status: 307) }) }
  }

  // MARK: Preflight

  private func stripped(_ answer: Answer, to count: Int) -> Answer {
    let tokens = answer.tokens.map { AnswerToken(token: $0.token, value: $0.value, top: Array($0.top.prefix(count))) }
    return Answer(text: answer.text, tokens: tokens, finish: answer.finish)
  }

  private func reply(_ answer: Answer) -> HTTPReply {
    .answered(status: 200, body: FakeEndpoint.body(answer), retryAfter: nil)
  }

  @Test func whatIsMissingIsSaidBeforehand() throws {
    let stripped = stripped
    let reply = reply
    fails(.noText(hasReasoning: false)) {
      _ = try record(3, FakeEndpoint { _ in reply(Answer(text: [], tokens: [], finish: "stop")) })
    }
    fails(.noText(hasReasoning: true)) {
      let body = #"{"choices":[{"message":{"content":null,"reasoning_content":"hm"}}]}"#
      _ = try record(3, FakeEndpoint { _ in .answered(status: 200, body: Array(body.utf8), retryAfter: nil) })
    }
    fails(.noLogProbabilities) {
      _ = try record(
        3, FakeEndpoint { reply(Answer(text: Array($0.prompt.utf8), tokens: [], finish: "length")) })
    }
    fails(.noSpelling) {
      _ = try record(
        3,
        FakeEndpoint { call in
          let answer = Simulation.answer(call.prompt, shift: 0)
          return reply(Answer(text: Array("y".utf8), tokens: answer.tokens, finish: "length"))
        })
    }
    fails(.fewListed(found: 3, needed: 5)) {
      _ = try record(3, FakeEndpoint { reply(stripped(Simulation.answer($0.prompt, shift: 0), 3)) })
    }
    fails(.referenceSamples) {
      _ = try record(
        3,
        FakeEndpoint { call in
          let answer = Simulation.answer(call.prompt, shift: 0)
          let first = AnswerToken(
            token: answer.tokens[0].top[3].token, value: answer.tokens[0].top[3].value, top: answer.tokens[0].top)
          let tokens = [first] + answer.tokens.dropFirst()
          return reply(Answer(text: Array(tokens.map(\.token).joined()), tokens: tokens, finish: "length"))
        })
    }
  }

  @Test func aReferenceThatSamplesLaterIsSeenAtItsEnd() throws {
    let reply = reply
    let client = FakeEndpoint { call in
      let answer = Simulation.answer(call.prompt, shift: 0)
      guard call.number == 12 else { return reply(answer) }
      let first = AnswerToken(
        token: answer.tokens[0].top[3].token, value: answer.tokens[0].top[3].value, top: answer.tokens[0].top)
      let tokens = [first] + answer.tokens.dropFirst()
      return reply(Answer(text: Array(tokens.map(\.token).joined()), tokens: tokens, finish: "length"))
    }
    #expect(throws: AskError.self) { _ = try record(20, client) }
  }

  @Test func twoDecimalsNeedAWideMargin() throws {
    let body =
      #"{"choices":[{"text":"a","finish_reason":"length","logprobs":{"content":[{"token":"a","logprob":-0.12,"top_logprobs":[]}]}}]}"#
    let response = try EndpointResponse(body: Array(body.utf8), tokens: 8, wantsLogProbabilities: true)
    var plan = simulation.plan
    #expect(throws: AskError.fewListed(found: 0, needed: 5)) {
      try Preflight([response], plan: plan, side: .reference)
    }
    plan.margin = 9_999
    #expect(throws: AskError.fewDecimals(found: 2, margin: 9_999)) {
      try Preflight([response], plan: plan, side: .candidate)
    }
  }

  @Test func aReferenceWithManyGapsIsNone() throws {
    let client = FakeEndpoint { call in
      call.number >= 8 && call.number % 10 == 0 ? FakeEndpoint.status(422) : FakeEndpoint.honest(call)
    }
    #expect(throws: AskError.referenceMissing(missing: 4, count: 40)) { try record(40, client) }
  }

  /// Lists cut short: never DIFFERENT by that, and SAME only where the lists are whole.
  @Test func shortListsProveNothing() throws {
    let stripped = stripped
    let reply = reply
    let reference = try record(120, FakeEndpoint(FakeEndpoint.honest))
    for count in [1, 3] {
      let report = try run(
        FakeEndpoint { reply(stripped(Simulation.answer($0.prompt, shift: 0), count)) }, reference.transcript,
        file: "short\(count)")
      #expect(report.decision?.verdict == .undecided)
      #expect(try compare("ref", "short\(count)").rows.allSatisfy { $0.score.low == 0 })
    }
    let whole = try run(
      FakeEndpoint { reply(stripped(Simulation.answer($0.prompt, shift: 0), 5)) }, reference.transcript, file: "five")
    #expect(whole.decision?.verdict == .same)
  }

  // MARK: Going on

  @Test func anAuditGoesOnWhereItStopped() throws {
    let reference = try record(100, FakeEndpoint(FakeEndpoint.honest))
    let first = try run(FakeEndpoint(FakeEndpoint.honest), reference.transcript, questions: 40)
    #expect(first.decision?.verdict == .undecided)
    let second = FakeEndpoint(FakeEndpoint.honest)
    let report = try run(second, reference.transcript)
    #expect(report.decision?.verdict == .same)
    #expect(second.attempts.count <= 52)
    #expect(try compare().verdict == .same)
  }

  /// Cut off at any byte, as a crash leaves it: it goes on, answers nothing twice, and ends in the same verdict.
  @Test func aCrashAtAnyByteIsSurvived() throws {
    let reference = try record(95, FakeEndpoint(FakeEndpoint.honest))
    _ = try run(FakeEndpoint(FakeEndpoint.honest), reference.transcript, file: "whole")
    let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.file("whole"))))
    let truth = try compare("ref", "whole")
    var random = SeededGenerator(seed: 41)
    for turn in 0..<12 {
      let cut = turn == 0 ? 5 : Int.random(in: 0..<whole.count - 10, using: &random)
      try Data(whole.prefix(cut)).write(to: URL(fileURLWithPath: folder.file("cut\(turn)")))
      let report = try run(FakeEndpoint(FakeEndpoint.honest), reference.transcript, file: "cut\(turn)")
      #expect(report.decision?.verdict == .same)
      let result = try compare("ref", "cut\(turn)")
      #expect(result.rows == truth.rows)
    }
  }

  @Test func otherFilesAreLeftAlone() throws {
    let reference = try record(20, FakeEndpoint(FakeEndpoint.honest))
    for content in ["notes without a line end", "{\"precious\": 1}", "one line\n"] {
      let path = folder.file("notes")
      try Data(content.utf8).write(to: URL(fileURLWithPath: path))
      #expect(throws: AskError.self) { try run(FakeEndpoint(FakeEndpoint.honest), reference.transcript, file: "notes") }
      #expect(try String(contentsOfFile: path, encoding: .utf8) == content)
    }
    // Of another side, model or beacon.
    #expect(throws: AskError.transcript(.wrongSide(expected: .candidate))) {
      try run(FakeEndpoint(FakeEndpoint.honest), reference.transcript, file: "ref")
    }
    var beacon = options(20)
    beacon.beacon = [1]
    fails(.otherHeader(field: "beacon", stated: "none", expected: "01")) {
      _ = try Asker(
        plan: simulation.plan, key: simulation.key, prompts: nil,
        access: access(FakeEndpoint(FakeEndpoint.honest), local: true), reference: nil, options: beacon
      ).run(file: folder.file("ref"))
    }
  }

  @Test func onlyOneProgramWrites() throws {
    let held = try AppendedFile(folder.file("ref"), mode: 0o600)
    #expect(throws: AskError.self) { try record(3, FakeEndpoint(FakeEndpoint.honest)) }
    try held.append([], waits: false)
  }

  @Test func waitsAreThoseThatServersAskFor() {
    #expect(FailureRule.wait(failures: 1, retryAfter: 7, jitter: 0) == 7)
    #expect(FailureRule.wait(failures: 1, retryAfter: 100_000, jitter: 0) == 600)
    #expect(FailureRule.wait(failures: 1, retryAfter: nil, jitter: 500) == 1)
    #expect(FailureRule.wait(failures: 3, retryAfter: nil, jitter: 500) == 4)
    for (status, isRepeatable) in [
      (408, true), (409, true), (425, true), (429, true), (500, true), (503, true), (422, false), (410, false),
    ] {
      #expect(FailureRule.isRepeatable(.status, status) == isRepeatable)
    }
  }

  /// A router that serves requests for log probabilities honestly, and all others from elsewhere, hears SAME from an audit by
  /// log probabilities: the limit that the documents name. One of texts alone sees it.
  @Test func aRouterThatKnowsAuditsIsSeenByTextsOnly() throws {
    let router: @Sendable (FakeEndpoint.Call) -> HTTPReply = { call in
      call.wantsLogProbabilities ? FakeEndpoint.honest(call) : FakeEndpoint.other(call)
    }
    let reference = try record(95, FakeEndpoint(FakeEndpoint.honest))
    #expect(try run(FakeEndpoint(router), reference.transcript).decision?.verdict == .same)
    let file = try PromptFile(Array((0..<300).map { "line \($0) of a user\n" }.joined().utf8))
    var plan = simulation.plan
    plan.score = .text
    plan.prompts = .file(digest: file.digest)
    func ask(_ name: String, _ client: FakeEndpoint, _ reference: Transcript?) throws -> AskReport {
      try Asker(
        plan: plan, key: simulation.key, prompts: file,
        access: EndpointAccess(
          plan: plan, address: address, modelName: plan.modelName, apiKey: nil, client: client),
        reference: try reference.map { try ReferenceAnswers(plan: plan, transcript: $0) }, options: options(100)
      ).run(file: folder.file(name))
    }
    let texts = try ask("texts", FakeEndpoint(FakeEndpoint.honest), nil)
    #expect(try ask("routed", FakeEndpoint(router), texts.transcript).decision?.verdict == .different)
    #expect(try ask("straight", FakeEndpoint(FakeEndpoint.honest), texts.transcript).decision?.verdict == .same)
    var tooMany = options(301)
    tooMany.pace = 0
    #expect(throws: AskError.noMorePrompts(count: 300)) {
      try Asker(
        plan: plan, key: simulation.key, prompts: file,
        access: EndpointAccess(
          plan: plan, address: address, modelName: plan.modelName, apiKey: nil,
          client: FakeEndpoint(FakeEndpoint.honest)), reference: nil, options: tooMany
      ).run(file: folder.file("more"))
    }
  }
}
