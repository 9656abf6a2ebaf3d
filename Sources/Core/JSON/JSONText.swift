// SPDX-License-Identifier: Apache-2.0

extension StrictJSON {
  /// `text` as a JSON string literal with quotes; what ``disturbs(_:)`` a terminal is escaped, so it is fit
  /// for messages.
  package static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar.value {
      case 0x22: result += "\\\""
      case 0x5C: result += "\\\\"
      case _ where disturbs(scalar):
        for unit in String(scalar).utf16 {
          let digits = String(unit, radix: 16)
          result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }

  /// Controls, what reverses or hides text on a terminal, and line ends that no newline is.
  private static func disturbs(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: true
    default: false
    }
  }

  /// `quoted` for messages: text beyond 120 characters is replaced by its length.
  package static func shown(_ text: String) -> String {
    let limit = 120
    guard text.unicodeScalars.count > limit else { return quoted(text) }
    let head = String(String.UnicodeScalarView(text.unicodeScalars.prefix(limit)))
    return quoted(head) + "... (\(text.utf8.count) bytes)"
  }
}

/// `text` in double quotes, safe to print: control, format and separator characters, which could move a terminal's
/// cursor or reorder a line, are escaped as in Swift, and anything past 100 Unicode scalars is cut and marked with an
/// ellipsis. For people, in paths and policies' messages; ``StrictJSON/shown(_:)`` is JSON, to be copied into a file.
package func displayed(_ text: String) -> String {
  var result = "\""
  for (count, scalar) in text.unicodeScalars.enumerated() {
    if count == 100 {
      result += "..."
      break
    }
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .unassigned, .privateUse:
      result += "\\u{\(String(scalar.value, radix: 16))}"
    default:
      if scalar == "\"" || scalar == "\\" { result += "\\" }
      result.unicodeScalars.append(scalar)
    }
  }
  return result + "\""
}
