// SPDX-License-Identifier: Apache-2.0

/// Van Loan's order of a matrix that blocks of one size fill: a row for each block, row-major, and in it the block's entries,
/// row-major. A Kronecker product A ⊗ B, B of a block's size, is a matrix of rank 1 in this order.
package struct BlockOrder: Sendable, Equatable {
  /// Of the whole matrix; multiples of a block's.
  package let rows: Int
  package let columns: Int
  /// Of one block, at least 1.
  package let blockRows: Int
  package let blockColumns: Int

  /// - Throws: `invalidParameter` where blocks do not fill the matrix.
  package init(rows: Int, columns: Int, blockRows: Int, blockColumns: Int) throws(LinearAlgebraError) {
    guard blockRows > 0, blockColumns > 0, rows.isMultiple(of: blockRows), columns.isMultiple(of: blockColumns) else {
      throw .invalidParameter("blocks of \(blockRows) × \(blockColumns) do not fill \(rows) × \(columns)")
    }
    self.rows = rows
    self.columns = columns
    self.blockRows = blockRows
    self.blockColumns = blockColumns
  }

  /// Blocks side by side.
  package var across: Int { columns / blockColumns }
  /// Rows in this order.
  package var count: Int { rows / blockRows * across }
  /// Columns in this order.
  package var entries: Int { blockRows * blockColumns }

  /// Where entry number `index` of the matrix, row-major, stands in this order.
  package func place(of index: Int) -> Int {
    let (row, column) = index.quotientAndRemainder(dividingBy: columns)
    let (i, inRow) = row.quotientAndRemainder(dividingBy: blockRows)
    let (j, inColumn) = column.quotientAndRemainder(dividingBy: blockColumns)
    return (i * across + j) * entries + inRow * blockColumns + inColumn
  }

  /// Which entry of the matrix, row-major, stands at a place of this order.
  package func index(at place: Int) -> Int {
    let (block, inner) = place.quotientAndRemainder(dividingBy: entries)
    return row(block: block, inner: inner) * columns + column(block: block, inner: inner)
  }

  func row(block: Int, inner: Int) -> Int { block / across * blockRows + inner / blockColumns }
  func column(block: Int, inner: Int) -> Int { block % across * blockColumns + inner % blockColumns }

  /// The matrix in this order.
  package func ordered(_ matrix: IntegerMatrix) -> IntegerMatrix {
    precondition(matrix.rows == rows && matrix.columns == columns)
    switch matrix.storage {
    case .narrow(let values):
      return IntegerMatrix(unchecked: .narrow(ordered(values)), rows: count, columns: entries)
    case .wide(let values):
      return IntegerMatrix(unchecked: .wide(ordered(values)), rows: count, columns: entries)
    }
  }

  private func ordered<T: FixedWidthInteger>(_ values: [T]) -> [T] {
    var result = [T](repeating: 0, count: values.count)
    for row in 0..<rows {
      let (i, inRow) = row.quotientAndRemainder(dividingBy: blockRows)
      for j in 0..<across {
        let from = row * columns + j * blockColumns
        let to = (i * across + j) * entries + inRow * blockColumns
        for offset in 0..<blockColumns { result[to + offset] = values[from + offset] }
      }
    }
    return result
  }
}
