// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// Why bytes are not the strict JSON a policy file must be, and where.
public struct JSONSyntaxError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What is wrong.
  public enum Kind: Equatable, Sendable {
    /// The file has more than `PolicyLimits.maximumBytes` bytes.
    case inputTooLarge
    /// The bytes are not well-formed UTF-8.
    case invalidUTF8
    /// The file ends inside a value.
    case unexpectedEnd
    /// Another byte stands where the named thing should.
    case unexpectedByte(expected: String)
    /// Something follows the one value of the file.
    case trailingBytes
    /// An object has this key twice.
    case duplicateKey(String)
    /// A string or a comment holds a raw control character.
    case controlCharacter
    /// A backslash in a string starts no JSON escape.
    case invalidEscape
    /// A `\u` escape is half of a surrogate pair.
    case loneSurrogate
    /// A string has more combining marks in a row than any text has: comparing such strings takes Swift quadratic time.
    case combiningMarks
    /// Arrays and objects are nested deeper than `PolicyLimits.maximumDepth`.
    case tooDeep
    /// A number is not spelled as JSON spells numbers.
    case invalidNumber
    /// `NaN` or `Infinity` stands where a value should.
    case nonFiniteNumber
  }

  /// What is wrong.
  public let kind: Kind
  /// The JSON path of the innermost value being read.
  public let path: String
  /// The byte at which reading stopped, counted from zero.
  public let offset: Int
  /// The line of that byte, counted from one; lines end at a line feed.
  public let line: Int
  /// The column in Unicode scalars, counted from one.
  public let column: Int

  /// What is wrong, in words.
  public var problem: String {
    switch kind {
    case .inputTooLarge: "the file is larger than \(PolicyLimits.maximumBytes) bytes"
    case .invalidUTF8: "the bytes are not UTF-8"
    case .unexpectedEnd: "the file ends too early"
    case .unexpectedByte(let expected): "expected \(expected)"
    case .trailingBytes: "there is more after the policy's closing brace"
    case .duplicateKey(let key): "the key \(displayed(key)) stands twice in one object"
    case .controlCharacter: "a raw control character stands in a string or comment"
    case .invalidEscape: "a backslash starts no JSON escape"
    case .loneSurrogate: "a \\u escape is half of a surrogate pair"
    case .combiningMarks: "a string has more than \(CombiningMarks.longestRun) combining marks in a row"
    case .tooDeep: "values are nested deeper than \(PolicyLimits.maximumDepth) levels"
    case .invalidNumber: "this is not how JSON spells a number"
    case .nonFiniteNumber: "NaN and Infinity are not JSON numbers"
    }
  }

  /// What to do about it.
  public var remedy: String {
    switch kind {
    case .inputTooLarge: "use patterns with * instead of listing tensors one by one"
    case .invalidUTF8: "save the file as UTF-8"
    case .unexpectedEnd: "close every brace, bracket and string"
    case .unexpectedByte: "correct the JSON at this place"
    case .trailingBytes: "keep one policy per file"
    case .duplicateKey: "keep one of the two"
    case .controlCharacter: "write it as an escape, such as \\n or \\u0009"
    case .invalidEscape: "use one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX; write a literal backslash as \\\\"
    case .loneSurrogate: "write both halves of the pair, or the character itself"
    case .combiningMarks: "no text has so many; remove them"
    case .tooDeep: "a policy needs no more than 6 levels"
    case .invalidNumber: "write it like 8, 0.004 or 5e-1: no leading zeros, plus sign or bare point"
    case .nonFiniteNumber: "write a finite decimal; to leave a tensor unbounded, allow \"any\""
    }
  }

  /// In English, for people and logs.
  public var description: String {
    "\(path): line \(line), column \(column) (byte \(offset)): \(problem); \(remedy)"
  }
}

extension JSONSyntaxError {
  /// Policy files: strict JSON with comments, of limited size.
  static let dialect = JSONDialect(
    maximumBytes: PolicyLimits.maximumBytes, maximumDepth: PolicyLimits.maximumDepth,
    // Each value has a byte at least.
    maximumValues: PolicyLimits.maximumBytes, allowsComments: true)

  /// The one value in a policy file.
  static func parse(_ bytes: [UInt8]) throws(JSONSyntaxError) -> JSONValue {
    do throws(JSONSyntaxFailure) {
      return try StrictJSON.parse(bytes, as: dialect)
    } catch {
      throw JSONSyntaxError(error)
    }
  }

  /// The parser's failure in the terms of those who write policies by hand: of a number or an escape its beginning.
  private init(_ failure: JSONSyntaxFailure) {
    let (kind, isAtStart) = Self.kind(of: failure)
    let place = isAtStart ? failure.start : failure.place
    self.init(
      kind: kind, path: failure.path.description, offset: place.offset, line: place.line, column: place.column)
  }

  private static func kind(of failure: JSONSyntaxFailure) -> (kind: Kind, isAtStart: Bool) {
    switch failure.kind {
    case .tooLarge, .tooManyValues: (.inputTooLarge, false)
    case .invalidUTF8: (.invalidUTF8, false)
    case .trailingBytes: (.trailingBytes, false)
    case .duplicateKey(let key): (.duplicateKey(key), false)
    case .controlCharacter: (.controlCharacter, false)
    case .invalidEscape: (.invalidEscape, false)
    case .loneSurrogate: (.loneSurrogate, false)
    case .combiningMarks: (.combiningMarks, false)
    case .tooDeep: (.tooDeep, false)
    case .leadingZero: (.invalidNumber, true)
    case .expected(.digit, let found):
      // `-Infinity` and `-NaN`: what is missing is the first digit.
      (isNonFinite(found) && failure.place.offset == failure.start.offset + 1 ? .nonFiniteNumber : .invalidNumber, true)
    case .expected(_, nil): (.unexpectedEnd, false)
    case .expected(.value, let found) where isNonFinite(found): (.nonFiniteNumber, false)
    case .expected(.value, UInt8(ascii: "+")), .expected(.value, UInt8(ascii: ".")): (.invalidNumber, false)
    case .expected(.hexadecimalDigit, _), .expected(.escape, _): (.invalidEscape, true)
    case .expected(let expected, _): (.unexpectedByte(expected: words(expected)), false)
    }
  }

  private static func isNonFinite(_ byte: UInt8?) -> Bool { byte == UInt8(ascii: "N") || byte == UInt8(ascii: "I") }

  private static func words(_ expectation: JSONSyntaxFailure.Expectation) -> String {
    switch expectation {
    case .value: "a value"
    case .key: "a key in double quotes"
    case .colon: "a colon after the key"
    case .commaOrBrace: "a comma or } after the member"
    case .commaOrBracket: "a comma or ] after the element"
    case .closingQuote: "a double quote"
    case .escape, .hexadecimalDigit: "an escape"
    case .digit: "a digit"
    case .secondSlash: "a second / to start a comment"
    case .word(let word): word
    }
  }
}
