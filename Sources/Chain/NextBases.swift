// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofCore
import DriftProofTransition

/// Models of a chain from which later certificates start as from a base, and the transitions that tie them to the chain.
///
/// Only what the files state is read here: a transition is verified when the certificate above it has been.
struct NextBases: Sendable {
  /// A next base, with what is said to tie it.
  struct Base: Sendable {
    /// The file's name.
    let name: String
    let identity: BaseIdentity
    /// Its linked root, which certificates about it name.
    let root: [UInt8]
    /// Nil where no transition to it was given.
    let transition: Tie?
  }

  struct Tie: Sendable {
    let name: String
    let bytes: [UInt8]
    /// Of the certificate whose model the next base holds.
    let tunedCommitment: [UInt8]
  }

  private let bases: [[UInt8]: Base]

  /// - Throws: `operational` for a file that is no identity, `identityMismatch` for one of no next base or a transition to a
  ///   tableau, `proofInvalid` for a file that is no transition, `operational` for two to one next base.
  init(identities: [ChainVerifier.File], transitions: [ChainVerifier.File]) throws(DriftProofError) {
    var ties: [[UInt8]: Tie] = [:]
    for file in transitions {
      let transition: Transition
      do throws(FormatError) {
        transition = try Transition.parse(file.bytes)
      } catch {
        throw .proofInvalid(.transition(.file(error)))
      }
      guard transition.isNextBase else { throw .identityMismatch(.transition(.kind(isNextBase: false))) }
      if let other = ties[transition.tableau] {
        throw .operational(
          "\(StrictJSON.shown(file.name)) and \(StrictJSON.shown(other.name)) are transitions to the same next base; give one"
        )
      }
      ties[transition.tableau] = Tie(
        name: file.name, bytes: file.bytes, tunedCommitment: transition.tunedCommitment)
    }
    var bases: [[UInt8]: Base] = [:]
    for file in identities {
      let identity = try TransitionVerifier.parse(nextIdentityFile: file.bytes)
      guard identity.linked?.isNext ?? false, let root = identity.linkedRoot else {
        throw .identityMismatch(.transition(.noNextBase))
      }
      bases[root] = Base(name: file.name, identity: identity, root: root, transition: ties[root])
    }
    self.bases = bases
  }

  subscript(root: [UInt8]) -> Base? { bases[root] }
}
