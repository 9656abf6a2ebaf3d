// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofCertificate
@testable import DriftProofStatement
import DriftProofArgument
import DriftProofArgumentProver
import DriftProofCheckpoint
import DriftProofCommitment
import DriftProofCore
import DriftProofCommitmentProver
import DriftProofPolicy
import DriftProofKernels
import DriftProofTranscript

/// An honest certificate about a one-entry drift under norm clauses, made once, with the parts to forge others from.
struct CertificateFixture: Sendable {
  let identity: BaseIdentity
  let policy: Policy
  let tuned: [TunedTensor]
  let derived: DerivedStatement
  let manifest: DriftManifest
  let certificate: Certificate

  static let shared = Result { try CertificateFixture() }

  struct Rows: TableauRows {
    let rowCount: Int
    /// The unit drift at this position of row 0.
    let position: Int

    func message(_ row: Int) throws -> RowMessage {
      guard row == 0 else { return .zero }
      var entries = [Int32](repeating: 0, count: position + 1)
      entries[position] = 3
      return .narrow(entries)
    }
  }

  init() throws {
    let base = try StatementFixture()
    identity = base.identity
    tuned = base.tuned
    policy = try StatementFixture.policy(
      [
        StatementFixture.rule("a.weight", #"{"norm": {"absolute": 0.5}}"#), StatementFixture.rule("counter", #""any""#),
        StatementFixture.frozenRest,
      ].joined(separator: ","))
    derived = try DerivedStatement.derive(identity: identity, tuned: tuned, policy: policy)
    let code = try CodeSelection.choose(tensors: derived.tensors)
    let plan = TableauPlan(tensors: derived.tensors, logLength: code.logLength)
    manifest = DriftManifest(
      code: code, rowCount: plan.rowCount, layoutDigest: derived.statement(code: code, binding: []).layoutDigest,
      entries: Self.entries(tuned, derived))
    let secret = [UInt8](repeating: 9, count: 32)
    let rows = Rows(rowCount: plan.rowCount, position: plan.regions(ofRow: 0)[0].positions.lowerBound)
    let scheme = HashCommitment(code)
    // The root comes first; the binding names it.
    let drift = try DriftCommitter(statement: derived.statement(code: code, binding: []), scheme: scheme)
      .commit(rows: rows, secret: secret)
    let frame = Certificate(
      baseRoot: identity.root, policy: policy, manifest: manifest, driftRoot: drift.root,
      driftPins: drift.pins?.bytes ?? [], proof: [])
    let prover = try ArgumentProver(statement: derived.statement(code: code, binding: frame.binding), scheme: scheme)
    let proof = try prover.prove(
      witness: ArgumentWitness(rows: rows, factors: [:], supports: [:]), drift: drift,
      secret: [UInt8](repeating: 5, count: 32))
    certificate = Certificate(
      baseRoot: identity.root, policy: policy, manifest: manifest, driftRoot: drift.root,
      driftPins: drift.pins?.bytes ?? [], proof: proof.bytes)
  }

  static func entries(_ tuned: [TunedTensor], _ derived: DerivedStatement) -> [DriftManifest.Entry] {
    let digested = Set(derived.coverage.filter(\.hasByteDigest).map(\.name))
    return tuned.map { tensor in
      let salt = ByteDigest.salt(secret: [1, 2, 3], tensor: tensor.name)
      let digest = ByteDigest.digest(salt: salt, tensor: tensor, sha256: SHA256.hash([1]))
      return DriftManifest.Entry(tensor: tensor, byteDigest: digested.contains(tensor.name) ? digest : nil)
    }
  }

  /// The certificate with another manifest, its commitment recomputed: what a cheating prover would send.
  func certificate(
    _ manifest: DriftManifest, driftRoot: [UInt8]? = nil, driftPins: [UInt8]? = nil, proof: [UInt8]? = nil
  )
    -> Certificate
  {
    Certificate(
      baseRoot: certificate.baseRoot, policy: policy, manifest: manifest, driftRoot: driftRoot ?? certificate.driftRoot,
      driftPins: driftPins ?? certificate.driftPins, proof: proof ?? certificate.proof)
  }

  func verify(_ bytes: [UInt8]) throws(DriftProofError) -> VerificationReport {
    try CertificateVerifier.verify(certificate: bytes, identity: identity, policy: policy)
  }
}
