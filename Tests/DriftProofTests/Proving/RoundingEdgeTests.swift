// SPDX-License-Identifier: Apache-2.0

import DriftProofAdapter
@testable import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofPolicy
@testable import DriftProofProving
@testable import DriftProofStatement
import Foundation
import TestSupport
import Testing

/// Weights that are no Gaussians, under rounding bounds: chunks of ones and of zeros, F16 near its subnormals, biases of
/// zeros. What has units is certified, what has none is refused before anything is read.
@Suite struct RoundingEdgeTests {
  private let folder: TemporaryFolder
  private var model = TypedModel()
  private var adapter = TestAdapter()
  private var random = SeededGenerator(seed: 73)

  init() throws {
    folder = try TemporaryFolder()
    adapter.config["target_modules"] = "[\"a\", \"b\"]"
  }

  /// One chunk of equal weights: 2^14 of them.
  private mutating func add(_ name: String, _ type: DataType, of value: Double, rows: Int = 128) {
    model.tensors[name] = .init(
      dtype: type, shape: [rows, 128], values: [Double](repeating: value, count: rows * 128))
  }

  /// Proves that the merge of base and adapter is its rounding, and verifies from bytes.
  private func proved(_ rules: [(String, String)]) throws -> VerificationReport {
    let base = try model.write("base", in: folder)
    let identity = try BaseTableau.link(BaseIdentity.compute(checkpoint: base), base: base)
    var tuned = base
    var hint: Adapter?
    if !adapter.tensors.isEmpty {
      let files = try adapter.open("adapter", in: folder)
      let path = folder.file("merged for \(rules.count) rules.safetensors")
      _ = try ModelMerge.merge(base: base, adapter: files, to: path)
      tuned = try Checkpoint.open(path)
      hint = files
    }
    let policy = try testPolicy(rules)
    var request = DriftProver.Request(
      .checkpoint(tuned, base: base), policy: policy, openingPath: folder.file("opening"))
    (request.identity, request.hint) = (identity, hint)
    let result = try DriftProver.prove(request)
    return try CertificateVerifier.verify(
      certificate: result.certificate, identity: BaseIdentity.parse(identity.jsonBytes()), policy: policy)
  }

  private static func clause(_ factor: String) -> String {
    #"[{"norm": {"relative": 1}}, {"rank": 4, "rounding": {"halfUlps": \#(factor)}}]"#
  }

  /// In every place of such a chunk d1 is one number, the largest that it can be.
  @Test(arguments: [(DataType.bf16, "1.01", false), (.f16, "1.04", false), (.bf16, "1.01", true), (.f16, "1.04", true)])
  mutating func aChunkOfOnes(_ type: DataType, _ factor: String, _ isMerged: Bool) throws {
    add("model.a.weight", type, of: 1)
    // Something moves in any case, or nothing would be proved.
    model.add("model.b.weight", type, [24, 40], random: &random)
    adapter.add("model.b", shape: [24, 40], random: &random)
    if isMerged { adapter.add("model.a", shape: [128, 128], random: &random) }
    let report = try proved([("*.weight", Self.clause(factor))])
    #expect(report.rounded.map(\.name) == ["model.a.weight", "model.b.weight"])
    // All of them are far above the floor.
    #expect(report.rounded[0].shareBelowFloor == 0)
  }

  /// Rows that were pruned, or are padding: a chunk of zeros beside one of weights. Merged, it holds the update alone.
  @Test(arguments: [false, true])
  mutating func aChunkOfZeros(_ isMerged: Bool) throws {
    model.add("model.a.weight", .bf16, [256, 128], random: &random)
    model.tensors["model.a.weight"]?.values.replaceSubrange(
      0..<(1 << 14), with: [Double](repeating: 0, count: 1 << 14))
    adapter.add("model.a", shape: [256, 128], random: &random)
    if !isMerged {
      // The update leaves them alone, too.
      let name = "base_model.model.model.a.lora_B.weight"
      adapter.tensors[name]?.values.replaceSubrange(0..<(128 * 4), with: [Double](repeating: 0, count: 128 * 4))
    }
    let report = try proved([("*.weight", Self.clause("1.01"))])
    #expect(report.rounded.count == 1 && report.rounded[0].shareBelowFloor >= 0.5)
  }

  /// σ = 2^-13, half of the weights subnormal: f is held at 28, so that the floor's half-ulp is a subnormal's.
  @Test mutating func smallHalfPrecision() throws {
    model.add("model.a.weight", .f16, [128, 128], random: &random)
    let values = model.tensors["model.a.weight"]?.values ?? []
    // Uniform in ±√3·2^-13.
    model.tensors["model.a.weight"]?.values = values.map { $0 * 3.0.squareRoot() * 0x1p-13 }
    adapter.add("model.a", shape: [128, 128], scale: 0.002, random: &random)
    let report = try proved([("*.weight", Self.clause("1.04"))])
    let tensor = try #require(report.rounded.first)
    #expect(tensor.floor == 0x1p-14)
    #expect((0.2...0.4).contains(tensor.shareBelowFloor), "\(tensor.shareBelowFloor)")
    #expect(report.precision.tensorsByFractionBits.map(\.fractionBits) == [28])
  }

  /// They have no size from which units could follow; the remedy is in the refusal, and with it there is a proof.
  @Test mutating func biasesOfZeros() throws {
    model.add("model.a.weight", .bf16, [24, 40], random: &random)
    add("model.a.bias", .bf16, of: 0, rows: 1)
    adapter.add("model.a", shape: [24, 40], random: &random)
    let error = #expect(throws: DriftProofError.self) { _ = try proved([("*", Self.clause("1.01"))]) }
    #expect(
      error == .coverageGap([.rounding(tensor: "model.a.bias", obstacle: .nearlyZero, rule: 0)]),
      "\(String(describing: error))")
    #expect(error?.exitCode == 13 && error.map { "\($0)".contains("norm or entrywise") } == true)
    let report = try proved([
      ("*.bias", #"{"entrywise": {"absolute": 0.001}}"#), ("*", Self.clause("1.01")),
    ])
    #expect(report.tensors.entrywise == 1 && report.rounded.count == 1)
  }
}
