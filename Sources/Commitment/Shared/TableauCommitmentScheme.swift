// SPDX-License-Identifier: Apache-2.0

/// A commitment to the rows of several tableaux with openings of weighted sums of them; docs/protocol.md sections 6 and
/// 8.
///
/// The argument is written against two protocols that refine this one, ``TableauCommitmentVerifier`` and the prover's
/// `TableauCommitmentProver`; backends differ in what a commitment is and in how it is opened.
package protocol TableauCommitmentScheme: Sendable {
  /// The verifier's side of one tableau.
  associatedtype Reference: Sendable

  /// The code that openings use: a statement that names another one is refused.
  var parameters: CodeParameters { get }
  /// Bytes that bind a commitment, for the transcript.
  func bindingBytes(of reference: Reference) -> [UInt8]
}
