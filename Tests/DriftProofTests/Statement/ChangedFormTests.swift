// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofStatement
import DriftProofArgument
import DriftProofCheckpoint
import DriftProofPolicy
import Testing

private typealias F = StatementFixture

/// Other types and more rows in the tuned model: what the statement is about, and what stays a gap.
@Suite struct ChangedFormTests {
  let fixture: StatementFixture

  init() throws { fixture = try StatementFixture() }

  private func with(_ name: String, _ dtype: DataType, _ shape: [Int]) -> [TunedTensor] {
    fixture.tuned.map { $0.name == name ? TunedTensor(name: name, dtype: dtype, shape: shape) : $0 }
  }

  private func grow(_ rows: Int, _ allow: String = #"{"norm": {"relative": 0.5}}"#) -> String {
    "{\"tensors\": \"emb.weight\", \"grow\": {\"rows\": \(rows)}, \"allow\": \(allow)}"
  }

  private func gaps(_ rules: [String], _ tuned: [TunedTensor], by version: StatementRules) throws -> [CoverageGap] {
    let policy = try F.policy((rules + [F.frozenRest]).joined(separator: ","))
    do {
      _ = try DerivedStatement.derive(identity: fixture.identity, tuned: tuned, policy: policy, rules: version)
      return []
    } catch .coverageGap(let gaps) {
      return gaps
    }
  }

  @Test func floatingTypesAreOneButForOriginalRules() throws {
    for dtype in [DataType.bf16, .f16, .f64] {
      let tuned = with("a.weight", dtype, [64, 64])
      let rule = F.rule("a.weight", #"{"norm": {"absolute": 1}}"#)
      for rules in [[], [rule]] {
        let derived = try fixture.derive(rules, tuned: tuned)
        #expect(derived.tensors == (try fixture.derive(rules)).tensors)
        #expect(derived.coverage.compactMap(\.retyping) == [.init(from: .f32, to: dtype)])
        #expect(
          try gaps(rules, tuned, by: .original) == [
            .dataTypeChanged(tensor: "a.weight", base: "F32", tuned: dtype.rawValue)
          ])
      }
    }
    // Types without numbers, on either side.
    #expect(
      try fixture.gaps([], tuned: with("a.weight", .i32, [64, 64])) == [
        .dataTypeChanged(tensor: "a.weight", base: "F32", tuned: "I32")
      ])
    #expect(
      try fixture.gaps([], tuned: with("counter", .f32, [1])) == [
        .dataTypeChanged(tensor: "counter", base: "I64", tuned: "F32")
      ])
    // What is excluded is not counted.
    let excluded = try fixture.derive([F.rule("a.weight", #""any""#)], tuned: with("a.weight", .bf16, [64, 64]))
    #expect(excluded.coverage.allSatisfy { $0.retyping == nil })
  }

  @Test func theStatementHasTheTunedRows() throws {
    let tuned = with("emb.weight", .f32, [107, 16])
    let derived = try fixture.derive([grow(7)], tuned: tuned)
    #expect(derived.tensors.map(\.rows) == [107] && derived.tensors.map(\.columns) == [16])
    #expect(derived.coverage.compactMap(\.growth) == [.init(from: 100, to: 107)])
    #expect(derived.coverage.first { $0.name == "emb.weight" }?.entryCount == 107 * 16)
    // A relative bound is of the base's norm as it is.
    let before = try fixture.derive([F.rule("emb.weight", #"{"norm": {"relative": 0.5}}"#)])
    #expect(derived.tensors[0].plainBound == before.tensors[0].plainBound)
    // Counts are held at the rows that there are.
    let rows = try fixture.derive([grow(7, #"{"rows": 1000}"#)], tuned: tuned).tensors[0]
    #expect(rows.clauses[0].sparse == .rows(107))
    // A rule that admits growth where none is leaves everything as it was.
    #expect(try fixture.derive([grow(7)]).tensors == before.tensors)
    // A vector is one row and grows in its columns.
    let bias = #"{"tensors": "b.bias", "grow": {"rows": 3}, "allow": {"norm": {"absolute": 1}}}"#
    let vector = try fixture.derive([bias], tuned: with("b.bias", .f32, [13])).tensors[0]
    #expect(vector.rows == 1 && vector.columns == 13)
    // Another type besides.
    let both = try fixture.derive([grow(7)], tuned: with("emb.weight", .bf16, [107, 16]))
    #expect(both.tensors == derived.tensors && both.coverage.contains { $0.growth != nil && $0.retyping != nil })
  }

  @Test func growthIsWhatTheRuleAdmits() throws {
    let more = with("emb.weight", .f32, [108, 16])
    func grown(_ allowed: Int) -> CoverageGap {
      .grown(tensor: "emb.weight", base: [100, 16], tuned: [108, 16], added: 8, allowed: allowed)
    }
    #expect(try fixture.gaps([grow(7)], tuned: more) == [grown(7)])
    #expect(try fixture.derive([grow(8)], tuned: more).tensors.count == 1)
    for allow in [#"{"norm": {"relative": 0.5}}"#, #""frozen""#] {
      #expect(try fixture.gaps([F.rule("emb.weight", allow)], tuned: more) == [grown(0)])
    }
    let heads = #"{"tensors": "emb.weight", "heads": {"of": "columns", "size": 4}, "allow": {"rank": 1}}"#
    #expect(try fixture.gaps([heads], tuned: more) == [grown(0)])
    // The remedy names what is needed, and never leaves the tensor out.
    let text = grown(7).description
    #expect(text.contains("[100, 16]") && text.contains("[108, 16]") && text.contains(#""rows": 8"#))
    #expect(!text.contains("any"))
    let huge = CoverageGap.grown(tensor: "e", base: [1, 1], tuned: [1 << 21, 1], added: 1 << 21 - 1, allowed: 0)
    #expect(huge.description.contains("no policy admits so many"))
    // Fewer rows, other columns, another rank, no entries: whatever the rule admits.
    #expect(
      try fixture.gaps([grow(9)], tuned: with("emb.weight", .f32, [99, 16])) == [
        .shrunk(tensor: "emb.weight", base: [100, 16], tuned: [99, 16])
      ])
    for shape in [[100, 17], [101, 17], [101, 4, 4], [1616], []] {
      let gap = CoverageGap.reshaped(tensor: "emb.weight", base: [100, 16], tuned: shape)
      #expect(try fixture.gaps([grow(9)], tuned: with("emb.weight", .f32, shape)) == [gap])
      #expect(!gap.description.contains("any"))
    }
    let empty = #"{"tensors": "empty", "grow": {"rows": 9}, "allow": {"norm": {"absolute": 1}}}"#
    #expect(
      try fixture.gaps([empty], tuned: with("empty", .f32, [2, 4])) == [
        .reshaped(tensor: "empty", base: [0, 4], tuned: [2, 4])
      ])
    // Integers have no rows that a clause could count.
    let counter = #"{"tensors": "counter", "grow": {"rows": 9}, "allow": {"norm": {"absolute": 1}}}"#
    #expect(
      try fixture.gaps([counter], tuned: with("counter", .i64, [2])) == [
        .reshaped(tensor: "counter", base: [1], tuned: [2])
      ])
  }

  /// Manifests of versions 2 and 3 never had a grown tensor, so that one that is called so has none either.
  @Test func originalRulesAdmitNoGrowth() throws {
    let gap = CoverageGap.reshaped(tensor: "emb.weight", base: [100, 16], tuned: [107, 16])
    #expect(try gaps([grow(7)], with("emb.weight", .f32, [107, 16]), by: .original) == [gap])
    #expect(try gaps([grow(7)], fixture.tuned, by: .original).isEmpty)
  }

  /// The verifier's memory follows from the tuned shape, which the manifest states.
  @Test func sizesAreThoseOfTheTunedTensor() throws {
    let leaf = BaseIdentity.Leaf(
      name: "w", dtype: .f32, shape: [1, 1 << 41],
      statistics: TensorStatistics(
        fractionBits: 20, sumOfSquares: 1, maxAbs: 1, sha256: [UInt8](repeating: 0, count: 32)))
    let policy = try F.policy(
      #"{"tensors": "w", "grow": {"rows": 9}, "allow": {"norm": {"absolute": 1}}}"#)
    let identity = BaseIdentity(sorted: [leaf])
    func derive(_ rows: Int) throws -> DerivedStatement {
      try DerivedStatement.derive(
        identity: identity, tuned: [TunedTensor(name: "w", dtype: .f32, shape: [rows, 1 << 41])], policy: policy)
    }
    #expect(try derive(1).tensors.count == 1)
    #expect(throws: StatementError.tooLarge(.tensor("\"w\"", shape: [2, 1 << 41]))) { try derive(2) }
  }
}
