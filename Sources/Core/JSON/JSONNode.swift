// SPDX-License-Identifier: Apache-2.0

/// A value with its place in the document (`$.tensors[3].dtype`), so that every error can name it.
package struct JSONNode: Sendable {
  package let value: JSONValue
  private let place: Place

  /// Spelled out for errors only: an identity has a million values.
  private indirect enum Place: Sendable {
    case root(String)
    case step(from: Place, JSONPath.Component)

    var path: String {
      switch self {
      case .root(let name): name
      case .step(let parent, let component): parent.path + component.text
      }
    }
  }

  /// The root (`$`) of a document, or any value under a name of the caller's.
  package init(_ value: JSONValue, path: String = "$") {
    self.value = value
    place = .root(path)
  }

  private init(_ value: JSONValue, below parent: JSONNode, _ component: JSONPath.Component) {
    self.value = value
    place = .step(from: parent.place, component)
  }

  package var path: String { place.path }

  /// Parses `bytes` strictly and stands at the root.
  package init(parsing bytes: [UInt8]) throws(JSONError) {
    self.init(try StrictJSON.parse(bytes))
  }

  /// The path of a member, as ``JSONPath`` spells it.
  package static func path(_ parent: String, key: String) -> String { parent + JSONPath.Component.key(key).text }

  private func wrongType(_ expected: String) -> JSONError {
    .wrongType(path: path, expected: expected, found: value.typeName)
  }

  /// The members of an object, in document order.
  package func members() throws(JSONError) -> [(key: String, node: JSONNode)] {
    guard case .object(let members) = value else { throw wrongType("an object") }
    return members.map { ($0.key, JSONNode($0.value, below: self, .key($0.key))) }
  }

  /// The elements of an array.
  package func elements() throws(JSONError) -> [JSONNode] {
    guard case .array(let elements) = value else { throw wrongType("an array") }
    return elements.enumerated().map { JSONNode($0.element, below: self, .index($0.offset)) }
  }

  /// The member `key`, nil when absent.
  package func optionalMember(_ key: String) throws(JSONError) -> JSONNode? {
    guard case .object(let members) = value else { throw wrongType("an object") }
    return members.first { $0.key == key }.map { JSONNode($0.value, below: self, .key(key)) }
  }

  /// The member `key`; throws `missingKey` when absent.
  package func member(_ key: String) throws(JSONError) -> JSONNode {
    guard let node = try optionalMember(key) else { throw .missingKey(path: Self.path(path, key: key)) }
    return node
  }

  /// Checks that the object has every key of `required` and no key outside `required` and `optional`.
  package func requireKeys(_ required: [String], optional: [String] = []) throws(JSONError) {
    guard case .object(let members) = value else { throw wrongType("an object") }
    for member in members where !required.contains(member.key) && !optional.contains(member.key) {
      throw .unknownKey(path: Self.path(path, key: member.key), allowed: required + optional)
    }
    for key in required where !members.contains(where: { $0.key == key }) {
      throw .missingKey(path: Self.path(path, key: key))
    }
  }

  package func string() throws(JSONError) -> String {
    guard case .string(let text) = value else { throw wrongType("a string") }
    return text
  }

  package func bool() throws(JSONError) -> Bool {
    guard case .bool(let flag) = value else { throw wrongType("a boolean") }
    return flag
  }

  /// An integer of `range`, written as plain decimal digits (no fraction, exponent or `-0`).
  package func integer<I: FixedWidthInteger>(in range: ClosedRange<I>) throws(JSONError) -> I {
    guard case .number(let text) = value else { throw wrongType("an integer") }
    guard text != "-0", let number = I(text), range.contains(number) else {
      throw .outOfRange(
        path: path, found: String(text.prefix(40)),
        expected: "an integer from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// A string of canonical decimal digits (no sign, no leading zero) for integers beyond JSON's safe range.
  package func decimalString<I: FixedWidthInteger & UnsignedInteger>(as type: I.Type) throws(JSONError) -> I {
    let text = try string()
    guard let number = I(text), String(number) == text else {
      throw .outOfRange(
        path: path, found: StrictJSON.shown(text),
        expected: "a decimal integer from 0 to \(I.max) without leading zeros")
    }
    return number
  }

  /// A string of exactly `byteCount` bytes in lower-case hexadecimal.
  package func hex(byteCount: Int) throws(JSONError) -> [UInt8] {
    let text = try string()
    guard let bytes = [UInt8](hexadecimal: text), bytes.count == byteCount else {
      throw .outOfRange(
        path: path, found: StrictJSON.shown(text), expected: "\(byteCount) bytes in lower-case hexadecimal")
    }
    return bytes
  }
}
