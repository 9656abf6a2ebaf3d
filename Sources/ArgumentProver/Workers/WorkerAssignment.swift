// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCommitment

/// A tree whose rows workers hold; P1 stays where the transcript is.
package enum SpreadTree: UInt8, Sendable, CaseIterable {
  case drift = 0
  case auxiliary = 1

  package var label: String {
    switch self {
    case .drift: ArgumentLabel.drift
    case .auxiliary: ArgumentLabel.auxiliaryTree
    }
  }

  func shapes(_ layout: ArgumentLayout) -> [RowShape] {
    switch self {
    case .drift: ArgumentProtocol.driftShapes(layout)
    case .auxiliary: ArgumentProtocol.auxiliaryShapes(layout)
    }
  }
}

/// Which runs of rows each worker holds: a function of the statement and of the number of workers. A run is the unit because
/// its digests are made by one (`RowLeafFormat`).
///
/// Of the drift worker w has runs in order. Of P2 they are counted from the end, and every run with a row that is no digits'
/// belongs to worker 0: masks stay where the proof's secret is. So each has neighbouring runs of either tree, or none of P2.
package struct WorkerAssignment: Sendable {
  package let workers: Int
  private let runs: [SpreadTree: [Range<Int>]]
  private let owners: [SpreadTree: [Int]]
  /// Rows of P2 that are digits'.
  private let digitRows: Range<Int>

  /// - Throws: ``WorkerError/moreWorkersThanBands(workers:bands:)``.
  package init(_ layout: ArgumentLayout, workers: Int) throws(WorkerError) {
    let bands = layout.statement.code.bands
    guard workers >= 1, workers <= bands else { throw .moreWorkersThanBands(workers: workers, bands: bands) }
    self.workers = workers
    let drift = RowLeafFormat.runs(rows: layout.tableau.rowCount, bands: bands)
    let auxiliary = RowLeafFormat.runs(rows: layout.auxiliaryRowCount, bands: bands)
    runs = [.drift: drift, .auxiliary: auxiliary]
    owners = [
      .drift: drift.indices.map { $0 * workers / drift.count },
      .auxiliary: auxiliary.indices.map { run in
        auxiliary[run].upperBound > layout.digitRows ? 0 : (auxiliary.count - 1 - run) * workers / auxiliary.count
      },
    ]
    digitRows = 0..<layout.digitRows
  }

  /// By number, the rows of a tree's runs.
  package func runs(of tree: SpreadTree) -> [Range<Int>] { runs[tree] ?? [] }

  package func owner(of tree: SpreadTree, run: Int) -> Int { owners[tree]?[run] ?? 0 }

  /// Numbers of a worker's runs; empty where it has none.
  package func runs(of tree: SpreadTree, worker: Int) -> Range<Int> {
    let own = (owners[tree] ?? []).indices.filter { owner(of: tree, run: $0) == worker }
    return (own.first ?? 0)..<((own.last ?? -1) + 1)
  }

  package func rows(of tree: SpreadTree, worker: Int) -> Range<Int> {
    let own = runs(of: tree)[runs(of: tree, worker: worker)]
    return (own.first?.lowerBound ?? 0)..<(own.last?.upperBound ?? 0)
  }

  /// Rows of D that a worker has.
  package func digitRows(worker: Int) -> Range<Int> {
    let rows = rows(of: .auxiliary, worker: worker)
    return rows.lowerBound < digitRows.upperBound ? rows.clamped(to: digitRows) : 0..<0
  }
}
