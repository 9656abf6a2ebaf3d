// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofCertificate
@testable import DriftProofProving
@testable import DriftProofPolicy
@testable import DriftProofStatement
import DriftProofArgument
import DriftProofArgumentProver
import DriftProofCheckpoint
import DriftProofCommitment
import TestSupport
import Testing

/// A manifest's version says which rules its statement follows, so nobody may change it, whether or not the rules differ
/// for the statement at hand.
@Suite struct RelabelledManifestTests {
  private func relabelled(_ manifest: DriftManifest) -> DriftManifest {
    DriftManifest(
      rules: manifest.rules == .original ? .revised : .original, parent: manifest.parent, code: manifest.code,
      rowCount: manifest.rowCount, layoutDigest: manifest.layoutDigest, entries: manifest.entries)
  }

  private func version(_ certificate: [UInt8]) throws -> UInt8 { try Certificate.parse(certificate).manifest[0] }

  /// - Parameter expected: what the other rules change; nil where they give the same statement, and only the binding tells.
  private func check(
    _ bytes: [UInt8], _ identity: BaseIdentity, _ policy: Policy, from: UInt8, to: UInt8, expected: InvalidProof? = nil,
    parent: ExpectedParent = .none
  ) throws {
    let old = try Certificate.parse(bytes)
    let manifest = relabelled(try DriftManifest.parse(old.manifest))
    func verify(_ certificate: Certificate) throws -> VerificationReport {
      try CertificateVerifier.verify(
        certificate: certificate.bytes, identity: identity, policy: policy, parent: parent)
    }
    _ = try verify(old)
    // The version alone: the manifest's bytes are inside the tuned commitment.
    let careless = Certificate(
      baseRoot: old.baseRoot, policyDigest: old.policyDigest, tunedCommitment: old.tunedCommitment,
      manifest: manifest.bytes, policy: old.policy, driftRoot: old.driftRoot, driftPins: old.driftPins,
      proof: old.proof)
    #expect((old.manifest[0], careless.manifest[0]) == (from, to))
    #expect(throws: DriftProofError.proofInvalid(.tunedCommitment)) { try verify(careless) }
    // With the commitment that belongs to it: another layout, or another binding, with which the transcript begins.
    let careful = Certificate(
      baseRoot: old.baseRoot, policy: policy, manifest: manifest, driftRoot: old.driftRoot, driftPins: old.driftPins,
      proof: old.proof)
    let error = #expect(throws: DriftProofError.self) { _ = try verify(careful) }
    switch error {
    case .proofInvalid(.argument)?: #expect(expected == nil)
    default: #expect(error == expected.map { .proofInvalid($0) })
    }
  }

  @Test func from4To2() throws {
    let fixture = try CertificateFixture.shared.get()
    try check(
      fixture.certificate.bytes, fixture.identity, fixture.policy, from: 4, to: 2)
  }

  @Test func from2To4() throws {
    let norm = try PinnedCertificate.norm.get()
    try check(norm.certificate, norm.identity, norm.policy, from: 2, to: 4)
    let adapter = try PinnedCertificate.adapter.get()
    try check(adapter.certificate, adapter.identity, adapter.policy, from: 2, to: 4)
    // Scales differ: the layout digest has them, and tensors of other scales share no tile.
    let classes = try PinnedCertificate.classes.get()
    try check(
      classes.certificate, classes.identity, classes.policy, from: 2, to: 4,
      expected: .rowCount(stated: 4, derived: 5))
    let heads = try PinnedCertificate.heads.get()
    try check(heads.certificate, heads.identity, heads.policy, from: 2, to: 4, expected: .layoutDigest)
  }

  /// A link as programs made them that knew the original rules alone.
  @Test func from3To5() throws {
    let fixture = try ChainFixture.shared.get()
    let (parent, policy) = (try fixture.commitment("second"), try fixture.policy("back"))
    let (base, tuned) = (fixture.checkpoints[2], fixture.checkpoints[3])
    let derived = try DerivedStatement.derive(
      identity: fixture.identity, tuned: tuned.manifestTensors, policy: policy, rules: .original)
    let code = try #require(try DriftManifest.parse(fixture.certificate("third").manifest).code)
    let committed = try DriftCommitment(
      derived: derived, parent: parent, code: code, base: base, tuned: tuned, secret: [UInt8](repeating: 3, count: 32))
    func certificate(_ proof: [UInt8]) -> Certificate {
      Certificate(
        baseRoot: fixture.identity.root, policy: policy, manifest: committed.manifest, driftRoot: committed.driftRoot,
        driftPins: committed.driftPins, proof: proof)
    }
    let tableau = try #require(committed.tableau)
    let proof = try ArgumentProver(
      statement: derived.statement(code: code, binding: certificate([]).binding), scheme: HashCommitment(code)
    ).prove(
      witness: ArgumentWitness(rows: tableau.rows, factors: [:], supports: [:]), drift: tableau.committed,
      secret: [UInt8](repeating: 4, count: 32))
    try check(
      certificate(proof.bytes).bytes, fixture.identity, policy, from: 3, to: 5, parent: .commitment(parent))
  }

  @Test func from5To3() throws {
    let fixture = try ChainFixture.shared.get()
    let link = try #require(fixture.certificates["third"])
    let (parent, policy) = (try fixture.commitment("second"), try fixture.policy("back"))
    try check(
      link, fixture.identity, policy, from: 5, to: 3, parent: .commitment(parent))
  }
}
