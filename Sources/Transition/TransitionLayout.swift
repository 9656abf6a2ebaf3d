// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofCommitment
import DriftProofCore
import DriftProofField
import DriftProofStatement

/// Which rows of base, drift and tuned model add up: a function of identity, statement and l (docs/protocol.md, section 13).
///
/// The tuned model's tableau has the rows of the base's trees one tree after another, a next base's tableau the same rows in as
/// many trees. A row of the base that only one
/// tensor has, or none that may change, adds up as a whole. Of other rows the runs of single tensors do: the drift's row
/// that belongs to them holds what it likes everywhere else.
package struct TransitionLayout: Sendable {
  /// One tree of the base's tableau.
  package struct BaseTreeRows: Sendable {
    package let number: Int
    package let rows: Int
    /// 32 bytes.
    package let root: [UInt8]
    /// Of a hiding base, one for each row; none otherwise.
    package let pins: [CubicExtension]
    /// Of a next base's tree: the point of all of its trees.
    package let point: CubicExtension?
    /// Its first row in the tuned model's tableau.
    package let firstRow: Int
  }

  /// The places of one tensor in a row, padding included.
  package struct Run: Hashable, Sendable {
    package let offset: Int
    package let logCount: Int
  }

  /// A row of the tuned model's tableau with the drift's row that it differs by; nil where nothing may change.
  package struct WholeRow: Hashable, Sendable {
    package let row: Int
    package let drift: Int?
  }

  package struct SharedRow: Hashable, Sendable {
    package let row: Int
    package let drift: Int?
    package let runs: [Run]
  }

  package let logLength: Int
  package let trees: [BaseTreeRows]
  package let rowCount: Int
  package let driftRowCount: Int
  package let whole: [WholeRow]
  package let shared: [SharedRow]

  /// Claims of rows in runs that one proof opens: each weighs all rows of its trees, so that memory is bounded.
  package static let maximumSharedRows = 256

  /// - Parameters:
  ///   - identity: with a linked part that its statement was derived from.
  ///   - statement: aligned.
  ///   - limit: of rows that are opened in runs.
  /// - Throws: `tooManySharedRows`; `placement` for a statement that is not of this base.
  package init(
    _ identity: BaseIdentity, linked: LinkedBase, statement: DriftStatement, limit: Int = Self.maximumSharedRows
  ) throws(TransitionRejection) {
    logLength = linked.logLength
    let drift = TableauLayout(tensors: statement.tensors, logLength: linked.logLength)
    driftRowCount = drift.rowCount
    var placements: [String: TableauLayout.Placement] = [:]
    for (tensor, placement) in zip(statement.tensors, drift.placements) { placements[tensor.name] = placement }

    var trees: [BaseTreeRows] = []
    var whole: [WholeRow] = []
    var shared: [SharedRow] = []
    var next = 0
    let base = BaseTableauLayout(identity, logLength: linked.logLength)
    for (tree, own) in zip(base.trees, linked.baseTrees) {
      trees.append(
        BaseTreeRows(
          number: own.number, rows: own.rows, root: own.root, pins: own.pins, point: own.point, firstRow: next))
      // Runs by row of the tree, of tensors that do not change first, then by row of the drift.
      var frozen: [Int: [Run]] = [:]
      var moved: [Int: [Int: [Run]]] = [:]
      for (index, placement) in tree.layout.placements.enumerated() {
        let found = placements[tree.tensors[index].name]
        switch placement {
        case .grid(let first, let grid):
          var firstDrift: Int?
          switch found {
          case .grid(let row, grid)?: firstDrift = row
          case nil: break
          // A statement of this base has the tensor in the same tiles, or not at all.
          case .grid?, .shared?: throw .placement(tensor: StrictJSON.shown(tree.tensors[index].name))
          }
          for tile in 0..<grid.rowTiles * grid.columnTiles {
            whole.append(WholeRow(row: next + first + tile, drift: firstDrift.map { $0 + tile }))
          }
        case .shared(let row, let offset):
          let run = Run(offset: offset, logCount: tree.layout.rowBits[index] + tree.layout.columnBits[index])
          switch found {
          case .shared(let own, offset)?: moved[row, default: [:]][own, default: []].append(run)
          case nil: frozen[row, default: []].append(run)
          case .grid?, .shared?: throw .placement(tensor: StrictJSON.shown(tree.tensors[index].name))
          }
        }
      }
      for row in Set(frozen.keys).union(moved.keys).sorted() {
        guard let changed = moved[row] else {
          whole.append(WholeRow(row: next + row, drift: nil))
          continue
        }
        if let runs = frozen[row] { shared.append(SharedRow(row: next + row, drift: nil, runs: runs)) }
        for (drift, runs) in changed.sorted(by: { $0.key < $1.key }) {
          shared.append(SharedRow(row: next + row, drift: drift, runs: runs))
        }
      }
      next += own.rows
    }
    guard shared.count <= limit else { throw .tooManySharedRows(found: shared.count, limit: limit) }
    (self.trees, self.whole, self.shared, rowCount) = (trees, whole, shared, next)
  }

  /// Variables that number the rows.
  package var rowVariables: Int { ceilLog2(rowCount) }
  package var claimCount: Int { (whole.isEmpty ? 0 : 1) + shared.count }
}
