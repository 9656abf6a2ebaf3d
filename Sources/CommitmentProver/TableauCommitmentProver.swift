// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofKernels
import DriftProofTranscript

/// The rows of a tableau, produced on demand: each pass of the prover asks once for each row, for several at a time.
package protocol TableauRows: Sendable {
  var rowCount: Int { get }
  /// The message of one row: at most 2^l entries (for a short row at most its shape's tailOffset).
  func message(_ row: Int) throws -> RowMessage
  /// Takes back a message that the caller needs no more, so that its memory serves another.
  func recycle(_ message: RowMessage)
  /// Gives memory of messages that were taken back to the system: before what needs much of it.
  func releaseRecycled()
  /// Who computes with the rows, where that is not whoever asks for them; such rows cannot be asked for.
  var spread: (any SpreadRows)? { get }
}

extension TableauRows {
  package var spread: (any SpreadRows)? { nil }
  package func recycle(_ message: RowMessage) {}
  package func releaseRecycled() {}
}

/// What a prover needs of a commitment to tableaux.
package protocol TableauCommitmentProver: TableauCommitmentScheme {
  /// The prover's side of one tableau: the rows and what it takes to open them.
  associatedtype Committed: Sendable

  /// `secret` determines all randomness of the commitment together with `label`: one pair serves one tableau, ever.
  /// An archive, where there is one, spares the work when it keeps the result.
  func commit(
    label: String, rows: any TableauRows, shapes: [RowShape], secret: [UInt8], archive: (any CommitmentArchive)?
  ) throws -> Committed
  /// The commitment made binding on its own, without a transcript, for a tableau that a statement names.
  func pin(_ committed: Committed) throws -> Committed
  /// What the verifier gets to know of a tableau.
  func reference(of committed: Committed) -> Reference
  /// Sends the commitment; `TableauCommitmentVerifier.receive(label:shapes:isPinned:from:)` is the counterpart. A
  /// tableau that the statement already names is not sent.
  /// - Parameter isPinned: the tableau must be one and no other before the next challenge. Otherwise it is one of few,
  ///   and errors of later challenges add up over them.
  func send(_ committed: Committed, isPinned: Bool, to channel: inout ProverChannel) throws -> Committed
  /// Proves all claims about `trees`. Commitments and everything that the claims' points and weights derive from must
  /// be in the transcript; the values are absorbed here.
  func open(_ trees: [Committed], claims: [OpeningClaim], channel: inout ProverChannel) throws
}
