// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

extension TranscriptLine {
  /// The line's bytes in canonical form, without the line feed.
  /// - Parameter previous: SHA-256 of the line before; of the first, the plan's digest.
  package func bytes(after previous: [UInt8]) -> [UInt8] {
    CanonicalJSON.bytes(CanonicalJSON.object(members + [("prev", .string(previous.hexadecimal))]))
  }

  private typealias Members = [(key: String, value: JSONValue?)]

  private static func number(_ value: Int) -> JSONValue { .number(String(value)) }
  private static func text(_ value: String?) -> JSONValue? { value.map { .string($0) } }

  private var members: Members {
    switch self {
    case .header(let header): Self.members(header)
    case .session(let session):
      [
        ("kind", .string("session")), ("at", .string(session.at)), ("concurrency", Self.number(session.concurrency)),
        ("reference", Self.text(session.reference)),
      ]
    case .sent(let sent):
      [
        ("kind", .string("sent")), ("i", Self.number(sent.index)), ("attempt", Self.number(sent.attempt)),
        ("request", .string(sent.request)), ("salt", .string(sent.salt)), ("at", .string(sent.at)),
      ]
    case .answer(let answered): Self.members(answered)
    case .failure(let failed):
      [
        ("kind", .string("failure")), ("i", Self.number(failed.index)), ("attempt", Self.number(failed.attempt)),
        ("reason", .string(failed.reason.rawValue)), ("status", failed.status.map(Self.number)),
        ("retryAfter", failed.retryAfter.map(Self.number)),
      ]
    case .missing(let index, let attempts):
      [("kind", .string("missing")), ("i", Self.number(index)), ("attempts", Self.number(attempts))]
    case .end(let end): Self.members(end)
    }
  }

  private static func members(_ header: Header) -> Members {
    [
      ("kind", .string("header")), ("audit", number(AuditPlan.version)), ("side", .string(header.side.rawValue)),
      ("plan", .string(header.plan)), ("origin", .string(header.origin)), ("path", .string(header.path)),
      ("model", .string(header.model)), ("spelling", .string(header.spelling.rawValue)),
      ("beacon", text(header.beacon)), ("tool", .string(header.tool)), ("started", .string(header.started)),
    ]
  }

  private static func members(_ answered: Answered) -> Members {
    let tokens = answered.answer.tokens.map { token in
      CanonicalJSON.object([
        ("b", .string(Base64.encode(token.token))), ("l", number(token.value)),
        ("top", .array(token.top.map { .array([.string(Base64.encode($0.token)), number($0.value)]) })),
      ])
    }
    return [
      ("kind", .string("answer")), ("i", number(answered.index)), ("attempt", number(answered.attempt)),
      ("status", number(200)), ("body", .string(answered.body)), ("model", text(answered.model)),
      ("fingerprint", text(answered.fingerprint)), ("promptTokens", answered.promptTokens.map(number)),
      ("finish", .string(answered.answer.finish)), ("text", .string(Base64.encode(answered.answer.text))),
      ("salt", .string(answered.salt)), ("tokens", .array(tokens)),
    ]
  }

  private static func members(_ end: End) -> Members {
    var members: Members = [
      ("kind", .string("end")), ("n", number(end.count)), ("lines", number(end.lines)), ("root", .string(end.root)),
    ]
    if let outcome = end.outcome {
      let wealths = outcome.wealths.map {
        JSONValue.array([.string(String($0.mantissa)), number($0.exponent)])
      }
      members += [
        ("verdict", .string(outcome.verdict.rawValue)), ("different", .array(wealths)),
        (
          "same",
          CanonicalJSON.object([
            ("S", number(outcome.sum)), ("Q", number(outcome.squares)), ("tail", number(outcome.tail)),
          ])
        ),
      ]
    }
    return members
  }
}
