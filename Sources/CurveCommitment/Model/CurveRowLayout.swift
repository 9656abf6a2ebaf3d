// SPDX-License-Identifier: Apache-2.0

import DriftProofCurve

/// Where a tensor's integers stand in committed rows: a function of its shape and l alone, never of a policy, so that one
/// commitment serves all of them.
///
/// A tensor's matrix has padded columns, a power of two 2^c: entry (i, j) is padded cell i·2^c + j. Committed row t holds padded
/// cells t·2^l ..< (t + 1)·2^l. Every tensor begins a row of its own; cells behind the last entry's row are not committed.
package struct CurveRowLayout: Sendable, Hashable {
  package let rows: Int
  package let columns: Int
  package let logLength: Int

  /// Cells of all rows together that are committed at most: the argument's E-space.
  package static let logMaximumCells = 40

  /// Nil for matrices without entries or with more than 2^40 padded cells.
  package init?(rows: Int, columns: Int, logLength: Int) {
    guard rows > 0, columns > 0, (1...28).contains(logLength), rows <= 1 << Self.logMaximumCells,
      columns <= 1 << Self.logMaximumCells
    else { return nil }
    self.rows = rows
    self.columns = columns
    self.logLength = logLength
    let (cells, overflow) = rows.multipliedReportingOverflow(by: 1 << logColumns)
    guard !overflow, cells <= 1 << Self.logMaximumCells else { return nil }
  }

  /// c.
  package var logColumns: Int { columns <= 1 ? 0 : Int.bitWidth - (columns - 1).leadingZeroBitCount }

  /// Committed rows.
  package var rowCount: Int { (rows << logColumns + 1 << logLength - 1) >> logLength }

  /// A run of neighbouring entries of the tensor, and where they stand in a committed row.
  package struct Run: Sendable, Hashable {
    /// Flat row-major indices.
    package let entries: Range<Int>
    /// The cell of the first of them.
    package let cell: Int
  }

  /// What a committed row holds, in rising order.
  package func runs(row: Int) -> [Run] {
    let cells = row << logLength..<(row + 1) << logLength
    var runs: [Run] = []
    let firstRow = cells.lowerBound >> logColumns
    // None for rows behind the last.
    for matrixRow in firstRow..<max(firstRow, min(rows, (cells.upperBound - 1) >> logColumns + 1)) {
      let first = max(cells.lowerBound, matrixRow << logColumns)
      let start = first - matrixRow << logColumns
      let end = min(columns, cells.upperBound - matrixRow << logColumns)
      guard start < end else { continue }
      let entries = matrixRow * columns + start..<matrixRow * columns + end
      // Without padding rows follow each other.
      if let last = runs.last, last.entries.upperBound == entries.lowerBound,
        last.cell + last.entries.count == first - cells.lowerBound
      {
        runs[runs.count - 1] = Run(entries: last.entries.lowerBound..<entries.upperBound, cell: last.cell)
      } else {
        runs.append(Run(entries: entries, cell: first - cells.lowerBound))
      }
    }
    return runs
  }
}
