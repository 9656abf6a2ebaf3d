// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofAudit
@testable import DriftProofAuditEndpoint
import DriftProofCore
import Synchronization

/// An endpoint in memory: what comes of each attempt follows from the question and how often it was asked.
final class FakeEndpoint: HTTPAsking {
  struct Call: Sendable {
    let prompt: String
    /// From 1, of this question.
    let attempt: Int
    /// From 0, of all questions in the order in which they came first; the preflight's are the first eight.
    let number: Int
    let wantsLogProbabilities: Bool
  }

  private struct State {
    var attempts: [String: Int] = [:]
    var numbers: [String: Int] = [:]
  }

  private let state = Mutex(State())
  private let reply: @Sendable (Call) -> HTTPReply

  init(_ reply: @escaping @Sendable (Call) -> HTTPReply) { self.reply = reply }

  /// How often each question was asked.
  var attempts: [String: Int] { state.withLock { $0.attempts } }

  func ask(_ url: String, body: [UInt8]?, apiKey: String?, seconds: Double) -> HTTPReply {
    guard let body, let request = LooseJSON(body) else { return .answered(status: 200, body: [], retryAfter: nil) }
    let message = request.member("messages")?.elements?.first?.member("content")
    let prompt = String(decoding: (request.member("prompt") ?? message)?.bytes ?? [], as: UTF8.self)
    let call = state.withLock { state -> Call in
      state.attempts[prompt, default: 0] += 1
      let number = state.numbers[prompt] ?? state.numbers.count
      state.numbers[prompt] = number
      return Call(
        prompt: prompt, attempt: state.attempts[prompt] ?? 1, number: number,
        wantsLogProbabilities: request.member("logprobs") != nil)
    }
    return reply(call)
  }

  /// A body in the newer shape.
  static func body(_ answer: Answer, promptTokens: Int = 7) -> [UInt8] {
    func text(_ bytes: [UInt8]) -> String { StrictJSON.quoted(String(decoding: bytes, as: UTF8.self)) }
    func value(_ micronats: Int) -> String {
      let digits = String(abs(micronats))
      let padded = String(repeating: "0", count: max(0, 7 - digits.count)) + digits
      return "-\(padded.dropLast(6)).\(padded.suffix(6))"
    }
    let tokens = answer.tokens.map { token in
      let top = token.top.map { "{\"token\":\(text($0.token)),\"logprob\":\(value($0.value))}" }.joined(separator: ",")
      return "{\"token\":\(text(token.token)),\"logprob\":\(value(token.value)),\"top_logprobs\":[\(top)]}"
    }.joined(separator: ",")
    let list = answer.tokens.isEmpty ? "null" : "{\"content\":[\(tokens)]}"
    return Array(
      ("{\"choices\":[{\"text\":\(text(answer.text)),\"finish_reason\":\"\(answer.finish)\",\"logprobs\":\(list)}],"
        + "\"usage\":{\"prompt_tokens\":\(promptTokens)},\"model\":\"m\"}").utf8)
  }

  static func honest(_ call: Call) -> HTTPReply {
    .answered(status: 200, body: body(Simulation.answer(call.prompt, shift: 0)), retryAfter: nil)
  }

  static func other(_ call: Call) -> HTTPReply {
    .answered(status: 200, body: body(Simulation.answer("x" + call.prompt, shift: 0)), retryAfter: nil)
  }

  static func status(_ status: Int, retryAfter: Int? = nil) -> HTTPReply {
    .answered(status: status, body: Array("{}".utf8), retryAfter: retryAfter)
  }
}
