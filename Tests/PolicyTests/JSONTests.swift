// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import Testing

@testable import DriftProofPolicy

@Suite struct JSONTests {
  private func failure(_ bytes: [UInt8]) -> JSONSyntaxError? {
    do throws(JSONSyntaxError) {
      _ = try JSONSyntaxError.parse(bytes)
      return nil
    } catch {
      return error
    }
  }

  private func failure(_ text: String) -> JSONSyntaxError? {
    failure(Array(text.utf8))
  }

  private func value(_ text: String) throws -> JSONValue {
    try JSONSyntaxError.parse(Array(text.utf8))
  }

  @Test func readsEveryKindOfValue() throws {
    let text = #" {"b": [null, true, false, -0.50e+1, "x"], "a": {}, "": []} "#
    let expected: JSONValue = .object([
      JSONMember(key: "b", value: .array([.null, .bool(true), .bool(false), .number("-0.50e+1"), .string("x")])),
      JSONMember(key: "a", value: .object([])),
      JSONMember(key: "", value: .array([])),
    ])
    #expect(try value(text) == expected)
  }

  @Test func readsEscapes() throws {
    #expect(try value(#""\"\\\/\b\f\n\r\tA\u00e9\uD83D\uDE00é""#) == .string("\"\\/\u{8}\u{C}\n\r\tAé😀é"))
  }

  @Test func skipsComments() throws {
    #expect(try value("// one\n[1, // \"two\" ]\r\n\t// three\n 2] // four") == .array([.number("1"), .number("2")]))
    #expect(try value(#""// none""#) == .string("// none"))
  }

  @Test func rejects_inputTooLarge_when_over4MiB() {
    let error = failure([UInt8](repeating: 0x20, count: (4 << 20) + 1))
    #expect(error?.kind == .inputTooLarge)
  }

  @Test func rejects_invalidUTF8_when_sequencesAreIllFormed() {
    let cases: [([UInt8], Int)] = [
      ([0x22, 0xFF, 0x22], 1), ([0x22, 0xC0, 0x80, 0x22], 1), ([0x22, 0x61, 0xED, 0xA0, 0x80, 0x22], 2),
      ([0x22, 0xC3], 1), ([0xF4, 0x90, 0x80, 0x80], 0), ([0x22, 0xC3, 0xA9, 0x80, 0x22], 3),
    ]
    for (bytes, offset) in cases {
      #expect(failure(bytes)?.kind == .invalidUTF8)
      #expect(failure(bytes)?.offset == offset)
    }
  }

  @Test func rejects_unexpectedEnd_when_cutAnywhere() throws {
    let bytes = Array(#"{"a": [1, true, null, "x\n\u00e9"], "b": {"c": false}}"#.utf8)
    _ = try JSONSyntaxError.parse(bytes)
    for count in 0..<bytes.count { #expect(failure(Array(bytes.prefix(count)))?.kind == .unexpectedEnd) }
  }

  @Test(arguments: [
    ("[1 2]", 3, "a comma or ] after the element"), (#"{"a": 1 "b": 2}"#, 8, "a comma or } after the member"),
    (#"{"a" 1}"#, 5, "a colon after the key"), ("{a: 1}", 1, "a key in double quotes"),
    (#"{"a": 1,}"#, 8, "a key in double quotes"), ("[1,]", 3, "a value"), ("[,]", 1, "a value"),
    ("trie", 2, "true"), ("nul1", 3, "null"), ("'a'", 0, "a value"), ("/* */1", 1, "a second / to start a comment"),
    ("\u{FEFF}1", 0, "a value"), ("# x", 0, "a value"),
  ])
  func rejects_unexpectedByte_when_anotherThingIsDue(text: String, offset: Int, expected: String) {
    #expect(failure(text)?.kind == .unexpectedByte(expected: expected))
    #expect(failure(text)?.offset == offset)
  }

  @Test func rejects_trailingBytes_when_moreFollows() {
    for text in ["{} {}", "1,", "[]]", "null\u{0}", "0 x"] { #expect(failure(text)?.kind == .trailingBytes) }
  }

  @Test func rejects_duplicateKey_when_spelledTwoWays() {
    let error = failure(#"{"rules": [{}, {"allow": 1, "\u0061llow": 2}]}"#)
    #expect(error?.kind == .duplicateKey("allow"))
    #expect(error?.path == "$.rules[1].allow")
    #expect(error?.offset == 28)
  }

  @Test func rejects_controlCharacter_when_raw() {
    #expect(failure("\"a\nb\"")?.kind == .controlCharacter)
    #expect(failure("\"a\u{0}b\"")?.kind == .controlCharacter)
    #expect(failure("// a\rb\n1")?.kind == .controlCharacter)
    #expect(failure("// a\u{1B}[2J\n1")?.kind == .controlCharacter)
  }

  @Test func rejects_invalidEscape_when_unknown() {
    for text in [#""\x""#, #""\u12G4""#, #""\'""#, #""\u 123""#, #""\U0041""#] {
      #expect(failure(text)?.kind == .invalidEscape)
      #expect(failure(text)?.offset == 1)
    }
  }

  @Test func rejects_loneSurrogate_when_halfOfAPair() {
    for text in [#""\uD800""#, #""\uDC00""#, #""\uD800x""#, #""\uD800\n""#, #""\uD800\uD800""#, #""\uD800A""#] {
      #expect(failure(text)?.kind == .loneSurrogate)
    }
  }

  @Test func rejects_tooDeep_when_over32Levels() throws {
    let nest = { (depth: Int) in String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
    _ = try value(nest(32))
    #expect(failure(nest(33))?.kind == .tooDeep)
    #expect(failure(String(repeating: "[", count: 1 << 20))?.kind == .tooDeep)
    #expect(failure(String(repeating: #"{"a":"#, count: 1 << 18))?.kind == .tooDeep)
  }

  @Test func rejects_invalidNumber_when_notAsInJSON() {
    for text in ["01", "-", "1.", "-.5", ".5", "+1", "1e", "1e+", "-01", "00", "1.e3"] {
      #expect(failure(text)?.kind == .invalidNumber, "\(text)")
    }
  }

  @Test func rejects_nonFiniteNumber_when_written() {
    for text in ["NaN", "Infinity", "-Infinity", "-NaN"] { #expect(failure(text)?.kind == .nonFiniteNumber) }
    #expect(rejection(Fixtures.allowing(#"{"norm": {"relative": NaN}}"#))?.path == "$.rules[0].allow.norm.relative")
  }

  @Test func saysWhere() {
    let error = failure("{\n  \"é\": é")
    #expect(error?.line == 2)
    #expect(error?.column == 8)
    #expect(error?.offset == 10)
    let expected = #"$["é"]: line 2, column 8 (byte 10): expected a value; correct the JSON at this place"#
    #expect(error?.description == expected)
  }

  @Test(.timeLimit(.minutes(1))) func rejects_combiningMarks_when_tooManyInARow() throws {
    let marks = { (count: Int) in String(repeating: "\u{301}\u{323}", count: count / 2) }
    _ = try value("{\"a\(marks(30))\": 1}")
    let error = failure("{\"b\": {\"a\(marks(1_000_000))\": 1}}")
    #expect(error?.kind == .combiningMarks)
    #expect(error?.offset == 7)
    #expect(error?.path == "$.b")
    #expect(failure("\"a" + String(repeating: "\\u0301", count: 31) + "\"")?.kind == .combiningMarks)
  }
}
