// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofStatement
import DriftProofCheckpoint
import DriftProofCore
import DriftProofPolicy

/// The certificate that a link of a chain continues: its tuned model is the one from which the link's drift starts.
///
/// Nothing without weights can say that a checkpoint is the model of a tuned commitment, which hides it. So a link names
/// the commitment, and what is compared here is only what the parent's manifest shows: names, types and shapes.
public struct ParentCertificate: Sendable {
  /// The tuned commitment that the link names, 32 bytes.
  package let commitment: [UInt8]
  /// Every tensor of the parent's model, in name order.
  let tensors: [TunedTensor]

  /// Verifies the certificate, under the policy inside it.
  /// - Parameter identity: of the chain's base.
  /// - Throws: what the verifier throws; ``DriftProofError/identityMismatch(_:)`` for a certificate about another base.
  package init(_ certificate: [UInt8], identity: BaseIdentity) throws(DriftProofError) {
    let policy = try CertificateVerifier.embeddedPolicy(certificate)
    let checked = try CheckedCertificate(certificate, identity: identity, policy: policy)
    // W + BA is no checkpoint: a merge, from which the link would start, is another model within its rounding.
    guard !checked.manifest.isAdapter else {
      throw .operational(
        "the parent's certificate is about an unmerged adapter, whose model no checkpoint is; merge it, certify the merged "
          + "model, and name that certificate as the parent")
    }
    try checked.verifyProof()
    self.init(unverified: checked.certificate.tunedCommitment, tensors: checked.manifest.tuned)
  }

  /// The tuned commitment that a certificate states, 32 bytes; nothing about it is verified but that it fits its parts.
  public static func statedCommitment(_ certificate: [UInt8]) throws(DriftProofError) -> [UInt8] {
    let parsed: Certificate
    do throws(FormatError) {
      parsed = try Certificate.parse(certificate)
    } catch {
      throw .proofInvalid(.certificate(error))
    }
    let commitment = TunedCommitment.commitment(
      baseRoot: parsed.baseRoot, manifest: parsed.manifest, driftRoot: parsed.driftRoot, driftPins: parsed.driftPins)
    guard commitment == parsed.tunedCommitment else { throw .proofInvalid(.tunedCommitment) }
    return commitment
  }

  /// Any parent, also one that is none: for adversarial tests.
  package init(unverified commitment: [UInt8], tensors: [TunedTensor]) {
    self.commitment = commitment
    self.tensors = tensors
  }

  /// Whether a checkpoint can be the parent's model, and a link's tensors are the parent's.
  /// - Parameters:
  ///   - base: the checkpoint that is said to be the parent's model.
  ///   - tuned: the link's tensors, in name order.
  ///   - derived: the link's statement.
  /// - Throws: `identityMismatch` naming the first tensor that the parent's certificate has otherwise; `coverageGap`.
  package func check(base: Checkpoint, tuned: [TunedTensor], derived: DerivedStatement) throws(DriftProofError) {
    func mismatch(_ message: String) -> DriftProofError { .identityMismatch(.checkpoint(message)) }
    let found = base.manifestTensors
    for (mine, stated) in zip(found, tensors) where mine != stated {
      guard mine.name == stated.name else {
        throw mismatch(
          "the base on disk has tensor \(StrictJSON.shown(mine.name)) where the parent's certificate has "
            + "\(StrictJSON.shown(stated.name)); a link starts from the parent's tuned model")
      }
      throw mismatch(
        "tensor \(StrictJSON.shown(mine.name)) of the base on disk is \(mine.typeAndShape), in the parent's certificate "
          + "\(stated.typeAndShape); a link starts from the parent's tuned model")
    }
    guard found.count == tensors.count else {
      throw mismatch(
        "the base on disk has \(found.count) tensors, the parent's certificate \(tensors.count); a link starts from the "
          + "parent's tuned model")
    }
    if let claim = derived.claims.first(where: { $0.tensor.base != nil }) {
      let isRounding = claim.forms.contains { $0.roundingBound != nil }
      throw .coverageGap([isRounding ? .roundingInLink(rule: claim.rule) : .patternInLink(rule: claim.rule)])
    }
    let gaps = LinkCoverage.gaps(derived: derived, tuned: tuned, parent: tensors)
    guard gaps.isEmpty else { throw .coverageGap(gaps) }
  }
}

/// Compares a link's tensors with those of its parent's model.
///
/// The coverage check of a link compares with the chain's base. A tensor that the parent's policy excluded may have gone or
/// changed its shape on the way; a drift from there would mean nothing.
package enum LinkCoverage {
  /// Tensors that the link does not exclude and that the parent has not, or from which the link's cannot be measured; in name
  /// order. By the revised rules two floating types are one, and a tensor may have more rows than the parent's.
  package static func gaps(derived: DerivedStatement, tuned: [TunedTensor], parent: [TunedTensor]) -> [CoverageGap] {
    // By UTF-8 bytes, as everywhere.
    let before = Dictionary(parent.map { (Array($0.name.utf8), $0) }) { first, _ in first }
    return derived.coverage.compactMap { coverage in
      guard coverage.tensorClass != .excluded, let tensor = coverage.tunedIndex.map({ tuned[$0] }) else { return nil }
      let parent = before[Array(tensor.name.utf8)]
      if let parent, isMeasurable(tensor, coverage, from: parent, rules: derived.rules) { return nil }
      return .differsInParent(tensor: tensor.name, link: tensor.typeAndShape, parent: parent?.typeAndShape)
    }
  }

  private static func isMeasurable(
    _ tensor: TunedTensor, _ coverage: DerivedStatement.Coverage, from parent: TunedTensor, rules: StatementRules
  ) -> Bool {
    if tensor == parent { return true }
    guard rules != .original, tensor.change == .dense, parent.change == .dense, tensor.dtype.isFloating,
      parent.dtype.isFloating
    else { return false }
    if tensor.shape == parent.shape { return true }
    // What grew did so by the rule's leave, which counts from the chain's base; nothing frozen has grown.
    guard let growth = coverage.growth, let rows = parent.shape.first else {
      return false
    }
    return rows >= growth.from && Shape.addedRows(base: parent.shape, tuned: tensor.shape) != nil
  }
}

extension TunedTensor {
  /// For messages: `BF16 [512, 256]`.
  fileprivate var typeAndShape: String { "\(dtype.rawValue) \(shape)" }
}
