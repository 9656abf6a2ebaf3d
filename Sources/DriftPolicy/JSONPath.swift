import Core

/// Where a value stands in a JSON document, printed as `$.rules[2].allow`.
struct JSONPath: Sendable, CustomStringConvertible {
  /// One step down into a document.
  enum Component: Sendable {
    /// A member of an object.
    case key(String)
    /// An element of an array, counted from zero.
    case index(Int)
  }

  var components: [Component] = []

  /// The path of the member `key` of the object at this path.
  func key(_ key: String) -> JSONPath {
    JSONPath(components: components + [.key(key)])
  }

  /// The path of element `index` of the array at this path.
  func index(_ index: Int) -> JSONPath {
    JSONPath(components: components + [.index(index)])
  }

  var description: String {
    var text = "$"
    for component in components {
      switch component {
      case .index(let index): text += "[\(index)]"
      case .key(let key): text += JSONPath.isPlain(key) ? ".\(key)" : "[\(displayed(key))]"
      }
    }
    return text
  }

  private static func isPlain(_ key: String) -> Bool {
    guard !key.isEmpty, key.utf8.count <= 64 else { return false }
    return key.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): true
      default: false
      }
    }
  }
}

/// `text` in double quotes, safe to print: control, format and separator characters, which could move a terminal's
/// cursor or reorder a line, are escaped, and anything past 100 Unicode scalars is cut and marked with an ellipsis.
func displayed(_ text: String) -> String {
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
