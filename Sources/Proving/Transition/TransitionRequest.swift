// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofCommitmentProver
import DriftProofCore
import DriftProofPolicy
import DriftProofStatement
import DriftProofTransition

/// A tuned model's tableau, whose sum of base and drift is to be proved beside a certificate.
package struct TransitionRequest: Sendable {
  package let tableau: TunedTableau
  /// Of the tableau, as `commit` wrote it: every transition counts in it.
  package let openingPath: String

  package init(tableau: TunedTableau, openingPath: String) {
    self.tableau = tableau
    self.openingPath = openingPath
  }

  /// What can be said before any weight is read.
  /// - Parameters:
  ///   - identity: the base's.
  ///   - isLink: the drift starts from a parent's model.
  /// - Throws: `identityMismatch`, `coverageGap` or `operational`.
  func check(_ model: TunedModel, identity: BaseIdentity?, isLink: Bool) throws(DriftProofError) {
    guard case .checkpoint = model else {
      throw .operational("a transition is about a whole tuned model; merge the adapter and prove the merged model")
    }
    guard !isLink else {
      throw .operational(
        "a link of a chain starts from its parent's model, and the tableau from the chain's base; prove a transition from the base"
      )
    }
    guard let root = identity?.linkedRoot else { throw .coverageGap([.nothingToAlignWith]) }
    guard tableau.baseRoot == root else {
      throw .identityMismatch(
        .transition(.tableauBase(tableau: tableau.baseRoot.hexadecimal, given: root.hexadecimal)))
    }
    guard let opening = try OpeningSession.existing(openingPath) else {
      throw .operational(
        "\(openingPath): there is no such opening; give the one that was written with the tuned model's tableau")
    }
    guard opening.tunedCommitment == tableau.digest else {
      throw .operational("\(openingPath): this opening belongs to another commitment than the tuned model's tableau")
    }
  }

  /// The proof, verified.
  /// - Parameters:
  ///   - certificate: verified.
  ///   - identity: the base's.
  ///   - policy: of the certificate.
  ///   - drift: its tableau; nil where nothing changed.
  ///   - baseOpening: of a base that hides its weights; nil for a public one.
  ///   - cache: a folder with the leaves of the base's tableau; nil to compute them.
  /// - Throws: `identityMismatch` for a tableau of another model or of another number of proofs.
  func prove(
    _ model: TunedModel, certificate: [UInt8], identity: BaseIdentity, policy: Policy, drift: CommittedTableau?,
    baseOpening: BaseOpening?, cache: String?
  ) throws -> (bytes: [UInt8], report: TransitionReport) {
    let checked = try CheckedCertificate(certificate, identity: identity, policy: policy)
    let sum = try TransitionSum(tableau: tableau, certificate: checked, identity: identity)
    guard let drift, case .checkpoint(let tuned, let base) = model else {
      throw DriftProofError.identityMismatch(.transition(.noDrift))
    }
    let opening = try OpeningSession(path: openingPath)
    let own = try TunedTableauCommitter(tuned, identity: identity, secret: opening.secret, code: sum.code)
    guard own.tableau == tableau else {
      throw DriftProofError.identityMismatch(
        .checkpoint(
          "\(tuned.path) is not the model of the tuned tableau, or the opening is not the tableau's; commit to it anew")
      )
    }
    let trees = sum.layout.trees.map { BaseTree(number: $0.number, rows: $0.rows, root: $0.root, pins: $0.pins) }
    let linked = try LinkedTrees(
      trees, identity: identity, base: base, code: sum.code, opening: baseOpening?.secret, cache: cache)
    // On disk before the proof exists.
    try baseOpening?.reserve(sum.code, session: nil)
    _ = try opening.reserve(
      commitment: tableau.digest, budget: sum.code.driftTail, positions: sum.code.queries, session: nil)
    var message = Array("driftproof/transition secret/v1".utf8)
    message += checked.certificate.tunedCommitment + SystemRandom.bytes(SHA256.digestLength)
    let transition = try TransitionProver.prove(
      sum, trees: .init(drift: drift, tuned: own.committed, base: linked.committed),
      secret: SHA256.authenticate(key: opening.secret, message: message))
    let bytes = transition.bytes
    let report = try TransitionVerifier.verify(
      transition: bytes, tableau: tableau, certificate: checked, identity: identity)
    return (bytes, report)
  }
}
