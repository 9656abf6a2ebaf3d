// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofAudit
import DriftProofCore
import TestSupport
import Testing

@Suite struct ResponseTests {
  private func read(_ text: String, tokens: Int = 8) throws(ResponseError) -> EndpointResponse {
    try EndpointResponse(body: Array(text.utf8), tokens: tokens, wantsLogProbabilities: true)
  }

  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  @Test func theNewerShapeIsRead() throws {
    let response = try read(
      """
      {"model":"m","system_fingerprint":"fp","usage":{"prompt_tokens":41},"choices":[{"text":" a","finish_reason":"length",
       "logprobs":{"content":[{"token":" a","logprob":-0.1622041,"bytes":[32,97],"top_logprobs":[
         {"token":" a","logprob":-0.1622041,"bytes":[32,97]},{"token":"?","logprob":-4.5,"bytes":[195]},
         {"token":"x","logprob":null},{"token":"y","logprob":NaN},{"token":"z","logprob":-Infinity}]}]}}]}
      """)
    let token = try #require(response.answer.tokens.first)
    #expect(response.answer.text == bytes(" a"))
    #expect(response.answer.finish == "length")
    #expect(
      token
        == AnswerToken(
          token: [32, 97], value: -162_204,
          top: [.init(token: [32, 97], value: -162_204), .init(token: [195], value: -4_500_000)]))
    #expect(response.model == "m")
    #expect(response.fingerprint == "fp")
    #expect(response.promptTokens == 41)
    #expect(response.decimals == 7)
  }

  @Test func chatsAndTheOlderShapeAreRead() throws {
    let chat = try read(
      """
      {"choices":[{"message":{"role":"assistant","content":"b"},"logprobs":{"content":[{"token":"b","logprob":-9999.0,
      "top_logprobs":[]}]},"finish_reason":"stop"}]}
      """)
    #expect(chat.answer.tokens == [AnswerToken(token: bytes("b"), value: -100_000_000, top: [])])
    let old = try read(
      """
      {"choices":[{"text":"bc","logprobs":{"tokens":["b","c"],"token_logprobs":[-0.5,-0.25],
      "top_logprobs":[{"b":-0.5,"\\ufffd":-1,"\\ufffd":-2},null],"text_offset":[0,1]}}]}
      """)
    #expect(old.answer.tokens.count == 2)
    #expect(old.answer.tokens[0].top.count == 3)
    let read = try #require(ReadAnswer(old.answer, spelling: .plain))
    #expect(read.places[0].listed.count == 1)
  }

  @Test(arguments: [
    #"{"choices":[{"text":"a"}]}"#, #"{"choices":[{"text":"a","logprobs":null}]}"#,
    #"{"choices":[{"text":"a","logprobs":{"content":null}}]}"#,
    #"{"choices":[{"text":"a","logprobs":{"content":[]}}]}"#,
    #"{"choices":[{"text":"a","logprobs":{"content":[{"token":"a","logprob":null}]}}]}"#,
    #"{"choices":[{"text":"a","logprobs":{"tokens":["a"],"token_logprobs":[null]}}]}"#,
    #"{"choices":[{"text":"a","logprobs":{"tokens":["a"],"token_logprobs":[]}}]}"#,
  ])
  func answersWithoutLogProbabilitiesHaveNoTokens(_ text: String) throws {
    let response = try read(text)
    #expect(response.answer.tokens.isEmpty)
    #expect(ComparedAnswer(response.answer, spelling: .plain, score: .logProbabilities) == nil)
    #expect(ComparedAnswer(response.answer, spelling: .plain, score: .text) != nil)
  }

  @Test func emptyAndFilteredAnswersHaveNoScore() throws {
    for text in [
      #"{"choices":[{"text":""}]}"#, #"{"choices":[{"message":{"content":null}}]}"#,
      #"{"choices":[{"text":"a","finish_reason":"content_filter"}]}"#,
    ] {
      #expect(ComparedAnswer(try read(text).answer, spelling: .plain, score: .text) == nil)
    }
    let thinking = try read(#"{"choices":[{"message":{"content":"","reasoning_content":"hm"}}]}"#)
    #expect(thinking.hasReasoning)
  }

  @Test func whatIsNoAnswerIsRefusedByName() {
    let list = "[" + String(repeating: #"{"token":"a","logprob":-1},"#, count: 65).dropLast() + "]"
    let token = #"{"token":"a","logprob":-1,"top_logprobs":"# + list + "}"
    for (text, error) in [
      ("", ResponseError.notJSON), ("<html>", .notJSON), ("[]", .notJSON), (#"{"choices":[{"text":"a"}]"#, .notJSON),
      ("{}", .noChoice), (#"{"error":{"message":"x"}}"#, .noChoice), (#"{"choices":[]}"#, .noChoice),
      (#"{"choices":[7]}"#, .noChoice), (#"{"choices":[{"text":7}]}"#, .noText),
      (#"{"choices":[{"text":"a","logprobs":{"content":["# + token + "]}}]}", .tooLong),
      (
        #"{"choices":[{"text":"a","logprobs":{"content":["#
          + String(repeating: #"{"token":"a","logprob":-1},"#, count: 17).dropLast() + "]}}]}", .tooLong
      ),
      (
        #"{"choices":[{"text":"a","logprobs":{"content":[{"token":""# + String(repeating: "a", count: 1025)
          + #"","logprob":-1}]}}]}"#, .tooLong
      ),
    ] {
      #expect(throws: error, "\(text.prefix(60))") { try read(text) }
    }
    let long = String(repeating: "a", count: 1 << 19)
    #expect(throws: ResponseError.tooLong) { try read("{\"choices\":[{\"text\":\"\(long)\"}]}") }
    #expect(throws: ResponseError.notJSON) { try read(String(repeating: "[", count: 1_000_000)) }
    #expect(throws: ResponseError.notJSON) { try read("[" + String(repeating: "1,", count: 300_000) + "1]") }
  }

  @Test func namesOfServersCannotHarm() throws {
    let response = try read(#"{"model":"evil\u001b[2J","choices":[{"text":"a","finish_reason":"é"}]}"#)
    #expect(response.model?.hasPrefix("sha256:") == true)
    #expect(response.answer.finish.hasPrefix("sha256:"))
  }

  @Test func halfCharactersAreReplaced() {
    #expect(LooseJSON(bytes(#""\ud83d\ude00""#)) == .string(bytes("😀")))
    #expect(LooseJSON(bytes(#""\ud83dx""#)) == .string(bytes("\u{FFFD}x")))
    #expect(LooseJSON(bytes(#""\ud83d\u0041""#)) == .string(bytes("\u{FFFD}A")))
    #expect(LooseJSON(bytes(#""\q""#)) == nil)
    #expect(LooseJSON(bytes("tru")) == nil)
    #expect(LooseJSON(bytes("1 2")) == nil)
  }

  @Test func requestsAreTheSameBytesForAll() throws {
    var plan = try PlanTests.plan()
    func body(_ plan: AuditPlan) -> String {
      String(decoding: EndpointRequest(plan: plan, modelName: "m").body("a\n\"b"), as: UTF8.self)
    }
    #expect(
      body(plan)
        == #"{"logprobs":20,"max_tokens":8,"model":"m","prompt":"a\n\"b","stream":false,"temperature":0}"#)
    plan.isChat = true
    #expect(
      body(plan)
        == #"{"logprobs":true,"max_tokens":8,"messages":[{"content":"a\n\"b","role":"user"}],"model":"m","stream":false,"temperature":0,"top_logprobs":20}"#
    )
    plan.score = .text
    #expect(
      body(plan)
        == #"{"max_tokens":8,"messages":[{"content":"a\n\"b","role":"user"}],"model":"m","stream":false,"temperature":0}"#
    )
  }

  /// Whatever a server sends, an error and no trap.
  @Test func damagedBodiesAreRefused() {
    let body = bytes(
      #"{"choices":[{"text":" a","logprobs":{"content":[{"token":" a","logprob":-0.16,"bytes":[32,97],"top_logprobs":[{"token":" a","logprob":-1e-3}]}]},"finish_reason":"stop"}],"usage":{"prompt_tokens":4}}"#
    )
    var random = SeededGenerator(seed: 34)
    for _ in 0..<20_000 {
      var damaged = body
      for _ in 0..<Int.random(in: 1...4, using: &random) where !damaged.isEmpty {
        let place = Int.random(in: damaged.indices, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: damaged[place] = UInt8.random(in: 0...255, using: &random)
        case 1: damaged.removeSubrange(place...)
        case 2: damaged.insert(contentsOf: damaged[..<place], at: place)
        default: damaged.insert(UInt8.random(in: 0x20...0x7E, using: &random), at: place)
        }
      }
      guard let response = try? EndpointResponse(body: damaged, tokens: 8, wantsLogProbabilities: true) else {
        continue
      }
      for spelling in TokenSpelling.allCases {
        guard let read = ReadAnswer(response.answer, spelling: spelling) else { continue }
        let score = Distance(reference: read, candidate: read, listed: 20).score(scale: 100, margin: 20_000)
        #expect((0...1000).contains(score.low) && score.low <= score.high)
      }
    }
  }
}
