// SPDX-License-Identifier: Apache-2.0

import DriftProofField
import DriftProofTranscript

/// What a verifier needs of a commitment to tableaux; none of it knows a row.
package protocol TableauCommitmentVerifier: TableauCommitmentScheme {
  /// Whether a reference stands for one tableau only, by itself.
  func isPinned(_ reference: Reference) -> Bool
  /// Receives what `TableauCommitmentProver.send(_:isPinned:to:)` sends.
  func receive(
    label: String, shapes: [RowShape], isPinned: Bool, from channel: inout VerifierChannel
  ) throws(ProofRejection) -> Reference
  /// Checks all claims about `trees`. Commitments and everything that the claims' points and weights derive from must
  /// be in the transcript; the values are absorbed here.
  func verify(_ trees: [Reference], claims: [OpeningClaim], channel: inout VerifierChannel) throws(ProofRejection)
  /// A tableau that hides nothing: rows without tails, salts of zeros, no pins. Its words are a function of the rows, so the
  /// root fixes it for whoever trusts the root.
  func publicReference(label: String, root: [UInt8], shapes: [RowShape]) -> Reference
  /// A tableau of a base that hides its weights, with the values of its rows at the point that the root determines.
  /// - Parameter shared: the point of all trees of a next base, in place of the root's.
  func hidingReference(
    label: String, root: [UInt8], shapes: [RowShape], pins: [CubicExtension], at shared: CubicExtension?
  ) -> Reference
}
