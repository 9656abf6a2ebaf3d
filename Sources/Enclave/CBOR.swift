// SPDX-License-Identifier: Apache-2.0

/// One value of CBOR (RFC 8949), of the kinds that quotes have.
package indirect enum CBORValue: Equatable, Sendable {
  case unsigned(UInt64)
  /// -1 - n.
  case negative(UInt64)
  case bytes([UInt8])
  case text(String)
  case array([CBORValue])
  /// In the order of the bytes, keys distinct.
  case map([Entry])
  /// COSE_Sign1.
  case tag18(CBORValue)
  case null

  package struct Entry: Equatable, Sendable {
    package let key: CBORValue
    package let value: CBORValue
  }
}

/// Reads CBOR strictly: definite lengths, the shortest form of every length, these kinds and no others, no key twice.
package enum CBOR {
  /// Bytes of a quote's document.
  package static let maximumBytes = 16 << 10
  /// Values inside one another.
  static let maximumDepth = 4

  /// Reads one value that is all of the bytes. No bytes make it trap, and it keeps no more than they are.
  package static func parse(_ bytes: [UInt8]) throws(QuoteRejection) -> CBORValue {
    guard bytes.count <= maximumBytes else { throw .malformed("\(bytes.count) bytes are more than a quote has") }
    var reader = CBORReader(bytes: bytes)
    let value = try reader.value(depth: 0)
    guard reader.position == bytes.count else { throw .malformed("something stands behind its end") }
    return value
  }

  /// The encoding of a value.
  package static func encode(_ value: CBORValue) -> [UInt8] {
    switch value {
    case .unsigned(let number): head(0, number)
    case .negative(let number): head(1, number)
    case .bytes(let bytes): head(2, UInt64(bytes.count)) + bytes
    case .text(let text): head(3, UInt64(text.utf8.count)) + Array(text.utf8)
    case .array(let elements): head(4, UInt64(elements.count)) + elements.flatMap(encode)
    case .map(let entries): head(5, UInt64(entries.count)) + entries.flatMap { encode($0.key) + encode($0.value) }
    case .tag18(let inner): [0xD2] + encode(inner)
    case .null: [0xF6]
    }
  }

  private static func head(_ kind: UInt8, _ number: UInt64) -> [UInt8] {
    func big(_ count: Int) -> [UInt8] {
      (0..<count).reversed().map { UInt8(truncatingIfNeeded: number >> UInt64(8 * $0)) }
    }
    switch number {
    case ..<24: return [kind << 5 | UInt8(number)]
    case ..<0x100: return [kind << 5 | 24] + big(1)
    case ..<0x1_0000: return [kind << 5 | 25] + big(2)
    case ..<0x1_0000_0000: return [kind << 5 | 26] + big(4)
    default: return [kind << 5 | 27] + big(8)
    }
  }
}

private struct CBORReader {
  let bytes: [UInt8]
  var position = 0

  mutating func value(depth: Int) throws(QuoteRejection) -> CBORValue {
    guard depth <= CBOR.maximumDepth else { throw .malformed("values stand too deep inside one another") }
    let first = try byte()
    guard first != 0xF6 else { return .null }
    let number = try number(first & 0x1F)
    switch first >> 5 {
    case 0: return .unsigned(number)
    case 1: return .negative(number)
    case 2: return .bytes(try take(number))
    case 3:
      let bytes = try take(number)
      guard let text = String(validating: bytes, as: UTF8.self) else { throw .malformed("a text is no UTF-8") }
      return .text(text)
    case 4:
      // Each element has a byte at least: no count reserves more than is there.
      guard number <= UInt64(bytes.count - position) else { throw .malformed("it ends in the middle") }
      var elements: [CBORValue] = []
      for _ in 0..<number { elements.append(try value(depth: depth + 1)) }
      return .array(elements)
    case 5:
      guard number <= UInt64(bytes.count - position) / 2 else { throw .malformed("it ends in the middle") }
      return .map(try entries(number, depth))
    case 6:
      guard number == 18 else { throw .malformed("it has a tag \(number)") }
      return .tag18(try value(depth: depth + 1))
    default: throw .malformed("it has a value of a kind that no quote has")
    }
  }

  private mutating func entries(_ count: UInt64, _ depth: Int) throws(QuoteRejection) -> [CBORValue.Entry] {
    var entries: [CBORValue.Entry] = []
    // A value has one encoding here, so that equal keys are equal bytes.
    var seen: Set<[UInt8]> = []
    for _ in 0..<count {
      let start = position
      let key = try value(depth: depth + 1)
      switch key {
      case .unsigned, .negative, .text: break
      default: throw .malformed("a key is no number or text")
      }
      guard seen.insert(Array(bytes[start..<position])).inserted else { throw .malformed("a key stands there twice") }
      entries.append(.init(key: key, value: try value(depth: depth + 1)))
    }
    return entries
  }

  private mutating func byte() throws(QuoteRejection) -> UInt8 {
    guard position < bytes.count else { throw .malformed("it ends in the middle") }
    defer { position += 1 }
    return bytes[position]
  }

  private mutating func take(_ count: UInt64) throws(QuoteRejection) -> [UInt8] {
    guard count <= UInt64(bytes.count - position) else { throw .malformed("it ends in the middle") }
    defer { position += Int(count) }
    return Array(bytes[position..<position + Int(count)])
  }

  /// The number of a head, in its shortest form.
  private mutating func number(_ form: UInt8) throws(QuoteRejection) -> UInt64 {
    guard form >= 24 else { return UInt64(form) }
    guard form <= 27 else { throw .malformed("a length is indefinite or reserved") }
    let count = 1 << Int(form - 24)
    let number = try take(UInt64(count)).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let least: UInt64 = form == 24 ? 24 : 1 << UInt64(4 * count)
    guard number >= least else { throw .malformed("a number is not in its shortest form") }
    return number
  }
}
