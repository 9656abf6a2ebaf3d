// SPDX-License-Identifier: Apache-2.0

/// How a low-rank part is read as a sum of Kronecker products; docs/protocol.md section 4.
///
/// An a × b matrix is cut into blocks of 2^logRows × 2^logColumns. The part is Σ_k A_k ⊗ B_k with A_k of as many entries as there
/// are blocks and B_k of as many as one has: entry (i1·2^logRows + i2, j1·2^logColumns + j2) of a term is A_k(i1, j1)·B_k(i2, j2).
/// In Van Loan's order, block by block, that is a matrix of rank 1. Sizes of blocks are powers of two, so that the order permutes
/// bits of indices; there need not be as many blocks.
package struct KroneckerBlock: Hashable, Sendable {
  /// log2 of a block's rows.
  package var logRows: Int
  /// log2 of a block's columns.
  package var logColumns: Int

  package init(logRows: Int, logColumns: Int) {
    self.logRows = logRows
    self.logColumns = logColumns
  }

  /// Sizes that a statement may have: those of a policy are smaller.
  package static let logSizes = 0...30

  /// Rows of one block.
  package var rows: Int { 1 << logRows }
  /// Columns of one block.
  package var columns: Int { 1 << logColumns }
  /// Entries of one block: rows of V.
  package var entries: Int { 1 << (logRows + logColumns) }

  /// Blocks of a matrix, whose sizes must be multiples: rows of U.
  package func count(rows: Int, columns: Int) -> Int { (rows >> logRows) * (columns >> logColumns) }

  /// Number of the block in which an entry lies, row-major: its row of U.
  package func outer(row: Int, column: Int, columns: Int) -> Int {
    (row >> logRows) * (columns >> logColumns) + column >> logColumns
  }

  /// Place of an entry in its block, row-major: its row of V.
  package func inner(row: Int, column: Int) -> Int {
    (row & (rows - 1)) << logColumns | column & (self.columns - 1)
  }

  /// Whether blocks fill the matrix.
  package func divides(rows: Int, columns: Int) -> Bool {
    rows & (self.rows - 1) == 0 && columns & (self.columns - 1) == 0
  }
}
