// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import DriftProofPolicy

/// Sums of Kronecker products: their form, their bytes, their words.
@Suite struct BlockFormTests {
  private static let clauses = [
    #"{"kronecker": {"terms": 2, "inner": [8, 16]}}"#,
    #"{"kronecker": {"terms": 1, "inner": [1, 65536]}, "entries": 5, "residual": {"relative": 0.003}}"#,
    #"{"kronecker": {"terms": 1024, "inner": [4, 1]}, "entrywise": {"absolute": 0.1}}"#,
    #"[{"norm": {"relative": 0.02}}, {"kronecker": {"terms": 1, "inner": [2, 2]}, "rounding": {"halfUlps": 1.01}}]"#,
  ]
  private static let path = "$.rules[0].allow.kronecker"

  private func form(_ allow: String) throws -> ClauseForm {
    try #require(try parse(Fixtures.allowing(allow)).rules[0].allowance.forms?.last)
  }

  private func rejects(_ kronecker: String, _ problem: BlockProblem, at path: String) {
    expect(
      rejection(Fixtures.allowing(#"{"kronecker": \#(kronecker)}"#)), .malformedBlocks(path: path, problem), path: path)
  }

  @Test func readsEveryForm() throws {
    #expect(
      try form(Self.clauses[0])
        == .sum(rank: nil, sparse: nil, residual: nil, blocks: .kronecker(terms: 2, rows: 8, columns: 16)))
    #expect(try form(Self.clauses[1]).blocks == .kronecker(terms: 1, rows: 1, columns: 1 << 16))
    #expect(try form(Self.clauses[2]).boundsEntries && form(Self.clauses[3]).roundingBound != nil)
    #expect(try form(Self.clauses[3]).rank == nil)
    for allow in Self.clauses { #expect(try parse(Fixtures.allowing(allow)).firstRuleWithBlocks == 0) }
    #expect(try parse(Fixtures.issue).firstRuleWithBlocks == nil)
  }

  @Test func hasBytesOfItsOwn() throws {
    let bytes = try parse(Fixtures.allowing(Self.clauses[0])).canonicalBytes()
    // One clause, a sum: 2 terms of 8 × 16, no sparse part, no residual; no total.
    let own: [UInt8] = [1, 0, 0, 0, 1, 2, 2, 0, 0, 0, 8, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0]
    #expect(bytes.suffix(own.count).elementsEqual(own))
    var seen: Set<[UInt8]> = []
    for text in Self.clauses + [#"{"rank": 2}"#, #"{"kronecker": {"terms": 2, "inner": [16, 8]}}"#] {
      #expect(seen.insert(try parse(Fixtures.allowing(text)).canonicalBytes()).inserted)
    }
    var changed = bytes
    // 3 is a sum with circulant blocks.
    changed[bytes.count - 16] = 4
    #expect(throws: CanonicalPolicyError.badFlag(section: "the policy", found: 4)) {
      try CanonicalPolicyReader.policy(changed)
    }
    changed[bytes.count - 16] = 2
    changed[bytes.count - 7] = 24
    #expect(throws: CanonicalPolicyError.self) { try CanonicalPolicyReader.policy(changed) }
  }

  @Test(arguments: clauses)
  func isReadBack(_ allow: String) throws {
    let policy = try parse(Fixtures.allowing(allow))
    #expect(try CanonicalPolicyReader.policy(policy.canonicalBytes()) == policy)
    #expect(try Policy.parse(Array(PolicyText.render(policy).utf8)) == policy)
  }

  @Test func rejectsEveryProblem() {
    for terms in ["0", "1025", "1e9"] {
      rejects(#"{"terms": \#(terms), "inner": [2, 2]}"#, .termsOutOfRange(found: terms), at: Self.path + ".terms")
    }
    for size in ["0", "3", "24", "131072"] {
      rejects(#"{"terms": 1, "inner": [\#(size), 2]}"#, .sizeOutOfRange(found: size), at: Self.path + ".inner[0]")
      rejects(#"{"terms": 1, "inner": [2, \#(size)]}"#, .sizeOutOfRange(found: size), at: Self.path + ".inner[1]")
    }
    rejects(#"{"terms": 1, "inner": []}"#, .notTwoSizes(found: 0), at: Self.path + ".inner")
    rejects(#"{"terms": 1, "inner": [2, 2, 2]}"#, .notTwoSizes(found: 3), at: Self.path + ".inner")
    func whole(_ allow: String, _ error: PolicyError, _ path: String) {
      expect(rejection(Fixtures.allowing(allow)), error, path: path)
    }
    whole(
      #"{"rank": 2, "kronecker": {"terms": 1, "inner": [2, 2]}}"#, .malformedBlocks(path: Self.path, .withRank),
      Self.path)
    whole(#"{"kronecker": {"inner": [2, 2]}}"#, .missingKey(path: Self.path, key: "terms"), Self.path)
    whole(#"{"kronecker": {"terms": 1}}"#, .missingKey(path: Self.path, key: "inner"), Self.path)
    whole(
      #"{"kronecker": {"terms": 1, "inner": 2}}"#,
      .wrongType(path: Self.path + ".inner", expected: "a list of two numbers", found: "a number"), Self.path + ".inner"
    )
    whole(
      #"{"kronecker": {"terms": 1.5, "inner": [2, 2]}}"#, .notAnInteger(path: Self.path + ".terms", found: "1.5"),
      Self.path + ".terms")
  }

  @Test func explains() throws {
    let tensor = PolicyTensor(
      name: "w", dtype: "BF16", shape: [24, 48], rows: 24, columns: 48, isFloating: true, norm: 10, maximum: 1)
    func explain(_ allow: String) throws -> PolicyExplanation {
      PolicyExplanation(try parse(Fixtures.allowing(allow)), tensors: [tensor])
    }
    let own = try explain(Self.clauses[0])
    #expect(own.rules[0].words == "2 Kronecker products with inner factors of 8 × 16, exactly")
    #expect(own.rules[0].remarks[0].contains("repeats 2 blocks of 8 × 16, each time by another factor, of any size"))
    #expect(own.rules[0].remarks[1].contains(#"up to 274 numbers of its own in "w", which has 1152 weights"#))
    #expect(own.problems.isEmpty)
    // 9 blocks of 128 entries are 9 products whatever they hold.
    #expect(
      try explain(#"{"kronecker": {"terms": 9, "inner": [8, 16]}}"#).rules[0].remarks[0].contains("restrict nothing"))
    #expect(
      try explain(#"{"kronecker": {"terms": 1, "inner": [16, 16]}}"#).problems[0]
        .contains("it is 24 × 48, which blocks of 16 × 16 do not fill"))
    #expect(
      try parse(Fixtures.allowing(Self.clauses[1])).rules[0].allowance.shortWords
        == "1 ⊗ of 1 × 65536 + 5 entries + 0.3 %")
  }
}
