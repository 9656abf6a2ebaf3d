import Core

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
  case trailingBytes(offset: Int)
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
