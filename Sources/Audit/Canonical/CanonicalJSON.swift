// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// The one spelling of a JSON value that plans and transcripts have: keys in the order of their bytes, whole numbers only,
/// the shortest escapes, no white space. So equal content is equal bytes, and a digest says all.
package enum CanonicalJSON {
  /// Lines of transcripts, and plans.
  package static let maximumBytes = 1 << 20

  /// What a line or a plan may hold.
  package static let lineLimits = JSONDialect(
    maximumBytes: maximumBytes, maximumDepth: 8, maximumValues: 1 << 17, allowsComments: false)
  /// What a file about all requests of an audit may hold.
  package static let fileLimits = JSONDialect(
    maximumBytes: 64 << 20, maximumDepth: 8, maximumValues: 1 << 20, allowsComments: false)

  /// An object of these members, in the order of their keys.
  package static func object(_ members: [(key: String, value: JSONValue?)]) -> JSONValue {
    .object(
      members.compactMap { member in member.value.map { JSONMember(key: member.key, value: $0) } }
        .sorted { UTF8Order.precedes($0.key, $1.key) })
  }

  /// The value's spelling, whose objects are as ``object(_:)`` makes them.
  package static func bytes(_ value: JSONValue) -> [UInt8] {
    var result: [UInt8] = []
    append(value, to: &result)
    return result
  }

  /// Reads a value from its canonical spelling.
  /// - Throws: why it is no JSON, or that it is spelled otherwise.
  package static func parse(
    _ bytes: [UInt8], limits: JSONDialect = lineLimits
  ) throws(CanonicalFailure) -> JSONNode {
    let value: JSONValue
    do throws(JSONSyntaxFailure) {
      value = try StrictJSON.parse(bytes, as: limits)
    } catch {
      throw .malformed("\(JSONError(error))")
    }
    guard isCanonical(value), self.bytes(value) == bytes else { throw .otherSpelling }
    return JSONNode(value)
  }

  /// What the bytes of a spelling cannot tell: order of keys, and whole numbers.
  private static func isCanonical(_ value: JSONValue) -> Bool {
    switch value {
    case .null, .bool, .string: true
    case .number(let text): Int(text).map { String($0) == text } ?? false
    case .array(let elements): elements.allSatisfy(isCanonical)
    case .object(let members):
      members.allSatisfy { isCanonical($0.value) }
        && zip(members, members.dropFirst()).allSatisfy { UTF8Order.precedes($0.key, $1.key) }
    }
  }

  private static func append(_ value: JSONValue, to result: inout [UInt8]) {
    switch value {
    case .null: result += Array("null".utf8)
    case .bool(let flag): result += Array((flag ? "true" : "false").utf8)
    case .number(let text): result += Array(text.utf8)
    case .string(let text): append(text, to: &result)
    case .array(let elements):
      result.append(UInt8(ascii: "["))
      for (place, element) in elements.enumerated() {
        if place > 0 { result.append(UInt8(ascii: ",")) }
        append(element, to: &result)
      }
      result.append(UInt8(ascii: "]"))
    case .object(let members):
      result.append(UInt8(ascii: "{"))
      for (place, member) in members.enumerated() {
        if place > 0 { result.append(UInt8(ascii: ",")) }
        append(member.key, to: &result)
        result.append(UInt8(ascii: ":"))
        append(member.value, to: &result)
      }
      result.append(UInt8(ascii: "}"))
    }
  }

  private static func append(_ text: String, to result: inout [UInt8]) {
    result.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case 0x22, 0x5C: result += [0x5C, byte]
      case 0x08: result += Array("\\b".utf8)
      case 0x0C: result += Array("\\f".utf8)
      case 0x0A: result += Array("\\n".utf8)
      case 0x0D: result += Array("\\r".utf8)
      case 0x09: result += Array("\\t".utf8)
      case 0..<0x20: result += Array("\\u00".utf8) + Array([byte].hexadecimal.utf8)
      default: result.append(byte)
      }
    }
    result.append(UInt8(ascii: "\""))
  }
}

/// Why bytes are not what ``CanonicalJSON`` writes.
package enum CanonicalFailure: Error, Equatable, Sendable, CustomStringConvertible {
  case malformed(String)
  /// JSON, with white space, other escapes, other numbers, or keys in another order.
  case otherSpelling

  package var description: String {
    switch self {
    case .malformed(let reason): reason
    case .otherSpelling: "it is not in its canonical form (keys in order, whole numbers, no white space)"
    }
  }
}
