// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import DriftProofPolicy

/// Patterns: their form, their bytes, their words.
@Suite struct PatternBoundTests {
  private static let clauses = [
    #"{"pattern": {"of": "drift", "n": 2, "m": 4}}"#, #"{"pattern": {"of": "tuned", "n": 1, "m": 64}}"#,
    #"{"pattern": {"of": "base"}}"#,
    #"[{"norm": {"relative": 0.02}}, {"pattern": {"of": "drift", "n": 7, "m": 8}}, {"pattern": {"of": "base"}}]"#,
  ]
  private static let path = "$.rules[0].allow.pattern"

  private func form(_ allow: String) throws -> ClauseForm {
    try #require(try parse(Fixtures.allowing(allow)).rules[0].allowance.forms?.last)
  }

  private func rejects(_ pattern: String, _ problem: PatternBoundProblem, at path: String = Self.path) {
    expect(
      rejection(Fixtures.allowing(#"{"pattern": \#(pattern)}"#)), .malformedPatternBound(path: path, problem),
      path: path)
  }

  @Test func readsEveryForm() throws {
    #expect(try form(Self.clauses[0]) == .pattern(.drift(count: 2, group: 4)))
    #expect(try form(Self.clauses[1]) == .pattern(.tuned(count: 1, group: 64)))
    #expect(try form(Self.clauses[2]).patternBound == .base)
    #expect(try form(Self.clauses[3]).patternBound?.groups == nil)
    func policy(_ index: Int) throws -> Policy { try parse(Fixtures.allowing(Self.clauses[index])) }
    #expect(try policy(0).firstRuleWithPattern == 0 && policy(0).firstRuleWithBasePattern == nil)
    #expect(try !policy(0).speaksOfBase && policy(1).speaksOfBase && policy(2).speaksOfBase && policy(3).speaksOfBase)
    #expect(try parse(Fixtures.issue).firstRuleWithPattern == nil)
  }

  @Test func hasBytesOfItsOwn() throws {
    func suffix(_ text: String, _ count: Int) throws -> [UInt8] {
      Array(try parse(Fixtures.allowing(text)).canonicalBytes().suffix(count))
    }
    // One clause, a pattern of the drift, 2 of 4; no total.
    let drift: [UInt8] = [1, 0, 0, 0, 4, 0, 2, 0, 0, 0, 4, 0, 0, 0, 0]
    #expect(try suffix(Self.clauses[0], drift.count) == drift)
    let base: [UInt8] = [1, 0, 0, 0, 4, 2, 0]
    #expect(try suffix(Self.clauses[2], base.count) == base)
    var seen: Set<[UInt8]> = []
    for text in Self.clauses + [#"{"pattern": {"of": "tuned", "n": 2, "m": 4}}"#, #"{"entries": 2}"#] {
      #expect(seen.insert(try parse(Fixtures.allowing(text)).canonicalBytes()).inserted)
    }
  }

  @Test(arguments: clauses)
  func isReadBack(_ allow: String) throws {
    let policy = try parse(Fixtures.allowing(allow))
    #expect(try CanonicalPolicyReader.policy(policy.canonicalBytes()) == policy)
    #expect(try Policy.parse(Array(PolicyText.render(policy).utf8)) == policy)
  }

  @Test func canonicalReaderRefusesUnknownBytes() throws {
    let bytes = try parse(Fixtures.allowing(Self.clauses[0])).canonicalBytes()
    func refusal(_ offset: Int, _ value: UInt8) -> CanonicalPolicyError? {
      var changed = bytes
      changed[bytes.count - offset] = value
      do throws(CanonicalPolicyError) {
        _ = try CanonicalPolicyReader.policy(changed)
        return nil
      } catch { return error }
    }
    // The clause's form, the pattern's, n and m.
    #expect(refusal(11, 5) == .badFlag(section: "the policy", found: 5))
    #expect(refusal(10, 3) == .badFlag(section: "the policy", found: 3))
    let path = "$.rules[0].allow[0].pattern"
    #expect(
      refusal(9, 4) == .policy(.malformedPatternBound(path: path + ".n", .countOutOfRange(found: "4", group: 4))))
    #expect(refusal(5, 3) == .policy(.malformedPatternBound(path: path + ".m", .groupOutOfRange(found: "3"))))
  }

  @Test func rejectsEveryProblem() {
    rejects(#"{"of": "weights", "n": 2, "m": 4}"#, .unknownSubject(found: "weights"), at: Self.path + ".of")
    for group in ["0", "1", "3", "6", "128", "1e3"] {
      let found = group == "1e3" ? "1e3" : group
      rejects(#"{"of": "drift", "n": 1, "m": \#(group)}"#, .groupOutOfRange(found: found), at: Self.path + ".m")
    }
    for count in ["0", "4", "5"] {
      rejects(
        #"{"of": "tuned", "n": \#(count), "m": 4}"#, .countOutOfRange(found: count, group: 4), at: Self.path + ".n")
    }
    func whole(_ allow: String, _ error: PolicyError, _ path: String) {
      expect(rejection(Fixtures.allowing(allow)), error, path: path)
    }
    whole(
      #"{"rank": 2, "pattern": {"of": "base"}}"#,
      .malformedPatternBound(path: Self.path, .notAlone(others: ["rank"])), Self.path)
    whole(#"{"pattern": {"n": 2, "m": 4}}"#, .missingKey(path: Self.path, key: "of"), Self.path)
    whole(#"{"pattern": {"of": "drift", "m": 4}}"#, .missingKey(path: Self.path, key: "n"), Self.path)
    whole(#"{"pattern": {"of": "drift", "n": 2}}"#, .missingKey(path: Self.path, key: "m"), Self.path)
    whole(
      #"{"pattern": {"of": "base", "n": 2}}"#,
      .unknownKey(path: Self.path + ".n", key: "n", allowed: ["of"]), Self.path + ".n")
    whole(
      #"{"pattern": {"of": "drift", "n": 1.5, "m": 4}}"#, .notAnInteger(path: Self.path + ".n", found: "1.5"),
      Self.path + ".n")
  }

  @Test func headsHavePatternsOfTheDriftAlone() throws {
    func policy(_ pattern: String) -> String {
      Fixtures.simple(
        "p",
        #"{"tensors": "*", "heads": {"of": "rows", "size": 4}, "allow": {"pattern": \#(pattern)}}"#)
    }
    #expect(try parse(policy(#"{"of": "drift", "n": 1, "m": 2}"#)).firstRuleWithPattern == 0)
    for pattern in [#"{"of": "base"}"#, #"{"of": "tuned", "n": 1, "m": 2}"#] {
      expect(rejection(policy(pattern)), .malformedPatternBound(path: Self.path, .inHeads), path: Self.path)
    }
  }

  @Test func explains() throws {
    let tensor = PolicyTensor(
      name: "w", dtype: "BF16", shape: [8, 12], rows: 8, columns: 12, isFloating: true, norm: 10, maximum: 1)
    func explain(_ allow: String) throws -> PolicyExplanation {
      PolicyExplanation(try parse(Fixtures.allowing(allow)), tensors: [tensor])
    }
    let drift = try explain(Self.clauses[0])
    #expect(drift.rules[0].words == "at most 2 of every 4 neighbours in a row changed")
    #expect(drift.rules[0].remarks[0].contains("50 % of all weights can become anything, of any size, up to 48"))
    #expect(drift.problems.isEmpty && drift.tensors[0].largestNorm == nil)
    #expect(try explain(Self.clauses[2]).rules[0].remarks[0].contains("add a norm clause"))
    #expect(try explain(Self.clauses[3]).rules[0].remarks.contains { $0.contains("within the norm bound.") })
    // 12 columns are no groups of 8 or 64.
    #expect(
      try explain(Self.clauses[3]).problems[0].contains("its rows have 12 entries, which groups of 8 do not divide"))
    #expect(try explain(Self.clauses[1]).problems.count == 1)
    #expect(
      try parse(Fixtures.allowing(Self.clauses[3])).rules[0].allowance.shortWords
        == "norm ≤ 2 %, 7:8 of the change, zeros stay")
    var unlinked = tensor
    unlinked.patternObstacle = "it is F32"
    let problems = PolicyExplanation(try parse(Fixtures.allowing(Self.clauses[2])), tensors: [unlinked]).problems
    #expect(problems.count == 1 && problems[0].hasSuffix("it is F32"))
  }

  @Test func limitsOfOtherGroups() {
    #expect(PatternBound.limit(count: 2, group: 4, in: 16) == 8)
    #expect(PatternBound.limit(count: 2, group: 4, in: 4) == 2)
    #expect(PatternBound.limit(count: 3, group: 8, in: 2) == 2)
    #expect(PatternBound.limit(count: 1, group: 8, in: 4) == 1)
  }
}
