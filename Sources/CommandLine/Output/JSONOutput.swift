// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCore

/// JSON for standard output: keys keep the order in which they are given, so that equal results are equal bytes.
indirect enum JSONOutput: Sendable {
  case object([(key: String, value: JSONOutput)])
  case array([JSONOutput])
  case string(String)
  case integer(Int)
  /// Infinities and NaN, which JSON cannot say, become null.
  case number(Double?)
  case boolean(Bool)
  case null

  /// Objects one member a line, arrays of scalars in one line.
  func rendered(indent: Int = 0) -> String {
    let inner = String(repeating: "  ", count: indent + 1)
    let outer = String(repeating: "  ", count: indent)
    switch self {
    case .object(let members):
      guard !members.isEmpty else { return "{}" }
      let lines = members.map { "\(inner)\(StrictJSON.quoted($0.key)): \($0.value.rendered(indent: indent + 1))" }
      return "{\n\(lines.joined(separator: ",\n"))\n\(outer)}"
    case .array(let elements):
      guard elements.contains(where: { !$0.isScalar }) else {
        return "[\(elements.map { $0.rendered() }.joined(separator: ", "))]"
      }
      let lines = elements.map { inner + $0.rendered(indent: indent + 1) }
      return "[\n\(lines.joined(separator: ",\n"))\n\(outer)]"
    case .string(let text): return StrictJSON.quoted(text)
    case .integer(let value): return String(value)
    case .number(let value):
      guard let value, value.isFinite else { return "null" }
      return "\(value)"
    case .boolean(let value): return value ? "true" : "false"
    case .null: return "null"
    }
  }

  private var isScalar: Bool {
    switch self {
    case .object, .array: false
    default: true
    }
  }
}
