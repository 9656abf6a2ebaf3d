// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofTransition

/// The check of a holder of the weights: a tuned model's tableau holds exactly this model (docs/protocol.md, section 13).
package enum TunedTableauChecker {
  /// Commits to the model again, with the randomness of the opening.
  /// - Parameters:
  ///   - identity: of the base beside which the tableau was made.
  ///   - openingPath: the tableau's opening; nothing is counted in it.
  /// - Throws: `identityMismatch` for another base, model or opening; `coverageGap` for an identity without a tableau;
  ///   errors of the weights.
  package static func check(
    _ tableau: TunedTableau, model: Checkpoint, identity: BaseIdentity, openingPath: String
  ) throws(DriftProofError) {
    guard let linked = identity.linked, let root = identity.linkedRoot else {
      throw .coverageGap([.nothingToAlignWith])
    }
    guard tableau.baseRoot == root else {
      throw .identityMismatch(
        .transition(.tableauBase(tableau: tableau.baseRoot.hexadecimal, given: root.hexadecimal)))
    }
    // Before its sizes cost memory.
    guard tableau.code.logLength == linked.logLength, tableau.code.logBlowup == linked.logBlowup else {
      throw .identityMismatch(.transition(.code))
    }
    let opening: OpeningFile
    do throws(OpeningError) {
      opening = try OpeningFile.load(path: openingPath)
    } catch {
      throw error.asDriftProofError
    }
    guard opening.tunedCommitment == tableau.digest else {
      throw .identityMismatch(
        .checkpoint("\(openingPath): this opening belongs to another commitment than the tuned model's tableau"))
    }
    try DriftProofError.translating {
      let own = try TunedTableauCommitter(model, identity: identity, secret: opening.secret, code: tableau.code)
      guard own.tableau == tableau else {
        throw DriftProofError.identityMismatch(
          .checkpoint("\(model.path) is not the model that the tuned model's tableau holds"))
      }
    }
  }
}
