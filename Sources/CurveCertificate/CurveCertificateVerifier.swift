// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCurve
import DriftProofCurveArgument
import DriftProofCurveCommitment
import DriftProofPolicy

/// Verifies certificates of the curve backend: no weights, no prover.
package enum CurveCertificateVerifier {
  /// What the verifier takes on trust.
  package struct Trust: Sendable {
    /// Ids of setups that the caller names, besides those that the program knows.
    package var setups: [[UInt8]] = []
    /// Whether assumptions about BLS12-381 may stand beside the statistical soundness, also where the policy does not say so.
    package var permitsAssumption = false

    package init(setups: [[UInt8]] = [], permitsAssumption: Bool = false) {
      self.setups = setups
      self.permitsAssumption = permitsAssumption
    }
  }

  /// A tuned model as verified certificates commit to it: what a link's drift starts from.
  package struct Model: Sendable {
    /// The tuned commitment.
    package let commitment: [UInt8]
    /// In the order of the base's tensors: rows and digests that the certificate stores, or the nearest of its ancestors that
    /// does, or the identity.
    package let blocks: [CurveBlock]

    package init(commitment: [UInt8], blocks: [CurveBlock]) {
      self.commitment = commitment
      self.blocks = blocks
    }
  }

  /// What a verified certificate says.
  package struct Report: Sendable {
    package let tunedCommitment: [UInt8]
    /// Of a link: the commitment of the model from which its drift starts.
    package let parent: [UInt8]?
    package let model: Model
    package let baseRoot: [UInt8]
    package let policyName: String
    package let setupID: [UInt8]
    /// Of a setup that the program knows.
    package let known: KnownCurveSetup?
    package let logLength: Int
    package let kinds: [CurvePlan.Kind]
    /// Clauses that restrict nothing.
    package let vacuous: [VacuousClause]
    package let terms: [CurveSoundness.Term]
    package let certificateBytes: Int
    package let proofBytes: Int

    /// The least of the terms.
    package var statisticalBits: Double { terms.map(\.bits).min() ?? 0 }
  }

  /// - Parameter parent: of a link, the model that its parent's certificate, verified before, commits to; nil for one that starts
  ///   from the base.
  /// - Throws: the first check that fails, in this order: form; setup, base, parent and policy; trust; statement and version; rows;
  ///   commitment; proof.
  package static func verify(
    _ bytes: [UInt8], identity: CurveIdentity, policy: Policy, trust: Trust, parent: Model? = nil
  ) throws(CurveCertificateError) -> Report {
    let certificate = try CurveCertificate(bytes)
    guard certificate.setupID == identity.key.id, certificate.logLength == identity.logLength else {
      throw .setupMismatch
    }
    let baseRoot = identity.root
    guard certificate.baseRoot == baseRoot else { throw .otherBase }
    if let named = certificate.parent, parent == nil { throw .linkAlone(parent: named) }
    guard certificate.parent == parent?.commitment else { throw .otherParent }
    guard certificate.policy == policy.canonicalBytes() else { throw .otherPolicy }
    let known = KnownCurveSetup.with(id: certificate.setupID)
    guard known != nil || trust.setups.contains(certificate.setupID) else {
      throw .unknownSetup(id: certificate.setupID)
    }
    // The verifier's own text, which the certificate's equals, or the verifier's word for this once.
    guard policy.assumption == .bls12381 || trust.permitsAssumption else { throw .assumptionNotAllowed }
    let plan = try CurvePlan(identity: identity, policy: policy)
    let version = CurveCertificate.version(of: plan.statement, parent: certificate.parent)
    guard certificate.version == version else {
      throw .otherVersion(expected: version, found: certificate.version)
    }
    // The nearest ancestor's rows, not the identity's, which a link above may have left behind.
    let base = parent?.blocks ?? identity.blocks
    let blocks = try CurveCertificate.blocks(certificate.manifest, plan: plan, base: base, identity: identity)
    let commitment = CurveCertificate.commitment(
      baseRoot: baseRoot, parent: certificate.parent, manifest: certificate.manifest, blocks: blocks,
      setupID: certificate.setupID, logLength: certificate.logLength)
    guard certificate.tunedCommitment == commitment else { throw .otherCommitment }
    let binding = CurveCertificate.binding(
      baseRoot: baseRoot, parent: certificate.parent, policy: certificate.policy, commitment: commitment)
    do throws(CurveProofRejection) {
      let verifier = try CurveArgumentVerifier(statement: plan.statement(binding: binding))
      let terms = verifier.soundness
      let bits = terms.map(\.bits).min() ?? 0
      guard bits >= Double(policy.securityBits) else {
        throw CurveProofRejection.unsupported("it gives \(bits) bits, \(policy.securityBits) are required")
      }
      for (index, kind) in plan.kinds.enumerated() where kind == .free {
        _ = try CurveVerifierChannel.points(points(blocks[index]), section: "rows of \(blocks[index].name)")
      }
      try verifier.verify(
        certificate.proof, base: try rows(base, plan, "base rows"),
        tuned: try rows(blocks, plan, "tuned rows"),
        key: identity.key, isKeyChecked: identity.isKeyChecked)
      return Report(
        tunedCommitment: commitment, parent: certificate.parent, model: Model(commitment: commitment, blocks: blocks),
        baseRoot: baseRoot, policyName: policy.name, setupID: certificate.setupID,
        known: known, logLength: certificate.logLength, kinds: plan.kinds, vacuous: plan.vacuous, terms: terms,
        certificateBytes: bytes.count, proofBytes: certificate.proof.count)
    } catch { throw .proof(error) }
  }

  private static func points(_ block: CurveBlock) -> [UInt8] {
    if case .rows(let points) = block.content { points } else { [] }
  }

  /// The rows of all bounded tensors, each point checked by itself.
  package static func rows(
    _ blocks: [CurveBlock], _ plan: CurvePlan, _ section: String
  ) throws(CurveProofRejection) -> CurvePoints {
    try CurvePoints(encoded: plan.bounded.flatMap { points(blocks[$0]) }, section: section)
  }
}
