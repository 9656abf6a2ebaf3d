// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import Testing

/// Text whose hash would take Swift a time that grows with the square of its length.
@Suite struct CombiningMarksTests {
  private func marks(_ count: Int) -> String {
    var text = "a"
    for index in 0..<count { text.unicodeScalars.append(index.isMultiple(of: 2) ? "\u{0301}" : "\u{0323}") }
    return text
  }

  @Test func runs() {
    #expect(CombiningMarks.areFew(in: marks(30)) && !CombiningMarks.areFew(in: marks(31)))
    #expect(CombiningMarks.areFew(in: String(repeating: "e\u{0301}", count: 100)))
    #expect(CombiningMarks.areFew(in: "") && CombiningMarks.areFew(in: "日本語.ş.weight"))
  }

  @Test(.timeLimit(.minutes(1))) func documents() throws {
    let name = marks(1_000_000)
    #expect(throws: JSONError.combiningMarks(offset: 1)) { try StrictJSON.parse(Array("{\"\(name)\": 1}".utf8)) }
    let escaped = String(repeating: "\\u0301\\u0323", count: 16)
    #expect(throws: JSONError.combiningMarks(offset: 0)) { try StrictJSON.parse(Array("\"a\(escaped)\"".utf8)) }
    _ = try StrictJSON.parse(Array("\"\(marks(30))\"".utf8))
  }
}
