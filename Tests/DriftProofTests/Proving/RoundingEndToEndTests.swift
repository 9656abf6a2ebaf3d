// SPDX-License-Identifier: Apache-2.0

import DriftProofAdapter
@testable import DriftProofCertificate
import DriftProofChain
import DriftProofCheckpoint
import DriftProofPolicy
@testable import DriftProofProving
@testable import DriftProofStatement
import Foundation
import TestSupport
import Testing

/// A merged model from files to a verified certificate about its rounding.
@Suite struct RoundingEndToEndTests {
  private let folder: TemporaryFolder
  private let base: Checkpoint
  private let identity: BaseIdentity
  private let adapter: Adapter
  private let merged: Checkpoint
  private var random = SeededGenerator(seed: 41)

  init() throws {
    folder = try TemporaryFolder()
    var model = TestModel()
    model.tensors["model.a.weight"] = TestTensor([48, 80], isHalf: true, random: &random)
    model.tensors["model.b.weight"] = TestTensor([150, 160], isHalf: true, random: &random)
    model.tensors["model.b.bias"] = TestTensor([150], isHalf: true, random: &random)
    model.tensors["model.norm.weight"] = TestTensor([90], random: &random)
    base = try model.write("base", in: folder)
    identity = try BaseTableau.link(
      BaseIdentity.compute(checkpoint: base), base: base, cache: folder.file("cache"))
    var files = TestAdapter()
    files.config["target_modules"] = "[\"a\", \"b\"]"
    files.add("model.a", shape: [48, 80], random: &random)
    files.add("model.b", shape: [150, 160], random: &random)
    adapter = try files.open("adapter", in: folder)
    _ = try ModelMerge.merge(base: base, adapter: adapter, to: folder.file("merged.safetensors"))
    merged = try Checkpoint.open(folder.file("merged.safetensors"))
  }

  private func policy(_ rounding: String) throws -> Policy {
    try testPolicy(
      [("model.*.weight", #"[{"norm": {"relative": 1}}, {"rank": 4, "rounding": \#(rounding)}]"#)].map {
        ("model.{a,b}.weight", $0.1)
      }, frozenRest: true)
  }

  private func request(_ policy: Policy, hint: Adapter?) -> DriftProver.Request {
    var request = DriftProver.Request(
      .checkpoint(merged, base: base), policy: policy, openingPath: folder.file("opening"))
    request.identity = identity
    request.hint = hint
    return request
  }

  @Test(arguments: [#"{"halfUlps": 1.01}"#, #"{"roundoffs": 1}"#])
  func mergesAreCertified(_ rounding: String) throws {
    let policy = try policy(rounding)
    var request = request(policy, hint: adapter)
    request.baseCache = folder.file("cache")
    let result = try DriftProver.prove(request)
    #expect(result.verification.baseIdentity == identity.linkedRoot?.map { String(format: "%02x", $0) }.joined())
    #expect(result.verification.rounded.map(\.name) == ["model.a.weight", "model.b.weight"])
    #expect(result.verification.securityBits >= 128)
    // From bytes alone, as others verify it.
    let report = try CertificateVerifier.verify(
      certificate: result.certificate, identity: try BaseIdentity.parse(identity.jsonBytes()), policy: policy)
    #expect(report.tunedCommitment == result.verification.tunedCommitment)
    try otherRowsThanTheBasesAreRefused(result.certificate, policy)
    // Of the same weights without a tableau nothing can be said.
    let plain = BaseIdentity(sorted: identity.tensors)
    #expect(throws: DriftProofError.coverageGap([.baseNotCommitted(rule: 0)])) {
      try CertificateVerifier.verify(certificate: result.certificate, identity: plain, policy: policy)
    }
    // Who holds the weights can check them, with the identity's tableau or one that is made again.
    for given in [identity, nil] {
      _ = try CertificateChecker.check(
        certificate: result.certificate, model: .checkpoint(merged, base: base), openingPath: folder.file("opening"),
        identity: given)
    }
  }

  /// The code's rows are the base's, before anything is computed.
  private func otherRowsThanTheBasesAreRefused(_ bytes: [UInt8], _ policy: Policy) throws {
    let certificate = try Certificate.parse(bytes)
    let manifest = try DriftManifest.parse(certificate.manifest)
    let code = try #require(manifest.code)
    let derived = try DerivedStatement.derive(identity: identity, tuned: manifest.tuned, policy: policy)
    let longer = try #require(
      CodeSelection.estimate(
        derived.tensors, logLength: code.logLength + 1, logBlowup: code.logBlowup, proofs: 2)?.code)
    let other = Certificate(
      baseRoot: certificate.baseRoot, policy: policy,
      manifest: DriftManifest(
        rules: manifest.rules, code: longer, rowCount: manifest.rowCount, layoutDigest: manifest.layoutDigest,
        entries: manifest.entries),
      driftRoot: certificate.driftRoot, driftPins: certificate.driftPins, proof: certificate.proof)
    #expect(
      throws: DriftProofError.proofInvalid(
        .otherCodeThanBase(
          logLength: code.logLength + 1, logBlowup: code.logBlowup, expectedLength: code.logLength,
          expectedBlowup: code.logBlowup))
    ) { try CertificateVerifier.verify(certificate: other.bytes, identity: identity, policy: policy) }
  }

  @Test func aForgedTreeIsNoneOfTheBases() throws {
    let linked = try #require(identity.linked)
    var trees = linked.trees
    trees[0] = .init(rows: trees[0].rows, root: [UInt8](repeating: 7, count: 32))
    var request = request(try policy(#"{"halfUlps": 1.01}"#), hint: adapter)
    request.identity = identity.linking(
      LinkedBase(
        logLength: linked.logLength, logBlowup: linked.logBlowup, trees: trees, tensors: linked.tensors,
        layoutDigest: linked.layoutDigest))
    let forged = request
    #expect {
      try DriftProver.prove(forged)
    } throws: { error in
      if case .identityMismatch? = error as? DriftProofError { true } else { false }
    }
  }

  /// The base's trees are opened with the proof's own, and made again where their leaves are not kept.
  @Test func forecastsCountTheBasesTrees() throws {
    let policy = try policy(#"{"halfUlps": 1.01}"#)
    let model = TunedModel.checkpoint(merged, base: base)
    let request = request(policy, hint: adapter)
    let proof = try DriftProver.prove(request).report.proofBytes
    let forecast = try Forecast(model, policy: policy, identity: identity, speed: 1)
    // Only the trees that its tensors are in: all of these have one name shape each.
    let linked = try #require(identity.linked)
    #expect(forecast.baseRows > 0 && forecast.baseRows <= linked.trees.reduce(0) { $0 + $1.rows })
    // Positions are random, and paths that meet are shared: of 150 proofs the sizes were 1.2 % under to 3.5 % over it.
    #expect(abs(Double(forecast.proofBytes) / Double(proof) - 1) < 0.08, "\(forecast.proofBytes) for \(proof)")
    func seconds(_ forecast: Forecast, _ phase: String) -> Double {
      forecast.phases.first { $0.name == phase }?.seconds ?? 0
    }
    let kept = try Forecast(model, policy: policy, identity: identity, hasBaseCache: true, speed: 1)
    #expect(seconds(kept, "commitment") < seconds(forecast, "commitment"))
    #expect(kept.proofBytes == forecast.proofBytes && kept.peakMemoryBytes == forecast.peakMemoryBytes)
    // What speaks of no weight of the base opens none of its trees.
    let norms = try testPolicy([("*", #"{"norm": {"relative": 1}}"#)])
    let plain = try Forecast(model, policy: norms, identity: identity, speed: 1)
    #expect(plain.baseRows == 0 && plain.peakMemoryBytes < forecast.peakMemoryBytes)
  }

  @Test func withoutTheAdapterTheFitLeavesTooMuch() throws {
    let request = request(try policy(#"{"halfUlps": 1.01}"#), hint: nil)
    #expect {
      try DriftProver.prove(request)
    } throws: { error in
      if case .policyViolated? = error as? DriftProofError { true } else { false }
    }
  }

  @Test func linksHaveNone() throws {
    let policy = try policy(#"{"halfUlps": 1.01}"#)
    var request = request(policy, hint: adapter)
    request.parent = ParentCertificate(unverified: [UInt8](repeating: 1, count: 32), tensors: base.manifestTensors)
    let link = request
    #expect(throws: DriftProofError.coverageGap([.roundingInLink(rule: 0)])) { try DriftProver.prove(link) }
  }

  /// A proof that is stopped goes on with the same adapter only.
  @Test func resumingNeedsTheSameHint() throws {
    let policy = try policy(#"{"halfUlps": 1.01}"#)
    let model = TunedModel.checkpoint(merged, base: base)
    func key(_ hint: Adapter?, _ identity: BaseIdentity) -> [UInt8] {
      ProofSession.fingerprint(model, policy: policy, identity: identity, proofs: 2, hint: hint)
    }
    #expect(key(adapter, identity) == key(adapter, identity))
    #expect(key(adapter, identity) != key(nil, identity))
    #expect(key(nil, identity) != key(nil, BaseIdentity(sorted: identity.tensors)))
  }
}
