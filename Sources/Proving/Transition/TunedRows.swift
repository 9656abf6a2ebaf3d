// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCheckpoint
import DriftProofCommitmentProver
import DriftProofDrift
import DriftProofKernels
import DriftProofStatement

/// The rows of a model in the places and units of its base's tableau, tree after tree, streamed from the checkpoint.
struct TunedRows: TableauRows {
  /// Of each tree, with its first row.
  private let trees: [(first: Int, rows: BaseRows)]
  let rowCount: Int

  /// - Throws: `digestUnavailable` for a tensor that the model lacks.
  init(_ identity: BaseIdentity, linked: LinkedBase, model: Checkpoint) throws(CheckpointError) {
    var trees: [(Int, BaseRows)] = []
    var next = 0
    for tree in BaseTableauLayout(identity, logLength: linked.logLength).trees {
      let rows = try BaseRows(
        plan: TableauPlan(tensors: tree.tensors, logLength: linked.logLength), tensors: tree.tensors,
        fractionBits: tree.tensors.map { linked.tensor(named: $0.name)?.fractionBits ?? 0 }, base: model)
      trees.append((next, rows))
      next += rows.rowCount
    }
    (self.trees, rowCount) = (trees, next)
  }

  /// One for each of the base's trees.
  var byTree: [BaseRows] { trees.map(\.rows) }

  func message(_ row: Int) throws -> RowMessage {
    guard let tree = trees.last(where: { $0.first <= row }) else { return .zero }
    return try tree.rows.message(row - tree.first)
  }

  /// All trees' rows have one length, and their memory one pool will do for.
  func recycle(_ message: RowMessage) { trees.first?.rows.recycle(message) }
  func releaseRecycled() { for tree in trees { tree.rows.releaseRecycled() } }
}
