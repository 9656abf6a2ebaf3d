// SPDX-License-Identifier: Apache-2.0

import DriftProofArgumentProver

/// What a check is at, for progress.
package enum CheckPhase: Hashable, Sendable {
  case baseIdentity
  case frozenTensors
  /// An adapter is read and factored again.
  case adapter
  /// The drift is committed to again.
  case commitment(ProofPhase)
  case proof

  /// As people are told.
  package var name: String {
    switch self {
    case .baseIdentity: "base identity"
    case .frozenTensors: "frozen tensors"
    case .adapter: "adapter"
    case .commitment(let phase): phase.rawValue
    case .proof: "proof"
    }
  }
}
