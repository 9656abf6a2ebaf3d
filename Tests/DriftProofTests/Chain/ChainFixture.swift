// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofCertificate
@testable import DriftProofChain
@testable import DriftProofDrift
@testable import DriftProofProving
@testable import DriftProofStatement
import DriftProofArgument
import DriftProofArgumentProver
import DriftProofCheckpoint
import DriftProofCommitment
@testable import DriftProofPolicy
import Foundation
import TestSupport
import Testing

/// Small models M0 -> M1 -> M2 -> M3 with their certificates, made once, and a fork M1 -> M3.
///
/// Weights of M0 are below 1; `d.entries` grows to 8 on the way, beyond what the base's units were chosen for.
final class ChainFixture: Sendable {
  static let shared = Result { try ChainFixture() }

  let folder: TemporaryFolder
  let models: [TestModel]
  let checkpoints: [Checkpoint]
  let identity: BaseIdentity
  /// The JSON of each policy.
  let policies: [String: [UInt8]]
  /// By name: `first`, `second`, `third`, `fork`, and `loose`: the commitment of `first` under a wider policy.
  let certificates: [String: [UInt8]]

  private static func policyFile(_ name: String, _ rules: [(String, String)], total: String) -> [UInt8] {
    let rules = rules.map { "{\"tensors\": \"\($0.0)\", \"allow\": \($0.1)}" }.joined(separator: ", ")
    return Array(
      """
      {"driftPolicy": 1, "name": "\(name)", "securityBits": 128, "rules": [\(rules)],
       "total": {"norm": {"absolute": \(total)}}}
      """.utf8)
  }

  init() throws {
    folder = try TemporaryFolder()
    var random = SeededGenerator(seed: 21)
    var model = TestModel()
    for (name, shape) in [("a.norm", [24, 20]), ("b.rank", [32, 24]), ("c.bias", [19]), ("d.entries", [40, 16])] {
      model.tensors[name] = TestTensor(shape, random: &random)
    }
    model.counter = ("steps", 1)
    var models = [model]
    // M1: everything but the bias.
    for index in 0..<480 { model.tensors["a.norm"]?.values[index] += 0.02 * random.signed() }
    model.tensors["b.rank"]?.addLowRank(2, scale: 0.05, random: &random)
    for index in [3, 77, 400] { model.tensors["d.entries"]?.values[index] = 8 }
    model.counter = ("steps", 900)
    models.append(model)
    // M2: the bias, one row, rank 1.
    for index in 0..<19 { model.tensors["c.bias"]?.values[index] += 0.05 * random.signed() }
    model.tensors["b.rank"]?.addLowRank(1, scale: 0.05, random: &random)
    for column in 0..<16 { model.tensors["d.entries"]?.values[5 * 16 + column] -= 0.5 }
    models.append(model)
    // M3: back to M1, but for the counter.
    var last = models[1]
    last.counter = ("steps", 901)
    models.append(last)
    self.models = models
    let folder = folder
    checkpoints = try models.enumerated().map { try $0.element.write("m\($0.offset)", in: folder) }
    identity = try BaseIdentity.compute(checkpoint: checkpoints[0])

    func first(_ name: String, norm: String) -> [UInt8] {
      Self.policyFile(
        name,
        [
          ("a.norm", "{\"norm\": {\"absolute\": \(norm)}}"),
          ("b.rank", "{\"rank\": 2, \"residual\": {\"absolute\": 0.001}}"), ("c.bias", "\"frozen\""),
          ("d.entries", "{\"entries\": 3}"), ("steps", "\"any\""),
        ], total: "30")
    }
    policies = [
      "first": first("first", norm: "1"), "loose": first("loose", norm: "1.5"),
      "second": Self.policyFile(
        "second",
        [
          ("{a.norm,steps}", "\"frozen\""), ("b.rank", "{\"rank\": 1, \"residual\": {\"absolute\": 0.001}}"),
          ("c.bias", "{\"norm\": {\"relative\": 0.5}}"), ("d.entries", "{\"rows\": 1}"),
        ], total: "10"),
      "back": Self.policyFile(
        "back", [("steps", "\"any\""), ("*", "{\"norm\": {\"absolute\": 12}}")], total: "20"),
    ]
    var certificates: [String: [UInt8]] = [:]
    for (name, policy, base, tuned, parent, opening) in [
      ("first", "first", 0, 1, nil, "first"),
      ("second", "second", 1, 2, "first", "second"), ("third", "back", 2, 3, "second", "third"),
      ("fork", "back", 1, 3, "first", "fork"), ("again", "first", 0, 1, nil, "again"),
    ] as [(String, String, Int, Int, String?, String)] {
      var request = DriftProver.Request(
        base: checkpoints[base], tuned: checkpoints[tuned], policy: try Policy.parse(policies[policy] ?? []),
        openingPath: folder.file(opening + ".secret"))
      request.identity = identity
      if let parent { request.parent = try ParentCertificate(certificates[parent] ?? [], identity: identity) }
      certificates[name] = try DriftProver.prove(request).certificate
    }
    let loose = try Policy.parse(policies["loose"] ?? [])
    certificates["loose"] = try Self.second(
      of: Certificate.parse(certificates["first"] ?? []), under: loose, identity: identity, base: checkpoints[0],
      tuned: checkpoints[1], secret: OpeningFile.load(path: folder.file("first.secret")).secret)
    self.certificates = certificates
  }

  /// Another certificate about a commitment, under a policy with the same layout: what a prover can make who does not
  /// derive the tableau's randomness from the statement, as it should.
  private static func second(
    of first: Certificate, under policy: Policy, identity: BaseIdentity, base: Checkpoint, tuned: Checkpoint,
    secret: [UInt8]
  ) throws -> [UInt8] {
    let old = try CanonicalPolicyReader.policy(first.policy)
    let derived = try DerivedStatement.derive(identity: identity, tuned: tuned.manifestTensors, policy: old)
    let manifest = try DriftManifest.parse(first.manifest)
    let code = try #require(manifest.code)
    let committed = try DriftCommitment(
      derived: derived, code: code, base: base, tuned: tuned, secret: secret, phase: { _ in })
    #expect(committed.commitment(baseRoot: identity.root) == first.tunedCommitment)
    let pass = try CheckpointPass.run(base: base, tuned: tuned, policy: policy, given: identity)
    let measurement = try DriftMeasurer(base: base, tuned: tuned).measure(
      differences: pass.differences, tensors: pass.derived.tensors, squares: pass.drifts.map(\.sumOfSquares),
      totalBound: pass.derived.totalBound)
    let frame = Certificate(
      baseRoot: identity.root, policy: policy, manifest: manifest, driftRoot: first.driftRoot,
      driftPins: first.driftPins, proof: [])
    let tableau = try #require(committed.tableau)
    let proof = try ArgumentProver(
      statement: pass.derived.statement(code: code, binding: frame.binding), scheme: HashCommitment(code)
    ).prove(
      witness: ArgumentWitness(
        rows: tableau.rows, factors: measurement.factors, supports: measurement.supports),
      drift: tableau.committed, secret: [UInt8](repeating: 4, count: 32))
    return Certificate(
      baseRoot: identity.root, policy: policy, manifest: manifest, driftRoot: first.driftRoot,
      driftPins: first.driftPins, proof: proof.bytes
    ).bytes
  }

  func certificate(_ name: String) throws -> Certificate { try Certificate.parse(#require(certificates[name])) }

  func commitment(_ name: String) throws -> [UInt8] { try certificate(name).tunedCommitment }

  func policy(_ name: String) throws -> Policy { try Policy.parse(#require(policies[name])) }

  func opening(_ name: String) -> String { folder.file(name + ".secret") }

  /// Each certificate under the policy of the same name (`third` and `fork`: `back`); nil gives none.
  func input(_ name: String, policy: String? = "") throws -> ChainVerifier.Input {
    let own = ["third": "back", "fork": "back", "again": "first"][name] ?? name
    return ChainVerifier.Input(
      name: name, certificate: try #require(certificates[name]),
      policyFile: try policy.map { try #require(policies[$0.isEmpty ? own : $0]) })
  }

  func verify(
    _ inputs: [ChainVerifier.Input], identity: BaseIdentity? = nil, cumulative: String? = nil, revoked: String? = nil
  ) throws -> ChainReport {
    try ChainVerifier.verify(
      inputs, identityFile: (identity ?? self.identity).jsonBytes(),
      cumulativePolicyFile: cumulative.map { Array($0.utf8) }, revocationFile: revoked.map { Array($0.utf8) })
  }

  /// The rejections by name; links that hold are not in it.
  func rejections(_ report: ChainReport) -> [String: ChainRejection] {
    Dictionary(uniqueKeysWithValues: report.links.compactMap { link in link.rejection.map { (link.name, $0) } })
  }

  /// ‖W' - W‖_F over all floating tensors.
  func distance(_ a: Int, _ b: Int) -> Double {
    var sum = 0.0
    for (name, tensor) in models[a].tensors {
      for (x, y) in zip(tensor.values, models[b].tensors[name]?.values ?? []) {
        sum += (Double(x) - Double(y)) * (Double(x) - Double(y))
      }
    }
    return sum.squareRoot()
  }

  /// A certificate with another manifest, its commitment fitting or as stated.
  static func forged(
    _ good: Certificate, commitment: [UInt8]? = nil, _ change: (DriftManifest) -> DriftManifest
  ) throws -> [UInt8] {
    let manifest = change(try DriftManifest.parse(good.manifest)).bytes
    let sealed = TunedCommitment.commitment(
      baseRoot: good.baseRoot, manifest: manifest, driftRoot: good.driftRoot, driftPins: good.driftPins)
    return Certificate(
      baseRoot: good.baseRoot, policyDigest: good.policyDigest, tunedCommitment: commitment ?? sealed,
      manifest: manifest, policy: good.policy, driftRoot: good.driftRoot, driftPins: good.driftPins, proof: good.proof
    ).bytes
  }
}

extension DriftManifest {
  func with(parent: [UInt8]?) -> DriftManifest {
    DriftManifest(parent: parent, code: code, rowCount: rowCount, layoutDigest: layoutDigest, entries: entries)
  }
}
