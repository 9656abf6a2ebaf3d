// SPDX-License-Identifier: Apache-2.0

/// Why bytes are not a strict JSON document, and where. It has no wording: those who read documents have their own, for
/// files that programs write (``JSONError``) and for policies that people write.
package struct JSONSyntaxFailure: Error, Sendable, Equatable {
  /// What is wrong.
  package enum Kind: Sendable, Equatable {
    /// More than `JSONDialect.maximumBytes`.
    case tooLarge(limit: Int)
    /// More than `JSONDialect.maximumValues`.
    case tooManyValues(limit: Int)
    /// An ill-formed sequence begins at the place.
    case invalidUTF8
    /// Another byte than the expected, or nil for the document's end.
    case expected(Expectation, found: UInt8?)
    /// Something follows the document's value.
    case trailingBytes
    /// The object has this key already, perhaps in another Unicode spelling, which Swift's `String` takes for the same.
    case duplicateKey(String)
    /// A raw control character in a string or a comment.
    case controlCharacter
    /// A backslash that starts no escape.
    case invalidEscape
    /// A `\u` escape that is half of a surrogate pair.
    case loneSurrogate
    /// A run of combining marks that ``CombiningMarks`` does not allow, in the string at the place.
    case combiningMarks
    /// Deeper than `JSONDialect.maximumDepth`.
    case tooDeep(limit: Int)
    /// A number with a zero before its digits.
    case leadingZero
  }

  /// What should stand at the place.
  package enum Expectation: Sendable, Equatable {
    case value, key, colon, commaOrBrace, commaOrBracket, closingQuote, escape, hexadecimalDigit, digit, secondSlash
    /// The rest of `true`, `false` or `null`.
    case word(String)
  }

  /// A byte of a document.
  package struct Place: Sendable, Equatable {
    /// Counted from zero.
    package let offset: Int
    /// Counted from one; lines end at a line feed.
    package let line: Int
    /// Unicode scalars in the line, counted from one.
    package let column: Int

    init(_ offset: Int, in bytes: [UInt8]) {
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
      self.offset = offset
      self.line = line
      self.column = column
    }
  }

  /// What is wrong.
  package let kind: Kind
  /// The innermost value being read.
  package let path: JSONPath
  /// The byte at which reading stopped.
  package let place: Place
  /// Where the number or escape begins in which reading stopped; otherwise `place`.
  package let start: Place
}
