// SPDX-License-Identifier: Apache-2.0

/// JSON as servers write it, which is not always JSON: strings are bytes, keys may repeat, `NaN` and `Infinity` count as
/// null, half surrogates as U+FFFD. For answers of endpoints only; nothing of ours is read with it.
package indirect enum LooseJSON: Equatable, Sendable {
  case null
  case bool(Bool)
  /// The number as written.
  case number([UInt8])
  case string([UInt8])
  case array([LooseJSON])
  case object([(key: [UInt8], value: LooseJSON)])

  /// Arrays and objects inside one another, and values in all.
  static let maximumDepth = 32
  static let maximumValues = 1 << 18

  package static func == (a: LooseJSON, b: LooseJSON) -> Bool {
    switch (a, b) {
    case (.null, .null): true
    case (.bool(let a), .bool(let b)): a == b
    case (.number(let a), .number(let b)), (.string(let a), .string(let b)): a == b
    case (.array(let a), .array(let b)): a == b
    case (.object(let a), .object(let b)):
      a.count == b.count && zip(a, b).allSatisfy { $0.key == $1.key && $0.value == $1.value }
    default: false
    }
  }

  /// Nil for what is none even so, ends early, or is deeper or longer than the limits.
  package init?(_ bytes: [UInt8]) {
    var reader = LooseReader(bytes: bytes)
    guard let value = reader.document() else { return nil }
    self = value
  }

  /// The first member of this name.
  func member(_ key: String) -> LooseJSON? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key.elementsEqual(key.utf8) }?.value
  }

  var elements: [LooseJSON]? {
    guard case .array(let elements) = self else { return nil }
    return elements
  }

  var bytes: [UInt8]? {
    guard case .string(let bytes) = self else { return nil }
    return bytes
  }

  var isNull: Bool { self == .null }
}

/// Recursive descent; nil wherever it cannot go on.
private struct LooseReader {
  let bytes: [UInt8]
  private var position = 0
  private var values = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  mutating func document() -> LooseJSON? {
    guard let value = value(depth: 1) else { return nil }
    skipSpace()
    return position == bytes.count ? value : nil
  }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    position += 1
    return true
  }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  private mutating func word(_ text: String) -> Bool {
    let end = position + text.utf8.count
    guard end <= bytes.count, bytes[position..<end].elementsEqual(text.utf8) else { return false }
    position = end
    return true
  }

  private mutating func value(depth: Int) -> LooseJSON? {
    skipSpace()
    values += 1
    guard let byte = next, values <= LooseJSON.maximumValues, depth <= LooseJSON.maximumDepth else { return nil }
    switch byte {
    case UInt8(ascii: "{"): return object(depth: depth)
    case UInt8(ascii: "["): return array(depth: depth)
    case UInt8(ascii: "\""): return string().map { .string($0) }
    case UInt8(ascii: "t"): return word("true") ? .bool(true) : nil
    case UInt8(ascii: "f"): return word("false") ? .bool(false) : nil
    case UInt8(ascii: "n"): return word("null") ? .null : nil
    case UInt8(ascii: "N"): return word("NaN") ? .null : nil
    case UInt8(ascii: "I"): return word("Infinity") ? .null : nil
    default:
      if word("-Infinity") { return .null }
      return number()
    }
  }

  /// What may stand in a number, whose grammar is checked where it is read.
  private mutating func number() -> LooseJSON? {
    let start = position
    while let byte = next, (0x30...0x39).contains(byte) || [0x2B, 0x2D, 0x2E, 0x45, 0x65].contains(byte) {
      position += 1
    }
    return position > start ? .number(Array(bytes[start..<position])) : nil
  }

  private mutating func array(depth: Int) -> LooseJSON? {
    position += 1
    var elements: [LooseJSON] = []
    skipSpace()
    if take(UInt8(ascii: "]")) { return .array(elements) }
    while true {
      guard let element = value(depth: depth + 1) else { return nil }
      elements.append(element)
      skipSpace()
      if take(UInt8(ascii: "]")) { return .array(elements) }
      guard take(UInt8(ascii: ",")) else { return nil }
    }
  }

  private mutating func object(depth: Int) -> LooseJSON? {
    position += 1
    var members: [(key: [UInt8], value: LooseJSON)] = []
    skipSpace()
    if take(UInt8(ascii: "}")) { return .object(members) }
    while true {
      skipSpace()
      guard next == UInt8(ascii: "\""), let key = string() else { return nil }
      skipSpace()
      guard take(UInt8(ascii: ":")), let value = value(depth: depth + 1) else { return nil }
      members.append((key, value))
      skipSpace()
      if take(UInt8(ascii: "}")) { return .object(members) }
      guard take(UInt8(ascii: ",")) else { return nil }
    }
  }

  private mutating func string() -> [UInt8]? {
    position += 1
    var text: [UInt8] = []
    while let byte = next {
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return text
      case UInt8(ascii: "\\"):
        guard escape(into: &text) else { return nil }
      default: text.append(byte)
      }
    }
    return nil
  }

  private mutating func escape(into text: inout [UInt8]) -> Bool {
    guard let byte = next else { return false }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      guard let unit = codeUnit() else { return false }
      text += Array(String(scalar(unit)).utf8)
    default: return false
    }
    return true
  }

  /// Takes the second half of a pair where there is one.
  private mutating func scalar(_ unit: UInt32) -> Unicode.Scalar {
    if let scalar = Unicode.Scalar(unit) { return scalar }
    let start = position
    if unit < 0xDC00, word("\\u"), let low = codeUnit(), (0xDC00..<0xE000).contains(low),
      let scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
    {
      return scalar
    }
    position = start
    return "\u{FFFD}"
  }

  private mutating func codeUnit() -> UInt32? {
    var unit: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else { return nil }
      unit = unit << 4 | UInt32(digit)
      position += 1
    }
    return unit
  }
}
