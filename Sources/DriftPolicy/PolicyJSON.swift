import Core

/// A JSON value as it stands in a file: members keep their order, numbers their spelling.
enum JSONValue: Equatable, Sendable {
  case null
  case bool(Bool)
  case number(String)
  case string(String)
  case array([JSONValue])
  case object([JSONMember])

  /// The kind of value, in words for an error.
  var kindName: String {
    switch self {
    case .null: "null"
    case .bool: "a boolean"
    case .number: "a number"
    case .string: "a string"
    case .array: "a list"
    case .object: "an object"
    }
  }
}

/// One key of an object and its value.
struct JSONMember: Equatable, Sendable {
  let key: String
  let value: JSONValue
}

/// A strict reader of JSON (RFC 8259) that rejects whatever two readers could read differently: duplicate keys,
/// trailing bytes, byte order marks, invalid UTF-8, lone surrogates. It accepts one thing more than JSON does: comments
/// from `//` to the end of the line, wherever white space may stand. It never traps, whatever the bytes are.
struct JSONParser {
  private let bytes: [UInt8]
  private var position = 0
  private var path = JSONPath()

  private init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// The one value in `bytes`.
  /// - Throws: `JSONSyntaxError` with the place and the reason.
  static func parse(_ bytes: [UInt8]) throws(JSONSyntaxError) -> JSONValue {
    var parser = JSONParser(bytes)
    guard bytes.count <= PolicyLimits.maximumBytes else {
      throw parser.failure(.inputTooLarge, at: PolicyLimits.maximumBytes)
    }
    if let offset = firstInvalidUTF8(bytes) {
      throw parser.failure(.invalidUTF8, at: offset)
    }
    let value = try parser.value(depth: 1)
    try parser.skipSpace()
    guard parser.position == bytes.count else { throw parser.failure(.trailingBytes) }
    return value
  }

  /// The offset of the first byte of the first ill-formed sequence, nil if there is none.
  private static func firstInvalidUTF8(_ bytes: [UInt8]) -> Int? {
    var decoder = Unicode.UTF8.ForwardParser()
    var iterator = bytes.makeIterator()
    var offset = 0
    while true {
      switch decoder.parseScalar(from: &iterator) {
      case .valid(let encoded): offset += encoded.count
      case .emptyInput: return nil
      case .error: return offset
      }
    }
  }

  private func failure(_ kind: JSONSyntaxError.Kind, at offset: Int? = nil) -> JSONSyntaxError {
    let offset = offset ?? position
    var line = 1
    var column = 1
    for byte in bytes.prefix(offset) {
      if byte == UInt8(ascii: "\n") {
        line += 1
        column = 1
      } else if byte & 0xC0 != 0x80 {
        column += 1
      }
    }
    return JSONSyntaxError(kind: kind, path: path.description, offset: offset, line: line, column: column)
  }

  private var current: UInt8? {
    position < bytes.count ? bytes[position] : nil
  }

  private func mismatch(_ expected: String) -> JSONSyntaxError {
    failure(current == nil ? .unexpectedEnd : .unexpectedByte(expected: expected))
  }

  private mutating func skipSpace() throws(JSONSyntaxError) {
    while let byte = current {
      switch byte {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      case UInt8(ascii: "/"): try skipComment()
      default: return
      }
    }
  }

  /// Skips `//` up to, not including, the line feed. A carriage return only counts as part of CR LF: on its own some
  /// editors show it as the end of the line, which would let a comment hide what follows, or show what it hides.
  private mutating func skipComment() throws(JSONSyntaxError) {
    position += 1
    guard current == UInt8(ascii: "/") else { throw mismatch("a second / to start a comment") }
    while let byte = current, byte != 0x0A {
      if byte == 0x0D, position + 1 < bytes.count, bytes[position + 1] == 0x0A {
        position += 1
        return
      }
      guard byte >= 0x20 || byte == 0x09 else { throw failure(.controlCharacter) }
      position += 1
    }
  }

  private mutating func value(depth: Int) throws(JSONSyntaxError) -> JSONValue {
    try skipSpace()
    guard let byte = current else { throw failure(.unexpectedEnd) }
    switch byte {
    case UInt8(ascii: "{"): return .object(try object(depth: depth))
    case UInt8(ascii: "["): return .array(try array(depth: depth))
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
    case UInt8(ascii: "N"), UInt8(ascii: "I"): throw failure(.nonFiniteNumber)
    case UInt8(ascii: "+"), UInt8(ascii: "."): throw failure(.invalidNumber)
    default: throw failure(.unexpectedByte(expected: "a value"))
    }
  }

  private mutating func word(_ word: String, _ value: JSONValue) throws(JSONSyntaxError) -> JSONValue {
    for byte in word.utf8 {
      guard current == byte else { throw mismatch(word) }
      position += 1
    }
    return value
  }

  private mutating func object(depth: Int) throws(JSONSyntaxError) -> [JSONMember] {
    guard depth <= PolicyLimits.maximumDepth else { throw failure(.tooDeep) }
    position += 1
    var members: [JSONMember] = []
    var keys: Set<String> = []
    try skipSpace()
    if current == UInt8(ascii: "}") {
      position += 1
      return members
    }
    while true {
      try skipSpace()
      guard current == UInt8(ascii: "\"") else { throw mismatch("a key in double quotes") }
      let start = position
      let key = try string()
      path.components.append(.key(key))
      guard keys.insert(key).inserted else { throw failure(.duplicateKey(key), at: start) }
      try skipSpace()
      guard current == UInt8(ascii: ":") else { throw mismatch("a colon after the key") }
      position += 1
      members.append(JSONMember(key: key, value: try value(depth: depth + 1)))
      path.components.removeLast()
      try skipSpace()
      if current == UInt8(ascii: "}") {
        position += 1
        return members
      }
      guard current == UInt8(ascii: ",") else { throw mismatch("a comma or } after the member") }
      position += 1
    }
  }

  private mutating func array(depth: Int) throws(JSONSyntaxError) -> [JSONValue] {
    guard depth <= PolicyLimits.maximumDepth else { throw failure(.tooDeep) }
    position += 1
    var elements: [JSONValue] = []
    try skipSpace()
    if current == UInt8(ascii: "]") {
      position += 1
      return elements
    }
    while true {
      path.components.append(.index(elements.count))
      elements.append(try value(depth: depth + 1))
      path.components.removeLast()
      try skipSpace()
      if current == UInt8(ascii: "]") {
        position += 1
        return elements
      }
      guard current == UInt8(ascii: ",") else { throw mismatch("a comma or ] after the element") }
      position += 1
    }
  }

  private mutating func string() throws(JSONSyntaxError) -> String {
    position += 1
    var text: [UInt8] = []
    while let byte = current {
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"):
        text.append(contentsOf: String(try escape()).utf8)
      case 0..<0x20:
        throw failure(.controlCharacter)
      default:
        text.append(byte)
        position += 1
      }
    }
    throw failure(.unexpectedEnd)
  }

  private mutating func escape() throws(JSONSyntaxError) -> Unicode.Scalar {
    let start = position
    position += 1
    guard let byte = current else { throw failure(.unexpectedEnd) }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): break
    default: throw failure(.invalidEscape, at: start)
    }
    let unit = try codeUnit(escapeStart: start)
    if let scalar = Unicode.Scalar(unit) { return scalar }
    guard unit < 0xDC00, current == UInt8(ascii: "\\"), position + 1 < bytes.count,
      bytes[position + 1] == UInt8(ascii: "u")
    else { throw failure(.loneSurrogate, at: start) }
    let second = position
    position += 2
    let low = try codeUnit(escapeStart: second)
    guard (0xDC00..<0xE000).contains(low),
      let scalar = Unicode.Scalar(0x10000 + (UInt32(unit) - 0xD800) << 10 + (UInt32(low) - 0xDC00))
    else { throw failure(.loneSurrogate, at: start) }
    return scalar
  }

  private mutating func codeUnit(escapeStart: Int) throws(JSONSyntaxError) -> UInt16 {
    var unit: UInt16 = 0
    for _ in 0..<4 {
      guard let byte = current else { throw failure(.unexpectedEnd) }
      guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw failure(.invalidEscape, at: escapeStart)
      }
      unit = unit << 4 | UInt16(digit)
      position += 1
    }
    return unit
  }

  private mutating func number() throws(JSONSyntaxError) -> String {
    let start = position
    if current == UInt8(ascii: "-") {
      position += 1
      if current == UInt8(ascii: "I") || current == UInt8(ascii: "N") { throw failure(.nonFiniteNumber, at: start) }
    }
    let leading = current
    let wholeDigits = skipDigits()
    guard wholeDigits > 0, leading != UInt8(ascii: "0") || wholeDigits == 1 else {
      throw failure(.invalidNumber, at: start)
    }
    if current == UInt8(ascii: ".") {
      position += 1
      guard skipDigits() > 0 else { throw failure(.invalidNumber, at: start) }
    }
    if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
      position += 1
      if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
      guard skipDigits() > 0 else { throw failure(.invalidNumber, at: start) }
    }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private mutating func skipDigits() -> Int {
    let start = position
    while let byte = current, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
    return position - start
  }
}
