// SPDX-License-Identifier: Apache-2.0

/// Why a JSON document was rejected; offsets count bytes from 0, paths start at `$`.
package enum JSONError: Error, Sendable, Equatable, CustomStringConvertible {
  case invalidUTF8(offset: Int)
  case unexpectedEnd(offset: Int, expected: String)
  case unexpectedByte(UInt8, offset: Int, expected: String)
  case controlCharacter(offset: Int)
  case invalidEscape(offset: Int)
  case loneSurrogate(offset: Int)
  /// More than ``CombiningMarks/longestRun`` in a row, in the string at this offset.
  case combiningMarks(offset: Int)
  case duplicateKey(String, offset: Int)
  case tooDeep(limit: Int, offset: Int)
  case tooLarge(limit: Int)
  case tooManyValues(limit: Int, offset: Int)
  case trailingBytes(offset: Int)
  case leadingZero(offset: Int)
  case missingKey(path: String)
  case unknownKey(path: String, allowed: [String])
  case wrongType(path: String, expected: String, found: String)
  case outOfRange(path: String, found: String, expected: String)

  package var description: String {
    switch self {
    case .invalidUTF8(let offset):
      "byte \(offset): invalid UTF-8; JSON must be encoded as UTF-8"
    case .unexpectedEnd(let offset, let expected):
      "byte \(offset): the document ends where \(expected) was expected"
    case .unexpectedByte(0xEF, 0, _):
      "byte 0: a byte order mark, which JSON does not have; save the file as UTF-8 without it"
    case .unexpectedByte(let byte, let offset, let expected):
      "byte \(offset): found \(Self.show(byte)) where \(expected) was expected"
    case .controlCharacter(let offset):
      "byte \(offset): a raw control character inside a string; write it as an escape"
    case .invalidEscape(let offset):
      "byte \(offset): unknown escape; JSON has \\\" \\\\ \\/ \\b \\f \\n \\r \\t and \\uXXXX"
    case .loneSurrogate(let offset):
      "byte \(offset): half of a surrogate pair; write both halves"
    case .combiningMarks(let offset):
      "byte \(offset): a string with more than \(CombiningMarks.longestRun) combining marks in a row; no text has so many"
    case .duplicateKey(let key, let offset):
      "byte \(offset): the key \(StrictJSON.shown(key)) appears twice in one object; keep one"
    case .tooDeep(let limit, let offset):
      "byte \(offset): nested deeper than \(limit) levels"
    case .tooLarge(let limit):
      "the document has more than \(limit) bytes"
    case .tooManyValues(let limit, let offset):
      "byte \(offset): the document has more than \(limit) values"
    case .leadingZero(let offset):
      "byte \(offset): a number with a zero before its digits; write it without"
    case .trailingBytes(let offset):
      "byte \(offset): something follows the document's value; only white space may"
    case .missingKey(let path):
      "\(path): the key is missing"
    case .unknownKey(let path, let allowed):
      "\(path): unknown key; allowed here: \(allowed.joined(separator: ", "))"
    case .wrongType(let path, let expected, let found):
      "\(path): found \(found), expected \(expected)"
    case .outOfRange(let path, let found, let expected):
      "\(path): found \(found), expected \(expected)"
    }
  }

  private static func show(_ byte: UInt8) -> String {
    let isPrintable = byte > 0x20 && byte < 0x7F
    return isPrintable ? "'\(Character(Unicode.Scalar(byte)))'" : "the byte 0x\(String(byte, radix: 16))"
  }
}

extension JSONError {
  /// The parser's failure, at the byte where reading stopped.
  package init(_ failure: JSONSyntaxFailure) {
    let offset = failure.place.offset
    switch failure.kind {
    case .tooLarge(let limit): self = .tooLarge(limit: limit)
    case .tooManyValues(let limit): self = .tooManyValues(limit: limit, offset: offset)
    case .invalidUTF8: self = .invalidUTF8(offset: offset)
    case .expected(let expected, let byte?):
      self = .unexpectedByte(byte, offset: offset, expected: Self.words(expected))
    case .expected(let expected, nil): self = .unexpectedEnd(offset: offset, expected: Self.words(expected))
    case .trailingBytes: self = .trailingBytes(offset: offset)
    case .duplicateKey(let key): self = .duplicateKey(key, offset: offset)
    case .controlCharacter: self = .controlCharacter(offset: offset)
    case .invalidEscape: self = .invalidEscape(offset: offset)
    case .loneSurrogate: self = .loneSurrogate(offset: offset)
    case .combiningMarks: self = .combiningMarks(offset: offset)
    case .tooDeep(let limit): self = .tooDeep(limit: limit, offset: offset)
    case .leadingZero: self = .leadingZero(offset: offset)
    }
  }

  private static func words(_ expectation: JSONSyntaxFailure.Expectation) -> String {
    switch expectation {
    case .value: "a value"
    case .key: "a key"
    case .colon: "':'"
    case .commaOrBrace: "',' or '}'"
    case .commaOrBracket: "',' or ']'"
    case .closingQuote: "'\"'"
    case .escape: "an escape"
    case .hexadecimalDigit: "a hexadecimal digit"
    case .digit: "a digit"
    case .secondSlash: "'/'"
    case .word(let word): word
    }
  }
}
