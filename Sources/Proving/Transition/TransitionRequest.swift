// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofCommitment
import DriftProofCommitmentProver
import DriftProofCore
import DriftProofPolicy
import DriftProofStatement
import DriftProofTransition

/// A commitment to a tuned model, whose sum of base and drift is to be proved beside a certificate.
package struct TransitionRequest: Sendable {
  package let target: TransitionTarget
  /// Of the commitment, as `commit` wrote it: every transition counts in it.
  package let openingPath: String

  package init(tableau: TunedTableau, openingPath: String) {
    self.init(.tableau(tableau), openingPath: openingPath)
  }

  package init(_ target: TransitionTarget, openingPath: String) {
    self.target = target
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
    guard let identity else { throw .coverageGap([.nothingToAlignWith]) }
    try target.requireBase(identity)
    guard let opening = try OpeningSession.existing(openingPath) else {
      throw .operational(
        "\(openingPath): there is no such opening; give the one that was written with the tuned model's tableau")
    }
    if case .nextBase(let next) = target {
      _ = try BaseOpening(openingPath, identity: next)
      return
    }
    guard opening.tunedCommitment == target.digest else {
      throw .operational("\(openingPath): this opening belongs to another commitment than the tuned model's tableau")
    }
  }

  /// Before there is anything to count: whether a next base's opening suffices for one more.
  /// - Throws: `operational`.
  func requireRoom(_ code: CodeParameters) throws(DriftProofError) {
    guard case .nextBase(let next) = target else { return }
    let opening = try BaseOpening(openingPath, identity: next)
    try DriftProofError.translating { try opening.requireRoom(code, proofs: 1, session: nil) }
  }

  /// The proof, verified.
  /// - Parameters:
  ///   - certificate: verified.
  ///   - identity: the base's.
  ///   - policy: of the certificate.
  ///   - drift: its tableau; nil where nothing changed.
  ///   - baseOpening: of a base that hides its weights; nil for a public one.
  ///   - linked: all trees of the base, where they have been made again; nil otherwise.
  ///   - cache: a folder with the leaves of the base's tableau; nil to compute them.
  /// - Throws: `identityMismatch` for a tableau of another model or of another number of proofs.
  func prove(
    _ model: TunedModel, certificate: [UInt8], identity: BaseIdentity, policy: Policy, drift: CommittedTableau?,
    baseOpening: BaseOpening?, linked: LinkedTrees?, cache: String?
  ) throws -> (bytes: [UInt8], report: TransitionReport) {
    let checked = try CheckedCertificate(certificate, identity: identity, policy: policy)
    let sum = try TransitionSum(of: target, certificate: checked, identity: identity)
    guard let drift, case .checkpoint(let tuned, let base) = model else {
      throw DriftProofError.identityMismatch(.transition(.noDrift))
    }
    let opening = try OpeningSession(path: openingPath)
    let own = try again(tuned, identity: identity, secret: opening.secret, code: sum.code)
    let linked =
      try linked
      ?? LinkedTrees(
        identity.linked?.baseTrees ?? [], identity: identity, base: base, code: sum.code, opening: baseOpening?.secret,
        cache: cache)
    // On disk before the proof exists.
    try baseOpening?.reserve(sum.code, session: nil)
    switch target {
    case .tableau(let tableau):
      _ = try opening.reserve(
        commitment: tableau.digest, budget: sum.code.driftTail, positions: sum.code.queries, session: nil)
    case .nextBase(let next): try BaseOpening(openingPath, identity: next).reserve(sum.code, session: nil)
    }
    var message = Array("driftproof/transition secret/v1".utf8)
    message += checked.certificate.tunedCommitment + SystemRandom.bytes(SHA256.digestLength)
    let transition = try TransitionProver.prove(
      sum, trees: .init(drift: drift, tuned: own, base: linked.committed),
      secret: SHA256.authenticate(key: opening.secret, message: message))
    let bytes = transition.bytes
    let report = try TransitionVerifier.verify(
      transition: bytes, of: target, certificate: checked, identity: identity)
    return (bytes, report)
  }

  /// The commitment, made again from the tuned model.
  private func again(
    _ tuned: Checkpoint, identity: BaseIdentity, secret: [UInt8], code: CodeParameters
  ) throws -> [CommittedTableau] {
    let isSame: Bool
    let trees: [CommittedTableau]
    switch target {
    case .tableau(let tableau):
      let own = try TunedTableauCommitter(tuned, identity: identity, secret: secret, code: code)
      (isSame, trees) = (own.tableau == tableau, [own.committed])
    case .nextBase(let next):
      let own = try NextBaseCommitter(tuned, base: identity, secret: secret, tail: target.nextTail)
      (isSame, trees) = (own.identity == next, own.committed)
    }
    guard isSame else {
      throw DriftProofError.identityMismatch(
        .checkpoint(
          "\(tuned.path) is not the model of the \(target.isNextBase ? "next base" : "tuned tableau"), or the opening is not "
            + "its own; commit to it anew"))
    }
    return trees
  }
}
