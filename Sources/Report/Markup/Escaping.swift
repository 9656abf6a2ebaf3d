// SPDX-License-Identifier: Apache-2.0

/// Makes text of others safe to stand in a page: it cannot end an element or an attribute, cannot reorder or hide what
/// stands beside it, and holds nothing that XML forbids.
enum Escaping {
  static func append(_ text: String, to output: inout String) {
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": output += "&amp;"
      case "<": output += "&lt;"
      case ">": output += "&gt;"
      case "\"": output += "&quot;"
      case "'": output += "&#39;"
      default:
        if let picture = picture(scalar) { output += picture } else { output.unicodeScalars.append(scalar) }
      }
    }
  }

  /// What is shown for a character that has no form of its own; nil for all others.
  ///
  /// Control and bidirectional characters, zero-width and other ignorable ones, line separators, private and unassigned
  /// ones are written as their code point: pictures of controls are missing in many fonts.
  private static func picture(_ scalar: Unicode.Scalar) -> String? {
    if (0x20..<0x7F).contains(scalar.value) { return nil }
    let isHidden: Bool
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: isHidden = true
    // White space that is no space: several widths, some of them none.
    case .spaceSeparator: isHidden = scalar != "\u{A0}" && scalar != "\u{202F}"
    default: isHidden = scalar.properties.isDefaultIgnorableCodePoint
    }
    guard isHidden else { return nil }
    let digits = String(scalar.value, radix: 16, uppercase: true)
    return "[U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits + "]"
  }
}

extension Markup {
  /// Scalars of a name, and of a longer text, that are shown.
  static let longestName = 160
  static let longestText = 1000

  /// A name of others, such as a tensor's: set apart, so that letters written from right to left stay inside it, and
  /// with places where a line may break.
  static func name(_ text: String) -> Markup {
    var parts: [Markup] = []
    var run = ""
    for scalar in text.unicodeScalars.prefix(longestName) {
      run.unicodeScalars.append(scalar)
      if scalar == "." || scalar == "_" || scalar == "/" {
        parts += [.text(run), tag("wbr")]
        run = ""
      }
    }
    parts += [.text(run), rest(of: text, after: longestName)]
    return tag("bdi", ["class": "name"]) { Markup.group(parts) }
  }

  /// Sentences that may hold names of others.
  static func clipped(_ text: String) -> Markup {
    tag("bdi") {
      String(String.UnicodeScalarView(text.unicodeScalars.prefix(longestText)))
      rest(of: text, after: longestText)
    }
  }

  private static func rest(of text: String, after limit: Int) -> Markup {
    text.unicodeScalars.count > limit ? .text("… (\(text.utf8.count) bytes)") : .nothing
  }
}
