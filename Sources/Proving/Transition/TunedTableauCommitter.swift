// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofCommitment
import DriftProofCommitmentProver
import DriftProofCore
import DriftProofStatement
import DriftProofTransition

/// Commits to a tuned model's weights beside its base's: C_ft of the paper (docs/protocol.md, section 13).
package struct TunedTableauCommitter {
  package let tableau: TunedTableau
  let rows: TunedRows
  let committed: CommittedTableau

  /// Two passes over the model: one commits, one pins.
  /// - Parameters:
  ///   - identity: the base's, which commits to its weights.
  ///   - model: whose tensors of 16 bits have the base's types and shapes.
  ///   - secret: of the opening file: all randomness follows from it, the base's root and the code.
  ///   - code: of the base's tableau's rows; see ``code(_:proofs:)``.
  /// - Throws: `coverageGap` for an identity without a tableau; `identityMismatch` naming a tensor that is not like the
  ///   base's; errors of the weights.
  package init(_ model: Checkpoint, identity: BaseIdentity, secret: [UInt8], code: CodeParameters) throws {
    guard let linked = identity.linked, let root = identity.linkedRoot else {
      throw DriftProofError.coverageGap([.nothingToAlignWith])
    }
    do {
      try LinkedBaseCheck.check(identity)
    } catch {
      throw StatementError.linkedBase(error)
    }
    try Self.compare(model, identity)
    rows = try TunedRows(identity, linked: linked, model: model)
    // The base's root says what a hiding base adds.
    let plain = try code.inOneBand.beside(nil)
    let code = try plain.beside(linked.hidingBase)
    var message = Array("driftproof/tuned tableau/v1".utf8)
    message += root + plain.bytes
    let scheme = HashCommitment(code)
    committed = try scheme.pin(
      scheme.commit(
        label: TunedTableau.label, rows: rows, shapes: TunedTableau.shapes(rowCount: rows.rowCount, code),
        secret: SHA256.authenticate(key: secret, message: message), archive: nil))
    tableau = TunedTableau(
      baseRoot: root, code: plain, rowCount: rows.rowCount, root: committed.root, pins: committed.pins?.values ?? [])
  }

  /// The code that serves as many transitions: rows and rate are the base's, and so the drift's.
  static func code(_ identity: BaseIdentity, proofs: Int) throws -> CodeParameters {
    guard let linked = identity.linked else { throw DriftProofError.coverageGap([.nothingToAlignWith]) }
    guard
      let code = CodeSelection.estimate(
        BaseTableauLayout.tensors(identity), logLength: linked.logLength, logBlowup: linked.logBlowup, proofs: proofs,
        hidingBase: linked.hidingBase
      )?.code
    else { throw StatementError.tooLarge(.proofs(proofs)) }
    return code
  }

  /// What the tableau holds is like the base's.
  static func compare(_ model: Checkpoint, _ identity: BaseIdentity) throws(DriftProofError) {
    for leaf in identity.tensors where LinkedBase.contains(leaf) {
      let name = StrictJSON.shown(leaf.name)
      guard let own = model.tensor(named: leaf.name) else {
        throw .identityMismatch(
          .checkpoint(
            "\(model.path) has no tensor \(name), which the base's tableau has; give a model with the base's tensors"))
      }
      guard own.dtype == leaf.dtype, own.shape == leaf.shape else {
        throw .identityMismatch(
          .checkpoint(
            "\(model.path): tensor \(name) is \(own.dtype.rawValue) \(own.shape), in the base \(leaf.dtype.rawValue) "
              + "\(leaf.shape); a tableau holds tensors of the base's types and shapes"))
      }
    }
  }
}

/// A commitment to a tuned model on its own, with its opening.
public enum TunedModelCommitment {
  /// What `driftproof commit` makes.
  public struct Result: Sendable {
    /// Of `TUNED.tableau.json`.
    public let bytes: [UInt8]
    /// What transitions name, 64 hexadecimal digits.
    public let digest: String
    /// Linked root of the base, 64 hexadecimal digits.
    public let base: String
    /// Tensors of 16 bits that it holds.
    public let tensors: Int
    /// Of its tree.
    public let rows: Int
    /// Transitions that the opening allows.
    public let proofs: Int
  }

  /// Commits, and writes the opening; the tableau is the caller's to write.
  /// - Parameters:
  ///   - openingPath: a new file, or that of an earlier commitment to the same weights beside the same base.
  /// - Throws: `coverageGap`, `identityMismatch` or `operational`.
  package static func make(
    _ model: Checkpoint, identity: BaseIdentity, openingPath: String, proofs: Int = CodeSelection.defaultProofs
  ) throws(DriftProofError) -> Result {
    try DriftProofError.translating {
      let opening = try OpeningSession(path: openingPath)
      let made = try TunedTableauCommitter(
        model, identity: identity, secret: opening.secret,
        code: try TunedTableauCommitter.code(identity, proofs: proofs))
      let tableau = made.tableau
      _ = try opening.reserve(
        commitment: tableau.digest, budget: tableau.code.driftTail, positions: 0, session: nil)
      return Result(
        bytes: tableau.bytes, digest: tableau.digest.hexadecimal, base: tableau.baseRoot.hexadecimal,
        tensors: identity.linked?.tensors.count ?? 0, rows: tableau.rowCount, proofs: proofs)
    }
  }
}
