// SPDX-License-Identifier: Apache-2.0

/// What a ``ByteReader`` throws: an error of the format that is read.
package protocol ByteReadingError: Error {
  /// The bytes end inside a section.
  static func truncated(section: String) -> Self
  /// Bytes follow the last section.
  static func trailingBytes(count: Int) -> Self
}

/// What a ``ByteReader`` throws for text.
package protocol TextReadingError: ByteReadingError {
  /// A text is not UTF-8.
  static func invalidText(section: String) -> Self
  /// A text has a run of combining marks that ``CombiningMarks`` does not allow.
  static func combiningMarks(section: String) -> Self
}

/// Reads little-endian binary formats front to back; throws at the end, never traps. Sections are named for the errors.
package struct ByteReader<Failure: ByteReadingError> {
  private let bytes: [UInt8]
  private var position = 0

  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Bytes not read yet.
  package var remaining: Int { bytes.count - position }

  /// The next `count` bytes.
  /// - Throws: `truncated`, also for a negative count.
  package mutating func bytes(_ section: String, count: Int) throws(Failure) -> [UInt8] {
    guard count >= 0, count <= remaining else { throw .truncated(section: section) }
    defer { position += count }
    return Array(bytes[position..<position + count])
  }

  /// The next integer.
  /// - Throws: `truncated`.
  package mutating func integer<I: FixedWidthInteger & UnsignedInteger>(
    _ section: String, as type: I.Type
  ) throws(Failure) -> I {
    let width = I.bitWidth / 8
    guard width <= remaining else { throw .truncated(section: section) }
    // Words of 64 bits, as generic integers are slow: a manifest has hundreds of thousands.
    var value = I.zero
    for start in stride(from: 0, to: width, by: 8) {
      var word: UInt64 = 0
      for place in start..<min(width, start + 8) {
        word |= UInt64(bytes[position + place]) << UInt64(8 * (place - start))
      }
      value = width <= 8 ? I(truncatingIfNeeded: word) : value | I(truncatingIfNeeded: word) << I(8 * start)
    }
    position += width
    return value
  }

  /// A u64 count of things of at least `size` bytes each, so that it is at most what the rest can hold.
  /// - Throws: `truncated`.
  package mutating func count(_ section: String, of size: Int = 1) throws(Failure) -> Int {
    let stated = try integer(section, as: UInt64.self)
    guard let count = Int(exactly: stated), count <= remaining / size else { throw .truncated(section: section) }
    return count
  }

  /// Bytes after their length as u64.
  /// - Throws: `truncated`.
  package mutating func prefixed(_ section: String) throws(Failure) -> [UInt8] {
    try bytes(section, count: try count(section))
  }

  /// Checks that everything was read.
  /// - Throws: `trailingBytes`.
  package func finish() throws(Failure) {
    guard remaining == 0 else { throw .trailingBytes(count: remaining) }
  }
}

extension ByteReader where Failure: TextReadingError {
  /// UTF-8 after its length as u64.
  /// - Throws: `truncated`, `invalidText` or `combiningMarks`.
  package mutating func text(_ section: String) throws(Failure) -> String {
    let length = try count(section)
    guard let text = String(validating: bytes[position..<position + length], as: UTF8.self) else {
      throw .invalidText(section: section)
    }
    position += length
    guard CombiningMarks.areFew(in: text) else { throw .combiningMarks(section: section) }
    return text
  }
}
