// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// What an endpoint's body says, in either of the two shapes that servers have for log probabilities.
package struct EndpointResponse: Equatable, Sendable {
  package let answer: Answer
  /// What the server calls its model and its version; nil where it does not say.
  package let model: String?
  package let fingerprint: String?
  /// What the server counts the question as, in tokens.
  package let promptTokens: Int?
  /// The most decimals of a log probability: two of them need a wide margin.
  package let decimals: Int
  /// It thought aloud elsewhere, which may have used up the answer's tokens.
  package let hasReasoning: Bool

  /// Bytes of an answer, tokens of one beyond those asked for, entries of a list, bytes of a token.
  static let maximumText = 1 << 18
  static let tokenSlack = 8
  static let maximumList = 64
  static let maximumToken = 1024
  /// Bytes of text and tokens together, so that a line of a transcript holds them.
  static let maximumSum = 400_000

  /// - Parameters:
  ///   - tokens: how many were asked for.
  ///   - wantsLogProbabilities: whether the plan compares them.
  /// - Throws: why it is no answer at all; one without log probabilities has no tokens.
  package init(body: [UInt8], tokens: Int, wantsLogProbabilities: Bool) throws(ResponseError) {
    guard let root = LooseJSON(body), case .object = root else { throw .notJSON }
    guard let choice = root.member("choices")?.elements?.first, case .object = choice else { throw .noChoice }
    let message = choice.member("message")
    let content = choice.member("text") ?? message?.member("content") ?? .null
    let text = content.bytes ?? []
    guard content.isNull || content.bytes != nil else { throw .noText }
    guard text.count <= Self.maximumText else { throw .tooLong }
    var decimals = 0
    var list: [AnswerToken] = []
    if wantsLogProbabilities, let found = choice.member("logprobs"), !found.isNull {
      list = try Self.tokens(found, &decimals)
    }
    guard list.count <= tokens + Self.tokenSlack, text.count + Self.size(list) <= Self.maximumSum else {
      throw .tooLong
    }
    answer = Answer(text: text, tokens: list, finish: Self.label(choice.member("finish_reason")) ?? "")
    model = Self.label(root.member("model"))
    fingerprint = Self.label(root.member("system_fingerprint"))
    promptTokens = root.member("usage")?.member("prompt_tokens").flatMap(Self.count)
    self.decimals = decimals
    hasReasoning = ["reasoning_content", "reasoning"].contains { key in
      (message?.member(key) ?? choice.member(key))?.bytes?.isEmpty == false
    }
  }

  private static func size(_ tokens: [AnswerToken]) -> Int {
    tokens.reduce(0) { sum, token in sum + token.token.count + token.top.reduce(0) { $0 + $1.token.count } }
  }

  private static func count(_ value: LooseJSON) -> Int? {
    guard case .number(let text) = value, text.count <= 9 else { return nil }
    return Int(String(decoding: text, as: UTF8.self)).flatMap { $0 >= 0 ? $0 : nil }
  }

  /// A short name as it is; another one as its digest, since names go into transcripts.
  private static func label(_ value: LooseJSON?) -> String? {
    guard let bytes = value?.bytes, !bytes.isEmpty else { return nil }
    guard bytes.count <= 200, bytes.allSatisfy({ (0x20..<0x7F).contains($0) }) else {
      return "sha256:" + SHA256.hash(bytes).hexadecimal
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  // MARK: Log probabilities

  /// Empty where a value is missing without which nothing can be compared.
  private static func tokens(_ value: LooseJSON, _ decimals: inout Int) throws(ResponseError) -> [AnswerToken] {
    if let content = value.member("content"), !content.isNull {
      guard let entries = content.elements else { throw .noText }
      return try newTokens(entries, &decimals)
    }
    guard let tokens = value.member("tokens")?.elements, let values = value.member("token_logprobs")?.elements else {
      return []
    }
    return try oldTokens(tokens, values, value.member("top_logprobs")?.elements ?? [], &decimals)
  }

  /// `[{"token", "logprob", "bytes", "top_logprobs": [{…}]}]`.
  private static func newTokens(_ entries: [LooseJSON], _ decimals: inout Int) throws(ResponseError) -> [AnswerToken] {
    var tokens: [AnswerToken] = []
    for entry in entries {
      guard let token = spelled(entry), let value = value(entry.member("logprob"), &decimals) else { return [] }
      let list = entry.member("top_logprobs")?.elements ?? []
      guard list.count <= maximumList else { throw .tooLong }
      var top: [AnswerToken.Entry] = []
      for other in list {
        guard let token = spelled(other), let value = Self.value(other.member("logprob"), &decimals) else { continue }
        top.append(AnswerToken.Entry(token: token, value: value))
      }
      tokens.append(AnswerToken(token: token, value: value, top: top))
    }
    return try limited(tokens)
  }

  /// Three lists side by side, the last one of objects from token to value.
  private static func oldTokens(
    _ texts: [LooseJSON], _ values: [LooseJSON], _ lists: [LooseJSON], _ decimals: inout Int
  ) throws(ResponseError) -> [AnswerToken] {
    guard texts.count == values.count else { return [] }
    var tokens: [AnswerToken] = []
    for (place, text) in texts.enumerated() {
      guard let token = text.bytes, let value = value(values[place], &decimals) else { return [] }
      var top: [AnswerToken.Entry] = []
      if place < lists.count, case .object(let members) = lists[place] {
        guard members.count <= maximumList else { throw .tooLong }
        for member in members {
          guard let value = Self.value(member.value, &decimals) else { continue }
          top.append(AnswerToken.Entry(token: member.key, value: value))
        }
      }
      tokens.append(AnswerToken(token: token, value: value, top: top))
    }
    return try limited(tokens)
  }

  private static func limited(_ tokens: [AnswerToken]) throws(ResponseError) -> [AnswerToken] {
    for token in tokens {
      guard token.token.count <= maximumToken, token.top.allSatisfy({ $0.token.count <= maximumToken }) else {
        throw .tooLong
      }
    }
    return tokens
  }

  /// The token's bytes where the server gives them: its text has replacement characters where a token is part of one.
  private static func spelled(_ entry: LooseJSON) -> [UInt8]? {
    if let list = entry.member("bytes")?.elements, !list.isEmpty, list.count <= maximumToken {
      let bytes = list.compactMap { element -> UInt8? in
        guard case .number(let text) = element, text.count <= 3 else { return nil }
        return UInt8(String(decoding: text, as: UTF8.self))
      }
      if bytes.count == list.count { return bytes }
    }
    return entry.member("token")?.bytes
  }

  private static func value(_ value: LooseJSON?, _ decimals: inout Int) -> Int? {
    guard case .number(let text)? = value, let micronats = LogProbability.micronats(text) else { return nil }
    // An exponent stands for digits that are not written out.
    let fraction = text.drop { $0 != UInt8(ascii: ".") }.dropFirst()
    decimals = max(decimals, text.contains { $0 | 0x20 == UInt8(ascii: "e") } ? 6 : fraction.count)
    return micronats
  }
}

/// Why a body is no answer.
package enum ResponseError: Error, Equatable, Sendable, CustomStringConvertible {
  case notJSON
  case noChoice
  case noText
  /// Text, tokens or lists far beyond what was asked for.
  case tooLong

  package var description: String {
    switch self {
    case .notJSON: "its body is not JSON"
    case .noChoice: "its body has no choices, so it is no answer of this API"
    case .noText: "its answer has another type than text"
    case .tooLong: "it answers more than was asked for"
    }
  }
}
