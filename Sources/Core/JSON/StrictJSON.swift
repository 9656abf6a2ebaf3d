// SPDX-License-Identifier: Apache-2.0

/// A strict parser of RFC 8259 documents in UTF-8: it rejects whatever two readers could read differently, and whatever a
/// hostile document could keep a reader busy with.
///
/// Rejected: invalid UTF-8, a byte-order mark, duplicate keys (also canonically equivalent Unicode ones, which
/// Swift's `String` would take for one), lone surrogates, long runs of combining marks (``CombiningMarks``), raw control
/// characters, anything but white space after the value, and what exceeds the dialect's limits. Numbers keep their text.
/// Bytes never cause a trap.
package enum StrictJSON {
  /// Parses one document of the standard dialect.
  package static func parse(_ bytes: [UInt8]) throws(JSONError) -> JSONValue {
    do throws(JSONSyntaxFailure) {
      return try parse(bytes, as: .standard)
    } catch {
      throw JSONError(error)
    }
  }

  /// Parses one document; the error says where and what, and the caller finds the words.
  package static func parse(_ bytes: [UInt8], as dialect: JSONDialect) throws(JSONSyntaxFailure) -> JSONValue {
    var parser = JSONParser(bytes: bytes, dialect: dialect)
    return try parser.document()
  }
}

/// Recursive descent over validated UTF-8; `position` is the offset of the next unread byte.
private struct JSONParser {
  let bytes: [UInt8]
  let dialect: JSONDialect
  private var position = 0
  private var values = 0
  private var path = JSONPath()

  init(bytes: [UInt8], dialect: JSONDialect) {
    self.bytes = bytes
    self.dialect = dialect
  }

  mutating func document() throws(JSONSyntaxFailure) -> JSONValue {
    guard bytes.count <= dialect.maximumBytes else {
      throw failure(.tooLarge(limit: dialect.maximumBytes), at: dialect.maximumBytes)
    }
    if let offset = firstInvalidUTF8() { throw failure(.invalidUTF8, at: offset) }
    let value = try value(depth: 1)
    try skipSpace()
    guard position == bytes.count else { throw failure(.trailingBytes) }
    return value
  }

  /// The offset of the first byte of the first ill-formed sequence, nil if there is none.
  private func firstInvalidUTF8() -> Int? {
    guard var offset = bytes.firstIndex(where: { $0 >= 0x80 }) else { return nil }
    var decoder = Unicode.UTF8.ForwardParser()
    var iterator = bytes[offset...].makeIterator()
    while true {
      switch decoder.parseScalar(from: &iterator) {
      case .valid(let encoded): offset += encoded.count
      case .emptyInput: return nil
      case .error: return offset
      }
    }
  }

  // MARK: Bytes

  private func failure(
    _ kind: JSONSyntaxFailure.Kind, at offset: Int? = nil, start: Int? = nil
  ) -> JSONSyntaxFailure {
    let offset = offset ?? position
    return JSONSyntaxFailure(
      kind: kind, path: path, place: .init(offset, in: bytes), start: .init(start ?? offset, in: bytes))
  }

  private func missing(_ expected: JSONSyntaxFailure.Expectation, start: Int? = nil) -> JSONSyntaxFailure {
    failure(.expected(expected, found: next), start: start)
  }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  /// Consumes `byte` if it is next.
  private mutating func take(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    position += 1
    return true
  }

  private mutating func skipSpace() throws(JSONSyntaxFailure) {
    while let byte = next {
      switch byte {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      case UInt8(ascii: "/") where dialect.allowsComments: try skipComment()
      default: return
      }
    }
  }

  /// Skips `//` up to, not including, the line feed. A carriage return only counts as part of CR LF: on its own some
  /// editors show it as the end of the line, which would let a comment hide what follows, or show what it hides.
  private mutating func skipComment() throws(JSONSyntaxFailure) {
    position += 1
    guard next == UInt8(ascii: "/") else { throw missing(.secondSlash) }
    while let byte = next, byte != 0x0A {
      if byte == 0x0D, position + 1 < bytes.count, bytes[position + 1] == 0x0A {
        position += 1
        return
      }
      guard byte >= 0x20 || byte == 0x09 else { throw failure(.controlCharacter) }
      position += 1
    }
  }

  // MARK: Values

  private mutating func value(depth: Int) throws(JSONSyntaxFailure) -> JSONValue {
    try skipSpace()
    guard let byte = next else { throw missing(.value) }
    values += 1
    guard values <= dialect.maximumValues else { throw failure(.tooManyValues(limit: dialect.maximumValues)) }
    switch byte {
    case UInt8(ascii: "{"): return .object(try object(depth: depth))
    case UInt8(ascii: "["): return .array(try array(depth: depth))
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: throw missing(.value)
    }
  }

  private mutating func word(_ word: String, _ value: JSONValue) throws(JSONSyntaxFailure) -> JSONValue {
    for byte in word.utf8 {
      guard take(byte) else { throw missing(.word(word)) }
    }
    return value
  }

  private mutating func object(depth: Int) throws(JSONSyntaxFailure) -> [JSONMember] {
    guard depth <= dialect.maximumDepth else { throw failure(.tooDeep(limit: dialect.maximumDepth)) }
    position += 1
    var members: [JSONMember] = []
    var keys = DistinctKeys()
    try skipSpace()
    if take(UInt8(ascii: "}")) { return members }
    while true {
      try skipSpace()
      guard next == UInt8(ascii: "\"") else { throw missing(.key) }
      let start = position
      let key = try string()
      path.push(.key(key))
      guard keys.insert(key, after: members) else { throw failure(.duplicateKey(key), at: start) }
      try skipSpace()
      guard take(UInt8(ascii: ":")) else { throw missing(.colon) }
      members.append(JSONMember(key: key, value: try value(depth: depth + 1)))
      path.pop()
      try skipSpace()
      if take(UInt8(ascii: "}")) { return members }
      guard take(UInt8(ascii: ",")) else { throw missing(.commaOrBrace) }
    }
  }

  private mutating func array(depth: Int) throws(JSONSyntaxFailure) -> [JSONValue] {
    guard depth <= dialect.maximumDepth else { throw failure(.tooDeep(limit: dialect.maximumDepth)) }
    position += 1
    var elements: [JSONValue] = []
    try skipSpace()
    if take(UInt8(ascii: "]")) { return elements }
    while true {
      path.push(.index(elements.count))
      elements.append(try value(depth: depth + 1))
      path.pop()
      try skipSpace()
      if take(UInt8(ascii: "]")) { return elements }
      guard take(UInt8(ascii: ",")) else { throw missing(.commaOrBracket) }
    }
  }

  // MARK: Numbers

  private mutating func number() throws(JSONSyntaxFailure) -> String {
    let start = position
    _ = take(UInt8(ascii: "-"))
    let leading = next
    let whole = try digits(of: start)
    guard leading != UInt8(ascii: "0") || whole == 1 else { throw failure(.leadingZero, at: start) }
    if take(UInt8(ascii: ".")) { _ = try digits(of: start) }
    if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
      if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
      _ = try digits(of: start)
    }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  /// Takes decimal digits, at least one.
  private mutating func digits(of number: Int) throws(JSONSyntaxFailure) -> Int {
    let start = position
    while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
    guard position > start else { throw missing(.digit, start: number) }
    return position - start
  }

  // MARK: Strings

  private mutating func string() throws(JSONSyntaxFailure) -> String {
    let start = position
    position += 1
    // Mostly nothing is escaped, and the string is a run of bytes.
    var end = position
    while end < bytes.count, bytes[end] >= 0x20, bytes[end] != UInt8(ascii: "\""), bytes[end] != UInt8(ascii: "\\") {
      end += 1
    }
    var text = bytes[position..<end]
    position = end
    while let byte = next {
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        let result = String(decoding: text, as: UTF8.self)
        guard CombiningMarks.areFew(in: result) else { throw failure(.combiningMarks, at: start) }
        return result
      case UInt8(ascii: "\\"): text.append(contentsOf: String(try escape()).utf8)
      case 0..<0x20: throw failure(.controlCharacter)
      default:
        text.append(byte)
        position += 1
      }
    }
    throw missing(.closingQuote)
  }

  /// One escape sequence; a surrogate pair counts as one.
  private mutating func escape() throws(JSONSyntaxFailure) -> Unicode.Scalar {
    let start = position
    position += 1
    guard let byte = next else { throw missing(.escape) }
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
    let unit = try codeUnit(of: start)
    if let scalar = Unicode.Scalar(unit) { return scalar }
    let second = position
    guard unit < 0xDC00, take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
      throw failure(.loneSurrogate, at: start)
    }
    let low = try codeUnit(of: second)
    guard (0xDC00..<0xE000).contains(low),
      let scalar = Unicode.Scalar(0x10000 + (UInt32(unit) - 0xD800) << 10 + (UInt32(low) - 0xDC00))
    else { throw failure(.loneSurrogate, at: start) }
    return scalar
  }

  /// Four hexadecimal digits.
  private mutating func codeUnit(of escape: Int) throws(JSONSyntaxFailure) -> UInt16 {
    var unit: UInt16 = 0
    for _ in 0..<4 {
      guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw missing(.hexadecimalDigit, start: escape)
      }
      unit = unit << 4 | UInt16(digit)
      position += 1
    }
    return unit
  }
}

/// Tells keys of one object apart. Most objects have a handful, which cost no set.
private struct DistinctKeys {
  private static let fewKeys = 8
  private var many: Set<String> = []

  /// Whether `key` is none of the members so far.
  mutating func insert(_ key: String, after members: [JSONMember]) -> Bool {
    if members.count < Self.fewKeys { return !members.contains { $0.key == key } }
    if many.isEmpty { many = Set(members.map(\.key)) }
    return many.insert(key).inserted
  }
}
