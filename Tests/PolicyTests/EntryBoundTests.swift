// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import DriftProofPolicy

/// Bounds on single entries: their form, their bytes, their words.
@Suite struct EntryBoundTests {
  private static let clauses = [
    #"{"entrywise": {"absolute": 0.002}}"#, #"{"entrywise": {"relative": 0.01}}"#,
    #"{"rank": 8, "entrywise": {"absolute": 1e-5}}"#,
    #"{"rank": 8, "entries": 5, "residual": {"relative": 0.003}, "entrywise": {"absolute": 1e-5}}"#,
    #"{"rows": 2, "entrywise": {"relative": 0.5}}"#, #"{"columns": 1, "entrywise": {"relative": 0.25}}"#,
    #"[{"norm": {"relative": 0.02}}, {"entrywise": {"absolute": 3}}, {"rank": 2, "entrywise": {"absolute": 1}}]"#,
  ]

  private func form(_ allow: String) throws -> ClauseForm {
    try #require(try parse(Fixtures.allowing(allow)).rules[0].allowance.forms?.first)
  }

  @Test func readsEveryForm() throws {
    #expect(
      try form(Self.clauses[0])
        == .sum(rank: nil, sparse: nil, residual: nil, entrywise: .absolute(try Decimal10("0.002"))))
    #expect(
      try form(Self.clauses[3])
        == .sum(
          rank: 8, sparse: .entries(5), residual: .relative(try Decimal10("0.003")),
          entrywise: .absolute(try Decimal10("1e-5"))))
    #expect(try form(Self.clauses[4]).entryBound == .relative(try Decimal10("0.5")))
    #expect(try parse(Fixtures.allowing(Self.clauses[6])).firstRuleWithEntryBounds == 0)
    #expect(try parse(Fixtures.issue).firstRuleWithEntryBounds == nil)
  }

  @Test func hasBytesOfItsOwn() throws {
    let bytes = try parse(Fixtures.allowing(Self.clauses[2])).canonicalBytes()
    // Sum with entrywise, rank 8, no sparse form, no residual, absolute 1·10^-5; no total.
    let expected: [UInt8] = [
      2, 1, 0, 0, 0, 2, 1, 8, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0xFB, 0xFF, 0xFF, 0xFF, 0,
    ]
    #expect(Array(bytes.suffix(expected.count)) == expected)
    var seen: Set<[UInt8]> = []
    let others = [#"{"rank": 8}"#, #"{"rank": 8, "residual": {"absolute": 1e-5}}"#, #"{"norm": {"absolute": 0.002}}"#]
    for text in Self.clauses + others {
      #expect(seen.insert(try parse(Fixtures.allowing(text)).canonicalBytes()).inserted)
    }
  }

  @Test(arguments: clauses)
  func isReadBack(_ allow: String) throws {
    let policy = try parse(Fixtures.allowing(allow))
    #expect(try CanonicalPolicyReader.policy(policy.canonicalBytes()) == policy)
    #expect(try Policy.parse(Array(PolicyText.render(policy).utf8)) == policy)
  }

  @Test func canonicalReaderRefusesAnUnknownForm() throws {
    var bytes = try parse(Fixtures.allowing(Self.clauses[0])).canonicalBytes()
    let place = try #require(bytes.indices.last { bytes[$0] == 2 && $0 < bytes.count - 16 })
    bytes[place] = 9
    #expect(throws: CanonicalPolicyError.badFlag(section: "the policy", found: 9)) {
      try CanonicalPolicyReader.policy(bytes)
    }
  }

  @Test func rejects_zeroEntryBound() {
    let path = "$.rules[0].allow.entrywise"
    expect(rejection(Fixtures.allowing(#"{"entrywise": {"absolute": 0.0}}"#)), .zeroEntryBound(path: path), path: path)
  }

  @Test func rejects_relativeEntryBoundInHeads() throws {
    let path = "$.rules[0].allow.entrywise.relative"
    func rule(_ bound: String) -> String {
      Fixtures.simple(
        "p", #"{"tensors": "*", "heads": {"of": "rows", "size": 4}, "allow": {"entrywise": {\#(bound)}}}"#)
    }
    expect(rejection(rule(#""relative": 0.1"#)), .relativeEntryBoundInHeads(path: path), path: path)
    #expect(rejection(rule(#""absolute": 0.1"#)) == nil)
  }

  @Test func rejects_formsThatDoNotFitBesideIt() {
    let path = "$.rules[0].allow"
    expect(
      rejection(Fixtures.allowing(#"{"norm": {"absolute": 1}, "entrywise": {"absolute": 1}}"#)),
      .normNotAlone(path: path, others: ["entrywise"]), path: path)
    expect(
      rejection(Fixtures.allowing(#"{"residual": {"absolute": 1}, "entrywise": {"absolute": 1}}"#)),
      .residualAlone(path: "\(path).residual"), path: "\(path).residual")
    expect(
      rejection(Fixtures.allowing(#"{"entrywise": {"absolute": 1, "relative": 1}}"#)),
      .severalBounds(path: "\(path).entrywise"), path: "\(path).entrywise")
    expect(
      rejection(Fixtures.allowing(#"{"entrywise": {"absolute": -1}}"#)),
      .negativeBound(path: "\(path).entrywise.absolute", found: "-1"), path: "\(path).entrywise.absolute")
  }

  @Test func isExplained() throws {
    let tensors = [Bases.tensor("a", [64, 32], norm: 4), Bases.tensor("z", [8], norm: 0, maximum: 0)]
    func explain(_ allow: String) throws -> PolicyExplanation {
      PolicyExplanation(try parse(Fixtures.allowing(allow)), tensors: tensors)
    }
    let alone = try explain(#"{"entrywise": {"absolute": 0.002}}"#)
    #expect(alone.problems.isEmpty)
    #expect(alone.tensors[0].words == "each weight moves by at most 0.002")
    // 0.002·√2048.
    #expect(abs(try #require(alone.tensors[0].largestNorm) - 0.0905) < 0.0001)
    #expect(alone.rules[0].remarks.contains { $0.contains("Every weight can move by 0.002 at once") })
    let sum = try explain(#"{"rank": 2, "entrywise": {"relative": 0.5}}"#)
    #expect(sum.tensors[0].words.hasPrefix("rank 2 + a rest of at most 50 % of max|W| ("))
    #expect(sum.tensors[0].largestNorm == nil)
    #expect(sum.rules[0].remarks.contains { $0.contains("zero in the base") })
    #expect(!sum.rules[0].remarks.contains { $0.contains("Without a residual") })
    // 2^15.5·2^-(23 + 20) for weights up to 1/4.
    let small = try explain(#"{"entrywise": {"absolute": 5e-9}}"#)
    #expect(small.problems.count == 1 && small.problems[0].contains("the least that can be proved of it at all"))
    #expect(try explain(#"{"entrywise": {"absolute": 5.3e-9}}"#).problems.isEmpty)
    let short = try parse(Fixtures.allowing(#"{"rank": 2, "entrywise": {"absolute": 0.5}}"#)).rules[0].allowance
    #expect(short.shortWords == "rank 2 + entries ≤ 0.5")
  }
}
