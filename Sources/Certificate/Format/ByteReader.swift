import Checkpoint

/// Reads little-endian binary formats front to back; throws at the end, never traps.
package struct ByteReader {
  private let bytes: [UInt8]
  private(set) var position = 0

  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  package var remaining: Int { bytes.count - position }

  package mutating func bytes(_ section: String, count: Int) throws(FormatError) -> [UInt8] {
    guard count >= 0, count <= remaining else { throw .truncated(section: section) }
    defer { position += count }
    return Array(bytes[position..<position + count])
  }

  package mutating func integer<I: FixedWidthInteger & UnsignedInteger>(
    _ section: String, as type: I.Type
  ) throws(FormatError) -> I {
    let raw = try bytes(section, count: I.bitWidth / 8)
    return raw.reversed().reduce(I.zero) { ($0 << 8) | I(truncatingIfNeeded: $1) }
  }

  /// Bytes after their length as UInt64.
  package mutating func prefixed(_ section: String) throws(FormatError) -> [UInt8] {
    let length = try integer(section, as: UInt64.self)
    guard let count = Int(exactly: length) else { throw .truncated(section: section) }
    return try bytes(section, count: count)
  }

  /// UTF-8 after its length as UInt64.
  package mutating func text(_ section: String) throws(FormatError) -> String {
    guard let text = String(validating: try prefixed(section), as: UTF8.self) else {
      throw .invalidText(section: section)
    }
    guard CombiningMarks.areFew(in: text) else { throw .combiningMarks(section: section) }
    return text
  }

  package func finish() throws(FormatError) {
    guard remaining == 0 else { throw .trailingBytes(count: remaining) }
  }
}
