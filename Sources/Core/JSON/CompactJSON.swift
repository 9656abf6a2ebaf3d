// SPDX-License-Identifier: Apache-2.0

extension JSONValue {
  /// The value without white space.
  package var compact: String {
    switch self {
    case .null: "null"
    case .bool(let flag): flag ? "true" : "false"
    case .number(let text): text
    case .string(let text): StrictJSON.quoted(text)
    case .array(let elements): "[\(elements.map(\.compact).joined(separator: ","))]"
    case .object(let members):
      "{\(members.map { "\(StrictJSON.quoted($0.key)):\($0.value.compact)" }.joined(separator: ","))}"
    }
  }
}
