// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofCertificate
import DriftProofAdapter
import DriftProofChain
import DriftProofCheckpoint
import DriftProofPolicy
@testable import DriftProofProving
import Foundation
import TestSupport
import Testing

/// Pins about single entries that need more than one base and one tuned model.
extension PinnedCertificateGenerator {
  /// Two links under one policy: m0, m1, m2.
  @Test func link() throws {
    var random = SeededGenerator(seed: 9)
    var model = TestModel()
    model.tensors["a"] = TestTensor([12, 10], random: &random)
    model.tensors["rank"] = TestTensor([14, 20], isHalf: true, random: &random)
    model.tensors["still"] = TestTensor([5], random: &random)
    let temporary = try TemporaryFolder()
    var models = [try model.write("base", in: temporary)]
    for name in ["parent", "tuned"] {
      for x in 0..<120 { model.tensors["a"]?.values[x] += 0.01 * random.signed() }
      model.tensors["rank"]?.addLowRank(2, scale: 0.05, random: &random)
      let moved = model.tensors["rank"]?.values ?? []
      model.tensors["rank"]?.values = moved.map(TestTensor.rounded)
      models.append(try model.write(name, in: temporary))
    }
    let policy = """
      { "driftPolicy": 1, "name": "pinned link", "securityBits": 128,
        "rules": [
          { "tensors": "a", "allow": { "entrywise": { "absolute": 0.011 } } },
          { "tensors": "rank", "allow": { "rank": 2, "entrywise": { "absolute": 0.006 } } },
          { "tensors": "still", "allow": "frozen" } ] }

      """
    let identity = try BaseIdentity.compute(checkpoint: models[0])
    var first = DriftProver.Request(
      .checkpoint(models[1], base: models[0]), policy: try Policy.parse(Array(policy.utf8)),
      openingPath: temporary.file("first"))
    first.identity = identity
    let parent = try DriftProver.prove(first).certificate
    var second = DriftProver.Request(
      .checkpoint(models[2], base: models[1]), policy: first.policy, openingPath: temporary.file("second"))
    second.identity = identity
    second.parent = try ParentCertificate(parent, identity: identity)
    let result = try DriftProver.prove(second)
    let folder = PinnedCertificate.linkFolder.appendingPathComponent("link")
    try save(
      result, identity, policy, opening: second.openingPath,
      models: zip(["base", "parent", "tuned"], models).map { $0 },
      in: folder)
    try Data(parent).write(to: folder.appendingPathComponent("parent.drift"))
  }

  /// A merge in both types, half-ulps and roundoffs, in tiles of their own and in a shared one; an entrywise bound beside.
  @Test func rounding() throws {
    var random = SeededGenerator(seed: 8)
    let temporary = try TemporaryFolder()
    var model = TypedModel()
    for layer in 0..<2 { model.add("model.\(layer).a.weight", .bf16, [24, 40], random: &random) }
    model.add("model.b.weight", .f16, [150, 120], random: &random)
    model.add("model.bias", .bf16, [24], random: &random)
    model.tensors["model.bias"]?.values = [Double](repeating: 0, count: 24)
    model.add("model.norm", .f32, [30], random: &random)
    let base = try model.write("base", in: temporary)
    var files = TestAdapter()
    files.config["target_modules"] = "[\"a\", \"b\"]"
    for layer in 0..<2 { files.add("model.\(layer).a", shape: [24, 40], random: &random) }
    files.add("model.b", shape: [150, 120], random: &random)
    let adapter = try files.open("adapter", in: temporary)
    _ = try ModelMerge.merge(base: base, adapter: adapter, to: temporary.file("merged.safetensors"))
    let policy = """
      { "driftPolicy": 1, "name": "pinned rounding", "securityBits": 128,
        "rules": [
          { "tensors": "model.0.a.weight", "allow": [ { "norm": { "relative": 1 } }, { "rank": 4, "rounding": { "halfUlps": 1.01 } } ] },
          { "tensors": "model.1.a.weight",
            "allow": [ { "norm": { "relative": 1 } }, { "rank": 4, "rounding": { "roundoffs": 1, "of": [ "tuned", "update" ] } } ] },
          { "tensors": "model.b.weight", "allow": [ { "norm": { "relative": 1 } }, { "rank": 4, "rounding": { "halfUlps": 1.04 } } ] },
          { "tensors": "model.norm", "allow": { "entrywise": { "absolute": 0.01 } } },
          { "tensors": "*", "allow": "frozen" } ] }

      """
    let identity = try BaseTableau.link(BaseIdentity.compute(checkpoint: base), base: base)
    let tuned = try Checkpoint.open(temporary.file("merged.safetensors"))
    var request = DriftProver.Request(
      .checkpoint(tuned, base: base), policy: try Policy.parse(Array(policy.utf8)),
      openingPath: temporary.file("opening"))
    request.identity = identity
    request.hint = adapter
    try save(
      try DriftProver.prove(request), identity, policy, opening: request.openingPath,
      models: [("base", base), ("tuned", tuned)],
      in: PinnedCertificate.roundingFolder.appendingPathComponent("rounding"))
  }

  private func save(
    _ result: DriftProver.Result, _ identity: BaseIdentity, _ policy: String, opening: String,
    models: [(name: String, checkpoint: Checkpoint)], in folder: URL
  ) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    func write(_ data: Data, _ file: String) throws { try data.write(to: folder.appendingPathComponent(file)) }
    for (name, checkpoint) in models {
      try write(Data(contentsOf: URL(fileURLWithPath: checkpoint.path)), name + ".safetensors")
    }
    try write(Data(contentsOf: URL(fileURLWithPath: opening)), "opening.json")
    try write(Data(result.certificate), "tuned.drift")
    try write(Data(identity.jsonBytes()), "base.identity.json")
    try write(Data(policy.utf8), "policy.json")
    try write(Data((result.verification.tunedCommitment + "\n").utf8), "tuned-commitment.txt")
  }
}
