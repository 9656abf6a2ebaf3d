// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofCalibration
import DriftProofPolicy
import Testing

/// Patterns over layer numbers, and bounds as a policy shows them.
@Suite struct CalibrationPatternTests {
  /// Every name is decided by its own group, none of the others by any.
  private func patterns(_ groups: [[String]], others: [String] = []) throws -> [[String]] {
    let assignment = try RuleAssignment(groups: groups, others: others)
    for (index, names) in groups.enumerated() {
      for name in names {
        #expect(assignment.rules.first { $0.pattern.matches(name) }?.group == index, "\(name)")
      }
    }
    for name in others { #expect(!assignment.rules.contains { $0.pattern.matches(name) }, "\(name)") }
    return groups.indices.map { index in assignment.rules.filter { $0.group == index }.map(\.pattern.text) }
  }

  @Test func leavesLayerNumbersOpen() throws {
    #expect(try patterns([["h.0.attn.weight", "h.11.attn.weight"]]) == [["h.*.attn.weight"]])
    // A number that is no layer's, because it is the same in all names, stays.
    #expect(try patterns([["m.0.down.1.bias", "m.2.down.1.bias"]]) == [["m.*.down.1.bias"]])
    #expect(try patterns([["bn1.weight"]]) == [["bn1.weight"]])
  }

  @Test func listsLayersBesideFrozenOnes() throws {
    #expect(try patterns([["h.2.w", "h.10.w"]], others: ["h.3.w"]) == [["h.{2,10}.w"]])
  }

  @Test func keepsGroupsApart() throws {
    // The star of the first would also match the second, which is no more special.
    let short = ["layers.0.weight", "layers.1.weight"]
    let long = ["layers.0.down.weight", "layers.1.down.weight"]
    #expect(try patterns([short, long]) == [["layers.{0,1}.weight"], ["layers.*.down.weight"]])
    // Fewer stars decide first.
    #expect(try patterns([["a.0.b.1", "a.1.b.0"], ["a.0.b.0"]]) == [["a.*.b.*"], ["a.0.b.0"]])
  }

  @Test func namesTensorsWhereNumbersDoNotSuffice() throws {
    // {0,1} × {0,1} would also hold the frozen pair.
    #expect(try patterns([["e.0.x.0", "e.1.x.1"]], others: ["e.0.x.1"]) == [["{e.0.x.0,e.1.x.1}"]])
  }

  @Test func takesPatternSignsLiterally() throws {
    #expect(try patterns([["a{b},*\\c"]], others: ["axb"]) == [["a\\{b\\}\\,\\*\\\\c"]])
  }

  @Test func splitsWhatOnePatternCannotHold() throws {
    let long = String(repeating: "x", count: 100)
    let names = (0..<100).map { "\(long).\($0).\($0)" }
    let found = try patterns([names], others: ["\(long).1.2"])
    #expect(found[0].count > 1)
    #expect(found[0].allSatisfy { $0.utf8.count <= PolicyLimits.maximumPatternBytes })
  }

  @Test(arguments: [
    (0.25, "0.26"), (0.2400001, "0.25"), (0.937, "0.94"), (0.999, "1"), (12.3, "13"), (1234.0, "1300"),
    (5.9e-7, "6e-7"), (1e-30, "1.1e-30"),
  ])
  func roundsUpToTwoDigits(_ value: Double, _ text: String) throws {
    let bound = try #require(RoundedBound.up(value))
    #expect(try bound == Decimal10(text))
    #expect(bound.doubleValue >= value)
  }

  @Test func refusesNumbersThatNoPolicyHolds() {
    for value in [0, -1, Double.nan, .infinity, 1e300, 1e-60] { #expect(RoundedBound.up(value) == nil) }
  }

  @Test(arguments: [(20, 2.5, 50), (500, 2.5, 1300), (1, 1.0, 1), (1, 2.5, 3), (101, 1.0, 110)])
  func roundsCountsUp(_ count: Int, _ margin: Double, _ allowed: Int) {
    #expect(CountBound.allowed(count, margin: margin) == allowed)
  }

  @Test func refusesCountsBeyondAPolicys() {
    #expect(CountBound.allowed(1 << 20, margin: 1.5) == nil)
  }

  @Test func rendersWhatTheReaderReads() throws {
    let policy = try testPolicy(
      [
        ("a\\\\{", "[{ \"norm\": { \"relative\": 0.00000000000012 } }, { \"columns\": 3 }]"),
        ("b", "{ \"rank\": 4, \"entries\": 7, \"residual\": { \"absolute\": 1e30 } }"), ("c", "{ \"rows\": 2 }"),
        ("d", "\"any\""),
      ], frozenRest: true, total: "{ \"norm\": { \"absolute\": 2.5 } }")
    let text = PolicyText.render(policy, header: ["a", ""], comments: [0: "first", 4: "last"])
    #expect(try Policy.parse(Array(text.utf8)) == policy)
    #expect(text.hasPrefix("// a\n//\n{"))
  }
}
