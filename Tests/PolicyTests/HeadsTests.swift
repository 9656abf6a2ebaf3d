// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import DriftProofPolicy

/// `heads` in the language: what is read, what is refused, what is hashed.
@Suite struct HeadsTests {
  private let allow = "$.rules[0].allow"
  private let heads = "$.rules[0].heads"

  private func rule(_ heads: String, _ allow: String = #"{"rank": 2}"#) -> String {
    Fixtures.simple("p", #"{"tensors": "*", "heads": \#(heads), "allow": \#(allow)}"#)
  }

  @Test func readsBothAxes() throws {
    for (word, axis) in [("rows", HeadSplit.Axis.rows), ("columns", .columns)] {
      let policy = try parse(rule(#"{"of": "\#(word)", "size": 64}"#))
      let clause = ClauseForm.sum(rank: 2, sparse: nil, residual: nil)
      #expect(policy.rules[0].allowance == .heads(HeadSplit(axis: axis, size: 64), [clause]))
      #expect(policy.rules[0].allowance.forms == [clause])
    }
  }

  @Test func countsHeadsThatFit() {
    let rows = HeadSplit(axis: .rows, size: 64)
    #expect(rows.count(rows: 512, columns: 3) == 8)
    #expect(rows.count(rows: 500, columns: 64) == nil)
    #expect(rows.count(rows: 0, columns: 0) == nil)
    #expect(HeadSplit(axis: .columns, size: 64).count(rows: 3, columns: 64) == 1)
    #expect(HeadSplit(axis: .columns, size: 0).count(rows: 3, columns: 64) == nil)
  }

  @Test func rejects_headsWithoutClauses_when_frozenOrAny() {
    for word in [#""frozen""#, #""any""#] {
      expect(rejection(rule(#"{"of": "rows", "size": 8}"#, word)), .headsWithoutClauses(path: allow), path: allow)
    }
  }

  @Test func rejects_unknownHeadAxis_when_ofIsAnotherWord() {
    let path = "\(heads).of"
    expect(rejection(rule(#"{"of": "Rows", "size": 8}"#)), .unknownHeadAxis(path: path, found: "Rows"), path: path)
  }

  @Test func rejects_headSizeOutOfRange_when_zeroOrHuge() {
    let path = "\(heads).size"
    for size in ["0", "-1", "65537", "1e99"] {
      expect(
        rejection(rule(#"{"of": "rows", "size": \#(size)}"#)), .headSizeOutOfRange(path: path, found: size), path: path)
    }
    expect(rejection(rule(#"{"of": "rows", "size": 1.5}"#)), .notAnInteger(path: path, found: "1.5"), path: path)
  }

  @Test func rejects_relativeBoundInHeads_when_anyClauseHasOne() {
    let split = #"{"of": "columns", "size": 8}"#
    for (clause, place) in [
      (#"{"norm": {"relative": 0.5}}"#, ".norm.relative"),
      (#"{"rank": 2, "residual": {"relative": 0.5}}"#, ".residual.relative"),
      (#"[{"rank": 2}, {"norm": {"relative": 0}}]"#, "[1].norm.relative"),
    ] {
      expect(rejection(rule(split, clause)), .relativeBoundInHeads(path: allow + place), path: allow + place)
    }
    #expect(rejection(rule(split, #"{"norm": {"absolute": 0.5}}"#)) == nil)
    let total = #", "total": {"norm": {"relative": 0.1}}"#
    #expect(
      rejection(Fixtures.simple("p", #"{"tensors": "*", "heads": \#(split), "allow": {"rank": 1}}"#, tail: total))
        == nil)
  }

  @Test func rejects_missingOrUnknownKeys() {
    expect(rejection(rule(#"{"of": "rows"}"#)), .missingKey(path: heads, key: "size"), path: heads)
    expect(rejection(rule(#"{"size": 8}"#)), .missingKey(path: heads, key: "of"), path: heads)
    expect(
      rejection(rule(#"{"of": "rows", "size": 8, "count": 2}"#)),
      .unknownKey(path: "\(heads).count", key: "count", allowed: ["of", "size"]), path: "\(heads).count")
  }

  @Test func hashesAxisAndSize() throws {
    let texts = [
      rule(#"{"of": "rows", "size": 64}"#), rule(#"{"of": "columns", "size": 64}"#),
      rule(#"{"of": "rows", "size": 32}"#), Fixtures.allowing(#"{"rank": 2}"#),
    ]
    #expect(Set(try texts.map { try parse($0).canonicalBytes() }).count == texts.count)
    let tail = try parse(texts[0]).canonicalBytes().suffix(19)
    // Tag 3, rows, size 64, one clause: a sum of rank 2, without sparse part and residual; no total.
    #expect(Array(tail) == [3, 0, 64, 0, 0, 0, 1, 0, 0, 0, 1, 1, 2, 0, 0, 0, 0, 0, 0])
    #expect(try parse(rule(#"{"size": 6.4e1, "of": "r\u006fws"}"#)) == parse(texts[0]))
  }
}
