// SPDX-License-Identifier: Apache-2.0

/// How a part of a clause is read as a matrix of circulant blocks; docs/protocol.md section 4.
///
/// An a × b matrix is cut into square blocks of m = 2^logSize rows. In block (I, J) the entry in row i and column j is
/// c(I, J, (j - i) mod m): every row is the one above it, moved to the right by one, and around. C3A's kernels are such c.
package struct CirculantBlock: Hashable, Sendable {
  /// log2 of a block's rows, which are as many as its columns.
  package var logSize: Int

  package init(logSize: Int) { self.logSize = logSize }

  /// Sizes that a statement may have: those of a policy are smaller. Blocks of one entry would be any matrix.
  package static let logSizes = 1...30

  /// m, rows and columns of one block, and its diagonals.
  package var size: Int { 1 << logSize }

  /// Whether blocks fill the matrix.
  package func divides(rows: Int, columns: Int) -> Bool { (rows | columns) & (size - 1) == 0 }

  /// Numbers that a matrix of these sizes has, which must be multiples: one for each diagonal of each block.
  package func count(rows: Int, columns: Int) -> Int { rows * (columns >> logSize) }

  /// Which of them an entry is: blocks row-major, and in each its diagonals.
  package func number(row: Int, column: Int, columns: Int) -> Int {
    ((row >> logSize) * (columns >> logSize) + column >> logSize) << logSize | (column - row) & (size - 1)
  }
}
