// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofCommitment
import DriftProofCore
import DriftProofStatement

/// The opening of a base's tableau that hides the weights: its secret, and how much of its rows' tails proofs have taken.
///
/// The file is an opening like those of certificates. Its `tunedCommitment` is the identity's linked root, and it counts
/// coefficients: a proof of t queries takes t + 6 (docs/protocol.md, section 3, "Hiding base").
package struct BaseOpening: Sendable {
  let secret: [UInt8]
  private let path: String
  private let linkedRoot: [UInt8]
  private let revealed: Int
  private let budget: Int

  /// - Parameters:
  ///   - path: nil where none was given.
  ///   - identity: whose tableau hides the weights.
  /// - Throws: `missingInput`, `identityMismatch` for the opening of another tableau, `operational` for a public base or an
  ///   unreadable file.
  package init(_ path: String?, identity: BaseIdentity) throws(DriftProofError) {
    guard let path else { throw .missingInput(.openingOfBase) }
    guard let linked = identity.linked, let ofTails = linked.budget, let root = identity.linkedRoot else {
      throw .operational(
        "\(path): the base's identity hides no weights, and has no opening; leave the base's opening out, or give the "
          + "identity that was written with it")
    }
    let file: OpeningFile
    do throws(OpeningError) {
      file = try OpeningFile.load(path: path)
    } catch {
      throw error.asDriftProofError
    }
    guard file.tunedCommitment == root else {
      throw .identityMismatch(
        .baseOpening(path: path, opening: file.tunedCommitment.hexadecimal, given: root.hexadecimal))
    }
    // Who changes the file can change its checksum: a budget that is not the tails' would show the weights.
    guard file.budget == ofTails else {
      throw .operational(
        "\(path): the opening has a budget of \(file.budget) where the identity's tails allow \(ofTails): it was "
          + "changed")
    }
    (self.path, secret, linkedRoot, revealed, budget) = (path, file.secret, root, file.revealed, file.budget)
  }

  /// Coefficients that a proof takes.
  static func wanted(_ code: CodeParameters) -> Int { CodeParameters.HidingBase.coefficients(queries: code.queries) }

  /// Before there is anything to count: whether the tails suffice for as many proofs more.
  /// - Throws: `operational`.
  func requireRoom(_ code: CodeParameters, proofs: Int, session: ProofSession?) throws {
    // A proof that goes on may have been counted already.
    guard try session?.bytes(ProofSession.reservedBaseName) == nil else { return }
    let wanted = proofs * Self.wanted(code)
    guard revealed + wanted <= budget else {
      throw OpeningError.baseSpent(path: path, taken: revealed, wanted: wanted, budget: budget)
    }
  }

  /// Counts a proof, on disk before this returns. One that goes on was counted before, if the folder says so.
  func reserve(_ code: CodeParameters, session: ProofSession?) throws {
    if let session, let record = try session.bytes(ProofSession.reservedBaseName) {
      guard record == linkedRoot else { throw session.damaged(ProofSession.reservedBaseName) }
      return
    }
    let wanted = Self.wanted(code)
    do throws(OpeningError) {
      _ = try OpeningFile.reserve(path: path, positions: wanted)
    } catch .budgetExceeded(_, let revealed, _, let budget) {
      throw OpeningError.baseSpent(path: path, taken: revealed, wanted: wanted, budget: budget)
    }
    // Stopped before this line, the proof is counted twice: wasteful, never too little.
    try session?.write(ProofSession.reservedBaseName, linkedRoot)
  }

  /// How many proofs of this code the file on disk allows now.
  func proofsLeft(_ code: CodeParameters) throws(OpeningError) -> Int {
    let file = try OpeningFile.load(path: path)
    return (file.budget - file.revealed) / Self.wanted(code)
  }
}

/// A base's identity that hides the weights, with its opening.
package enum HidingIdentity {
  /// Commits, and writes the opening; the identity's file is the caller's to write.
  /// - Parameters:
  ///   - openingPath: a new file, or that of an earlier commitment to the same base for as many proofs, which comes out the
  ///     same.
  ///   - proofs: that may speak of the base's weights.
  /// - Throws: `operational` for a base without tensors of 16 bits, or an opening of another base; errors of files.
  package static func make(
    _ identity: BaseIdentity, base: Checkpoint, openingPath: String, proofs: Int = BaseTableau.Hiding.defaultProofs,
    cache: String? = nil, progress: (@Sendable (Double) -> Void)? = nil
  ) throws(DriftProofError) -> BaseIdentity {
    try DriftProofError.translating {
      let opening = try OpeningSession(path: openingPath)
      let linked = try BaseTableau.link(
        identity, base: base, hiding: BaseTableau.Hiding(secret: opening.secret, proofs: proofs), cache: cache,
        progress: progress)
      _ = try opening.reserve(
        commitment: linked.linkedRoot ?? [], budget: linked.linked?.budget ?? 0, positions: 0, session: nil)
      return linked
    }
  }
}
