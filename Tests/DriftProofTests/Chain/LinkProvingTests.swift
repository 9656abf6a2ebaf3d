// SPDX-License-Identifier: Apache-2.0

@testable import DriftProof
@testable import DriftProofCertificate
@testable import DriftProofChain
@testable import DriftProofDrift
@testable import DriftProofProving
import DriftProofCheckpoint
import DriftProofCore
import DriftProofPolicy
import Foundation
import TestSupport
import Testing

/// Proving and checking a link: what the prover compares, and what a holder of the weights learns.
@Suite struct LinkProvingTests {
  let fixture: ChainFixture

  init() throws { fixture = try ChainFixture.shared.get() }

  private func request(_ opening: String, base: Checkpoint? = nil) throws -> DriftProver.Request {
    var request = DriftProver.Request(
      base: base ?? fixture.checkpoints[1], tuned: fixture.checkpoints[2], policy: try fixture.policy("second"),
      openingPath: fixture.folder.file(opening))
    request.identity = fixture.identity
    request.parent = try ParentCertificate(#require(fixture.certificates["first"]), identity: fixture.identity)
    return request
  }

  private func error(_ body: () throws -> Void) -> DriftProofError? {
    do {
      try body()
      return nil
    } catch {
      return error as? DriftProofError
    }
  }

  @Test func theParentIsVerifiedFirst() throws {
    var damaged = try #require(fixture.certificates["first"])
    damaged[damaged.count - 9] ^= 1
    #expect(error { _ = try ParentCertificate(damaged, identity: fixture.identity) }?.exitCode == 11)
    let first = try #require(fixture.certificates["first"])
    let other = try BaseIdentity.compute(checkpoint: fixture.checkpoints[2])
    #expect(error { _ = try ParentCertificate(first, identity: other) }?.exitCode == 12)
    // A link is as good a parent as a first certificate.
    let second = try ParentCertificate(#require(fixture.certificates["second"]), identity: fixture.identity)
    #expect(try second.commitment == fixture.commitment("second"))
  }

  @Test func theBaseIsComparedWithTheParent() throws {
    var other = fixture.models[1]
    other.tensors["c.bias"]?.shape = [1, 19]
    for (model, words) in [(other, "c.bias"), (withoutBias(other), "d.entries")] {
      let base = try model.write("stranger", in: fixture.folder)
      let error = error { _ = try DriftProver.prove(request("stranger.secret", base: base)) }
      #expect(error?.exitCode == 12 && error?.description.contains(words) == true, "\(String(describing: error))")
      let forecast = self.error {
        _ = try Forecast(
          base: base, tuned: fixture.checkpoints[2], policy: fixture.policy("second"), identity: fixture.identity,
          parent: request("none").parent, speed: 1)
      }
      #expect(forecast == error)
    }
    var more = fixture.models[1]
    more.tensors["z"] = other.tensors["c.bias"]
    let longer = try more.write("longer", in: fixture.folder)
    #expect(error { _ = try DriftProver.prove(request("stranger.secret", base: longer)) }?.exitCode == 12)
    var bare = try request("stranger.secret")
    bare.identity = nil
    #expect(error { _ = try DriftProver.prove(bare) } == .missingInput(.identityOfChain))
    #expect(!FileManager.default.fileExists(atPath: fixture.folder.file("stranger.secret")))
  }

  private func withoutBias(_ model: TestModel) -> TestModel {
    var model = model
    model.tensors["c.bias"] = nil
    return model
  }

  /// The base of a link is no leaf of the identity, so nothing of it is hashed.
  @Test func thePassHashesOnlyTheTunedModel() throws {
    let request = try request("none")
    let (base, tuned) = (fixture.checkpoints[1], fixture.checkpoints[2])
    let pass = try CheckpointPass.run(
      base: base, tuned: tuned, policy: request.policy, given: fixture.identity,
      parent: request.parent)
    let changing = 4 * (32 * 24 + 19 + 40 * 16)
    #expect(pass.counters.hashedBytes == changing && pass.identity == fixture.identity)
    let forecast = try Forecast(
      base: base, tuned: tuned, policy: request.policy, identity: fixture.identity,
      parent: request.parent, speed: 1)
    #expect(forecast.certifiedParameters == changing / 4 && forecast.proofBytes > 10_000)
    // Without the parent the same base is refused.
    let refused = error {
      _ = try CheckpointPass.run(
        base: base, tuned: tuned, policy: request.policy, given: fixture.identity)
    }
    #expect(refused?.exitCode == 12)
  }

  /// What is refused for the base of a first certificate is refused for a link: frozen bytes and bounds.
  @Test func theLinksPolicyIsAboutTheParent() throws {
    var strict = try request("strict.secret")
    strict.policy = try testPolicy(
      [("b.rank", "{\"rank\": 1, \"residual\": {\"absolute\": 0.001}}"), ("d.entries", "{\"rows\": 1}")],
      frozenRest: true)
    guard case .policyViolated(let lines)? = error({ _ = try DriftProver.prove(strict) }) else {
      Issue.record("a frozen tensor may change")
      return
    }
    #expect(lines.count == 1 && lines.first?.contains("c.bias") == true)
    #expect(!FileManager.default.fileExists(atPath: fixture.folder.file("strict.secret")))
  }

  @Test func stoppedLinksGoOn() throws {
    struct Stop: Error {}
    let plain = try request("resumed.secret")
    func inputs(_ parent: [UInt8]?) -> [UInt8] {
      ProofSession.fingerprint(
        plain.model, policy: plain.policy, identity: plain.identity, parent: parent, proofs: plain.proofs)
    }
    let own = inputs(plain.parent?.commitment)
    let again = inputs(try fixture.commitment("again"))
    #expect(own != inputs(nil) && own != again)
    let entropy = [UInt8](repeating: 5, count: 32)
    func run(stopping: Bool) throws -> DriftProver.Result {
      var request = plain
      request.session = try ProofSession(
        path: fixture.folder.file("resume"), inputs: own, secret: nil, entropy: entropy
      ) { kept in if stopping, kept == "leaves of drift" { throw Stop() } }
      return try DriftProver.prove(request)
    }
    #expect(throws: DriftProofError.self) { try run(stopping: true) }
    let result = try run(stopping: false)
    #expect(!result.report.phases.map(\.name).contains("reading"))
    result.finish()
    let report = try fixture.verify([
      fixture.input("first"),
      .init(name: "resumed", certificate: result.certificate, policyFile: fixture.policies["second"]),
    ])
    #expect(report.isVerified)
  }

  @Test func holdersCheckLinks() throws {
    let certificate = try #require(fixture.certificates["second"])
    func check(base: Checkpoint, tuned: Checkpoint, identity: BaseIdentity?) -> DriftProofError? {
      error {
        _ = try CertificateChecker.check(
          certificate: certificate, base: base, tuned: tuned, openingPath: fixture.opening("second"),
          identity: identity)
      }
    }
    let (base, tuned) = (fixture.checkpoints[1], fixture.checkpoints[2])
    #expect(check(base: base, tuned: tuned, identity: fixture.identity) == nil)
    let parent = try fixture.commitment("first").hexadecimal
    #expect(
      check(base: base, tuned: tuned, identity: nil) == .identityMismatch(.parent(certificate: parent, given: nil)))
    #expect(check(base: base, tuned: fixture.checkpoints[3], identity: fixture.identity)?.exitCode == 12)
    // Another parent's model: frozen by the link, changed by it, or not there.
    for (name, code) in [("a.norm", 12), ("d.entries", 12), ("a.norm", 13), ("c.bias", 13)] as [(String, Int32)] {
      var other = fixture.models[1]
      if code == 13 { other.tensors[name] = nil } else { other.tensors[name]?.values[7] += 0.25 }
      let stranger = try other.write("other-\(name)", in: fixture.folder)
      #expect(check(base: stranger, tuned: tuned, identity: fixture.identity)?.exitCode == code, "\(name)")
    }
    // An identity beside a certificate about the base itself must be that base's.
    let first = try #require(fixture.certificates["first"])
    for (identity, isRight) in [(fixture.identity, true), (try BaseIdentity.compute(checkpoint: base), false)] {
      let error = error {
        _ = try CertificateChecker.check(
          certificate: first, base: fixture.checkpoints[0], tuned: base, openingPath: fixture.opening("first"),
          identity: identity)
      }
      #expect(error?.exitCode == (isRight ? nil : 12))
    }
  }

  /// The manifest of a link is that of version 4 with another number and the parent's commitment behind it.
  @Test func theManifestNamesTheParent() throws {
    let link = try DriftManifest.parse(fixture.certificate("second").manifest)
    let parent = try fixture.commitment("first")
    let first = try DriftManifest.parse(fixture.certificate("first").manifest)
    #expect(link.parent == parent && first.parent == nil)
    let plain = link.with(parent: nil).bytes
    #expect(plain.prefix(4) == [4, 0, 0, 0])
    #expect(link.bytes == [5, 0, 0, 0] + parent + plain.dropFirst(4))
    #expect(try DriftManifest.parse(plain).parent == nil)
    for length in 0..<link.bytes.count {
      #expect(throws: FormatError.self) { try DriftManifest.parse(Array(link.bytes.prefix(length))) }
    }
    for version in [0, 1, 15, 255] as [UInt8] {
      #expect(throws: FormatError.unsupportedVersion(Int(version))) {
        try DriftManifest.parse([version] + link.bytes.dropFirst())
      }
    }
  }

  /// The library's own entry points, on the shipped pair: from the base to the tuned model and back.
  @Test func theShippedPairThereAndBack() throws {
    let root = Repository.example("mlp-lora")
    let (base, tuned) = (root.appendingPathComponent("base").path, root.appendingPathComponent("tuned").path)
    let policy = [UInt8](try Data(contentsOf: root.appendingPathComponent("policy.json")))
    let identity = try BaseIdentityFile.compute(base: base)
    let there = try DriftProver.prove(
      base: base, tuned: tuned, policyFile: policy, openingPath: fixture.folder.file("there.secret"))
    let back = try DriftProver.prove(
      base: tuned, tuned: base, policyFile: policy, openingPath: fixture.folder.file("back.secret"),
      identityFile: identity, parentCertificate: there.certificate)
    _ = try CertificateChecker.check(
      certificate: back.certificate, base: tuned, tuned: base, openingPath: fixture.folder.file("back.secret"),
      identityFile: identity)
    let forecast = try Forecast.make(
      base: tuned, tuned: base, policyFile: policy, identityFile: identity, parentCertificate: there.certificate)
    #expect(forecast.certifiedParameters == back.verification.certifiedParameters)
    #expect(back.verification.parent == there.verification.tunedCommitment)
    func cumulative(_ rank: Int) -> [UInt8] {
      let text = """
        {"driftPolicy": 1, "name": "both", "securityBits": 128, "rules": [
        {"tensors": "fc.*.weight", "allow": {"rank": \(rank), "residual": {"relative": 0.0061}}},
        {"tensors": "*", "allow": "frozen"}]}
        """
      return Array(text.utf8)
    }
    let inputs = [("back", back.certificate), ("there", there.certificate)].map {
      ChainVerifier.Input(name: $0, certificate: $1, policyFile: policy)
    }
    for (rank, fits) in [(16, true), (15, false)] {
      let report = try ChainVerifier.verify(
        inputs, identityFile: identity, cumulativePolicyFile: cumulative(rank))
      #expect(report.isVerified == fits && report.links.map(\.name) == ["there", "back"])
      guard !fits, case .cumulative(let lines)? = report.failure?.rejection else { continue }
      #expect(report.failure?.name == "back" && lines.count == 6 && lines.allSatisfy { $0.contains("rank 16") })
    }
  }
}
