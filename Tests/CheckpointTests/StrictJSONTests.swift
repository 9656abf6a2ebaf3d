import Checkpoint
import Core
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
    ("01", .trailingBytes(offset: 1)),
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
}
