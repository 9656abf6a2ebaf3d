// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import DriftProofPolicy

/// Bounds on single entries by the weights themselves: their form, their bytes, their words.
@Suite struct RoundingBoundTests {
  private static let clauses = [
    #"{"rank": 8, "rounding": {"halfUlps": 1.01}}"#, #"{"rounding": {"halfUlps": 2}}"#,
    #"{"rank": 8, "rounding": {"roundoffs": 1}}"#,
    #"{"rank": 8, "residual": {"relative": 0.003}, "rounding": {"roundoffs": 0.5, "of": ["base", "tuned"]}}"#,
    #"{"rows": 2, "rounding": {"roundoffs": 4, "of": ["update"]}}"#,
    #"[{"norm": {"relative": 0.02}}, {"rank": 2, "entries": 3, "rounding": {"halfUlps": 1.5}}]"#,
    #"{"entrywise": {"ofWeight": 0.01}}"#, #"{"rank": 8, "entrywise": {"ofWeight": 1, "absolute": 1e-6}}"#,
    #"{"columns": 2, "residual": {"absolute": 1}, "entrywise": {"ofWeight": 0.01, "absolute": 0.01}}"#,
  ]
  private static let path = "$.rules[0].allow.rounding"

  private func form(_ allow: String) throws -> ClauseForm {
    try #require(try parse(Fixtures.allowing(allow)).rules[0].allowance.forms?.first)
  }

  private func rejects(_ rounding: String, _ problem: RoundingProblem, at path: String = Self.path) {
    expect(
      rejection(Fixtures.allowing(#"{"rank": 8, "rounding": \#(rounding)}"#)), .malformedRounding(path: path, problem),
      path: path)
  }

  @Test func readsEveryForm() throws {
    #expect(
      try form(Self.clauses[0])
        == .sum(rank: 8, sparse: nil, residual: nil, rounding: .halfUlps(try Decimal10("1.01"))))
    #expect(try form(Self.clauses[2]).roundingBound == .roundoffs(try Decimal10("1"), of: .tuned))
    #expect(try form(Self.clauses[3]).roundingBound == .roundoffs(try Decimal10("0.5"), of: [.tuned, .base]))
    #expect(try parse(Fixtures.allowing(Self.clauses[5])).firstRuleWithRounding == 0)
    #expect(try parse(Fixtures.allowing(Self.clauses[5])).firstRuleWithEntryBounds == nil)
    #expect(try parse(Fixtures.issue).firstRuleWithRounding == nil)
  }

  @Test func hasBytesOfItsOwn() throws {
    func suffix(_ text: String, _ count: Int) throws -> [UInt8] {
      Array(try parse(Fixtures.allowing(text)).canonicalBytes().suffix(count))
    }
    // Sum with rounding, rank 8, no sparse form, no residual, half-ulps 101·10^-2; no total.
    let half: [UInt8] = [3, 1, 8, 0, 0, 0, 0, 0, 0, 101, 0, 0, 0, 0, 0, 0, 0, 0xFE, 0xFF, 0xFF, 0xFF, 0]
    #expect(try suffix(Self.clauses[0], half.count) == half)
    // No rank, 2 rows, no residual, roundoffs of the update, 4.
    let smooth: [UInt8] = [3, 0, 2, 2, 0, 0, 0, 0, 1, 4, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    #expect(try suffix(Self.clauses[4], smooth.count) == smooth)
    var seen: Set<[UInt8]> = []
    let others = [#"{"rank": 8}"#, #"{"rank": 8, "entrywise": {"absolute": 1.01}}"#]
    for text in Self.clauses + others {
      #expect(seen.insert(try parse(Fixtures.allowing(text)).canonicalBytes()).inserted)
    }
    // The order of a list, and a list of what is the default, leave no trace.
    func bytes(_ rounding: String) throws -> [UInt8] {
      try parse(Fixtures.allowing(#"{"rounding": \#(rounding)}"#)).canonicalBytes()
    }
    #expect(
      try bytes(#"{"roundoffs": 1, "of": ["tuned", "base"]}"#) == bytes(#"{"of": ["base", "tuned"], "roundoffs": 1.0}"#)
    )
    #expect(try bytes(#"{"roundoffs": 1, "of": ["tuned"]}"#) == bytes(#"{"roundoffs": 1}"#))
  }

  @Test(arguments: clauses)
  func isReadBack(_ allow: String) throws {
    let policy = try parse(Fixtures.allowing(allow))
    #expect(try CanonicalPolicyReader.policy(policy.canonicalBytes()) == policy)
    #expect(try Policy.parse(Array(PolicyText.render(policy).utf8)) == policy)
  }

  @Test func canonicalReaderRefusesUnknownBytes() throws {
    let bytes = try parse(Fixtures.allowing(Self.clauses[4])).canonicalBytes()
    func refusal(_ offset: Int, _ value: UInt8) -> CanonicalPolicyError? {
      var changed = bytes
      changed[bytes.count - offset] = value
      do throws(CanonicalPolicyError) {
        _ = try CanonicalPolicyReader.policy(changed)
        return nil
      } catch { return error }
    }
    // The clause's form, the bound's, and the set of quantities: unknown ones, and none.
    #expect(refusal(23, 4) == .badFlag(section: "the policy", found: 4))
    #expect(refusal(15, 3) == .badFlag(section: "the policy", found: 3))
    #expect(refusal(14, 8) == .badFlag(section: "the policy", found: 8))
    #expect(refusal(14, 0) == .policy(.malformedRounding(path: "$.rules[0].allow[0].rounding.of", .noQuantity)))
  }

  @Test func rejectsEveryProblem() {
    rejects("{}", .missing)
    rejects(#"{"of": ["base"]}"#, .missing)
    rejects(#"{"halfUlps": 1, "roundoffs": 1}"#, .several)
    for text in ["0.99", "2.01", "0", "0.999999999999999999", "10", "1e30", "1e-30"] {
      let shown = (try? Decimal10(text))?.description ?? ""
      rejects(#"{"halfUlps": \#(text)}"#, .halfUlpsOutOfRange(found: shown), at: "\(Self.path).halfUlps")
    }
    for text in ["0.49", "4.000000001", "0"] {
      rejects(#"{"roundoffs": \#(text)}"#, .roundoffsOutOfRange(found: text), at: "\(Self.path).roundoffs")
    }
    rejects(#"{"halfUlps": 1, "of": ["tuned"]}"#, .quantitiesOfHalfUlps, at: "\(Self.path).of")
    rejects(#"{"roundoffs": 1, "of": []}"#, .noQuantity, at: "\(Self.path).of")
    rejects(#"{"roundoffs": 1, "of": ["both"]}"#, .unknownQuantity(found: "both"), at: "\(Self.path).of[0]")
    rejects(#"{"roundoffs": 1, "of": ["base", "base"]}"#, .repeatedQuantity(found: "base"), at: "\(Self.path).of[1]")
  }

  @Test func readsFractionsOfWeights() throws {
    let one = try form(Self.clauses[6])
    #expect(one.roundingBound == .ofWeight(try Decimal10("0.01"), absolute: nil) && one.entryBound == nil)
    let two = try form(Self.clauses[7])
    #expect(
      two
        == .sum(
          rank: 8, sparse: nil, residual: nil, rounding: .ofWeight(try Decimal10("1"), absolute: try Decimal10("1e-6")))
    )
    // They need a base that is committed to.
    let policy = try parse(Fixtures.allowing(Self.clauses[6]))
    #expect(policy.firstRuleWithRounding == 0 && policy.firstRuleWithEntryBounds == nil)
    // No rank, no sparse form, no residual, of weights 1·10^-2, nothing at least; no total.
    let bytes: [UInt8] = [3, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0xFE, 0xFF, 0xFF, 0xFF, 0, 0]
    #expect(Array(policy.canonicalBytes().suffix(bytes.count)) == bytes)
    // The flag of the least number.
    var changed = policy.canonicalBytes()
    changed[changed.count - 2] = 2
    do throws(CanonicalPolicyError) {
      _ = try CanonicalPolicyReader.policy(changed)
      Issue.record("an unknown flag is read")
    } catch { #expect(error == .badFlag(section: "the policy", found: 2)) }
  }

  @Test func rejectsFractionsThatAreNone() throws {
    let path = "$.rules[0].allow.entrywise"
    func rejects(_ bound: String, _ problem: RoundingProblem, at place: String) {
      expect(
        rejection(Fixtures.allowing(#"{"rank": 8, "entrywise": \#(bound)}"#)), .malformedRounding(path: place, problem),
        path: place)
    }
    for text in ["0", "1.000000001", "2", "1e30"] {
      let shown = (try? Decimal10(text))?.description ?? ""
      rejects(#"{"ofWeight": \#(text)}"#, .fractionOutOfRange(found: shown), at: path + ".ofWeight")
    }
    for text in ["1", "1e-30", "0.999999999999999999", "0.5"] {
      #expect(try form(#"{"entrywise": {"ofWeight": \#(text)}}"#).roundingBound?.value == Decimal10(text))
    }
    rejects(#"{"ofWeight": 0.1, "relative": 0.1}"#, .relativeBesideOfWeight, at: path)
    rejects(#"{"ofWeight": 0.1, "absolute": 0}"#, .zeroBesideOfWeight, at: path + ".absolute")
    expect(
      rejection(Fixtures.allowing(#"{"entrywise": {"ofWeight": 0.1}, "rounding": {"halfUlps": 1}}"#)),
      .malformedRounding(path: Self.path, .withEntrywise), path: Self.path)
    let heads = #"{"tensors": "*", "heads": {"of": "rows", "size": 4}, "allow": {"entrywise": {"ofWeight": 0.1}}}"#
    expect(
      rejection(Fixtures.simple("p", heads)), .malformedRounding(path: path + ".ofWeight", .ofWeightInHeads),
      path: path + ".ofWeight")
    expect(
      rejection(Fixtures.allowing(#"{"entrywise": {"ofWeight": 0.1, "of": ["base"]}}"#)),
      .unknownKey(path: path + ".of", key: "of", allowed: ["ofWeight", "relative", "absolute"]), path: path + ".of")
  }

  @Test func explainsFractionsOfWeights() throws {
    let tensor = Bases.tensor("a", [64, 32], norm: 4)
    func explain(_ allow: String) throws -> PolicyExplanation {
      PolicyExplanation(try parse(Fixtures.allowing(allow)), tensors: [tensor])
    }
    let alone = try explain(Self.clauses[6])
    #expect(alone.tensors[0].words == "each weight moves by at most 1 % of itself in the base")
    let remarks = alone.rules[0].remarks.joined(separator: "\n")
    #expect(
      remarks.contains("Every weight can move by 1 % of its size at once") && remarks.contains("Small ones hardly move")
    )
    #expect(!remarks.contains("limits no norm") && !remarks.contains("round"))
    // At most x·‖W‖ and the floor of all entries.
    let norm = try #require(alone.tensors[0].largestNorm)
    #expect(norm >= 0.04 && norm < 0.04 + 0.0031 * tensor.maximum * 64.0 * 32)
    let beside = try explain(Self.clauses[7])
    #expect(
      beside.tensors[0].words
        == "rank 8 + a rest of at most 100 % of itself in the base, at least 0.000001 in each entry")
    #expect(beside.tensors[0].largestNorm == nil)
    let words = beside.rules[0].remarks.joined(separator: "\n")
    #expect(words.contains("Besides, every weight") && words.contains("set to zero or doubled"))
    #expect(try parse(Fixtures.allowing(Self.clauses[6])).rules[0].allowance.shortWords == "entries ≤ 1 % of each")
    let wide = try explain(#"{"entrywise": {"ofWeight": 0.01, "absolute": 1}}"#).rules[0].remarks.joined(
      separator: "\n")
    #expect(wide.contains("there the fraction restricts nothing"))
    var other = tensor
    other.roundingObstacle = "it is F32"
    let policy = try parse(Fixtures.allowing(Self.clauses[6]))
    #expect(PolicyExplanation(policy, tensors: [other]).problems.contains { $0.contains("it is F32") })
  }

  @Test func rejectsPlacesThatDoNotFit() {
    expect(
      rejection(Fixtures.allowing(#"{"entrywise": {"absolute": 1}, "rounding": {"halfUlps": 1}}"#)),
      .malformedRounding(path: Self.path, .withEntrywise), path: Self.path)
    let heads = #"{"tensors": "*", "heads": {"of": "rows", "size": 4}, "allow": {"rounding": {"halfUlps": 1}}}"#
    expect(
      rejection(Fixtures.simple("p", heads)), .malformedRounding(path: Self.path, .inHeads), path: Self.path)
    expect(
      rejection(Fixtures.allowing(#"{"residual": {"absolute": 1}, "rounding": {"halfUlps": 1}}"#)),
      .residualAlone(path: "$.rules[0].allow.residual"), path: "$.rules[0].allow.residual")
  }

  /// Of the design: k = 1: 1, 1.11, 1.22, 1.41; k = 2: 1, 1.22, 1.41.
  @Test func stepsOfRoundoffs() throws {
    func step(_ text: String, _ count: Int) throws -> [Int] {
      let step = RoundingStep(try Decimal10(text), count: count)
      return [step.coefficient, step.coarsening]
    }
    #expect(try step("1", 1) == [4, 0])
    #expect(try step("1", 2) == [2, 1])
    #expect(try step("1", 3) == [3, 1])
    #expect(try step("0.5", 1) == [1, 0])
    #expect(try step("0.999999999999999999", 1) == [3, 0])
    #expect(try step("1.12", 1) == [5, 0])
    #expect(try step("1.118", 1) == [4, 0])
    #expect(try step("1.23", 1) == [6, 0])
    #expect(try step("1.42", 1) == [2, 1])
    #expect(try step("1.23", 2) == [3, 1])
    #expect(try step("4", 3) == [3, 3])
    #expect(try step("3.99999999999999999", 3) == [2, 3])
    #expect(abs(RoundingStep(try Decimal10("1.3"), count: 2).roundoffs(count: 2) - 1.2247) < 0.0001)
  }

  @Test func isExplained() throws {
    var heavy = Bases.tensor("a", [64, 32], norm: 4)
    heavy.shareBelowFloor = 0.27
    var narrow = Bases.tensor("n", [1, 64], norm: 1)
    narrow.shareBelowFloor = 0.05
    func remarks(_ allow: String, _ tensors: [PolicyTensor]) throws -> String {
      let explanation = PolicyExplanation(try parse(Fixtures.allowing(allow)), tensors: tensors)
      return explanation.rules[0].remarks.joined(separator: "\n")
    }
    let tight = try remarks(#"{"rank": 2, "rounding": {"halfUlps": 1.01}}"#, [narrow, heavy])
    #expect(tight.contains("less than 0.1 %"))
    #expect(tight.contains("Rank 2 covers all of \"n\" (1 × 64)"))
    #expect(tight.contains("27 % of the weights of \"a\" are below"))
    #expect(tight.contains("limits no norm"))
    #expect(!tight.contains("Without a residual"))
    let wide = try remarks(#"{"rank": 2, "rounding": {"halfUlps": 1.5}}"#, [narrow])
    #expect(wide.contains("most weights can be pushed") && !wide.contains("are below the floor"))
    let smooth = try remarks(#"{"rank": 2, "rounding": {"roundoffs": 1.3, "of": ["tuned", "base"]}}"#, [heavy])
    #expect(smooth.contains("counts as 1.225"))
    #expect(smooth.contains("a residual beside it"))

    let policy = try parse(Fixtures.allowing(#"{"rank": 2, "rounding": {"halfUlps": 1.01}}"#))
    #expect(policy.rules[0].allowance.shortWords == "rank 2 + rounding ≤ 1.01 half-ulps")
    let explanation = PolicyExplanation(policy, tensors: [heavy])
    #expect(explanation.problems.isEmpty)
    #expect(explanation.tensors[0].words == "rank 2 + a rounding of at most 1.01 half-ulps in each entry")
    #expect(explanation.tensors[0].largestNorm == nil)
    heavy.roundingObstacle = "it is F32"
    #expect(PolicyExplanation(policy, tensors: [heavy]).problems.contains { $0.contains("\"a\": it is F32") })
  }
}
