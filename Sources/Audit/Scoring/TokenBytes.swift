// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// The bytes of one token. A transcript has millions of them, nearly all short: up to 15 bytes stand in the value itself, so
/// that reading and comparing them asks for no memory.
package struct TokenBytes: Hashable, Sendable {
  /// Of a short token: its bytes from the highest byte down, zeros behind them, and their number in the lowest byte. So equal
  /// tokens are equal numbers, and the order of the numbers is that of the bytes.
  private let high: UInt64
  private let low: UInt64
  /// All bytes of a longer one; nil for a short one.
  private let long: [UInt8]?

  private static let longest = 15

  private init(high: UInt64, low: UInt64, long: [UInt8]?) {
    self.high = high
    self.low = low
    self.long = long
  }

  package init(_ bytes: [UInt8]) {
    guard bytes.count <= Self.longest else {
      self.init(high: .max, low: .max, long: bytes)
      return
    }
    var (high, low): (UInt64, UInt64) = (0, UInt64(bytes.count))
    for (place, byte) in bytes.enumerated() {
      let shifted = UInt64(byte) << UInt64(56 - 8 * (place % 8))
      if place < 8 { high |= shifted } else { low |= shifted }
    }
    self.init(high: high, low: low, long: nil)
  }

  /// From base64 in its one spelling; nil for anything else.
  package init?(base64 text: Span<UInt8>) {
    if let short = Self.short(text) {
      self = short
      return
    }
    guard let bytes = Base64.decode(text, isURLSafeAllowed: false) else { return nil }
    self.init(bytes)
  }

  /// What ``Base64`` decodes, straight into the value; nil for longer texts, and for what ``Base64`` refuses.
  private static func short(_ text: Span<UInt8>) -> TokenBytes? {
    let count = text.count
    guard count <= 4 * (longest / 3), count.isMultiple(of: 4) else { return nil }
    var digits = count
    while digits > 0, digits > count - 2, text[digits - 1] == UInt8(ascii: "=") { digits -= 1 }
    var (high, low): (UInt64, UInt64) = (0, 0)
    for place in 0..<digits {
      guard let value = value(ofDigit: text[place]) else { return nil }
      high = high << 6 | low >> 58
      low = low << 6 | value
    }
    let bits = UInt64(6 * digits)
    guard low & (1 << (bits % 8) - 1) == 0 else { return nil }
    // To the left of 128 bits; the last byte stays free.
    let shift = 128 - bits
    if shift >= 64 {
      high = shift == 128 ? 0 : low << (shift - 64)
      low = 0
    } else {
      high = high << shift | low >> (64 - shift)
      low <<= shift
    }
    return TokenBytes(high: high, low: low | bits / 8, long: nil)
  }

  private static func value(ofDigit character: UInt8) -> UInt64? {
    switch character {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt64(character - UInt8(ascii: "A"))
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt64(character - UInt8(ascii: "a")) + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(character - UInt8(ascii: "0")) + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }

  package var count: Int { long?.count ?? Int(low & 0xFF) }

  package var bytes: [UInt8] {
    var result: [UInt8] = []
    append(to: &result)
    return result
  }

  package func append(to bytes: inout [UInt8]) {
    if let long {
      bytes += long
      return
    }
    for place in 0..<Int(low & 0xFF) {
      bytes.append(UInt8(truncatingIfNeeded: (place < 8 ? high : low) >> UInt64(56 - 8 * (place % 8))))
    }
  }
}

extension TokenBytes {
  private static let replacement = Array("\u{FFFD}".utf8)

  /// Whether it has U+FFFD, which servers write where a token is a part of a character: then it is no token that is known.
  var isUnclear: Bool {
    guard count >= Self.replacement.count else { return false }
    let bytes = bytes
    return (0...bytes.count - Self.replacement.count).contains { bytes[$0...].starts(with: Self.replacement) }
  }

  /// Whether it is UTF-8, and so a text by itself; otherwise it is a part of a character, or has one.
  var isText: Bool {
    // Nearly all are ASCII; the number of a short one's bytes is no byte of it.
    if long == nil, (high | low) & 0x8080_8080_8080_8080 == 0 { return true }
    return String(validating: bytes, as: UTF8.self) != nil
  }

  /// What is left of it as text.
  var text: TokenBytes {
    let scalars = String(decoding: bytes, as: UTF8.self).unicodeScalars.filter { $0 != "\u{FFFD}" }
    return TokenBytes(Array(String(String.UnicodeScalarView(scalars)).utf8))
  }

  /// Nothing, or blanks alone.
  var isBlank: Bool { bytes.allSatisfy { $0 == 0x20 } }
}

extension TokenBytes: Comparable {
  /// By the bytes, one after the other.
  package static func < (a: TokenBytes, b: TokenBytes) -> Bool {
    guard a.long == nil, b.long == nil else { return a.bytes.lexicographicallyPrecedes(b.bytes) }
    return a.high != b.high ? a.high < b.high : a.low < b.low
  }
}
