// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofCertificate
@testable import DriftProofStatement
import DriftProofArgument
import DriftProofCheckpoint
import DriftProofCommitment
import DriftProofCore
import DriftProofPolicy
import TestSupport
import Testing
import DriftProofTranscript

struct CertificateVerifierTests {
  let fixture: CertificateFixture

  init() throws { fixture = try CertificateFixture.shared.get() }

  @Test func honestCertificate() throws {
    let report = try fixture.verify(fixture.certificate.bytes)
    #expect(report.policyName == "test" && report.baseIdentity == fixture.identity.rootHex)
    #expect(report.tensors.norm == 1 && report.tensors.excluded == 1 && report.tensors.frozen == 6)
    #expect(report.excluded == ["counter"])
    #expect(report.securityBits >= 128 && report.soundness.allSatisfy { $0.bits >= 128 })
    #expect(report.certifiedParameters == 4096)
    #expect(report.proofBytes == fixture.certificate.proof.count)
    #expect(report.precision.tensorsByFractionBits.count == 1)
    let files = try CertificateVerifier.verify(
      certificate: fixture.certificate.bytes, identityFile: fixture.identity.jsonBytes(),
      policyFile: Array(
        """
        {"driftPolicy": 1, "name": "test", "securityBits": 128, "rules": [
        {"tensors": "a.weight", "allow": {"norm": {"absolute": 0.5}}}, {"tensors": "counter", "allow": "any"},
        {"tensors": "*", "allow": "frozen"}]}
        """.utf8))
    #expect(files.tunedCommitment == report.tunedCommitment)
  }

  /// The prover chooses its code by this estimate.
  @Test func estimateOfProofBytes() throws {
    let code = try #require(fixture.manifest.code)
    let estimate = try #require(
      CodeSelection.estimate(
        fixture.derived.tensors, logLength: code.logLength, logBlowup: code.logBlowup, proofs: 2))
    let ratio = Double(estimate.proofBytes) / Double(fixture.certificate.proof.count)
    #expect((0.97...1.03).contains(ratio), "\(estimate.proofBytes) for \(fixture.certificate.proof.count)")
  }

  /// Why these bytes are rejected; nil if they are not.
  private func rejection(_ bytes: [UInt8]) -> DriftProofError? {
    do {
      _ = try fixture.verify(bytes)
      return nil
    } catch {
      return error
    }
  }

  private func expect(_ expected: InvalidProof, _ certificate: Certificate) {
    #expect(throws: DriftProofError.proofInvalid(expected)) { try fixture.verify(certificate.bytes) }
  }

  private func manifest(
    code: CodeParameters? = nil, rowCount: Int? = nil, layoutDigest: [UInt8]? = nil,
    entries: [DriftManifest.Entry]? = nil
  ) -> DriftManifest {
    DriftManifest(
      code: code ?? fixture.manifest.code, rowCount: rowCount ?? fixture.manifest.rowCount,
      layoutDigest: layoutDigest ?? fixture.manifest.layoutDigest, entries: entries ?? fixture.manifest.entries)
  }

  @Test func otherBaseOrPolicy() throws {
    let good = fixture.certificate
    let other = try StatementFixture.policy(StatementFixture.rule("*", #"{"norm": {"absolute": 1}}"#))
    let error = #expect(throws: DriftProofError.self) {
      try CertificateVerifier.verify(certificate: good.bytes, identity: fixture.identity, policy: other)
    }
    #expect(error?.exitCode == 12)
    let forged = Certificate(
      baseRoot: SHA256.hash([0]), policyDigest: good.policyDigest, tunedCommitment: good.tunedCommitment,
      manifest: good.manifest, policy: good.policy, driftRoot: good.driftRoot, driftPins: good.driftPins,
      proof: good.proof)
    #expect(rejection(forged.bytes)?.exitCode == 12)
  }

  @Test func forgedManifests() throws {
    let code = try #require(fixture.manifest.code)
    expect(.rowCount(stated: 2, derived: 1), fixture.certificate(manifest(rowCount: 2)))
    let weak = try CodeParameters(
      logLength: code.logLength, logBlowup: code.logBlowup, queries: code.queries - 1, grindingBits: code.grindingBits,
      driftTail: code.driftTail)
    let error = #expect(throws: DriftProofError.self) {
      try fixture.verify(fixture.certificate(manifest(code: weak)).bytes)
    }
    guard case .proofInvalid(.argument(.insufficientSecurity)) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    // A stronger code than the commitment's: nothing of the proof fits.
    let other = try CodeParameters(
      logLength: code.logLength, logBlowup: code.logBlowup, queries: code.queries + 1, grindingBits: code.grindingBits,
      driftTail: code.driftTail)
    #expect(rejection(fixture.certificate(manifest(code: other)).bytes)?.exitCode == 11)
    var entries = fixture.manifest.entries
    entries[0] = .init(tensor: entries[0].tensor, byteDigest: nil)
    expect(.byteDigest(tensor: "\"a.weight\"", isMissing: true), fixture.certificate(manifest(entries: entries)))
    entries = fixture.manifest.entries
    entries[1] = .init(tensor: entries[1].tensor, byteDigest: SHA256.hash([2]))
    expect(.byteDigest(tensor: "\"b.bias\"", isMissing: false), fixture.certificate(manifest(entries: entries)))
    entries = fixture.manifest.entries
    entries[0] = .init(tensor: entries[0].tensor, byteDigest: SHA256.hash([2]))
    #expect(rejection(fixture.certificate(manifest(entries: entries)).bytes)?.exitCode == 11)
    entries.remove(at: 1)
    #expect(rejection(fixture.certificate(manifest(entries: entries)).bytes)?.exitCode == 13)
  }

  /// A certificate chooses l. Rows that are too short for an honest base are its fault, not the caller's.
  @Test func tooShortRowsAreTheCertificatesFault() throws {
    let shape = [1 << 16, 1 << 15]
    let square = UInt128(1) << 71
    let leaf = BaseIdentity.Leaf(
      name: "a.weight", dtype: .f32, shape: shape,
      statistics: TensorStatistics(fractionBits: 20, sumOfSquares: square, maxAbs: 1 << 21, sha256: SHA256.hash([1])))
    let identity = BaseIdentity(sorted: [leaf])
    let policy = try StatementFixture.policy(StatementFixture.rule("*", #"{"norm": {"absolute": 1}}"#))
    let code = try CodeParameters(logLength: 14, logBlowup: 3, queries: 140, grindingBits: 20, driftTail: 280)
    let entry = DriftManifest.Entry(
      tensor: TunedTensor(name: leaf.name, dtype: leaf.dtype, shape: shape), byteDigest: SHA256.hash([2]))
    let forged = Certificate(
      baseRoot: identity.root, policy: policy,
      manifest: DriftManifest(code: code, rowCount: 1 << 17, entries: [entry]), driftRoot: SHA256.hash([3]),
      driftPins: [], proof: [])
    #expect(throws: DriftProofError.proofInvalid(.rowsTooShort(logLength: 14))) {
      try CertificateVerifier.verify(certificate: forged.bytes, identity: identity, policy: policy)
    }
    #expect(DriftProofError.proofInvalid(.rowsTooShort(logLength: 14)).exitCode == 11)
    // With the longest rows there is room for every statement.
    let cells = TableauTensor(
      name: "a", rows: 1 << 20, columns: 1 << 21, fractionBits: 0, isPlain: true, plainBound: nil, clauses: [])
    #expect(StatementLimits.hasFewRows([cells], logLength: CodeParameters.logLengthRange.upperBound))
  }

  /// A manifest that is read, but that no prover would make: also the certificate's fault.
  @Test func aManifestAtTheLimitIsTheCertificatesFault() throws {
    let limit = StatementLimits.maximumManifestBytes
    let name = "z" + String(repeating: "a", count: limit - 160)
    let entry = DriftManifest.Entry(tensor: TunedTensor(name: name, dtype: .f32, shape: []), byteDigest: nil)
    let forged = fixture.certificate(manifest(entries: [entry]))
    #expect(forged.manifest.count <= limit)
    guard case .proofInvalid(.manifest(.tooMany)) = rejection(forged.bytes) else {
      Issue.record("\(String(describing: rejection(forged.bytes)))")
      return
    }
  }

  @Test func forgedRootAndCommitment() throws {
    let good = fixture.certificate
    let root = fixture.certificate(fixture.manifest, driftRoot: SHA256.hash([3]))
    #expect(rejection(root.bytes)?.exitCode == 11)
    expect(
      .tunedCommitment,
      Certificate(
        baseRoot: good.baseRoot, policyDigest: good.policyDigest, tunedCommitment: SHA256.hash([4]),
        manifest: good.manifest, policy: good.policy, driftRoot: good.driftRoot, driftPins: good.driftPins,
        proof: good.proof))
    expect(
      .policyBytes,
      Certificate(
        baseRoot: good.baseRoot, policyDigest: good.policyDigest, tunedCommitment: good.tunedCommitment,
        manifest: good.manifest, policy: good.policy + [0], driftRoot: good.driftRoot, driftPins: good.driftPins,
        proof: good.proof))
    expect(.layoutDigest, fixture.certificate(manifest(layoutDigest: SHA256.hash([3]))))
    let empty = DriftManifest(code: nil, rowCount: 0, entries: fixture.manifest.entries)
    expect(.emptyTableau, fixture.certificate(empty))
    // All that an empty tableau has, where the policy leaves something to prove.
    expect(
      .emptyTableau,
      Certificate(
        baseRoot: good.baseRoot, policy: fixture.policy, manifest: empty, driftRoot: nil, driftPins: [], proof: []))
    #expect(
      rejection(fixture.certificate(fixture.manifest, proof: good.proof + [0]).bytes)
        == .proofInvalid(.argument(.trailingBytes(count: 1))))
  }

  @Test func forgedPins() throws {
    let pins = fixture.certificate.driftPins
    #expect(pins.count == 24)
    for wrong in [[], pins + pins, Array(pins.dropLast()), [UInt8](repeating: 0xFF, count: 24)] {
      expect(.driftPins, fixture.certificate(fixture.manifest, driftPins: wrong))
    }
    // Another pin is another commitment, which the proof is not about.
    var changed = pins
    changed[0] ^= 1
    #expect(
      rejection(fixture.certificate(fixture.manifest, driftPins: changed).bytes)
        == .proofInvalid(.argument(.sumcheckFinal(stage: "A"))))
  }

  @Test func emptyTableau() throws {
    let policy = try StatementFixture.policy(
      StatementFixture.rule("counter", #""any""#) + "," + StatementFixture.frozenRest)
    let derived = try DerivedStatement.derive(identity: fixture.identity, tuned: fixture.tuned, policy: policy)
    let manifest = DriftManifest(
      code: nil, rowCount: 0, entries: CertificateFixture.entries(fixture.tuned, derived))
    func certificate(
      _ root: [UInt8]?, _ proof: [UInt8], _ manifest: DriftManifest, pins: [UInt8] = []
    ) -> [UInt8] {
      Certificate(
        baseRoot: fixture.identity.root, policy: policy, manifest: manifest,
        driftRoot: root, driftPins: pins, proof: proof
      ).bytes
    }
    let bytes = certificate(nil, [], manifest)
    let report = try CertificateVerifier.verify(certificate: bytes, identity: fixture.identity, policy: policy)
    #expect(report.tensors.frozen == 7 && report.proofBytes == 0 && report.code == nil)
    for forged in [
      certificate(SHA256.hash([1]), [], manifest), certificate(nil, [1], manifest),
      certificate(nil, [], manifest, pins: [1]),
      certificate(nil, [], DriftManifest(code: fixture.manifest.code, rowCount: 1, entries: manifest.entries)),
    ] {
      #expect(throws: DriftProofError.proofInvalid(.emptyTableau)) {
        try CertificateVerifier.verify(certificate: forged, identity: fixture.identity, policy: policy)
      }
    }
    // Without a proof the stated commitment alone protects the bytes.
    for index in bytes.indices {
      var changed = bytes
      changed[index] ^= 1 << UInt8(index % 8)
      #expect(throws: DriftProofError.self) {
        try CertificateVerifier.verify(certificate: changed, identity: fixture.identity, policy: policy)
      }
    }
  }

  @Test func mutationsAreRejected() throws {
    var generator = SeededGenerator(seed: 7)
    let good = fixture.certificate.bytes
    let head = good.count - fixture.certificate.proof.count
    for round in 0..<240 {
      var bytes = good
      // Mostly the parts before the proof; the argument's own tests mutate proofs.
      let limit = round % 4 == 0 ? bytes.count : head
      switch round % 5 {
      case 0: bytes.removeLast(Int.random(in: 1...bytes.count, using: &generator))
      case 1: bytes.append(UInt8.random(in: 0...255, using: &generator))
      case 2: bytes.remove(at: Int.random(in: 0..<limit, using: &generator))
      default: bytes[Int.random(in: 0..<limit, using: &generator)] ^= UInt8.random(in: 1...255, using: &generator)
      }
      #expect(throws: DriftProofError.self) { try fixture.verify(bytes) }
    }
  }
}
