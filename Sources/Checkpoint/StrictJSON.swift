import Core

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

/// A strict parser of RFC 8259 documents in UTF-8.
///
/// Rejected: invalid UTF-8, a byte-order mark, duplicate keys (also canonically equivalent Unicode ones, which
/// Swift's `String` would take for one), lone surrogates, long runs of combining marks (``CombiningMarks``), raw control
/// characters, nesting beyond the limit, and anything but white space after the value. Bytes never cause a trap; errors
/// carry the byte offset.
package enum StrictJSON {
  /// Nesting depth allowed unless the caller says otherwise.
  package static let defaultDepthLimit = 64

  /// Parses one document.
  package static func parse(
    _ bytes: [UInt8], depthLimit: Int = defaultDepthLimit
  ) throws(JSONError) -> JSONValue {
    if let offset = invalidUTF8Offset(bytes) { throw .invalidUTF8(offset: offset) }
    var parser = Parser(bytes: bytes, depthLimit: depthLimit)
    parser.skipSpace()
    let value = try parser.value(depth: 0)
    parser.skipSpace()
    guard parser.position == bytes.count else { throw .trailingBytes(offset: parser.position) }
    return value
  }

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

  private static func invalidUTF8Offset(_ bytes: [UInt8]) -> Int? {
    do {
      _ = try UTF8Span(validating: bytes.span)
      return nil
    } catch {
      return error.byteOffsets.lowerBound
    }
  }
}

/// Recursive descent over validated UTF-8; `position` is the offset of the next unread byte.
private struct Parser {
  let bytes: [UInt8]
  let depthLimit: Int
  var position = 0

  init(bytes: [UInt8], depthLimit: Int) {
    self.bytes = bytes
    self.depthLimit = depthLimit
  }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  private func unexpected(_ expected: String) -> JSONError {
    guard let byte = next else { return .unexpectedEnd(offset: position, expected: expected) }
    return .unexpectedByte(byte, offset: position, expected: expected)
  }

  /// Consumes `byte` if it is next.
  private mutating func take(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    position += 1
    return true
  }

  mutating func value(depth: Int) throws(JSONError) -> JSONValue {
    guard let byte = next else { throw unexpected("a value") }
    switch byte {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
    case UInt8(ascii: "t"): return try literal("true", .bool(true))
    case UInt8(ascii: "f"): return try literal("false", .bool(false))
    case UInt8(ascii: "n"): return try literal("null", .null)
    default: throw unexpected("a value")
    }
  }

  private mutating func literal(_ text: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
    let word = String(describing: text)
    for byte in word.utf8 {
      guard take(byte) else { throw unexpected(word) }
    }
    return value
  }

  private mutating func object(depth: Int) throws(JSONError) -> JSONValue {
    guard depth < depthLimit else { throw .tooDeep(limit: depthLimit, offset: position) }
    position += 1
    var members: [JSONMember] = []
    var keys: Set<String> = []
    skipSpace()
    if take(UInt8(ascii: "}")) { return .object([]) }
    while true {
      skipSpace()
      let start = position
      guard next == UInt8(ascii: "\"") else { throw unexpected("a key") }
      let key = try string()
      guard keys.insert(key).inserted else { throw .duplicateKey(key, offset: start) }
      skipSpace()
      guard take(UInt8(ascii: ":")) else { throw unexpected("':'") }
      skipSpace()
      members.append(JSONMember(key: key, value: try value(depth: depth + 1)))
      skipSpace()
      if take(UInt8(ascii: "}")) { return .object(members) }
      guard take(UInt8(ascii: ",")) else { throw unexpected("',' or '}'") }
    }
  }

  private mutating func array(depth: Int) throws(JSONError) -> JSONValue {
    guard depth < depthLimit else { throw .tooDeep(limit: depthLimit, offset: position) }
    position += 1
    var elements: [JSONValue] = []
    skipSpace()
    if take(UInt8(ascii: "]")) { return .array([]) }
    while true {
      skipSpace()
      elements.append(try value(depth: depth + 1))
      skipSpace()
      if take(UInt8(ascii: "]")) { return .array(elements) }
      guard take(UInt8(ascii: ",")) else { throw unexpected("',' or ']'") }
    }
  }

  private mutating func number() throws(JSONError) -> String {
    let start = position
    _ = take(UInt8(ascii: "-"))
    if !take(UInt8(ascii: "0")) { try digits() }
    if take(UInt8(ascii: ".")) { try digits() }
    if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
      if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
      try digits()
    }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  /// At least one decimal digit.
  private mutating func digits() throws(JSONError) {
    let start = position
    while let byte = next, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { position += 1 }
    guard position > start else { throw unexpected("a digit") }
  }

  private mutating func string() throws(JSONError) -> String {
    let start = position
    position += 1
    var text: [UInt8] = []
    while true {
      guard let byte = next else { throw unexpected("'\"'") }
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        let result = String(decoding: text, as: UTF8.self)
        guard CombiningMarks.areFew(in: result) else { throw .combiningMarks(offset: start) }
        return result
      case UInt8(ascii: "\\"): text.append(contentsOf: try escape())
      case 0..<0x20: throw .controlCharacter(offset: position)
      default:
        text.append(byte)
        position += 1
      }
    }
  }

  /// One escape sequence (a surrogate pair counts as one) as UTF-8.
  private mutating func escape() throws(JSONError) -> [UInt8] {
    let start = position
    position += 1
    guard let kind = next else { throw unexpected("an escape") }
    position += 1
    switch kind {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [kind]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0C]
    case UInt8(ascii: "n"): return [0x0A]
    case UInt8(ascii: "r"): return [0x0D]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "u"):
      var code = try hexUnit()
      if code >= 0xD800, code < 0xDC00 {
        guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else { throw .loneSurrogate(offset: start) }
        let low = try hexUnit()
        guard low >= 0xDC00, low < 0xE000 else { throw .loneSurrogate(offset: start) }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw .loneSurrogate(offset: start) }
      return Array(String(Character(scalar)).utf8)
    default: throw .invalidEscape(offset: start)
    }
  }

  /// Four hexadecimal digits, 0...0xFFFF.
  private mutating func hexUnit() throws(JSONError) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
        throw unexpected("a hexadecimal digit")
      }
      code = code << 4 | UInt32(digit)
      position += 1
    }
    return code
  }
}
