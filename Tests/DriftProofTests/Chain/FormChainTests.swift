// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofCertificate
@testable import DriftProofChain
@testable import DriftProofDrift
@testable import DriftProofProving
@testable import DriftProofStatement
import DriftProofCheckpoint
import DriftProofPolicy
import Foundation
import TestSupport
import Testing

/// Links whose models change their types and grow: 5 rows in F32, 6 in BF16, 8 in F32.
@Suite struct FormChainTests {
  let folder: TemporaryFolder
  var models: [TypedModel] = []

  init() throws {
    folder = try TemporaryFolder()
    var random = SeededGenerator(seed: 31)
    var model = TypedModel()
    model.add("embed", .f32, [5, 4], exact: true, random: &random)
    model.add("still", .f32, [3, 3], exact: true, random: &random)
    models = [model]
    model.append(rows: 1, to: "embed", scale: 0.1, random: &random)
    for name in ["embed", "still"] {
      model.tensors[name]?.dtype = .bf16
      let values = model.tensors[name]?.values ?? []
      model.tensors[name]?.values = values.map { Double(TestTensor.rounded(Float($0))) }
    }
    models.append(model)
    model.append(rows: 2, to: "embed", scale: 0.1, random: &random)
    for name in ["embed", "still"] { model.tensors[name]?.dtype = .f32 }
    models.append(model)
  }

  private static func policy(_ name: String, grow: Int, norm: String = "1") -> [UInt8] {
    let rules = [
      "{\"tensors\": \"embed\", \"grow\": {\"rows\": \(grow)}, \"allow\": [{\"rows\": 3}, "
        + "{\"norm\": {\"absolute\": \(norm)}}]}", StatementFixture.frozenRest,
    ].joined(separator: ", ")
    return Array("{\"driftPolicy\": 1, \"name\": \"\(name)\", \"securityBits\": 128, \"rules\": [\(rules)]}".utf8)
  }

  @Test func linksAddUp() throws {
    let checkpoints = try models.enumerated().map { try $0.element.write("m\($0.offset)", in: folder) }
    let identity = try BaseIdentity.compute(checkpoint: checkpoints[0])
    func prove(_ index: Int, grow: Int, parent: [UInt8]?) throws -> [UInt8] {
      var request = DriftProver.Request(
        base: checkpoints[index - 1], tuned: checkpoints[index],
        policy: try Policy.parse(Self.policy("link \(index)", grow: grow)),
        openingPath: folder.file("opening-\(index)-\(grow)"))
      request.identity = identity
      request.parent = try parent.map { try ParentCertificate($0, identity: identity) }
      return try DriftProver.prove(request).certificate
    }
    let first = try prove(1, grow: 1, parent: nil)
    // The rule of a link counts from the chain's base.
    #expect(
      throws: DriftProofError.coverageGap([
        .grown(tensor: "embed", base: [5, 4], tuned: [8, 4], added: 3, allowed: 2)
      ])
    ) { try prove(2, grow: 2, parent: first) }
    let second = try prove(2, grow: 3, parent: first)
    let checked = try CertificateChecker.check(
      certificate: second, base: checkpoints[1], tuned: checkpoints[2],
      openingPath: folder.file("opening-2-3"), identity: identity)
    #expect(checked.retyped.isEmpty && checked.grown.map(\.to) == [8])

    func verify(_ cumulative: [UInt8]?) throws -> ChainReport {
      try ChainVerifier.verify(
        [.init(name: "first", certificate: first), .init(name: "second", certificate: second)],
        identityFile: identity.jsonBytes(), cumulativePolicyFile: cumulative)
    }
    #expect(try verify(nil).failure == nil)
    func cumulative(grow: Int, rows: Int, norm: String) -> [UInt8] {
      Array(
        String(decoding: Self.policy("all", grow: grow, norm: norm), as: UTF8.self)
          .replacingOccurrences(of: "\"rows\": 3}, ", with: "\"rows\": \(rows)}, ").utf8)
    }
    #expect(try verify(cumulative(grow: 3, rows: 6, norm: "2.01")).failure == nil)
    // Counts and norms of both links together, and the rows that the last model has.
    for (policy, isLast) in [
      (cumulative(grow: 3, rows: 5, norm: "2.01"), true), (cumulative(grow: 3, rows: 6, norm: "1.99"), true),
      (cumulative(grow: 2, rows: 6, norm: "2.01"), true),
    ] {
      let report = try verify(policy)
      #expect(report.links.first?.rejection == nil && (report.links.last?.rejection != nil) == isLast)
    }
  }

  private func leaf(_ name: String, _ shape: [Int]) -> BaseIdentity.Leaf {
    BaseIdentity.Leaf(
      name: name, dtype: .f32, shape: shape,
      statistics: TensorStatistics(
        fractionBits: 20, sumOfSquares: 1 << 20, maxAbs: 1 << 10, sha256: [UInt8](repeating: 0, count: 32)))
  }

  /// From which parents a link's tensor can be measured.
  @Test func parentsOfOtherForms() throws {
    let identity = BaseIdentity(sorted: [leaf("w", [5, 4])])
    func gaps(
      _ rule: String, tuned: TunedTensor, parent: TunedTensor, rules: StatementRules = .current
    ) throws -> [CoverageGap] {
      let derived = try DerivedStatement.derive(
        identity: identity, tuned: [tuned], policy: StatementFixture.policy(rule), rules: rules)
      return LinkCoverage.gaps(derived: derived, tuned: [tuned], parent: [parent])
    }
    func tensor(_ rows: Int, _ dtype: DataType = .f32, _ change: TensorChange = .dense) -> TunedTensor {
      TunedTensor(name: "w", dtype: dtype, shape: [rows, 4], change: change)
    }
    let frozen = StatementFixture.frozenRest
    let norm = StatementFixture.rule("w", "{\"norm\": {\"absolute\": 1}}")
    let grow = "{\"tensors\": \"w\", \"grow\": {\"rows\": 3}, \"allow\": {\"norm\": {\"absolute\": 1}}}"
    #expect(try gaps(frozen, tuned: tensor(5), parent: tensor(5, .bf16)).isEmpty)
    #expect(try gaps(norm, tuned: tensor(5, .f16), parent: tensor(5, .bf16)).isEmpty)
    #expect(try gaps(grow, tuned: tensor(8), parent: tensor(6, .bf16)).isEmpty)
    #expect(try gaps(grow, tuned: tensor(8), parent: tensor(8)).isEmpty)
    // Under the old rules the parent's tensor is the link's, type and shape.
    #expect(try gaps(frozen, tuned: tensor(5), parent: tensor(5, .bf16), rules: .original).count == 1)
    // A parent that lost rows, which its policy excluded: frozen would be false, and no rule admits these rows.
    for rule in [frozen, norm, grow] { #expect(try gaps(rule, tuned: tensor(5), parent: tensor(4)).count == 1) }
    #expect(try gaps(grow, tuned: tensor(6), parent: tensor(4)).count == 1)
    // One that has more than the link, or no numbers, or an adapter.
    #expect(try gaps(grow, tuned: tensor(6), parent: tensor(7)).count == 1)
    #expect(try gaps(norm, tuned: tensor(5), parent: tensor(5, .i32)).count == 1)
    #expect(try gaps(norm, tuned: tensor(5), parent: tensor(5, .f32, .product(rank: 1))).count == 1)
  }

  /// New rows of a link have a precision of their own, and its counts are held at the rows that it has.
  @Test func scopesHaveTheNewRows() throws {
    let identity = BaseIdentity(sorted: [leaf("w", [2, 4])])
    let policy = try StatementFixture.policy(
      "{\"tensors\": \"w\", \"grow\": {\"rows\": 6}, \"allow\": [{\"rows\": 5}, {\"norm\": {\"absolute\": 1}}]}")
    func link(_ rows: Int) throws -> LinkDrift {
      LinkDrift(
        name: "\(rows)", identity: identity, policy: policy,
        derived: try DerivedStatement.derive(
          identity: identity, tuned: [TunedTensor(name: "w", dtype: .f32, shape: [rows, 4])], policy: policy))
    }
    let grown = try link(8)
    #expect(grown.scope(of: identity.tensors[0]).rows == 8)
    #expect(try link(2).totalPrecision < grown.totalPrecision)
    let target = try StatementFixture.policy(
      "{\"tensors\": \"w\", \"grow\": {\"rows\": 6}, \"allow\": {\"rows\": 4}}")
    let derived = try DerivedStatement.derive(
      identity: identity, tuned: [TunedTensor(name: "w", dtype: .f32, shape: [8, 4])], policy: target)
    // Five rows of eight are more than four; held at the base's two they would not be.
    #expect(CumulativeDrift(identity: identity, links: [grown]).violations(of: target, target: derived).count == 1)
  }
}
