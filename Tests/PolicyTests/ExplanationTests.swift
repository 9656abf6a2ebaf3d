// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import DriftProofPolicy

@Suite struct ExplanationTests {
  private func explain(
    _ rules: String, total: String = "", _ tensors: [PolicyTensor]
  ) throws -> PolicyExplanation {
    PolicyExplanation(try parse(Fixtures.simple("p", rules, tail: total)), tensors: tensors)
  }

  private func rule(_ pattern: String, _ allow: String, heads: String = "") -> String {
    #"{"tensors": "\#(pattern)", \#(heads)"allow": \#(allow)}"#
  }

  private let pair = [Bases.tensor("a.weight", [64, 32], norm: 4), Bases.tensor("b.bias", [64], norm: 3)]

  @Test func tellsWhatEachTensorGets() throws {
    let explanation = try explain(
      [
        rule("a.*", #"[{"norm": {"relative": 0.5}}, {"rank": 2, "rows": 1, "residual": {"absolute": 0.25}}]"#),
        Fixtures.frozen,
      ].joined(separator: ","), total: #", "total": {"norm": {"relative": 0.1}}"#, pair)
    #expect(explanation.problems.isEmpty)
    #expect(explanation.tensors.map(\.rule) == [0, 1])
    #expect(
      explanation.tensors[0].words
        == "norm at most 50 % of ‖W‖ (2), and rank 2 + 1 row + a residual of norm at most 0.25")
    #expect(explanation.tensors.map(\.largestNorm) == [2, 0])
    #expect(explanation.baseNorm == 5)
    #expect(abs((explanation.totalNorm ?? 0) - 0.5) < 1e-12)
    #expect(explanation.rules.map(\.tensors) == [[0], [1]])
  }

  @Test func findsEveryRuleThatNeverMatches() throws {
    let explanation = try explain(
      [
        rule("a.*", #""frozen""#), rule("nothing", #""any""#), rule("a.weight", #""any""#), rule("typo*", #""any""#),
      ].joined(separator: ","), pair)
    #expect(
      explanation.rules.map(\.problem) == [
        nil, .ruleMatchesNothing(path: "$.rules[1].tensors", pattern: "nothing"),
        .ruleIsShadowed(path: "$.rules[2].tensors", pattern: "a.weight", earlierRule: 0),
        .ruleMatchesNothing(path: "$.rules[3].tensors", pattern: "typo*"),
      ])
    #expect(explanation.problems.count == 4)
    #expect(explanation.problems[3] == PolicyError.unmatchedTensor(name: "b.bias", count: 1).description)
    #expect(explanation.tensors[1].words == "undecided")
  }

  @Test func findsClausesThatCannotBe() throws {
    let tensors = [Bases.tensor("a", [60, 8]), Bases.tensor("n", [4], dtype: "I64")]
    let explanation = try explain(
      [rule("a", #"{"rank": 1}"#, heads: #""heads": {"of": "rows", "size": 16}, "#), rule("n", #"{"entries": 1}"#)]
        .joined(separator: ","), tensors)
    #expect(explanation.problems.count == 2)
    #expect(explanation.problems[0].contains("60 × 8, which heads of 16 rows do not divide"))
    #expect(explanation.problems[1].contains("I64, which clauses cannot bound"))
  }

  private static let openings: [(rule: String, tensor: PolicyTensor, words: String)] = [
    (#""any""#, Bases.tensor("w", [8, 8]), "replaced, dropped or added"),
    (#"{"norm": {"absolute": 1}}"#, Bases.tensor("w", [8, 8]), "by 1, 4 times its largest weight"),
    (#"{"norm": {"absolute": 8}}"#, Bases.tensor("w", [8, 8]), "2 times the norm"),
    (#"{"norm": {"relative": 0.3}}"#, Bases.tensor("w", [8, 8]), "30 % of the norm"),
    (#"{"norm": {"relative": 0.3}}"#, Bases.tensor("w", [8], norm: 0, maximum: 0), "a relative bound freezes it"),
    (#"{"norm": {"absolute": 0}}"#, Bases.tensor("w", [8, 8]), "The bound is zero"),
    (#"{"rank": 2}"#, Bases.tensor("w", [64, 32]), "2 directions of the input"),
    (#"{"rank": 2}"#, Bases.tensor("w", [64, 32]), "of any size"),
    (#"{"rank": 2}"#, Bases.tensor("w", [64, 32]), "so it will be refused"),
    (#"{"rank": 8}"#, Bases.tensor("w", [8, 32]), "Rank 8 restricts nothing"),
    (#"[{"rank": 2}, {"norm": {"absolute": 1}}]"#, Bases.tensor("w", [64, 32]), "within the norm bound"),
    (#"{"entries": 3}"#, Bases.tensor("w", [8, 8]), "3 weights of each tensor"),
    (#"{"entries": 64}"#, Bases.tensor("w", [8, 8]), "64 restricts nothing"),
    (#"{"rows": 1}"#, Bases.tensor("w", [8, 8]), "One row of each tensor"),
    (#"{"columns": 8}"#, Bases.tensor("w", [8, 8]), "8 restricts nothing"),
    (#"{"rank": 2, "residual": {"relative": 0.003}}"#, Bases.tensor("w", [64, 32]), "merge and publish in F32"),
    (#"{"rank": 2, "residual": {"relative": 0.001}}"#, Bases.tensor("w", [64, 32]), "honest merges may be refused"),
    (#"{"rank": 2, "residual": {"relative": 0.05}}"#, Bases.tensor("w", [64, 32]), "20 times what merging"),
  ]

  @Test(arguments: openings)
  func saysWhatStaysPossible(_ allow: String, _ tensor: PolicyTensor, _ words: String) throws {
    let remarks = try explain(rule("*", allow), [tensor]).rules[0].remarks
    #expect(remarks.contains { $0.contains(words) }, "\(remarks)")
  }

  @Test func headsAddUp() throws {
    let tensors = [Bases.tensor("w", [64, 32])]
    let explanation = try explain(
      rule(
        "w", #"[{"rank": 2}, {"norm": {"absolute": 3}}]"#, heads: #""heads": {"of": "rows", "size": 16}, "#), tensors)
    #expect(explanation.problems.isEmpty)
    #expect(explanation.tensors[0].largestNorm == 6)
    #expect(explanation.tensors[0].words.hasPrefix("in each of 4 heads of 16 rows: rank 2, exactly, and norm at most"))
    #expect(explanation.rules[0].remarks.contains { $0.contains("may change by rank 8") })
  }

  @Test func judgesTheTotal() throws {
    let balls = rule("*", #"{"norm": {"absolute": 3}}"#)
    func remark(_ rules: String, _ total: String?) throws -> String {
      let tail = total.map { #", "total": {"norm": {"absolute": \#($0)}}"# } ?? ""
      return try explain(rules, total: tail, [Bases.tensor("a", [8, 8]), Bases.tensor("b", [8, 8])]).remarks[0]
    }
    #expect(try remark(balls, nil).hasPrefix("There is no total: all bounds can be used up at once"))
    #expect(try remark(balls, "9").contains("never binds"))
    #expect(try remark(balls, "4").contains("can go into a single tensor"))
    #expect(try remark(rule("*", #"{"rank": 1}"#), nil).hasPrefix("No total and no norm clause bound \"a\" and 1 more"))
    #expect(try remark(rule("*", #"{"rank": 1}"#), "4").contains("have no norm of their own"))
    #expect(try remark(Fixtures.frozen, nil).hasPrefix("Whatever the policy says"))
  }
}
