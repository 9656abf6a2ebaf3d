// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofStatement
@testable import DriftProofAdapter
@testable import DriftProofCertificate
@testable import DriftProofDrift
@testable import DriftProofProving
import DriftProofArgument
import DriftProofCheckpoint
import DriftProofPolicy
import Foundation
import Testing

/// Certificates of unmerged adapters, from the folder to the verifier's report and the check.
@Suite struct AdapterProofTests {
  var fixture: AdapterFixture

  init() throws { fixture = try AdapterFixture() }

  @Test func rankAlone() throws {
    let policy = try AdapterFixture.policy("{\"rank\": 4}")
    let (result, identity) = try fixture.prove(policy)
    let report = result.verification
    let adapter = try #require(report.adapter)
    #expect(adapter.modules == 2 && adapter.smallestRank == 4 && adapter.largestRank == 4)
    #expect(adapter.excludedModules == 0 && adapter.relativeError > 0 && adapter.absoluteError > 0)
    #expect(report.securityBits >= 128 && report.soundness.allSatisfy { $0.bits >= 128 })
    #expect(!report.soundness.contains { $0.name.contains("orthonormal") })
    #expect(report.tensors.rank == 2 && report.certifiedParameters == 48 * 40 + 32 * 64)
    // layers.1.q may change by the policy, but the adapter leaves it alone.
    #expect(report.tensors.frozen == 7 && report.precision.tensorsByFractionBits.isEmpty)
    let again = try CertificateVerifier.verify(certificate: result.certificate, identity: identity, policy: policy)
    #expect(again.adapter == report.adapter)
    let checked = try CertificateChecker.check(
      certificate: result.certificate, base: nil, identity: identity,
      adapter: fixture.adapter.open("adapter", in: fixture.folder), openingPath: fixture.folder.file("opening"))
    #expect(checked.tunedCommitment == report.tunedCommitment)
  }

  /// ‖ΔW‖ of a product of the fixture, from its matrices.
  private func norm(_ module: String) throws -> Double {
    let adapter = try fixture.adapter.open("adapter", in: fixture.folder)
    let found = try #require(adapter.modules.first { $0.name == module })
    let a = try adapter.checkpoint.doubles(of: found.matrices.all[0])
    let b = try adapter.checkpoint.doubles(of: found.matrices.all[1])
    let columns = a.count / found.rank
    var sum = 0.0
    for i in 0..<b.count / found.rank {
      for j in 0..<columns {
        let entry = (0..<found.rank).reduce(0.0) { $0 + b[i * found.rank + $1] * a[$1 * columns + j] }
        sum += entry * entry
      }
    }
    return found.factor * sum.squareRoot()
  }

  /// Norm clauses bound the product itself: they hold a little above its norm and fail a little below.
  @Test func norms() throws {
    let (q, v) = (try norm("model.layers.0.q"), try norm("model.layers.0.v"))
    func policy(_ slack: Double) throws -> Policy {
      try testPolicy(
        [
          ("*.0.q.weight", "{\"norm\": {\"absolute\": \(q * slack)}}"),
          ("*.0.v.weight", "[{\"rank\": 4}, {\"norm\": {\"absolute\": \(v * slack)}}]"),
        ], frozenRest: true)
    }
    let (result, _) = try fixture.prove(try policy(1.002))
    #expect(result.verification.tensors.norm == 1 && result.verification.tensors.composed == 1)
    #expect(result.verification.securityBits >= 128)
    #expect(result.verification.soundness.contains { $0.name.contains("orthonormal") })
    guard case .policyViolated(let lines)? = fixture.refusal(try policy(0.999)) else {
      Issue.record("accepted")
      return
    }
    #expect(lines.count == 2 && lines[0].contains("[lora B]"))
  }

  @Test func totals() throws {
    let (q, v) = (try norm("model.layers.0.q"), try norm("model.layers.0.v"))
    let whole = (q * q + v * v).squareRoot()
    func policy(_ slack: Double) throws -> Policy {
      try AdapterFixture.policy("{\"rank\": 4}", total: "{\"norm\": {\"absolute\": \(whole * slack)}}")
    }
    _ = try fixture.prove(try policy(1.002))
    guard case .policyViolated(let lines)? = fixture.refusal(try policy(0.999)) else {
      Issue.record("accepted")
      return
    }
    #expect(lines.count == 1 && lines[0].contains(PolicyViolation.wholeModel))
  }

  /// Replaced tensors are proved as those of a tuned model, in the same certificate and total.
  @Test mutating func replacedTensors() throws {
    let bias = try #require(fixture.model.tensors["model.head.bias"])
    var adapter = fixture.adapter
    adapter.tensors["base_model.model.model.head.bias"] = .init(
      shape: bias.shape, values: bias.values.map { Double($0 + 0.125) })
    let policy = try AdapterFixture.policy(
      "{\"rank\": 4}", total: "{\"norm\": {\"absolute\": 3}}",
      more: [("model.head.bias", "{\"norm\": {\"absolute\": 0.4}}")])
    let (result, identity) = try fixture.prove(policy, adapter: adapter)
    #expect(result.verification.tensors.norm == 1 && result.verification.tensors.rank == 2)
    #expect(result.verification.precision.tensorsByFractionBits.count == 1)
    let opened = try adapter.open("adapter", in: fixture.folder)
    let checked = try CertificateChecker.check(
      certificate: result.certificate, base: fixture.base(), identity: nil, adapter: opened,
      openingPath: fixture.folder.file("opening"))
    #expect(checked.tunedCommitment == result.verification.tunedCommitment)
    // Without the base there is nothing to compare it with.
    var request = DriftProver.Request(
      adapter: opened, base: nil, policy: policy, openingPath: fixture.folder.file("other"))
    request.identity = identity
    #expect(throws: AdapterError.needsBase(tensors: ["model.head.bias"]).asDriftProofError) {
      try DriftProver.prove(request)
    }
    // Another base under the identity is noticed where it is read.
    var model = fixture.model
    model.tensors["model.head.bias"]?.values[0] += 0.5
    request.model = .adapter(opened, base: try model.write("other-base", in: fixture.folder))
    let error = #expect(throws: DriftProofError.self) { try DriftProver.prove(request) }
    #expect(error?.exitCode == 12)
    adapter.tensors["base_model.model.model.head.bias"]?.values[0] += 0.5
    guard case .policyViolated? = fixture.refusal(policy, adapter: adapter) else {
      Issue.record("accepted")
      return
    }
  }

  /// A replaced tensor without entries has nothing to prove, and no record of its own.
  @Test mutating func emptyTensors() throws {
    fixture.model.tensors["model.empty"] = TestTensor([0, 4], random: &fixture.random)
    fixture.adapter.tensors["base_model.model.model.empty"] = .init(shape: [0, 4], values: [])
    for allow in ["{\"norm\": {\"absolute\": 1}}", "\"any\"", "\"frozen\""] {
      let policy = try AdapterFixture.policy("{\"rank\": 4}", more: [("model.empty", allow)])
      #expect(try fixture.prove(policy, opening: "empty \(allow.count)").result.verification.tensors.frozen == 8)
    }
  }

  @Test mutating func excludedProducts() throws {
    let policy = try testPolicy(
      [("*.0.q.weight", "\"any\""), ("*.0.v.weight", "{\"rank\": 4}"), ("*.1.q.weight", "\"any\"")], frozenRest: true)
    let (result, identity) = try fixture.prove(policy)
    let adapter = try #require(result.verification.adapter)
    #expect(adapter.modules == 2 && adapter.excludedModules == 1)
    // What the adapter leaves alone is the base's, also where the policy would not look.
    #expect(result.verification.excluded == ["model.layers.0.q.weight"])
    // The excluded matrices are bound by their digest.
    var other = fixture.adapter
    other.tensors["base_model.model.model.layers.0.q.lora_A.weight"]?.values[0] += 0.5
    let error = #expect(throws: DriftProofError.self) {
      try CertificateChecker.check(
        certificate: result.certificate, base: nil, identity: identity,
        adapter: other.open("other", in: fixture.folder),
        openingPath: fixture.folder.file("opening"))
    }
    #expect(error.map { "\($0)".contains("model.layers.0.q.weight") } == true && error?.exitCode == 12)
    // Nothing certified at all: digests only.
    let free = try testPolicy([("*.{q,v}.weight", "\"any\"")], frozenRest: true)
    let (digests, _) = try fixture.prove(free, opening: "free")
    #expect(digests.verification.proofBytes == 0 && digests.verification.adapter?.excludedModules == 2)
  }

  /// What a policy does not allow by the adapter's form alone: no weights are needed to see it.
  @Test func refusalsByForm() throws {
    func expect(_ allow: String, _ text: String, line: Int = #line) throws {
      guard case .policyViolated(let lines)? = fixture.refusal(try AdapterFixture.policy(allow)) else {
        Issue.record("line \(line): accepted")
        return
      }
      #expect(lines.allSatisfy { $0.contains(text) }, "line \(line): \(lines)")
    }
    try expect("{\"rank\": 3}", "allowed rank 3, the adapter adds a product of rank 4")
    try expect("\"frozen\"", "allowed no change, the adapter adds a product to it")
    try expect("{\"entries\": 100}", "allowed changes at few places")
    try expect("[{\"rank\": 4}, {\"rows\": 3}]", "allowed changes at few places")
    // A low rank with anything beside it is satisfied by its rank.
    _ = try fixture.prove(
      try AdapterFixture.policy("{\"rank\": 4, \"entries\": 5, \"residual\": {\"absolute\": 0.1}}"))
  }

  private func heads(_ size: Int, _ allow: String) throws -> Policy {
    let text = """
      {"driftPolicy": 1, "name": "heads", "securityBits": 128, "rules": [
      {"tensors": "*.0.q.weight", "heads": {"of": "rows", "size": \(size)}, "allow": \(allow)},
      {"tensors": "*.0.v.weight", "allow": {"rank": 4}}, {"tensors": "*", "allow": "frozen"}]}
      """
    return try Policy.parse(Array(text.utf8))
  }

  @Test func heads() throws {
    _ = try fixture.prove(try heads(12, "{\"rank\": 4}"))
    // A head of two rows has rank 2 whatever is added.
    _ = try fixture.prove(try heads(2, "{\"rank\": 2}"), opening: "two")
    #expect(fixture.refusal(try heads(12, "{\"rank\": 3}"))?.exitCode == 10)
    let error = fixture.refusal(try heads(12, "{\"norm\": {\"absolute\": 1}}"))
    #expect(error?.exitCode == 14 && error.map { "\($0)".contains("norm of each head") } == true)
    #expect(fixture.refusal(try heads(7, "{\"rank\": 4}"))?.exitCode == 13)
  }

  @Test mutating func takenNames() throws {
    for name in ["model.layers.0.q.weight[lora A]", "model.layers.0.v.weight[lora B]"] {
      var other = fixture
      other.model.tensors[name] = TestTensor([2, 2], random: &other.random)
      let tensor = String(name.prefix { $0 != "[" })
      #expect(
        other.refusal(try AdapterFixture.policy("{\"rank\": 4}"))
          == .coverageGap([.headNameTaken(tensor: tensor, name: name)]))
    }
  }

  /// A drift far beyond the base cannot be proved in the units that a policy without norm gives it.
  @Test mutating func tooLargeForItsUnits() throws {
    var adapter = fixture.adapter
    let key = "base_model.model.model.layers.0.q.lora_B.weight"
    adapter.scale(key, by: 1e5)
    let error = fixture.refusal(try AdapterFixture.policy("{\"rank\": 4}"), adapter: adapter)
    #expect(error?.exitCode == 14, "\(String(describing: error))")
  }

  @Test mutating func check() throws {
    let policy = try AdapterFixture.policy("[{\"rank\": 6}, {\"norm\": {\"absolute\": 10}}]")
    let (result, identity) = try fixture.prove(policy)
    func refusal(_ adapter: TestAdapter, _ identity: BaseIdentity) throws -> DriftProofError? {
      let opened = try adapter.open("checked", in: fixture.folder)
      do {
        _ = try CertificateChecker.check(
          certificate: result.certificate, base: nil, identity: identity, adapter: opened,
          openingPath: fixture.folder.file("opening"))
        return nil
      } catch {
        return error
      }
    }
    #expect(try refusal(fixture.adapter, identity) == nil)
    // Another weight, scaling or rank; another set of modules; another base; another opening.
    var other = fixture.adapter
    other.tensors["base_model.model.model.layers.0.v.lora_B.weight"]?.values[5] += 0.01
    #expect(try refusal(other, identity)?.exitCode == 12)
    other = fixture.adapter
    other.config["lora_alpha"] = "8.5"
    #expect(try refusal(other, identity)?.exitCode == 12)
    other = fixture.adapter
    other.config["r"] = "5"
    other.tensors = [:]
    other.add("model.layers.0.q", shape: [48, 40], rank: 5, random: &fixture.random)
    other.add("model.layers.0.v", shape: [32, 64], rank: 5, random: &fixture.random)
    #expect(try refusal(other, identity).map { "\($0)".contains("product of rank 5") } == true)
    other = fixture.adapter
    other.add("model.layers.1.q", shape: [48, 40], random: &fixture.random)
    #expect(try refusal(other, identity).map { "\($0)".contains("leaves alone") } == true)
    var model = fixture.model
    model.tensors["model.square.weight"]?.values[0] += 1
    let otherIdentity = try BaseIdentity.compute(checkpoint: model.write("other", in: fixture.folder))
    #expect(try refusal(fixture.adapter, otherIdentity)?.exitCode == 12)
    // A base on disk is hashed, also beside the right identity: one with other weights is not the certificate's.
    let foreign = try model.write("other", in: fixture.folder)
    let beside = #expect(throws: DriftProofError.self) {
      try CertificateChecker.check(
        certificate: result.certificate, base: foreign, identity: identity,
        adapter: fixture.adapter.open("checked", in: fixture.folder), openingPath: fixture.folder.file("opening"))
    }
    #expect(beside?.exitCode == 12 && beside.map { "\($0)".contains("the base on disk is") } == true)
    _ = try fixture.prove(policy, opening: "second")
    let opened = try fixture.adapter.open("checked", in: fixture.folder)
    let error = #expect(throws: DriftProofError.self) {
      try CertificateChecker.check(
        certificate: result.certificate, base: nil, identity: identity, adapter: opened,
        openingPath: fixture.folder.file("second"))
    }
    #expect(error?.exitCode == 12)
    // A merged model and an adapter are different things.
    let base = try fixture.base()
    let merged = #expect(throws: DriftProofError.self) {
      try CertificateChecker.check(
        certificate: result.certificate, base: base, tuned: base, openingPath: fixture.folder.file("opening"))
    }
    #expect(merged == .identityMismatch(.aboutAdapter) && merged?.exitCode == 12)
    let whole = try DriftProver.prove(
      base: base, tuned: base, policy: policy, openingPath: fixture.folder.file("whole"))
    let unmerged = #expect(throws: DriftProofError.self) {
      try CertificateChecker.check(
        certificate: whole.certificate, base: base, identity: nil, adapter: opened,
        openingPath: fixture.folder.file("whole"))
    }
    #expect(unmerged == .identityMismatch(.aboutCheckpoint) && unmerged?.exitCode == 12)
  }

  /// A proof that was stopped goes on to the same certificate.
  @Test func resumes() throws {
    struct Stop: Error {}
    let policy = try AdapterFixture.policy("{\"norm\": {\"absolute\": 10}}")
    let identity = try BaseIdentity.compute(checkpoint: fixture.base())
    let adapter = try fixture.adapter.open("adapter", in: fixture.folder)
    func request(_ name: String, stopAfter: String?) throws -> DriftProver.Request {
      var request = DriftProver.Request(
        adapter: adapter, base: nil, policy: policy, openingPath: fixture.folder.file(name + ".secret"))
      request.identity = identity
      let inputs = ProofSession.fingerprint(
        .adapter(adapter, base: nil), policy: policy, identity: identity, proofs: 2)
      request.session = try ProofSession(
        path: fixture.folder.file(name), inputs: inputs,
        secret: OpeningSession.existing(request.openingPath)?.secret, entropy: [UInt8](repeating: 1, count: 32),
        freshSecret: [UInt8](repeating: 2, count: 32)
      ) { if $0 == stopAfter { throw Stop() } }
      return request
    }
    let whole = try DriftProver.prove(try request("whole", stopAfter: nil))
    for record in ["prepared", "leaves of drift", "stage A"] {
      // In a scope of its own, so that the folder is free afterwards.
      func stop() throws {
        let stopped = try request("stopped \(record)", stopAfter: record)
        #expect(throws: DriftProofError.self) { try DriftProver.prove(stopped) }
      }
      try stop()
      let resumed = try DriftProver.prove(try request("stopped \(record)", stopAfter: nil))
      #expect(resumed.certificate == whole.certificate, "\(record)")
    }
    // The same matrices under a configuration of other bytes.
    var changed = fixture.adapter
    changed.config["base_model_name_or_path"] = "\"another\""
    let other = ProofSession.fingerprint(
      .adapter(try changed.open("changed", in: fixture.folder), base: nil), policy: policy, identity: identity,
      proofs: 2)
    let own = ProofSession.fingerprint(
      .adapter(adapter, base: nil), policy: policy, identity: identity, proofs: 2)
    #expect(other != own)
  }

  @Test func forecast() throws {
    let policy = try AdapterFixture.policy("{\"norm\": {\"absolute\": 10}}")
    let (result, identity) = try fixture.prove(policy)
    let forecast = try Forecast(
      .adapter(fixture.adapter.open("adapter", in: fixture.folder), base: nil), policy: policy, identity: identity,
      speed: 1)
    let ratio = Double(forecast.proofBytes) / Double(result.report.proofBytes)
    #expect((0.95...1.05).contains(ratio), "\(forecast.proofBytes) for \(result.report.proofBytes)")
    #expect(forecast.certifiedParameters == result.verification.certifiedParameters && forecast.isExact)
  }
}
