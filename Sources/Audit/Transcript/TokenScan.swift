// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// Reads the tokens of an answer's line, which are nearly all of its bytes, straight from their one spelling: as JSON values they
/// would take most of the time that verifying an audit takes.
///
/// It takes nothing that ``TranscriptLine/read(_:)`` refuses; for what it does not take, that says why.
struct TokenScan {
  private let line: [UInt8]
  private var position: Int

  /// The last member of such a line, as no key stands behind it. Inside a string its quotes would have backslashes.
  private static let member = Array(",\"tokens\":[".utf8)

  /// - Returns: the line without its tokens, and these; nil where it does not end with tokens in canonical form.
  static func split(_ line: [UInt8]) -> (rest: [UInt8], tokens: [AnswerToken])? {
    guard let start = place(of: member, in: line) else { return nil }
    var scan = TokenScan(line: line, position: start + member.count)
    guard let tokens = scan.tokens(), scan.position == line.count - 1, line.last == UInt8(ascii: "}") else {
      return nil
    }
    return (Array(line.prefix(start + member.count)) + [UInt8(ascii: "]"), UInt8(ascii: "}")], tokens)
  }

  private static func place(of wanted: [UInt8], in line: [UInt8]) -> Int? {
    guard line.count >= wanted.count else { return nil }
    return (0...line.count - wanted.count).first { start in
      line[start] == wanted[0] && wanted.indices.allSatisfy { line[start + $0] == wanted[$0] }
    }
  }

  /// Up to the bracket that ends them.
  private mutating func tokens() -> [AnswerToken]? {
    var tokens: [AnswerToken] = []
    if take("]") { return tokens }
    let limit = AuditPlan.tokenRange.upperBound + EndpointResponse.tokenSlack
    repeat {
      guard tokens.count < limit, take("{\"b\":\""), let token = text(), take(",\"l\":"), let value = value(),
        take(",\"top\":["), let top = top(), take("}")
      else { return nil }
      tokens.append(AnswerToken(token, value: value, top: top))
    } while take(",")
    return take("]") ? tokens : nil
  }

  private mutating func top() -> [AnswerToken.Entry]? {
    var top: [AnswerToken.Entry] = []
    if take("]") { return top }
    repeat {
      guard top.count < EndpointResponse.maximumList, take("[\""), let token = text(), take(","), let value = value(),
        take("]")
      else { return nil }
      top.append(AnswerToken.Entry(token, value: value))
    } while take(",")
    return take("]") ? top : nil
  }

  private mutating func take(_ text: StaticString) -> Bool {
    let count = text.utf8CodeUnitCount
    guard count <= line.count - position else { return false }
    let matches = text.withUTF8Buffer { wanted in
      for place in 0..<count where line[position + place] != wanted[place] { return false }
      return true
    }
    if matches { position += count }
    return matches
  }

  /// Base64 up to the quote, and the quote.
  private mutating func text() -> TokenBytes? {
    var end = position
    while end < line.count, line[end] != UInt8(ascii: "\"") { end += 1 }
    guard end < line.count, let bytes = TokenBytes(base64: line.span.extracting(position..<end)),
      bytes.count <= EndpointResponse.maximumToken
    else { return nil }
    position = end + 1
    return bytes
  }

  /// A whole number in its one spelling.
  private mutating func value() -> Int? {
    let isNegative = take("-")
    let start = position
    var value = 0
    while position < line.count, position - start < 10, case let digit = line[position], digit >= 0x30, digit <= 0x39 {
      value = value * 10 + Int(digit - 0x30)
      position += 1
    }
    let count = position - start
    guard count > 0, count == 1 || line[start] != 0x30, value != 0 || !isNegative else { return nil }
    let signed = isNegative ? -value : value
    return (LogProbability.least...0).contains(signed) ? signed : nil
  }
}
