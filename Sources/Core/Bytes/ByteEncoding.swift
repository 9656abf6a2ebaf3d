// SPDX-License-Identifier: Apache-2.0

extension Array where Element == UInt8 {
  /// Appends the little-endian bytes of an integer, the only integer encoding of the project.
  package mutating func append(littleEndian value: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
  }

  /// Appends the number of bytes as UInt64, then the bytes: no two sequences of such parts are the same bytes.
  package mutating func append(lengthPrefixed bytes: some Collection<UInt8>) {
    append(littleEndian: UInt64(bytes.count))
    append(contentsOf: bytes)
  }

  /// Appends the text's UTF-8 after its number of bytes.
  package mutating func append(lengthPrefixed text: String) { append(lengthPrefixed: Array(text.utf8)) }

  /// Two lower-case hexadecimal digits a byte.
  package var hexadecimal: String {
    func digit(_ nibble: UInt8) -> UInt8 { nibble < 10 ? 0x30 + nibble : 0x57 + nibble }
    var digits: [UInt8] = []
    digits.reserveCapacity(2 * count)
    for byte in self {
      digits.append(digit(byte >> 4))
      digits.append(digit(byte & 15))
    }
    return String(decoding: digits, as: UTF8.self)
  }

  /// Nil unless `text` is an even number of lower-case hexadecimal digits.
  package init?(hexadecimal text: String) {
    let digits = Array(text.utf8)
    guard digits.count.isMultiple(of: 2) else { return nil }
    func nibble(_ c: UInt8) -> UInt8? {
      switch c {
      case 0x30...0x39: c - 0x30
      case 0x61...0x66: c - 0x61 + 10
      default: nil
      }
    }
    var result: [UInt8] = []
    result.reserveCapacity(digits.count / 2)
    for i in stride(from: 0, to: digits.count, by: 2) {
      guard let high = nibble(digits[i]), let low = nibble(digits[i + 1]) else { return nil }
      result.append(high << 4 | low)
    }
    self = result
  }
}
