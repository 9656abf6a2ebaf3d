// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofCommitment
import DriftProofCommitmentProver
import DriftProofCore
import DriftProofField
import DriftProofKernels
import DriftProofStatement
import DriftProofTranscript
import DriftProofTransition

/// Proves that a tuned model's tableau is the base's tableau and a certificate's drift (docs/protocol.md, section 13).
enum TransitionProver {
  /// What is added up, committed.
  struct Trees {
    let drift: CommittedTableau
    /// One, or those of a next base.
    let tuned: [CommittedTableau]
    /// All trees of the base's tableau.
    let base: [CommittedTableau]
  }

  /// The moves: P → V the masks' tree; V → P z; P → V the opening of all trees.
  /// - Parameter secret: fresh for every proof.
  static func prove(_ sum: TransitionSum, trees: Trees, secret: [UInt8]) throws -> Transition {
    var channel = ProverChannel(transcript: sum.transcript)
    let scheme = HashCommitment(sum.code)
    let shapes = TransitionProtocol.maskShapes(sum.layout, sum.code)
    let masks = try scheme.send(
      scheme.commit(
        label: TransitionProtocol.maskTree,
        rows: MaskRows(count: shapes.count, length: sum.code.length, secret: secret),
        shapes: shapes, secret: secret, archive: nil), isPinned: false, to: &channel)
    let claims = sum.claims(transcript: &channel.transcript)
    try scheme.open([trees.drift, masks] + trees.tuned + trees.base, claims: claims, channel: &channel)
    return sum.transition(proof: channel.proof)
  }

  /// Uniform rows, made again in every pass.
  struct MaskRows: TableauRows {
    let count: Int
    let length: Int
    let secret: [UInt8]

    var rowCount: Int { count }

    func message(_ row: Int) -> RowMessage {
      var context: [UInt8] = []
      context.append(littleEndian: UInt64(row))
      return .field(
        PseudorandomStream(secret: secret, label: "transition mask", context: context).elements(length).map(\.value))
    }
  }
}
