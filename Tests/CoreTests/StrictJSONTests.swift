// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCore
import Testing

@Suite struct StrictJSONTests {
  private func parse(_ text: String) throws(JSONError) -> JSONValue { try StrictJSON.parse(Array(text.utf8)) }

  @Test func acceptsAllKindsOfValues() throws {
    let value = try parse(" {\"a\": [null, true, false, -0.5e+10, \"x\"], \"b\": {}, \"c\": []} \n")
    #expect(
      value
        == .object([
          JSONMember(
            key: "a", value: .array([.null, .bool(true), .bool(false), .number("-0.5e+10"), .string("x")])),
          JSONMember(key: "b", value: .object([])),
          JSONMember(key: "c", value: .array([])),
        ]))
  }

  @Test func decodesEscapesAndSurrogatePairs() throws {
    #expect(try parse(#""\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00""#) == .string("\"\\/\u{8}\u{c}\n\r\té😀"))
  }

  @Test func quotedTextParsesBack() throws {
    let text = "a\"b\\c\u{0}\u{1F}\u{7F}\u{9B}é😀\n"
    #expect(try parse(StrictJSON.quoted(text)) == .string(text))
    #expect(StrictJSON.quoted(text).unicodeScalars.allSatisfy { $0.value >= 0x20 })
  }

  /// U+202E turns the text after it around, U+200B is not seen, U+E0041 is an invisible tag outside the first plane.
  @Test func escapesWhatHidesOrTurnsText() throws {
    let text = "a\u{202E}b\u{200B}c\u{2028}\u{E0041}d\u{85}é"
    #expect(StrictJSON.quoted(text) == #""a\u202eb\u200bc\u2028\udb40\udc41d\u0085é""#)
    #expect(try parse(StrictJSON.quoted(text)) == .string(text))
  }

  @Test(arguments: [
    ("", JSONError.unexpectedEnd(offset: 0, expected: "a value")),
    ("[1,]", .unexpectedByte(UInt8(ascii: "]"), offset: 3, expected: "a value")),
    ("{\"a\" 1}", .unexpectedByte(UInt8(ascii: "1"), offset: 5, expected: "':'")),
    ("{a:1}", .unexpectedByte(UInt8(ascii: "a"), offset: 1, expected: "a key")),
    ("{\"a\":1,}", .unexpectedByte(UInt8(ascii: "}"), offset: 7, expected: "a key")),
    ("[1", .unexpectedEnd(offset: 2, expected: "',' or ']'")),
    ("{\"a\":1,\"a\":2}", .duplicateKey("a", offset: 7)),
    ("{\"a\":1,\"\\u0061\":2}", .duplicateKey("a", offset: 7)),
    ("01", .leadingZero(offset: 0)),
    ("1.", .unexpectedEnd(offset: 2, expected: "a digit")),
    ("-", .unexpectedEnd(offset: 1, expected: "a digit")),
    ("1e", .unexpectedEnd(offset: 2, expected: "a digit")),
    ("nul", .unexpectedEnd(offset: 3, expected: "null")),
    ("{} x", .trailingBytes(offset: 3)),
    ("\"\u{1}\"", .controlCharacter(offset: 1)),
    ("\"\\x\"", .invalidEscape(offset: 1)),
    ("\"\\u12g4\"", .unexpectedByte(UInt8(ascii: "g"), offset: 5, expected: "a hexadecimal digit")),
    ("\"\\uD800\"", .loneSurrogate(offset: 1)),
    ("\"\\uD800\\u0041\"", .loneSurrogate(offset: 1)),
    ("\"\\uDC00\"", .loneSurrogate(offset: 1)),
    ("\"abc", .unexpectedEnd(offset: 4, expected: "'\"'")),
    ("\u{FEFF}{}", .unexpectedByte(0xEF, offset: 0, expected: "a value")),
  ])
  func rejects_document_when_malformed(text: String, error: JSONError) {
    #expect(throws: error) { try parse(text) }
    #expect(!error.description.isEmpty)
  }

  @Test func messagesDoNotRepeatLongTexts() throws {
    let long = String(repeating: "x", count: 100_000)
    #expect(JSONError.duplicateKey(long, offset: 0).description.count < 300)
    let error = #expect(throws: JSONError.self) {
      try JSONNode(.number(String(repeating: "9", count: 100_000))).integer(in: 0...5)
    }
    #expect(try #require(error).description.count < 300)
    #expect(try parse("{\"é\":1}") != parse("{\"e\":1}"))
    #expect(throws: JSONError.duplicateKey("e\u{301}", offset: 8)) { try parse("{\"\u{e9}\":1,\"e\u{301}\":2}") }
  }

  @Test func rejects_bytes_when_not_UTF8() {
    #expect(throws: JSONError.invalidUTF8(offset: 2)) { try StrictJSON.parse([0x22, 0x61, 0xFF, 0x22]) }
    #expect(throws: JSONError.invalidUTF8(offset: 1)) { try StrictJSON.parse([0x22, 0xC0, 0x80, 0x22]) }
  }

  @Test func rejects_document_when_nested_too_deep() throws {
    let deep = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
    _ = try parse(deep)
    #expect(throws: JSONError.tooDeep(limit: 64, offset: 64)) { try parse("[\(deep)]") }
    #expect(throws: JSONError.tooDeep(limit: 64, offset: 64)) { try parse(String(repeating: "[", count: 100_000)) }
  }

  @Test func nodesNameTheirPlace() throws {
    let root = try JSONNode(parsing: Array("{\"list\": [1, {\"a.b\": \"x\"}], \"n\": -0, \"big\": \"007\"}".utf8))
    let element = try root.member("list").elements()[1].member("a.b")
    #expect(element.path == "$.list[1][\"a.b\"]")
    #expect(throws: JSONError.wrongType(path: element.path, expected: "a boolean", found: "a string")) {
      try element.bool()
    }
    #expect(throws: JSONError.missingKey(path: "$.gone")) { try root.member("gone") }
    #expect(throws: JSONError.unknownKey(path: "$.n", allowed: ["list", "big"])) {
      try root.requireKeys(["list"], optional: ["big"])
    }
    #expect(throws: JSONError.outOfRange(path: "$.n", found: "-0", expected: "an integer from 0 to 5")) {
      try root.member("n").integer(in: 0...5)
    }
    #expect(throws: JSONError.self) { try root.member("big").decimalString(as: UInt64.self) }
    #expect(throws: JSONError.self) { try root.member("big").hex(byteCount: 2) }
  }

  @Test func rejects_bytes_when_notUTF8AfterValidText() {
    let cases: [([UInt8], Int)] = [
      ([0x22, 0x61, 0xED, 0xA0, 0x80, 0x22], 2), ([0x22, 0xC3], 1), ([0xF4, 0x90, 0x80, 0x80], 0),
      ([0x22, 0xC3, 0xA9, 0x80, 0x22], 3), ([0x22, 0xE2, 0x82, 0x22], 1),
    ]
    for (bytes, offset) in cases {
      #expect(throws: JSONError.invalidUTF8(offset: offset)) { try StrictJSON.parse(bytes) }
    }
  }

  // MARK: Dialects

  private func failure(_ text: String, _ dialect: JSONDialect) -> JSONSyntaxFailure? {
    do throws(JSONSyntaxFailure) {
      _ = try StrictJSON.parse(Array(text.utf8), as: dialect)
      return nil
    } catch {
      return error
    }
  }

  @Test func keepsToTheLimitsOfItsDialect() {
    let dialect = JSONDialect(maximumBytes: 20, maximumDepth: 2, maximumValues: 4, allowsComments: false)
    #expect(failure("[1,2,3]", dialect) == nil)
    #expect(failure("[1,2,3,4]", dialect)?.kind == .tooManyValues(limit: 4))
    #expect(failure("{\"a\":[1,2,3]}", dialect)?.kind == .tooManyValues(limit: 4))
    #expect(failure("[[]]", dialect) == nil)
    #expect(failure("[[[]]]", dialect)?.kind == .tooDeep(limit: 2))
    #expect(failure("\"\(String(repeating: "a", count: 18))\"", dialect) == nil)
    #expect(failure("\"\(String(repeating: "a", count: 19))\"", dialect)?.kind == .tooLarge(limit: 20))
  }

  @Test func readsCommentsOnlyWhereTheDialectHasThem() {
    let text = "// one\n[1 // two\n]"
    let lenient = JSONDialect(maximumBytes: .max, maximumDepth: 8, maximumValues: .max, allowsComments: true)
    #expect(failure(text, lenient) == nil)
    #expect(failure(text, .standard)?.kind == .expected(.value, found: UInt8(ascii: "/")))
    #expect(failure("[1 // two\n]", .standard)?.kind == .expected(.commaOrBracket, found: UInt8(ascii: "/")))
    #expect(failure("[1 / two\n]", lenient)?.kind == .expected(.secondSlash, found: UInt8(ascii: " ")))
  }

  @Test func failuresSayWhere() throws {
    let found = try #require(failure("{\n \"é\": [1,\n  2.x]}", .standard))
    #expect(found.kind == .expected(.digit, found: UInt8(ascii: "x")))
    #expect(found.path.description == #"$["é"][1]"#)
    #expect((found.place.offset, found.place.line, found.place.column) == (17, 3, 5))
    #expect((found.start.offset, found.start.line, found.start.column) == (15, 3, 3))
  }

  /// A document's keys must not make its messages long.
  @Test func pathsStayShort() throws {
    let long = String(repeating: "x.", count: 100_000)
    let node = try JSONNode(parsing: Array("{\"\(long)\": 1}".utf8)).member(long)
    #expect(node.path.utf8.count < 200)
    #expect(JSONPath().key("a").index(3).key("b c").description == #"$.a[3]["b c"]"#)
  }
}
