// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofStatement
import DriftProofArgument
import DriftProofCheckpoint
import DriftProofCommitment
import DriftProofPolicy
import Testing

struct StatementDerivationTests {
  typealias F = StatementFixture
  let fixture: StatementFixture

  init() throws { fixture = try StatementFixture() }

  @Test func classesAndOrder() throws {
    let derived = try fixture.derive([
      F.rule("a.weight", #"{"rank": 2, "residual": {"relative": 0.01}}"#),
      F.rule("b.bias", #"{"norm": {"absolute": 1}}"#),
      F.rule("c.weight", #"[{"norm": {"absolute": 1}}, {"rows": 3}]"#), F.rule("counter", #""any""#),
      F.rule("d.weight", #"{"rank": 1, "entries": 5}"#), F.rule("e*", #"{"rows": 4}"#),
    ])
    #expect(derived.tensors.map(\.name) == ["a.weight", "b.bias", "c.weight", "d.weight", "emb.weight"])
    #expect(derived.claims.map(\.baseIndex) == [0, 1, 2, 4, 5])
    #expect(
      derived.coverage.map(\.tensorClass) == [
        .rank, .norm, .composed, .excluded, .composed, .sparse, .frozen, .frozen,
      ])
    #expect(derived.coverage.map(\.hasByteDigest) == [true, true, true, true, true, true, false, false])
    #expect(derived.excludedNames == ["counter"])
    #expect(derived.totalBound == nil)
    let convolution = derived.tensors[3]
    #expect((convolution.rows, convolution.columns) == (8, 36))
    #expect(convolution.clauses == [StructuredClause(rank: 1, sparse: .entries(5), scale: 0, bound: nil)])
    #expect(!convolution.isPlain)
    #expect(derived.tensors[0].isPlain && derived.tensors[0].plainBound == nil)
    #expect(derived.tensors[0].clauses[0].scale > 0)
    #expect(derived.tensors[1].isPlain && derived.tensors[1].clauses.isEmpty)
    #expect(derived.tensors[2].plainBound != nil && derived.tensors[2].clauses.count == 1)
  }

  /// What no certificate could list is refused before it is proved.
  @Test func tooManyTensorsAreRefused() throws {
    let many = [TunedTensor](
      repeating: TunedTensor(name: "a", dtype: .f32, shape: []), count: StatementLimits.maximumTensors + 1)
    let limit = StatementLimits.maximumTensors
    #expect(throws: StatementError.tooLarge(.tensorCount(many.count, limit: limit))) {
      try fixture.derive([], tuned: many)
    }
    let long = TunedTensor(
      name: String(repeating: "a", count: StatementLimits.maximumManifestBytes), dtype: .f32, shape: [2])
    #expect(throws: StatementError.self) { try fixture.derive([], tuned: [long]) }
  }

  @Test func severalNormsGiveTheLeast() throws {
    func bound(_ allow: String) throws -> [UInt16]? {
      try fixture.derive([F.rule("a.weight", allow)]).tensors[0].plainBound
    }
    let both = #"[{"norm": {"absolute": 2}}, {"norm": {"absolute": 0.25}}, {"norm": {"absolute": 3}}]"#
    let least = try bound(#"{"norm": {"absolute": 0.25}}"#)
    #expect(try bound(both) == least)
    #expect(try bound(#"{"norm": {"absolute": 0}}"#) == [0, 0, 0, 0, 0, 0])
  }

  @Test func totalMakesEveryTensorPlain() throws {
    let total = #", "total": {"norm": {"relative": 0.01}}"#
    let derived = try fixture.derive(
      [F.rule("a.weight", #"{"rank": 2}"#), F.rule("emb*", #"{"rows": 1}"#)], total: total)
    #expect(derived.tensors.allSatisfy { $0.isPlain && $0.plainBound == nil })
    #expect(derived.totalBound?.count == 7)
    #expect(try fixture.derive([], total: total).totalBound == nil)
  }

  @Test func ranksAndCountsAreHeldAtTheShape() throws {
    let derived = try fixture.derive([
      F.rule("b.bias", #"{"rank": 8, "residual": {"absolute": 0.001}}"#), F.rule("c.weight", #"{"columns": 1000}"#),
      F.rule("d.weight", #"{"entries": 1000}"#), F.rule("emb.weight", #"{"rows": 1000}"#),
    ])
    #expect(derived.tensors[0].clauses[0].rank == 1)
    #expect(derived.tensors[1].clauses[0].sparse == .columns(48))
    #expect(derived.tensors[2].clauses[0].sparse == .entries(288))
    #expect(derived.tensors[3].clauses[0].sparse == .rows(100))
  }

  @Test func residualBelowAUnitIsExact() throws {
    let clause = try fixture.derive([
      F.rule("a.weight", #"{"rank": 2, "residual": {"absolute": 1e-20}}"#)
    ]).tensors[0]
    #expect(clause.clauses == [StructuredClause(rank: 2, sparse: nil, scale: 0, bound: nil)])
    #expect(!clause.isPlain)
  }

  @Test func coverageGaps() throws {
    let all = fixture.tuned
    #expect(
      try fixture.gaps([], tuned: all.filter { $0.name != "b.bias" }) == [.missing(tensor: "b.bias", renamedTo: nil)])
    var renamed = all.filter { $0.name != "b.bias" }
    renamed.append(TunedTensor(name: "z.bias", dtype: .f32, shape: [10]))
    #expect(
      try fixture.gaps([], tuned: renamed) == [
        .missing(tensor: "b.bias", renamedTo: "z.bias"), .added(tensor: "z.bias", renamedFrom: "b.bias"),
      ])
    func with(_ replacement: TunedTensor) -> [TunedTensor] {
      all.map { $0.name == replacement.name ? replacement : $0 }
    }
    let resized = try fixture.gaps([], tuned: with(TunedTensor(name: "emb.weight", dtype: .f32, shape: [102, 16])))
    #expect(resized == [.grown(tensor: "emb.weight", base: [100, 16], tuned: [102, 16], added: 2, allowed: 0)])
    #expect(resized[0].description.contains("resized vocabulary"))
    #expect(
      try fixture.gaps([], tuned: with(TunedTensor(name: "b.bias", dtype: .i16, shape: [10]))) == [
        .dataTypeChanged(tensor: "b.bias", base: "F32", tuned: "I16")
      ])
    #expect(
      try fixture.gaps([F.rule("counter", #"{"norm": {"absolute": 1}}"#)], tuned: all) == [
        .notCertifiable(tensor: "counter", dataType: "I64", rule: 0)
      ])
    let unmatched = try fixture.gaps([F.rule("nothing*", #""any""#)], tuned: all)
    #expect(unmatched.count == 1)
    guard case .policy(.ruleMatchesNothing) = unmatched[0] else {
      Issue.record("\(unmatched)")
      return
    }
  }

  @Test func excludedTensorsMayVanishAppearAndChange() throws {
    var tuned = fixture.tuned.filter { $0.name != "counter" && $0.name != "b.bias" }
    tuned.append(TunedTensor(name: "zz", dtype: .u8, shape: [3]))
    tuned.insert(TunedTensor(name: "b.bias", dtype: .f16, shape: [4]), at: 1)
    let derived = try fixture.derive([F.rule("{counter,b.bias,zz}", #""any""#)], tuned: tuned)
    #expect(derived.excludedNames == ["b.bias", "counter", "zz"])
    #expect(derived.coverage.filter(\.hasByteDigest).map(\.name) == ["b.bias", "zz"])
    #expect(derived.isEmpty)
  }

  @Test func codesAreSecureAndCheap() throws {
    for rules in [
      [F.rule("b.bias", #"{"norm": {"absolute": 1}}"#)],
      [F.rule("{a,c,d,emb}.weight", #"{"norm": {"absolute": 1}}"#)],
    ] {
      let code = try CodeSelection.choose(tensors: try fixture.derive(rules).tensors)
      #expect(code.securityBits >= 128 && code.logLength == 14 && code.logBlowup == 5)
      #expect(code.driftTail == 2 * code.queries)
    }
    func square(_ log: Int) -> [TableauTensor] {
      [
        TableauTensor(
          name: "w", rows: 1 << log, columns: 1 << log, fractionBits: 20, isPlain: true,
          plainBound: [0, 0, 1, 0, 0, 0],
          clauses: [])
      ]
    }
    for log in [7, 10, 12, 14, 16] {
      let code = try CodeSelection.choose(tensors: square(log))
      #expect(code.securityBits >= 128)
      #expect(code.logBlowup == [7: 5, 10: 4, 12: 3, 14: 2, 16: 1][log])
    }
  }
}
