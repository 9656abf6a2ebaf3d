// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofAdapter
@testable import DriftProofArgumentProver
@testable import DriftProofCertificate
@testable import DriftProofDrift
@testable import DriftProofStatement
import DriftProofArgument
import DriftProofCheckpoint
import DriftProofCommitment
import DriftProofCore
import DriftProofPolicy
import Testing
import DriftProofTranscript

/// What an honest prover of an adapter has before it commits.
struct ForgedParts {
  var tensors: [TunedTensor]
  var factors: [String: FactorMatrix]
}

/// Makes certificates of adapters that no honest prover would make.
protocol AdapterForging {
  var fixture: AdapterFixture { get }
  var identity: BaseIdentity { get }
}

extension AdapterForging {
  func parts(_ policy: Policy) throws -> ForgedParts {
    let model = try AdapterModel(
      fixture.adapter.open("adapter", in: fixture.folder), identity: identity, policy: policy)
    let derived = try DerivedStatement.derive(identity: identity, tuned: model.tensors, policy: policy)
    return ForgedParts(tensors: model.tensors, factors: try model.factors(derived))
  }

  /// A certificate about any factors, by a prover that refuses nothing.
  func forge(_ policy: Policy, _ parts: ForgedParts) throws -> [UInt8] {
    let derived = try DerivedStatement.derive(identity: identity, tuned: parts.tensors, policy: policy)
    let code = try CodeSelection.choose(tensors: derived.tensors)
    let plan = TableauPlan(tensors: derived.tensors, logLength: code.logLength)
    let rows = try CheckpointRows(
      plan: plan, tensors: derived.tensors, pair: nil, factors: parts.factors)
    let scheme = HashCommitment(code)
    let outline = derived.statement(code: code, binding: [])
    let drift = try DriftCommitter(statement: outline, scheme: scheme).commit(
      rows: rows, secret: [UInt8](repeating: 9, count: 32))
    let digested = Set(derived.coverage.filter(\.hasByteDigest).map(\.name))
    let manifest = DriftManifest(
      rules: derived.rules, code: code, rowCount: plan.rowCount, layoutDigest: outline.layoutDigest,
      entries: parts.tensors.map {
        .init(tensor: $0, byteDigest: digested.contains($0.name) ? SHA256.hash([1]) : nil)
      })
    func certificate(_ proof: [UInt8]) -> Certificate {
      Certificate(
        baseRoot: identity.root, policy: policy, manifest: manifest, driftRoot: drift.root,
        driftPins: drift.pins?.bytes ?? [], proof: proof)
    }
    let statement = derived.statement(code: code, binding: certificate([]).binding)
    let proof = try ArgumentProver(statement: statement, scheme: scheme).prove(
      witness: ArgumentWitness(rows: rows, factors: [:], supports: [:]), drift: drift,
      secret: [UInt8](repeating: 4, count: 32), deviation: UnrefusingProver())
    return certificate(proof.bytes).bytes
  }

  func verify(_ bytes: [UInt8], _ policy: Policy) throws(DriftProofError) -> VerificationReport {
    try CertificateVerifier.verify(certificate: bytes, identity: identity, policy: policy)
  }

  func rejection(_ bytes: [UInt8], _ policy: Policy) -> InvalidProof? {
    do {
      _ = try verify(bytes, policy)
      return nil
    } catch {
      if case .proofInvalid(let why) = error { return why }
      Issue.record("\(error)")
      return nil
    }
  }

  /// Rejected for its rows' number or for what they mean.
  func expectOtherLayout(_ bytes: [UInt8], _ policy: Policy, line: Int = #line) {
    switch rejection(bytes, policy) {
    case .layoutDigest?, .rowCount?: break
    case let other: Issue.record("line \(line): \(String(describing: other))")
    }
  }

  /// The certificate with another manifest and, as a cheat would, a commitment to it.
  func certificate(
    _ bytes: [UInt8], _ policy: Policy, _ change: (inout [DriftManifest.Entry]) -> Void
  ) throws -> [UInt8] {
    let honest = try Certificate.parse(bytes)
    let manifest = try DriftManifest.parse(honest.manifest)
    var entries = manifest.entries
    change(&entries)
    let forged = DriftManifest(
      rules: manifest.rules, code: manifest.code, rowCount: manifest.rowCount, layoutDigest: manifest.layoutDigest,
      entries: entries)
    return Certificate(
      baseRoot: honest.baseRoot, policy: policy, manifest: forged, driftRoot: honest.driftRoot,
      driftPins: honest.driftPins, proof: honest.proof
    ).bytes
  }

  func changing(
    _ name: String, to change: TensorChange, digest: Bool = true
  ) -> (inout [DriftManifest.Entry]) -> Void {
    { entries in
      entries = entries.map { entry in
        guard entry.tensor.name == name else { return entry }
        let tensor = TunedTensor(
          name: name, dtype: entry.tensor.dtype, shape: entry.tensor.shape, change: change)
        return .init(tensor: tensor, byteDigest: digest ? entry.byteDigest ?? SHA256.hash([2]) : nil)
      }
    }
  }
}
