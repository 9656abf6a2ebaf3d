// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofArgumentProver
import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofCommitment
import DriftProofStatement
import DriftProofTransition

/// Predicts what a transition costs on top of its certificate, from sizes alone (docs/protocol.md, section 13).
package struct TransitionCost: Sendable {
  /// Of the file, up to the exact number of Merkle siblings.
  let bytes: Int
  /// Rows of the tuned model's tableau, as many as the base's trees have together.
  let tunedRows: Int
  /// Rows of each of the base's trees.
  let baseRows: [Int]
  private let tunedTrees: Int
  private let allRows: Int
  private let code: CodeParameters

  /// - Parameters:
  ///   - identity: commits to the base's weights.
  ///   - statement: aligned.
  ///   - nextTail: of a next base's rows; 0 for a tuned model's tableau.
  /// - Throws: `proofInvalid` where its small tensors share rows in too many ways; `coverageGap` for another identity.
  init(_ identity: BaseIdentity, statement: DriftStatement, nextTail: Int = 0) throws(DriftProofError) {
    guard let linked = identity.linked else { throw .coverageGap([.nothingToAlignWith]) }
    let layout: TransitionLayout
    do throws(TransitionRejection) {
      layout = try TransitionLayout(identity, linked: linked, statement: statement)
    } catch {
      throw .proofInvalid(.transition(error))
    }
    code = (try? statement.code.opening(nextTail: nextTail)) ?? statement.code
    tunedRows = layout.rowCount
    baseRows = layout.trees.map(\.rows)
    tunedTrees = nextTail > 0 ? baseRows.count : 1
    let rows =
      [layout.driftRowCount, 3 * layout.claimCount] + (nextTail > 0 ? baseRows : [layout.rowCount]) + baseRows
    allRows = rows.reduce(0, +)
    bytes = code.openingBytes(
      rows: rows,
      highParts: [Int](
        repeating: code.hidingBase == nil && nextTail == 0 ? code.driftTail : code.longestTail, count: layout.claimCount
      ), clear: [])
  }

  /// Seconds on the table's machine: both tableaus are committed to again, and all trees are opened.
  func seconds(hasBaseCache: Bool) -> Double {
    let lanes = CostTable.encodedRows
    func encoding(_ rows: Int) -> Double { Double((rows + lanes - 1) / lanes * lanes << code.logDomain) }
    func cost(_ phase: ProofPhase, _ units: Double) -> Double {
      guard let cost = CostTable.costs.first(where: { $0.phase == phase }) else { return 0 }
      return cost.fixed + cost.nanoseconds * units / 1e9
    }
    let base = hasBaseCache ? 0 : baseRows.reduce(0) { $0 + encoding($1) }
    let commitment = cost(.commitment, encoding(tunedRows) + base)
    let cells = Double(allRows << code.logLength)
    let opening = cost(.opening, cells + 4 * Double(1 << code.logDomain) + 1e6 * Double(code.queries) / 128)
    // Rows are read from the checkpoints: the tuned model's for commitment, pins and opening, the base's for the last.
    let reading = Double(3 * tunedRows + 2 * baseRows.reduce(0, +)) * Double(1 << code.logLength)
    return commitment + opening + reading * CostTable.streamedNanoseconds / 1e9
  }

  /// Trees that stand together when the transition is opened: drift, masks, the tuned model's, all of the base's.
  var trees: Int { 2 + tunedTrees + baseRows.count }
}
