// SPDX-License-Identifier: Apache-2.0

/// A JSON value that keeps what Foundation's parser loses: member order, number text, and duplicate keys (as errors).
package enum JSONValue: Sendable, Equatable {
  case null
  case bool(Bool)
  /// The number's text as written, which matches the grammar of RFC 8259.
  case number(String)
  case string(String)
  case array([JSONValue])
  /// Members in document order, keys distinct.
  case object([JSONMember])

  /// The type's name for messages.
  package var typeName: String {
    switch self {
    case .null: "null"
    case .bool: "a boolean"
    case .number: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }
}

/// One `"key": value` of an object.
package struct JSONMember: Sendable, Equatable {
  package let key: String
  package let value: JSONValue

  package init(key: String, value: JSONValue) {
    self.key = key
    self.value = value
  }
}
