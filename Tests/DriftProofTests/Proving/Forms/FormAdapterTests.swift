// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofAdapter
@testable import DriftProofCertificate
@testable import DriftProofDrift
@testable import DriftProofInspection
@testable import DriftProofProving
@testable import DriftProofStatement
import DriftProofCheckpoint
import DriftProofPolicy
import Foundation
import TestSupport
import Testing

/// Unmerged adapters that hold whole tensors in other types, and embeddings of a grown vocabulary.
@Suite struct FormAdapterTests {
  var fixture: AdapterFixture

  init() throws { fixture = try AdapterFixture() }

  private func whole(_ name: String, _ dtype: DataType, rows: Int = 0, change: Double = 0) -> TestAdapter.Matrix {
    let tensor = fixture.model.tensors[name]
    var shape = tensor?.shape ?? []
    var values = (tensor?.values ?? []).map { Double($0) }
    if change != 0 { values[7] += change }
    let columns = shape.dropFirst().reduce(1, *)
    if rows > 0 { shape[0] += rows }
    values += [Double](repeating: 0.25, count: rows * columns)
    return TestAdapter.Matrix(shape: shape, dtype: dtype, values: values)
  }

  private static func policy(embedding: String, head: String = "\"frozen\"") throws -> Policy {
    try StatementFixture.policy(
      [
        "{\"tensors\": \"model.embed.weight\", \(embedding)}",
        StatementFixture.rule("model.head.weight", head), StatementFixture.rule("*.{q,v}.weight", "{\"rank\": 4}"),
        StatementFixture.frozenRest,
      ].joined(separator: ", "))
  }

  @Test mutating func grownEmbeddingAndRoundedHead() throws {
    // As PEFT saves a resized embedding, all of it; and a head in BF16.
    fixture.adapter.config["target_modules"] = "[\"q\", \"v\"]"
    fixture.adapter.tensors["base_model.model.model.embed.weight"] = whole("model.embed.weight", .f32, rows: 2)
    fixture.adapter.tensors["base_model.model.model.head.weight"] = whole("model.head.weight", .bf16)
    let policy = try Self.policy(
      embedding: "\"grow\": {\"rows\": 2}, \"allow\": [{\"rows\": 2}, {\"norm\": {\"absolute\": 2}}]",
      head: "{\"norm\": {\"relative\": 0.01}}")
    let (result, identity) = try fixture.prove(policy)
    let report = try CertificateVerifier.verify(certificate: result.certificate, identity: identity, policy: policy)
    #expect(report.grown.map { "\($0.name) \($0.from) \($0.to)" } == ["model.embed.weight 50 52"])
    #expect(report.retyped.map { "\($0.from) \($0.to) \($0.tensors)" } == ["F32 BF16 1"])
    #expect(report.adapter?.modules == 2 && report.tensors.norm == 1 && report.tensors.composed == 1)
    let checked = try CertificateChecker.check(
      certificate: result.certificate, base: try fixture.base(), identity: identity,
      adapter: fixture.adapter.open("adapter", in: fixture.folder), openingPath: fixture.folder.file("opening"))
    #expect(checked.tunedCommitment == report.tunedCommitment)
    let inspection = try AdapterInspection.inspect(
      base: fixture.base(), adapter: fixture.adapter.open("adapter", in: fixture.folder))
    #expect(inspection.wholes.map { $0.inspection?.addedRows } == [2, 0])

    // A rule that admits fewer, and one that admits none.
    for (rule, allowed) in [
      ("\"grow\": {\"rows\": 1}, \"allow\": {\"rows\": 2}", 1), ("\"allow\": {\"rows\": 2}", 0),
    ] {
      let narrow = try Self.policy(embedding: rule, head: "{\"norm\": {\"relative\": 0.01}}")
      #expect(
        fixture.refusal(narrow)
          == .coverageGap([
            .grown(tensor: "model.embed.weight", base: [50, 16], tuned: [52, 16], added: 2, allowed: allowed)
          ]))
    }
    guard
      case .policyViolated(let found)? = fixture.refusal(
        try Self.policy(
          embedding: "\"grow\": {\"rows\": 2}, \"allow\": {\"rows\": 1}", head: "{\"norm\": {\"relative\": 0.01}}"))
    else {
      Issue.record("two new rows pass for one")
      return
    }
    #expect(found.map(\.tensor) == ["model.embed.weight"])
  }

  /// A copy in another type is the base's tensor, if no value is another: also where only the base's identity is known.
  @Test mutating func frozenCopiesInAnotherType() throws {
    fixture.adapter.config["target_modules"] = "[\"q\", \"v\"]"
    let key = "base_model.model.model.head.weight"
    fixture.adapter.tensors[key] = whole("model.head.weight", .f64)
    let policy = try Self.policy(embedding: "\"allow\": \"frozen\"")
    let (result, identity) = try fixture.prove(policy)
    #expect(result.verification.retyped.isEmpty && result.verification.tensors.frozen == 7)
    let adapter = try fixture.adapter.open("adapter", in: fixture.folder)
    #expect(
      try CertificateChecker.check(
        certificate: result.certificate, base: nil, identity: identity, adapter: adapter,
        openingPath: fixture.folder.file("opening")
      ).tunedCommitment == result.verification.tunedCommitment)
    for other in [whole("model.head.weight", .f64, change: 1e-12), whole("model.head.weight", .bf16)] {
      fixture.adapter.tensors[key] = other
      #expect(
        fixture.refusal(policy) == .policyViolated([PolicyViolation(tensor: "model.head.weight", .replaced)]))
    }
    // More rows than the base are no copy, whatever the first ones are.
    fixture.adapter.tensors[key] = whole("model.head.weight", .f32, rows: 1)
    #expect(fixture.refusal(policy) == .policyViolated([PolicyViolation(tensor: "model.head.weight", .replaced)]))
  }
}
