// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofAdapter
@testable import DriftProofCertificate
@testable import DriftProofDrift
@testable import DriftProofStatement
import DriftProofArgument
import DriftProofCheckpoint
import DriftProofCore
import DriftProofPolicy
import Foundation
import TestSupport
import Testing
import DriftProofTranscript

/// Provers who lie about a LoKr adapter, in the manifest or in the factors, each with everything else recomputed.
@Suite struct LoKrCheatTests: AdapterForging {
  var fixture: AdapterFixture
  let identity: BaseIdentity

  init() throws {
    fixture = try AdapterFixture()
    fixture.adapter = .lokr()
    fixture.adapter.add("model.layers.0.q", parts: [.w1: [6, 5], .w2: [8, 8]], random: &fixture.random)
    fixture.adapter.add("model.layers.0.v", parts: [.w1: [4, 8], .w2: [8, 8]], random: &fixture.random)
    identity = try BaseIdentity.compute(checkpoint: fixture.base())
  }

  private static let q = "model.layers.0.q.weight"
  private static let v = "model.layers.0.v.weight"
  private static let change = TensorChange.kronecker(rows: 8, columns: 8)
  private static let blocks = "{\"kronecker\": {\"terms\": 1, \"inner\": [8, 8]}}"
  private static let bounded = "[\(blocks), {\"norm\": {\"absolute\": 1}}]"

  @Test func honest() throws {
    for allow in [Self.blocks, "{\"norm\": {\"absolute\": 10}}", "[\(Self.blocks), {\"norm\": {\"absolute\": 10}}]"] {
      let policy = try AdapterFixture.policy(allow)
      #expect(try verify(forge(policy, parts(policy)), policy).adapter?.kroneckerModules == 2)
    }
  }

  // MARK: The manifest

  /// 4 × 16 has the entries of 8 × 8, and in 32 × 64 as many blocks: the same matrices, read as another product.
  @Test func otherBlocksOfTheSameSizes() throws {
    let policy = try AdapterFixture.policy("{\"norm\": {\"absolute\": 10}}")
    let honest = try forge(policy, parts(policy))
    for (rows, columns) in [(4, 16), (16, 4)] {
      let change = TensorChange.kronecker(rows: rows, columns: columns)
      #expect(ProductSizes(change, rows: 32, columns: 64) == ProductSizes(Self.change, rows: 32, columns: 64))
      let forged = try certificate(honest, policy, changing(Self.v, to: change))
      #expect(rejection(forged, policy) == .layoutDigest)
    }
    // As a product of a column and a row, which would be of rank 1.
    expectOtherLayout(try certificate(honest, policy, changing(Self.v, to: .product(rank: 1))), policy)
    expectOtherLayout(try certificate(honest, policy, changing(Self.q, to: .kronecker(rows: 4, columns: 8))), policy)
  }

  @Test func recordsThatFitNothing() throws {
    let policy = try AdapterFixture.policy(
      "{\"norm\": {\"absolute\": 10}}", more: [("model.steps", "\"any\"")])
    let honest = try forge(policy, parts(policy))
    func expect(_ name: String, _ change: TensorChange, _ problem: AdapterRecordProblem) throws {
      #expect(
        rejection(try certificate(honest, policy, changing(name, to: change)), policy)
          == .adapterRecord(tensor: "\"\(name)\"", problem: problem))
    }
    for (rows, columns) in [(0, 8), (8, 0), (7, 8), (8, 3), (96, 8), (Int(UInt32.max), 1)] {
      try expect(
        Self.q, .kronecker(rows: rows, columns: columns),
        .blocks(rows: rows, columns: columns))
    }
    try expect("model.steps", .kronecker(rows: 1, columns: 1), .notFloating)
  }

  /// A policy whose form, rank or count the record does not satisfy.
  @Test func outsideThePolicy() throws {
    let loose = try AdapterFixture.policy("{\"norm\": {\"absolute\": 10}}")
    let honest = try Certificate.parse(forge(loose, parts(loose)))
    func shown(under allow: String) throws -> DriftProofError? {
      let policy = try AdapterFixture.policy(allow)
      let own = try DriftManifest.parse(honest.manifest)
      let manifest = DriftManifest(
        rules: .current(for: policy), code: own.code, rowCount: own.rowCount, layoutDigest: own.layoutDigest,
        entries: own.entries)
      let forged = Certificate(
        baseRoot: honest.baseRoot, policy: policy, manifest: manifest, driftRoot: honest.driftRoot,
        driftPins: honest.driftPins, proof: honest.proof)
      do {
        _ = try verify(forged.bytes, policy)
        return nil
      } catch { return error }
    }
    guard
      case .coverageGap(let gaps)? = try shown(under: "{\"kronecker\": {\"terms\": 1, \"inner\": [4, 8]}}"),
      case .blocks(_, .otherProduct(8, 8, 4, 8), _)? = gaps.first
    else {
      Issue.record("accepted as a product of other blocks")
      return
    }
    guard case .proofInvalid(.adapterOutsidePolicy(let ranks))? = try shown(under: "{\"rank\": 39}") else {
      Issue.record("accepted as a low rank")
      return
    }
    #expect(
      ranks == [PolicyViolation(tensor: Self.q, .productRank(found: 40, allowed: 39))]
        || ranks.contains(PolicyViolation(tensor: Self.q, .productRank(found: 40, allowed: 39))))
    guard case .proofInvalid(.adapterOutsidePolicy)? = try shown(under: "{\"columns\": 2}") else {
      Issue.record("accepted as two columns")
      return
    }
  }

  /// The word in front of the version says that there are such records, and stands nowhere else.
  @Test func manifestBytes() throws {
    let digest = SHA256.hash([1])
    let manifest = DriftManifest(
      code: nil, rowCount: 0,
      entries: [
        .init(
          tensor: TunedTensor(name: "a", dtype: .f32, shape: [8, 6], change: .kronecker(rows: 4, columns: 3)),
          byteDigest: digest),
        .init(tensor: TunedTensor(name: "b", dtype: .bf16, shape: [], change: .none), byteDigest: nil),
      ])
    let bytes = manifest.bytes
    #expect(bytes.prefix(8) == [12, 0, 0, 0, 4, 0, 0, 0] && manifest.isAdapter)
    #expect(try DriftManifest.parse(bytes) == manifest)
    #expect(throws: FormatError.badFlag(section: "a byte digest's flag", found: 4)) {
      try DriftManifest.parse(Array(bytes.dropFirst(4)))
    }
    let plain = DriftManifest(code: nil, rowCount: 0, entries: Array(manifest.entries.dropFirst()))
    #expect(throws: FormatError.notCanonical) { try DriftManifest.parse(Array(bytes.prefix(4)) + plain.bytes) }
    for word: UInt8 in [11, 12] {
      #expect(throws: FormatError.unsupportedVersion(Int(word))) {
        try DriftManifest.parse(Array(bytes.prefix(4)) + [word, 0, 0, 0] + bytes.dropFirst(4))
      }
    }
    let link = DriftManifest(parent: digest, code: nil, rowCount: 0, entries: manifest.entries)
    #expect(throws: FormatError.adapterLink) { try DriftManifest.parse(link.bytes) }
    for end in bytes.indices {
      #expect(throws: FormatError.self) { try DriftManifest.parse(Array(bytes.prefix(end))) }
    }
  }

  // MARK: The factors

  private func expectStopped(_ policy: Policy, _ factor: ProductFactor, of tensor: String, by scale: Int32) throws {
    var parts = try parts(policy)
    let name = factor.name(of: tensor, Self.change)
    let matrix = try #require(parts.factors[name])
    parts.factors[name] = FactorMatrix(
      rows: matrix.rows, columns: matrix.columns, values: matrix.narrow.map { $0 * scale })
    #expect(rejection(try forge(policy, parts), policy) == .argument(.sumcheckFinal(stage: "A")))
  }

  /// W2 beyond the bound, all sums and digits as they then are.
  @Test func largeInnerFactor() throws {
    try expectStopped(try AdapterFixture.policy(Self.bounded), .left, of: Self.q, by: 64)
  }

  /// The size moved into W1, which the norm clause does not look at: it is no longer of norm 1.
  @Test func largeOuterFactor() throws {
    try expectStopped(try AdapterFixture.policy(Self.bounded), .right, of: Self.q, by: 16)
  }

  @Test func totalExceeded() throws {
    try expectStopped(
      try AdapterFixture.policy(Self.blocks, total: "{\"norm\": {\"absolute\": 1}}"), .left, of: Self.v, by: 64)
  }
}
