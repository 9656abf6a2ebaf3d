// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofStatement
import DriftProofArgument
import DriftProofCheckpoint
import DriftProofPolicy
import TestSupport
import Testing

/// Entrywise bounds as exact integers, and the units in which they are proved.
@Suite struct EntryStatementTests {
  let fixture: StatementFixture

  init() throws { fixture = try StatementFixture() }

  private func tensor(_ allow: String, _ name: String = "a.weight", total: String = "") throws -> TableauTensor {
    try #require(try fixture.derive([StatementFixture.rule(name, allow)], total: total).claims.first).tensor
  }

  /// a.weight: entries below 1/4, g = 23. T = 0.002·2^(23 + s).
  @Test func absolute() throws {
    let own = try tensor(#"{"entrywise": {"absolute": 0.002}}"#)
    let clause = try #require(own.clauses.first)
    #expect(own.fractionBits == 23 && own.plainBound == nil)
    // 0.002·2^27 = 268435.456 is at most 2^18.5 = 370727.6; twice as much is not.
    #expect(clause.scale == 4 && clause.rank == nil && clause.bound == nil)
    // floor(268435.456²) = floor(72057594037.927936).
    #expect(clause.entries == EntryClaim(square: 72_057_594_037 - 1 << 30))
    // A scaled clause needs Δ itself bounded.
    #expect(own.isPlain)
    #expect(try !tensor(#"{"entrywise": {"absolute": 0.04}}"#).isPlain)
  }

  @Test func relative() throws {
    let leaf = try #require(fixture.identity.tensor(named: "a.weight"))
    let largest = leaf.statistics.maxAbs
    let own = try tensor(#"{"entrywise": {"relative": 0.01}}"#)
    let clause = try #require(own.clauses.first)
    let exact = BigUInt(UInt(largest)) * BigUInt(UInt(largest)) << (2 * clause.scale)
    #expect(clause.entries?.square == Int(exact.divided(by: 10_000).approximateValue) - 1 << 30)
    // The largest scale: the next one would be too large.
    #expect((exact.divided(by: 10_000) << 2) > BigUInt(1 as UInt) << 37)
  }

  /// Wide bounds make the units coarser, all clauses' of the tensor.
  @Test func wide() throws {
    let own = try tensor(#"{"entrywise": {"absolute": 3}}"#)
    // 3·2^16 = 196608 is provable, 3·2^17 is not.
    #expect(own.fractionBits == 16 && own.clauses.first?.scale == 0)
    #expect(own.clauses.first?.entries == EntryClaim(square: 196_608 * 196_608 - 1 << 30))
    let beyond = try tensor(#"{"entrywise": {"absolute": 1e30}}"#)
    #expect(beyond.fractionBits == -20)
    // Held at what can be proved, which is less.
    #expect(beyond.clauses.first?.entries == EntryClaim(square: 1 << 37 - 1 << 30))
  }

  @Test func besideOtherParts() throws {
    let own = try tensor(
      #"[{"rank": 2, "entries": 5, "residual": {"absolute": 0.01}, "entrywise": {"absolute": 0.001}}, {"entrywise": {"absolute": 0.5}}]"#
    )
    #expect(own.clauses.count == 2 && own.isPlain)
    // The wide bound decides the units: 0.5·2^19 is provable.
    #expect(own.fractionBits == 19)
    let first = own.clauses[0]
    // 0.001·2^(19 + 9) = 268435.456.
    #expect(first.scale == 9 && first.entries == EntryClaim(square: 72_057_594_037 - 1 << 30))
    #expect(first.rank == 2 && first.sparse == .entries(5))
    #expect(
      first.bound
        == BoundArithmetic.tensorDigits(
          BoundArithmetic.square(of: try Decimal10("0.01"), times: BigUInt(1 as UInt), shift: 2 * 28)))
    #expect(own.clauses[1].scale == 0 && own.clauses[1].bound == nil)
    // A residual below one unit leaves nothing, whatever the entries may be.
    let exact = try tensor(#"{"rank": 2, "residual": {"absolute": 0}, "entrywise": {"absolute": 0.001}}"#)
    #expect(exact.clauses.first?.isExact == true && exact.clauses.first?.scale == 0)
  }

  /// With a rank the scale is held where the factors fit.
  @Test func factorsLimitTheScale() throws {
    let wide = try tensor(#"[{"norm": {"absolute": 8}}, {"rank": 8, "entrywise": {"absolute": 0.001}}]"#)
    let narrow = try tensor(#"[{"norm": {"absolute": 8}}, {"entrywise": {"absolute": 0.001}}]"#)
    #expect(wide.fractionBits == narrow.fractionBits)
    let limit = ScaleRule.factorLimit(
      rank: 8, driftBound: BigUInt(64 as UInt) << (2 * wide.fractionBits), sumOfSquares: 0)
    #expect(wide.clauses[0].scale == min(limit, narrow.clauses[0].scale))
  }

  @Test(arguments: [#"{"entrywise": {"absolute": 1e-9}}"#, #"{"rank": 1, "entrywise": {"relative": 1e-12}}"#])
  func rejects_entryBoundTooSmall(_ allow: String) throws {
    let gaps = try fixture.gaps([StatementFixture.rule("a.weight", allow)], tuned: fixture.tuned)
    guard case .entryBoundTooSmall("a.weight", let found, let least, 0)? = gaps.first, gaps.count == 1 else {
      Issue.record("\(gaps)")
      return
    }
    #expect(found < least && gaps[0].description.contains("the least that can be proved"))
    // The least one is.
    _ = try tensor("{\"entrywise\": {\"absolute\": \(least * 1.000001)}}")
    #expect(throws: StatementError.self) { try tensor("{\"entrywise\": {\"absolute\": \(least * 0.999999)}}") }
  }

  @Test func relativeBoundOfZeros() throws {
    let leaf = BaseIdentity.Leaf(
      name: "z", dtype: .f32, shape: [4, 4],
      statistics: TensorStatistics(
        fractionBits: 24, sumOfSquares: 0, maxAbs: 0, sha256: [UInt8](repeating: 0, count: 32)))
    let tuned = [TunedTensor(name: "z", dtype: .f32, shape: [4, 4])]
    #expect(throws: StatementError.self) {
      try DerivedStatement.derive(
        identity: BaseIdentity(sorted: [leaf]), tuned: tuned,
        policy: StatementFixture.policy(StatementFixture.rule("z", #"{"entrywise": {"relative": 0.5}}"#)))
    }
  }

  @Test func versionsFollowThePolicy() throws {
    let with = try StatementFixture.policy(
      StatementFixture.rule("*.weight", #"{"entrywise": {"absolute": 0.01}}"#) + "," + StatementFixture.frozenRest)
    let without = try StatementFixture.policy(StatementFixture.frozenRest)
    func derive(_ policy: Policy, _ rules: StatementRules?) throws -> DerivedStatement {
      try DerivedStatement.derive(identity: fixture.identity, tuned: fixture.tuned, policy: policy, rules: rules)
    }
    #expect(try derive(with, nil).rules == .entrywise && derive(without, nil).rules == .revised)
    for rules in [StatementRules.original, .revised] {
      #expect(throws: StatementError.entryBoundsUnderEarlierRules(rule: 0)) { try derive(with, rules) }
    }
    #expect(throws: StatementError.entryRulesWithoutEntryBounds) { try derive(without, .entrywise) }
    #expect(try derive(with, .entrywise).count(.entrywise) == 5)
  }
}
