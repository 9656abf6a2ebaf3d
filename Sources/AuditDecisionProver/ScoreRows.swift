// SPDX-License-Identifier: Apache-2.0

import DriftProofAuditDecision
import DriftProofCommitmentProver
import DriftProofKernels

/// The tableau of scores: one row of their roots.
struct ScoreRows: TableauRows {
  private let roots: [Int32]

  /// - Parameter scores: from 0 to 1000 each.
  init(_ scores: [Int], claim: DecisionClaim) {
    // Below √(1000·2^37/50) < 2^21.
    roots = scores.map { Int32(claim.root($0)) }
  }

  var rowCount: Int { 1 }
  func message(_ row: Int) -> RowMessage { .narrow(roots) }
}
