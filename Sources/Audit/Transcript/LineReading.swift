// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

extension TranscriptLine {
  /// Largest index of a question, attempts at one, and what else a line may count.
  package static let maximumIndex = 999_999
  package static let maximumAttempts = 10_000
  private static let countRange = 0...1_000_000_000

  /// Reads a line in canonical form, which says what the line before was.
  package static func read(_ bytes: [UInt8]) throws(LineFailure) -> (line: TranscriptLine, previous: [UInt8]) {
    if bytes.count <= CanonicalJSON.maximumBytes, let (rest, tokens) = TokenScan.split(bytes),
      case (.answer(var answered), let previous)? = try? readValues(rest)
    {
      answered.answer = Answer(text: answered.answer.text, tokens: tokens, finish: answered.answer.finish)
      return (.answer(answered), previous)
    }
    return try readValues(bytes)
  }

  /// Reads any line, value by value.
  static func readValues(_ bytes: [UInt8]) throws(LineFailure) -> (line: TranscriptLine, previous: [UInt8]) {
    do throws(CanonicalFailure) {
      let node = try CanonicalJSON.parse(bytes)
      do throws(JSONError) {
        return (try read(node), try node.member("prev").hex(byteCount: 32))
      } catch {
        throw .malformed(error.description)
      }
    } catch {
      throw LineFailure(reason: error.description)
    }
  }

  private static func read(_ node: JSONNode) throws(JSONError) -> TranscriptLine {
    let kind = try node.member("kind").string()
    switch kind {
    case "header": return .header(try header(node))
    case "session": return .session(try session(node))
    case "sent": return .sent(try sent(node))
    case "answer": return .answer(try answer(node))
    case "failure": return .failure(try failure(node))
    case "missing":
      try node.requireKeys(["kind", "i", "attempts", "prev"])
      return .missing(index: try index(node), attempts: try node.member("attempts").integer(in: 1...maximumAttempts))
    case "end": return .end(try end(node))
    default:
      throw .outOfRange(
        path: "$.kind", found: StrictJSON.shown(kind),
        expected: "header, session, sent, answer, failure, missing or end")
    }
  }

  private static func index(_ node: JSONNode) throws(JSONError) -> Int {
    try node.member("i").integer(in: 0...maximumIndex)
  }

  private static func attempt(_ node: JSONNode) throws(JSONError) -> Int {
    try node.member("attempt").integer(in: 1...maximumAttempts)
  }

  private static func digest(_ node: JSONNode, _ key: String) throws(JSONError) -> String {
    try node.member(key).hex(byteCount: 32).hexadecimal
  }

  private static func label(_ node: JSONNode, isEmptyAllowed: Bool = false) throws(JSONError) -> String {
    let text = try node.string()
    guard AuditPlan.isLabel(text) || isEmptyAllowed && text.isEmpty else {
      throw .outOfRange(path: node.path, found: StrictJSON.shown(text), expected: "1 to 200 printable ASCII characters")
    }
    return text
  }

  private static func optionalLabel(_ node: JSONNode, _ key: String) throws(JSONError) -> String? {
    guard let member = try node.optionalMember(key) else { return nil }
    return try label(member)
  }

  private static func time(_ node: JSONNode, _ key: String) throws(JSONError) -> String {
    let member = try node.member(key)
    let text = try member.string()
    guard Timestamp(text) != nil else {
      throw .outOfRange(
        path: member.path, found: StrictJSON.shown(text), expected: "a time such as 2026-03-01T12:30:00Z")
    }
    return text
  }

  private static func choice<T: RawRepresentable & CaseIterable>(
    _ node: JSONNode, _ key: String, as type: T.Type
  ) throws(JSONError) -> T where T.RawValue == String {
    let member = try node.member(key)
    let text = try member.string()
    guard let value = T(rawValue: text) else {
      throw .outOfRange(
        path: member.path, found: StrictJSON.shown(text),
        expected: "one of \(T.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return value
  }

  private static func bytes(_ node: JSONNode, limit: Int) throws(JSONError) -> [UInt8] {
    let text = try node.string()
    // One alphabet, or a token would have two spellings.
    let digits = Array(text.utf8)
    guard let bytes = Base64.decode(digits.span, isURLSafeAllowed: false), bytes.count <= limit else {
      throw .outOfRange(path: node.path, found: StrictJSON.shown(text), expected: "base64 of at most \(limit) bytes")
    }
    return bytes
  }

  private static func header(_ node: JSONNode) throws(JSONError) -> Header {
    try node.requireKeys(
      ["kind", "audit", "side", "plan", "origin", "path", "model", "spelling", "tool", "started", "prev"],
      optional: ["beacon"])
    _ = try node.member("audit").integer(in: AuditPlan.version...AuditPlan.version)
    var beacon: String?
    if let member = try node.optionalMember("beacon") {
      let text = try member.string()
      guard let bytes = [UInt8](hexadecimal: text), (1...64).contains(bytes.count) else {
        throw .outOfRange(
          path: member.path, found: StrictJSON.shown(text), expected: "1 to 64 bytes in lower-case hexadecimal")
      }
      beacon = text
    }
    return Header(
      side: try choice(node, "side", as: AuditSide.self), plan: try digest(node, "plan"),
      origin: try label(node.member("origin")), path: try label(node.member("path")),
      model: try label(node.member("model")), spelling: try choice(node, "spelling", as: TokenSpelling.self),
      beacon: beacon, tool: try label(node.member("tool")), started: try time(node, "started"))
  }

  private static func session(_ node: JSONNode) throws(JSONError) -> Session {
    try node.requireKeys(["kind", "at", "concurrency", "prev"], optional: ["reference"])
    let hasReference = try node.optionalMember("reference") != nil
    return Session(
      at: try time(node, "at"), concurrency: try node.member("concurrency").integer(in: 1...1000),
      reference: hasReference ? try digest(node, "reference") : nil)
  }

  private static func sent(_ node: JSONNode) throws(JSONError) -> Sent {
    try node.requireKeys(["kind", "i", "attempt", "request", "salt", "at", "prev"])
    return Sent(
      index: try index(node), attempt: try attempt(node), request: try digest(node, "request"),
      salt: try digest(node, "salt"), at: try time(node, "at"))
  }

  private static func answer(_ node: JSONNode) throws(JSONError) -> Answered {
    try node.requireKeys(
      ["kind", "i", "attempt", "status", "body", "finish", "text", "salt", "tokens", "prev"],
      optional: ["model", "fingerprint", "promptTokens"])
    _ = try node.member("status").integer(in: 200...200)
    var tokens: [AnswerToken] = []
    let entries = try node.member("tokens").elements()
    // No plan asks for more, and whoever reads a file of others must not need much more memory than the file has.
    guard entries.count <= AuditPlan.tokenRange.upperBound + EndpointResponse.tokenSlack else {
      throw .outOfRange(
        path: "$.tokens", found: "\(entries.count) tokens",
        expected: "at most \(AuditPlan.tokenRange.upperBound + EndpointResponse.tokenSlack)")
    }
    for entry in entries {
      try entry.requireKeys(["b", "l", "top"])
      var top: [AnswerToken.Entry] = []
      let list = try entry.member("top")
      let pairs = try list.elements()
      guard pairs.count <= EndpointResponse.maximumList else {
        throw .outOfRange(
          path: list.path, found: "\(pairs.count) entries", expected: "at most \(EndpointResponse.maximumList)")
      }
      for pair in pairs {
        let parts = try pair.elements()
        guard parts.count == 2 else {
          throw .wrongType(path: pair.path, expected: "a token and its value", found: "\(parts.count) elements")
        }
        top.append(.init(token: try token(parts[0]), value: try value(parts[1])))
      }
      tokens.append(AnswerToken(token: try token(entry.member("b")), value: try value(entry.member("l")), top: top))
    }
    let answer = Answer(
      text: try bytes(node.member("text"), limit: EndpointResponse.maximumText), tokens: tokens,
      finish: try label(node.member("finish"), isEmptyAllowed: true))
    var answered = Answered(
      index: try index(node), attempt: try attempt(node), body: try digest(node, "body"), answer: answer,
      salt: try digest(node, "salt"))
    answered.model = try optionalLabel(node, "model")
    answered.fingerprint = try optionalLabel(node, "fingerprint")
    answered.promptTokens = try node.optionalMember("promptTokens")?.integer(in: countRange)
    return answered
  }

  private static func token(_ node: JSONNode) throws(JSONError) -> [UInt8] {
    try bytes(node, limit: EndpointResponse.maximumToken)
  }

  private static func value(_ node: JSONNode) throws(JSONError) -> Int {
    try node.integer(in: LogProbability.least...0)
  }

  private static func failure(_ node: JSONNode) throws(JSONError) -> Failed {
    try node.requireKeys(["kind", "i", "attempt", "reason", "prev"], optional: ["status", "retryAfter"])
    return Failed(
      index: try index(node), attempt: try attempt(node), reason: try choice(node, "reason", as: FailureReason.self),
      status: try node.optionalMember("status")?.integer(in: 100...999),
      retryAfter: try node.optionalMember("retryAfter")?.integer(in: countRange))
  }

  private static func end(_ node: JSONNode) throws(JSONError) -> End {
    let common = ["kind", "n", "lines", "root", "prev"]
    var outcome: Outcome?
    if try node.optionalMember("verdict") != nil {
      try node.requireKeys(common + ["verdict", "different", "same"])
      outcome = try self.outcome(node)
    } else {
      try node.requireKeys(common)
    }
    return End(
      count: try node.member("n").integer(in: countRange), outcome: outcome,
      lines: try node.member("lines").integer(in: countRange), root: try digest(node, "root"))
  }

  private static func outcome(_ node: JSONNode) throws(JSONError) -> Outcome {
    let text = try node.member("verdict").string()
    guard let verdict = Verdict(rawValue: text) else {
      throw .outOfRange(
        path: "$.verdict", found: StrictJSON.shown(text), expected: "SAME, DIFFERENT or UNDECIDED")
    }
    var wealths: [Wealth] = []
    for pair in try node.member("different").elements() {
      let parts = try pair.elements()
      guard parts.count == 2 else {
        throw .wrongType(path: pair.path, expected: "mantissa and exponent", found: "\(parts.count) elements")
      }
      wealths.append(
        Wealth(
          mantissa: try parts[0].decimalString(as: UInt64.self),
          exponent: try parts[1].integer(in: -1_000_000_000...1_000_000_000)))
    }
    let same = try node.member("same")
    try same.requireKeys(["S", "Q", "tail"])
    return Outcome(
      verdict: verdict, wealths: wealths, sum: try same.member("S").integer(in: 0...Int.max),
      squares: try same.member("Q").integer(in: 0...Int.max), tail: try same.member("tail").integer(in: countRange))
  }
}

/// Why bytes are no line of a transcript.
package struct LineFailure: Error, Equatable, Sendable {
  package let reason: String
}
