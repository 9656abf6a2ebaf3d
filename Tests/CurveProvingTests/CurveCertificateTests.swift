// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCore
import DriftProofCurve
import DriftProofCurveCertificate
import DriftProofCurveCommitment
import DriftProofCurveCommitmentProver
import DriftProofCurveProving
import DriftProofPolicy
import TestSupport
import Testing

/// From checkpoints to certificates over the curve, honest and not.
@Suite struct CurveCertificateTests {
  private func fixture() throws -> CurveModelFixture { try CurveModelFixture.shared.get() }

  @Test func aDriftInsideThePolicyIsProved() throws {
    let fixture = try fixture()
    let tuned = try CurveModelFixture.model(fixture.folder, "tuned.safetensors", drift: 0.001)
    for policy in [
      try CurveModelFixture.policy(), try CurveModelFixture.policy(total: #"{"norm": {"relative": 0.05}}"#),
      try CurveModelFixture.policy(#"{"norm": {"absolute": 0.4}}"#, bias: #""any""#),
    ] {
      let result = try CurveProver.prove(fixture.request(tuned, policy))
      let report = try fixture.verify(result.certificate, policy)
      #expect(result.hasDrift && report.statisticalBits >= 128 && report.known == nil)
      #expect(report.tunedCommitment == result.report.tunedCommitment)
      // Three rows of 24 × 32 cells, one of 9 × 16, and what the argument sends.
      #expect(result.certificate.count < 8000)
    }
  }

  @Test func theIdentityIsAFunctionOfWeightsAndSetup() throws {
    let fixture = try fixture()
    let bytes = fixture.identity.jsonBytes()
    let parsed = try CurveIdentity.parse(bytes)
    #expect(parsed.root == fixture.identity.root && parsed.blocks == fixture.identity.blocks)
    #expect(parsed.jsonBytes() == bytes)
    #expect(fixture.identity.blocks.map(\.rowCount) == [3, 1, 1, 0])
    var random = SeededGenerator(seed: 2)
    for _ in 0..<60 {
      var changed = bytes
      changed[random.below(bytes.count)] ^= UInt8(1 + random.below(127))
      #expect(throws: CurveCertificateError.self) { try CurveIdentity.parse(changed) }
    }
    for cut in stride(from: 0, to: bytes.count, by: 101) {
      #expect(throws: CurveCertificateError.self) { try CurveIdentity.parse(Array(bytes.prefix(cut))) }
    }
    // Rows of another tensor, or too few.
    var blocks = fixture.identity.blocks
    guard case .rows(let points) = blocks[0].content else { throw CurveCertificateError.notACertificate }
    blocks[0] = CurveIdentity.block(fixture.identity.base.tensors[0], .rows(Array(points.dropLast(48))))
    let short = CurveIdentity(
      base: fixture.identity.base, key: fixture.identity.key, logLength: 8, blocks: blocks)
    #expect(throws: CurveCertificateError.baseRows(name: "a.weight", expected: 3, found: 2)) {
      try CurveIdentity.parse(short.jsonBytes())
    }
  }

  /// Nobody looks again at the key of an identity that was read.
  @Test func aKeyOfTwoSecretsIsNoneOfAnIdentity() throws {
    let fixture = try CurveModelFixture.shared.get()
    let (base, key) = (fixture.identity.base, fixture.identity.key)
    let other = CurveCommitter(secret: Fr(0xBEEF), logLength: 1).key
    for (mixed, power) in [
      (CurveSetupKey(first: key.first, second: other.second, secondSquare: other.secondSquare), 1),
      (CurveSetupKey(first: key.first, second: key.second, secondSquare: other.secondSquare), 2),
    ] {
      let identity = CurveIdentity(base: base, key: mixed, logLength: 8, blocks: fixture.identity.blocks)
      #expect(!identity.isKeyChecked)
      #expect(throws: CurveCertificateError.setup(.secondGroup(power: power))) {
        try CurveIdentity.parse(identity.jsonBytes())
      }
    }
    #expect(try CurveIdentity.parse(fixture.identity.jsonBytes()).isKeyChecked)
  }

  @Test func rowsAreBlindedWhetherTheyChangedOrNot() throws {
    let fixture = try fixture()
    let policy = try CurveModelFixture.policy()
    let tuned = try CurveModelFixture.model(fixture.folder, "same.safetensors")
    let plan = try CurvePlan(identity: fixture.identity, policy: policy)
    var seen: Set<[UInt8]> = []
    for secret in [1, 2] as [UInt8] {
      let result = try CurveProver.prove(fixture.request(tuned, policy, secret: secret))
      #expect(!result.hasDrift)
      let certificate = try CurveCertificate(result.certificate)
      let blocks = try CurveCertificate.blocks(
        certificate.manifest, plan: plan, base: fixture.identity.blocks, identity: fixture.identity)
      for (block, base) in zip(blocks, fixture.identity.blocks).prefix(2) {
        guard case .rows(let points) = block.content, case .rows(let before) = base.content else { continue }
        for row in 0..<block.rowCount {
          let own = Array(points[48 * row..<48 * (row + 1)])
          #expect(own != Array(before[48 * row..<48 * (row + 1)]))
          #expect(seen.insert(own).inserted)
        }
      }
      #expect(blocks[2] == fixture.identity.blocks[2])
    }
  }

  // MARK: Refusals

  @Test func whatIsOutsideThePolicyIsNamed() throws {
    let fixture = try fixture()
    let large = try CurveModelFixture.model(fixture.folder, "large.safetensors", drift: 0.1)
    func refusal(_ tuned: Checkpoint, _ policy: Policy) throws -> CurveProvingError? {
      do throws(CurveProvingError) {
        _ = try CurveProver.prove(fixture.request(tuned, policy))
        return nil
      } catch { return error }
    }
    guard case .normExceeded("a.weight", let norm, let bound)? = try refusal(large, try CurveModelFixture.policy())
    else {
      Issue.record("it was proved")
      return
    }
    #expect(norm > 5 && norm < 6 && bound < 1)
    guard
      case .totalExceeded? = try refusal(
        large, try CurveModelFixture.policy(#"{"norm": {"relative": 3}}"#, total: #"{"norm": {"absolute": 1}}"#))
    else {
      Issue.record("it was proved")
      return
    }
    let bias = try CurveModelFixture.model(fixture.folder, "bias.safetensors", frozenDrift: 0.5)
    guard case .frozenChanged("c.bias", _)? = try refusal(bias, try CurveModelFixture.policy()) else {
      Issue.record("it was proved")
      return
    }
  }

  @Test(arguments: [
    #"{"entrywise": {"absolute": 0.1}}"#, #"{"rank": 2, "entrywise": {"relative": 0.1}}"#,
    #"{"pattern": {"of": "drift", "n": 2, "m": 4}}"#, #"{"kronecker": {"terms": 1, "inner": [8, 4]}}"#,
    #"{"norm": {"absolute": 1}}, "grow": {"rows": 3}"#,
    #"{"norm": {"absolute": 1}}, "heads": {"of": "rows", "size": 3}"#,
  ]) func whatIsNotProvedYetIsRefusedBeforeAnyWork(allowance: String) throws {
    let fixture = try fixture()
    let policy = try CurveModelFixture.policy(allowance)
    do throws(CurveProvingError) {
      _ = try CurveProver.prove(fixture.request(fixture.base, policy))
      Issue.record("it was proved")
    } catch {
      guard case .certificate(.notYet(let what)) = error else { throw error }
      #expect(what.contains("rule 1, tensor a.weight"))
      #expect(CurveCertificateError.notYet(what).remedy?.contains("hash backend") == true)
    }
  }

  @Test func anotherBaseIsFoundByItsRows() throws {
    let fixture = try fixture()
    let other = try CurveModelFixture.model(fixture.folder, "other.safetensors", drift: 0.25)
    let policy = try CurveModelFixture.policy()
    do throws(CurveProvingError) {
      _ = try CurveProver.prove(fixture.request(other, policy, base: other, identity: fixture.identity))
      Issue.record("it was proved")
    } catch {
      guard case .otherBase("a.weight") = error else { throw error }
    }
  }

  @Test func theVerifierDecidesWhatIsTrusted() throws {
    let fixture = try fixture()
    let policy = try CurveModelFixture.policy()
    let tuned = try CurveModelFixture.model(fixture.folder, "trust.safetensors", drift: 0.001)
    let certificate = try CurveProver.prove(fixture.request(tuned, policy)).certificate
    func verify(_ trust: CurveCertificateVerifier.Trust) throws(CurveCertificateError) {
      _ = try CurveCertificateVerifier.verify(certificate, identity: fixture.identity, policy: policy, trust: trust)
    }
    #expect(throws: CurveCertificateError.unknownSetup(id: fixture.setup.id)) {
      try verify(.init(permitsAssumption: true))
    }
    #expect(throws: CurveCertificateError.assumptionNotAllowed) { try verify(.init(setups: [fixture.setup.id])) }
    // The policy's own word is enough; a prover who puts it there proves another policy than the verifier's.
    let assuming = try CurveModelFixture.policy(assumes: true)
    var request = fixture.request(tuned, assuming)
    request.permitsAssumption = false
    let permitted = try CurveProver.prove(request).certificate
    _ = try CurveCertificateVerifier.verify(
      permitted, identity: fixture.identity, policy: assuming, trust: .init(setups: [fixture.setup.id]))
    for trust in [.init(setups: [fixture.setup.id]), .init(setups: [fixture.setup.id], permitsAssumption: true)]
      as [CurveCertificateVerifier.Trust]
    {
      #expect(throws: CurveCertificateError.otherPolicy) {
        _ = try CurveCertificateVerifier.verify(permitted, identity: fixture.identity, policy: policy, trust: trust)
      }
    }
    #expect(throws: CurveCertificateError.unknownSetup(id: fixture.setup.id)) {
      _ = try CurveCertificateVerifier.verify(permitted, identity: fixture.identity, policy: assuming, trust: .init())
    }
    request.policy = policy
    do throws(CurveProvingError) {
      _ = try CurveProver.prove(request)
      Issue.record("it was proved")
    } catch {
      guard case .certificate(.assumptionNotAllowed) = error else { throw error }
    }
    #expect(throws: CurveCertificateError.otherPolicy) {
      _ = try fixture.verify(certificate, try CurveModelFixture.policy(#"{"norm": {"relative": 0.2}}"#))
    }
    let base = try CurveModelFixture.model(fixture.folder, "base2.safetensors", drift: 0.5)
    let other = try CurveBaseCommitter.commit(
      base: base, identity: try BaseIdentity.compute(checkpoint: base), committer: try fixture.setup.committer(log: 8))
    #expect(throws: CurveCertificateError.otherBase) { _ = try fixture.verify(certificate, policy, identity: other) }
    // The rows of one setup, read under another whose τ the reader knows.
    let committer = CurveCommitter(secret: Fr(5), logLength: 8)
    let rebased = try CurveBaseCommitter.commit(
      base: fixture.base, identity: fixture.identity.base, committer: committer)
    #expect(throws: CurveCertificateError.setupMismatch) {
      _ = try fixture.verify(certificate, policy, identity: rebased)
    }
    let swapped = CurveIdentity(
      base: fixture.identity.base, key: committer.key, logLength: 8, blocks: fixture.identity.blocks)
    #expect(swapped.root != fixture.identity.root)
  }

  // MARK: Forged certificates

  /// The certificate with another manifest, its commitment made to fit.
  private func forged(
    _ bytes: [UInt8], _ policy: Policy, _ change: (inout CurveCertificate) -> Void
  ) throws -> [UInt8] {
    let fixture = try fixture()
    var certificate = try CurveCertificate(bytes)
    change(&certificate)
    let plan = try CurvePlan(identity: fixture.identity, policy: policy)
    if let blocks = try? CurveCertificate.blocks(
      certificate.manifest, plan: plan, base: fixture.identity.blocks, identity: fixture.identity)
    {
      certificate.tunedCommitment = CurveCertificate.commitment(
        baseRoot: certificate.baseRoot, manifest: certificate.manifest, blocks: blocks, setupID: certificate.setupID,
        logLength: certificate.logLength)
    }
    return certificate.bytes
  }

  @Test func aCertificateIsAboutItsRows() throws {
    let fixture = try fixture()
    let policy = try CurveModelFixture.policy(bias: #""any""#)
    let tuned = try CurveModelFixture.model(fixture.folder, "forged.safetensors", drift: 0.001)
    let bytes = try CurveProver.prove(fixture.request(tuned, policy)).certificate
    func expect(_ error: CurveCertificateError, _ change: (inout CurveCertificate) -> Void) throws {
      let changed = try forged(bytes, policy, change)
      #expect(throws: error) { _ = try fixture.verify(changed, policy) }
    }
    func rejected(_ change: (inout CurveCertificate) -> Void) throws {
      let changed = try forged(bytes, policy, change)
      do throws(CurveCertificateError) {
        _ = try fixture.verify(changed, policy)
        Issue.record("it was accepted")
      } catch {
        // All of it is absorbed before the first challenge.
        guard case .proof(.sumcheckFinal(stage: "A")) = error else { throw error }
      }
    }
    // A known drift added to the first row after the proof.
    try rejected { certificate in
      guard let point = try? G1(compressed: Array(certificate.manifest[1..<49])) else { return }
      let shifted = point + G1.generator.doubled()
      certificate.manifest.replaceSubrange(1..<49, with: shifted.compressed)
    }
    // Rows of a tensor swapped.
    try rejected { certificate in
      let first = Array(certificate.manifest[1..<49])
      certificate.manifest.replaceSubrange(1..<49, with: certificate.manifest[49..<97])
      certificate.manifest.replaceSubrange(49..<97, with: first)
    }
    // Of a tensor that nothing is proved of: still a part of what the proof is bound to, still a point.
    let free = 1 + 3 * 48 + 1 + 48 + 1
    try rejected { $0.manifest.replaceSubrange(free..<free + 48, with: G1.generator.compressed) }
    try expect(
      .proof(.invalidPoint(section: "rows of c.bias", index: 0, reason: .compressionFlag(expected: true)))
    ) { $0.manifest[free] = 0 }
    try expect(.proof(.invalidPoint(section: "tuned rows", index: 0, reason: .compressionFlag(expected: true)))) {
      $0.manifest[1] = 0
    }
    try expect(.wrongKind(name: "a.weight")) { $0.manifest[0] = CurvePlan.Kind.frozen.rawValue }
    try expect(.wrongKind(name: "c.bias")) { $0.manifest[free - 1] = 9 }
    try expect(.tunedRows(name: "a.weight", expected: 3, found: 2)) { $0.manifest = Array($0.manifest.prefix(98)) }
    try expect(.trailingBytes(count: 1)) { $0.manifest.append(0) }
    try expect(.proof(.trailingBytes(count: 1))) { $0.proof.append(0) }
    // Stated otherwise than it follows.
    var certificate = try CurveCertificate(bytes)
    certificate.tunedCommitment[0] ^= 1
    #expect(throws: CurveCertificateError.otherCommitment) { _ = try fixture.verify(certificate.bytes, policy) }
    certificate = try CurveCertificate(bytes)
    certificate.logLength = 9
    #expect(throws: CurveCertificateError.setupMismatch) { _ = try fixture.verify(certificate.bytes, policy) }
  }

  @Test func noBytesTrapTheVerifier() throws {
    let fixture = try fixture()
    let policy = try CurveModelFixture.policy()
    let tuned = try CurveModelFixture.model(fixture.folder, "bytes.safetensors", drift: 0.001)
    let bytes = try CurveProver.prove(fixture.request(tuned, policy)).certificate
    var random = SeededGenerator(seed: 8)
    for _ in 0..<60 {
      var changed = bytes
      changed[random.below(bytes.count)] ^= UInt8(1 + random.below(255))
      #expect(throws: CurveCertificateError.self) { _ = try fixture.verify(changed, policy) }
      #expect(throws: CurveCertificateError.self) {
        _ = try fixture.verify(Array(bytes.prefix(random.below(bytes.count))), policy)
      }
    }
    #expect(throws: CurveCertificateError.trailingBytes(count: 1)) { _ = try fixture.verify(bytes + [0], policy) }
    #expect(throws: CurveCertificateError.unsupportedVersion(99)) {
      _ = try fixture.verify(Array(bytes.prefix(8)) + [99, 0, 0, 0] + bytes.dropFirst(12), policy)
    }
    #expect(throws: CurveCertificateError.otherVersion(expected: 1, found: 2)) {
      _ = try fixture.verify(Array(bytes.prefix(8)) + [2, 0, 0, 0] + bytes.dropFirst(12), policy)
    }
    #expect(throws: CurveCertificateError.notACertificate) { _ = try fixture.verify([1, 2, 3], policy) }
  }
}
