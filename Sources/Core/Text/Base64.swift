// SPDX-License-Identifier: Apache-2.0

/// Base64 (RFC 4648) without any tolerance: one alphabet per text, padding as it must be, unused bits zero, nothing else.
///
/// So every byte string has one text per alphabet, and a signature cannot be respelled.
package enum Base64 {
  private static let standard = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  private static let padding = UInt8(ascii: "=")

  /// The standard alphabet, padded, in one line.
  package static func encode(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      let word = group.reduce(0) { $0 << 8 | UInt32($1) } << (8 * UInt32(3 - group.count))
      for place in 0..<4 {
        text.append(place <= group.count ? standard[Int(word >> (18 - 6 * UInt32(place)) & 63)] : padding)
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// Nil for anything but `encode`'s text or its URL-safe spelling (`-` and `_`), which DSSE allows, too.
  package static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
    let bytes = Array(text)
    return decode(bytes.span, isURLSafeAllowed: true)
  }

  /// The same of bytes where they are; without the URL-safe alphabet every byte string has one text.
  package static func decode(_ text: Span<UInt8>, isURLSafeAllowed: Bool) -> [UInt8]? {
    let count = text.count
    guard count.isMultiple(of: 4) else { return nil }
    var paddingCount = 0
    while paddingCount < min(2, count), text[count - 1 - paddingCount] == padding { paddingCount += 1 }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count / 4 * 3)
    var word: UInt32 = 0
    var bits = 0
    var usesStandard = false
    var usesURLSafe = false
    for place in 0..<count - paddingCount {
      let character = text[place]
      guard let value = value(of: character) else { return nil }
      usesStandard = usesStandard || character == UInt8(ascii: "+") || character == UInt8(ascii: "/")
      usesURLSafe = usesURLSafe || character == UInt8(ascii: "-") || character == UInt8(ascii: "_")
      // At most 7 bits were left over, so nothing is shifted out that is still needed.
      word = (word << 6 | value) & 0xFFFF
      bits += 6
      if bits >= 8 {
        bits -= 8
        bytes.append(UInt8(truncatingIfNeeded: word >> UInt32(bits)))
      }
    }
    guard word & (1 << UInt32(bits) - 1) == 0, !(usesStandard && usesURLSafe), isURLSafeAllowed || !usesURLSafe else {
      return nil
    }
    return bytes
  }

  private static func value(of character: UInt8) -> UInt32? {
    switch character {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character - UInt8(ascii: "A"))
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character - UInt8(ascii: "a")) + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character - UInt8(ascii: "0")) + 52
    case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
    case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
    default: nil
    }
  }
}
