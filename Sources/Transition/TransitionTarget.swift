// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofCommitment
import DriftProofCore
import DriftProofStatement

/// The commitment to a tuned model that a transition is about: T1 (docs/protocol.md, section 13).
package enum TransitionTarget: Sendable {
  /// One tree, which nothing else opens.
  case tableau(TunedTableau)
  /// The next base of a line of releases: certificates of later models speak of its weights.
  case nextBase(BaseIdentity)

  /// What a transition names, 32 bytes: a tableau's digest, or the linked root of a next base.
  package var digest: [UInt8] {
    switch self {
    case .tableau(let tableau): tableau.digest
    case .nextBase(let identity): identity.linkedRoot ?? []
    }
  }

  package var isNextBase: Bool { if case .nextBase = self { true } else { false } }

  /// Random coefficients of a next base's rows; 0 for a tableau, whose rows are like the drift's.
  package var nextTail: Int {
    if case .nextBase(let identity) = self { identity.linked?.tail ?? 0 } else { 0 }
  }

  /// Whether it was made beside this base: what can be said before a certificate is looked at.
  /// - Throws: `identityMismatch`, or `operational` for an identity of no next base.
  package func requireBase(_ identity: BaseIdentity) throws(DriftProofError) {
    guard let linked = identity.linked, let root = identity.linkedRoot else {
      throw .coverageGap([.nothingToAlignWith])
    }
    func require(_ stated: [UInt8]) throws(DriftProofError) {
      guard stated == root else {
        throw .identityMismatch(
          .transition(.tableauBase(tableau: stated.hexadecimal, given: root.hexadecimal)))
      }
    }
    switch self {
    case .tableau(let tableau): try require(tableau.baseRoot)
    case .nextBase(let next):
      guard let own = next.linked, let predecessor = own.predecessor else {
        throw .identityMismatch(.transition(.noNextBase))
      }
      try require(predecessor)
      // Its leaves, places and units are the base's, which the reader trusts: nothing of the tuned model is in them.
      guard next.root == identity.root else { throw .identityMismatch(.transition(.nextBase(.leaves))) }
      guard own.logLength == linked.logLength, own.logBlowup == linked.logBlowup else {
        throw .identityMismatch(.transition(.nextBase(.code)))
      }
      guard own.tensors == linked.tensors, own.layoutDigest == linked.layoutDigest else {
        throw .identityMismatch(.transition(.nextBase(.units)))
      }
      do throws(LinkedBaseError) {
        try LinkedBaseCheck.check(next)
      } catch {
        throw StatementError.linkedBase(error).asDriftProofError
      }
    }
  }
}
