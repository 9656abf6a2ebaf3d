// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofArgument
import DriftProofCommitmentProver
import DriftProofTranscript

/// Commits to the drift rows of a statement, before there is anything to prove.
package struct DriftCommitter<Scheme: TableauCommitmentProver>: Sendable {
  private let statement: DriftStatement
  private let scheme: Scheme
  private let layout: ArgumentLayout

  /// - Parameter statement: its binding plays no part, since it contains this commitment.
  /// - Throws: when the statement is not one that the argument is sound for.
  package init(statement: DriftStatement, scheme: Scheme) throws(ProofRejection) {
    try statement.validate()
    self.statement = statement
    self.scheme = scheme
    layout = ArgumentLayout(statement)
    try statement.code.requireBands(rows: layout.tableau.rowCount)
  }

  /// All randomness comes from `secret` and the statement without its binding, so that a holder of the secret finds the
  /// same root again, and one secret never serves two layouts with the same row tails.
  package func commit(
    rows: any TableauRows, secret: [UInt8], archive: (any CommitmentArchive)? = nil
  ) throws -> Scheme.Committed {
    var message = Array("driftproof/drift tableau/v1".utf8)
    message += statement.canonicalBytes
    return try scheme.pin(
      scheme.commit(
        label: ArgumentLabel.drift, rows: rows, shapes: ArgumentProtocol.driftShapes(layout),
        secret: SHA256.authenticate(key: secret, message: message), archive: archive))
  }
}
