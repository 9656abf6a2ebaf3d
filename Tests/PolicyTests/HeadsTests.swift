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
    func cut(_ split: HeadSplit, _ shape: [Int]) -> [Int]? {
      split.cut(shape: shape).map { [$0.count, $0.rows, $0.columns] }
    }
    #expect(cut(rows, [512, 3]) == [8, 64, 3])
    #expect(cut(rows, [128, 3, 5]) == [2, 64, 15])
    #expect(cut(rows, [500, 64]) == nil)
    #expect(cut(rows, [0, 0]) == nil)
    #expect(cut(rows, [64]) == nil && cut(rows, []) == nil)
    let columns = HeadSplit(axis: .columns, size: 64)
    #expect(cut(columns, [3, 64]) == [1, 3, 64] && cut(columns, [128]) == [2, 1, 64])
    #expect(cut(HeadSplit(axis: .columns, size: 0), [3, 64]) == nil)
    func slices(_ axes: Int, _ shape: [Int]) -> [Int]? { cut(HeadSplit(axis: .slices, size: axes), shape) }
    #expect(slices(1, [2, 3, 5, 7]) == [2, 3, 35] && slices(2, [2, 3, 5, 7]) == [6, 5, 7])
    #expect(slices(3, [2, 3, 5, 7]) == nil && slices(1, [8, 9]) == nil && slices(1, [8]) == nil)
    #expect(slices(0, [2, 3, 5]) == nil && slices(1, [2, 0, 5]) == nil && slices(Int.max, [2, 3, 5]) == nil)
    #expect(slices(1, [2, .max, .max, 3]) == nil && slices(2, [.max, .max, 2, 3]) == nil)
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

  @Test func readsAndHashesSlices() throws {
    let (one, two) = (try parse(rule(#"{"of": "slices"}"#)), try parse(rule(#"{"axes": 2, "of": "slices"}"#)))
    #expect(one.rules[0].allowance == .heads(HeadSplit(axis: .slices, size: 1), one.rules[0].allowance.forms ?? []))
    #expect(try parse(rule(#"{"of": "slices", "axes": 1.0}"#)) == one && one != two)
    // Tag 3, slices, two dimensions, one clause.
    #expect(
      Array(two.canonicalBytes().suffix(19)) == [3, 2, 2, 0, 0, 0, 1, 0, 0, 0, 1, 1, 2, 0, 0, 0, 0, 0, 0])
    for policy in [one, two] {
      #expect(try CanonicalPolicyReader.policy(policy.canonicalBytes()) == policy)
      #expect(try Policy.parse(Array(PolicyText.render(policy).utf8)) == policy)
    }
    #expect(PolicyText.render(one).contains(#""heads": { "of": "slices" }"#))
  }

  @Test func rejects_badSlices() {
    let path = "\(heads).axes"
    for axes in ["0", "-1", "17", "1e99"] {
      expect(
        rejection(rule(#"{"of": "slices", "axes": \#(axes)}"#)), .sliceAxesOutOfRange(path: path, found: axes),
        path: path)
    }
    expect(rejection(rule(#"{"of": "slices", "axes": 1.5}"#)), .notAnInteger(path: path, found: "1.5"), path: path)
    expect(
      rejection(rule(#"{"of": "slices", "size": 2}"#)),
      .unknownKey(path: "\(heads).size", key: "size", allowed: ["of", "axes"]), path: "\(heads).size")
    expect(
      rejection(rule(#"{"of": "rows", "size": 2, "axes": 1}"#)),
      .unknownKey(path: path, key: "axes", allowed: ["of", "size"]), path: path)
  }

  @Test func explainsSlices() throws {
    let policy = try parse(rule(#"{"of": "slices"}"#, #"{"rank": 2}"#))
    let tensors = [
      PolicyTensor(
        name: "w", dtype: "BF16", shape: [8, 64, 32], rows: 8, columns: 2048, isFloating: true, norm: 3, maximum: 1),
      PolicyTensor(
        name: "flat", dtype: "BF16", shape: [8, 64], rows: 8, columns: 64, isFloating: true, norm: 3, maximum: 1),
    ]
    let explanation = PolicyExplanation(policy, tensors: tensors)
    #expect(explanation.tensors[0].words.contains("in each of 8 slices of 64 × 32: rank 2"))
    #expect(explanation.problems.count == 1 && explanation.problems[0].contains("too few dimensions for slices"))
    #expect(explanation.rules[0].remarks.contains { $0.contains("Each slice has rank 2 for itself") })
    // Rank 32 of a slice is every matrix's; rank 8 is so of the tensor as a whole.
    let whole = try parse(Fixtures.allowing(#"{"rank": 8}"#))
    #expect(
      PolicyExplanation(whole, tensors: [tensors[0]]).rules[0].remarks.contains { $0.contains("restricts nothing") })
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
