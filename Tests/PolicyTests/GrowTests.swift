// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import DriftProofPolicy

/// `grow` in the language: what is read, what is refused, what is hashed, what is said.
@Suite struct GrowTests {
  private func rule(_ grow: String, _ allow: String = #"{"norm": {"relative": 0.5}}"#, more: String = "") -> String {
    Fixtures.simple("p", #"{"tensors": "*", "grow": \#(grow), \#(more)"allow": \#(allow)}"#)
  }

  @Test func readsRows() throws {
    let policy = try parse(rule(#"{"rows": 7}"#, #"[{"rows": 9}, {"norm": {"absolute": 1}}]"#))
    #expect(policy.rules[0].allowance.addedRows == 7 && policy.rules[0].allowance.forms?.count == 2)
    guard case .grow(7, _) = policy.rules[0].allowance else {
      Issue.record("\(policy.rules[0])")
      return
    }
    #expect(try parse(rule(#"{"rows": 1048576}"#)).rules[0].allowance.addedRows == 1 << 20)
  }

  @Test func rejects_rowsOutOfRange() {
    let path = "$.rules[0].grow.rows"
    for rows in ["0", "-1", "1048577", "1e99"] {
      expect(rejection(rule("{\"rows\": \(rows)}")), .growthOutOfRange(path: path, found: rows), path: path)
    }
    expect(rejection(rule(#"{"rows": 1.5}"#)), .notAnInteger(path: path, found: "1.5"), path: path)
    expect(
      rejection(rule(#"{"columns": 1}"#)),
      .unknownKey(path: "$.rules[0].grow.columns", key: "columns", allowed: ["rows"]), path: "$.rules[0].grow.columns")
    expect(rejection(rule("{}")), .missingKey(path: "$.rules[0].grow", key: "rows"), path: "$.rules[0].grow")
  }

  @Test func rejects_growBesideWordsAndHeads() {
    for word in [#""frozen""#, #""any""#] {
      let path = "$.rules[0].allow"
      expect(rejection(rule(#"{"rows": 8}"#, word)), .growWithoutClauses(path: path), path: path)
    }
    let heads = #""heads": {"of": "rows", "size": 8}, "#
    expect(
      rejection(rule(#"{"rows": 8}"#, #"{"rank": 1}"#, more: heads)), .growWithHeads(path: "$.rules[0].grow"),
      path: "$.rules[0].grow")
  }

  /// A rule without it keeps its bytes; with it the bytes are read back, and other rows are other bytes.
  @Test func canonicalBytes() throws {
    let plain = try parse(Fixtures.simple("p", #"{"tensors": "*", "allow": {"norm": {"relative": 0.5}}}"#))
    let grown = try parse(rule(#"{"rows": 258}"#))
    let (before, after) = (plain.canonicalBytes(), grown.canonicalBytes())
    // The tag and four bytes of the count in place of the tag of clauses.
    #expect(after.count == before.count + 4)
    let place = try #require(zip(before, after).enumerated().first { $1.0 != $1.1 }?.offset)
    #expect(before[place] == 2 && Array(after[place..<place + 5]) == [4, 2, 1, 0, 0])
    #expect(Array(after[(place + 5)...]) == Array(before[(place + 1)...]))
    #expect(try CanonicalPolicyReader.policy(after) == grown)
    #expect(try grown != parse(rule(#"{"rows": 257}"#)))
    // No policy has 0 rows, or more than the limit.
    for count in [0, 0x20] as [UInt8] {
      var forged = after
      forged.replaceSubrange(place + 1..<place + 5, with: [0, 0, count, 0])
      #expect(throws: CanonicalPolicyError.self) { try CanonicalPolicyReader.policy(forged) }
    }
    #expect(try Policy.parse(Array(PolicyText.render(grown).utf8)) == grown)
  }

  @Test func explains() throws {
    let tensor = PolicyTensor(
      name: "embed", dtype: "F32", shape: [4, 3], rows: 4, columns: 3, isFloating: true, norm: 2, maximum: 1)
    let explanation = PolicyExplanation(
      try parse(rule(#"{"rows": 2}"#, #"[{"rows": 5}, {"norm": {"relative": 0.5}}]"#)), tensors: [tensor])
    #expect(explanation.tensors[0].words.hasPrefix("up to 2 rows more than the base"))
    #expect(explanation.tensors[0].largestNorm == 1 && explanation.problems.isEmpty)
    let remarks = explanation.rules[0].remarks.joined(separator: "\n")
    #expect(remarks.contains("Up to 2 rows may be added") && remarks.contains("within the norm bound"))
    // Five rows are fewer than the six that there may be.
    #expect(!remarks.contains("restricts nothing"))
    #expect(explanation.rules[0].allowance.shortWords.contains("≤ 2 new rows"))
  }
}
