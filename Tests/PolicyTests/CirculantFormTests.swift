// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import DriftProofPolicy

/// Circulant blocks: their form, their bytes, their words.
@Suite struct CirculantFormTests {
  private static let clauses = [
    #"{"circulant": {"block": 8}}"#,
    #"{"circulant": {"block": 65536}, "entries": 5, "residual": {"relative": 0.003}}"#,
    #"{"circulant": {"block": 2}, "entrywise": {"absolute": 0.1}}"#,
    #"[{"norm": {"relative": 0.02}}, {"circulant": {"block": 64}, "rounding": {"halfUlps": 1.01}}]"#,
  ]
  private static let path = "$.rules[0].allow.circulant"

  private func form(_ allow: String) throws -> ClauseForm {
    try #require(try parse(Fixtures.allowing(allow)).rules[0].allowance.forms?.last)
  }

  @Test func readsEveryForm() throws {
    #expect(try form(Self.clauses[0]) == .sum(rank: nil, sparse: nil, residual: nil, blocks: .circulant(size: 8)))
    #expect(try form(Self.clauses[1]).blocks == .circulant(size: 1 << 16))
    #expect(try form(Self.clauses[2]).boundsEntries && form(Self.clauses[3]).roundingBound != nil)
    for allow in Self.clauses {
      let policy = try parse(Fixtures.allowing(allow))
      #expect(policy.firstRuleWithCirculants == 0 && policy.firstRuleWithBlocks == nil)
      #expect(try CanonicalPolicyReader.policy(policy.canonicalBytes()) == policy)
      #expect(try Policy.parse(Array(PolicyText.render(policy).utf8)) == policy)
    }
    #expect(try parse(Fixtures.issue).firstRuleWithCirculants == nil)
  }

  @Test func hasBytesOfItsOwn() throws {
    let bytes = try parse(Fixtures.allowing(Self.clauses[0])).canonicalBytes()
    // One clause, a sum: blocks of 8, no sparse part, no residual; no total.
    let own: [UInt8] = [1, 0, 0, 0, 1, 3, 8, 0, 0, 0, 0, 0, 0]
    #expect(bytes.suffix(own.count).elementsEqual(own))
    var changed = bytes
    changed[bytes.count - 8] = 4
    #expect(throws: CanonicalPolicyError.badFlag(section: "the policy", found: 4)) {
      try CanonicalPolicyReader.policy(changed)
    }
    changed[bytes.count - 8] = 3
    changed[bytes.count - 7] = 24
    #expect(throws: CanonicalPolicyError.self) { try CanonicalPolicyReader.policy(changed) }
  }

  @Test func rejectsEveryProblem() {
    func whole(_ allow: String, _ error: PolicyError, _ path: String) {
      expect(rejection(Fixtures.allowing(allow)), error, path: path)
    }
    for size in ["0", "1", "3", "24", "131072"] {
      whole(
        "{\"circulant\": {\"block\": \(size)}}",
        .malformedBlocks(path: Self.path + ".block", .circulantOutOfRange(found: size)), Self.path + ".block")
    }
    for other in [#""rank": 2"#, #""kronecker": {"terms": 1, "inner": [2, 2]}"#] {
      whole(
        "{\(other), \"circulant\": {\"block\": 2}}", .malformedBlocks(path: Self.path, .circulantWithFactors), Self.path
      )
    }
    whole(#"{"circulant": {}}"#, .missingKey(path: Self.path, key: "block"), Self.path)
    whole(
      #"{"circulant": {"block": 2.5}}"#, .notAnInteger(path: Self.path + ".block", found: "2.5"), Self.path + ".block")
  }

  @Test func explains() throws {
    let tensor = PolicyTensor(
      name: "w", dtype: "BF16", shape: [24, 48], rows: 24, columns: 48, isFloating: true, norm: 10, maximum: 1)
    func explain(_ allow: String) throws -> PolicyExplanation {
      PolicyExplanation(try parse(Fixtures.allowing(allow)), tensors: [tensor])
    }
    let own = try explain(Self.clauses[0])
    #expect(own.rules[0].words == "circulant blocks of 8 × 8, exactly")
    #expect(own.rules[0].remarks[0].contains("the one above it, moved to the right by one, of any size"))
    #expect(own.rules[0].remarks[1].contains(#"144 numbers of its own in "w", which has 1152 weights"#))
    #expect(own.problems.isEmpty)
    #expect(
      try explain(#"{"circulant": {"block": 16}}"#).problems[0].contains("24 × 48, which blocks of 16 × 16 do not fill")
    )
    #expect(
      try parse(Fixtures.allowing(Self.clauses[1])).rules[0].allowance.shortWords
        == "circulant of 65536 + 5 entries + 0.3 %")
  }

  @Test func largestBlocks() {
    #expect(BlockForm.largestCirculant(rows: 96, columns: 48) == .circulant(size: 16))
    #expect(BlockForm.largestCirculant(rows: 4096, columns: 1024, limit: 256) == .circulant(size: 256))
    #expect(BlockForm.largestCirculant(rows: 96, columns: 49) == nil)
    #expect(BlockForm.largestCirculant(rows: 0, columns: 2) == nil)
  }
}
