// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofArgumentProver
import DriftProofAudit
import DriftProofAuditDecision
import DriftProofCommitment
import DriftProofCommitmentProver
import DriftProofCore
import DriftProofTranscript

/// Scores with what hides them in a commitment. All randomness follows from the plan's key and a public nonce: whoever gets
/// the key, in a bundle that reveals it, can commit again and compare.
package struct ScoreOpening: Sendable {
  let secret: [UInt8]
  private let scores: [Int]
  private let claim: DecisionClaim

  /// - Parameter scores: as they count against SAME, in order.
  package init(plan: AuditPlan, key: AuditKey, nonce: [UInt8], scores: [Int], claim: DecisionClaim) {
    secret = key.scoreSecret(planDigest: plan.digest, nonce: nonce)
    self.scores = scores
    self.claim = claim
  }

  private var rows: ScoreRows { ScoreRows(scores, claim: claim) }

  var witness: ArgumentWitness {
    let far = scores.indices.filter { !claim.isProvable(scores[$0]) }
    return ArgumentWitness(
      rows: rows, factors: [:], supports: far.isEmpty ? [:] : [.init(tensor: 0, clause: 0): far])
  }

  /// Commits, and pins.
  /// - Throws: `unsupportedParameters` for a claim that no scores have.
  func commit() throws -> CommittedTableau {
    guard let statement = try claim.statement(binding: []) else {
      throw ProofRejection.unsupportedParameters("no scores are decided by so few requests")
    }
    return try DriftCommitter(statement: statement, scheme: HashCommitment(statement.code)).commit(
      rows: rows, secret: secret)
  }

  static func commitment(of committed: CommittedTableau) -> ScoreCommitment {
    ScoreCommitment(root: committed.root, pin: committed.pins?.bytes ?? [])
  }

  /// Commits again: what a statement must name if it is about these scores.
  package func commitment() throws -> ScoreCommitment { Self.commitment(of: try commit()) }
}
