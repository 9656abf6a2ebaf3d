// SPDX-License-Identifier: Apache-2.0

/// Sizes of one statement's tables, from public data alone: for estimates of time, memory and proof size.
package struct ArgumentSizes: Hashable, Sendable {
  /// L, cells of a row.
  package let length: Int
  /// Code positions of each tree.
  package let positions: Int
  /// G of the code.
  package let bands: Int
  /// Rows of the drift tableau, of P2 and of P1 (0 when no clause has factors).
  package let driftRows: Int
  package let digitRows: Int
  package let factorRows: Int
  /// Positions of all E-tiles, and of those that structured clauses see.
  package let tileCells: Int
  package let structuredCells: Int
  /// Positions of those that clauses with entrywise bounds see.
  package let entryCells: Int
  /// Positions of Z-space's tiles.
  package let patternCells: Int
  /// Cells of the digit oracle and of the factor oracle.
  package let digitCells: Int
  package let factorCells: Int
  /// Of orthonormal tensors: padded columns, padded cells, and products of entries of two rows.
  package let orthonormalColumns: Int
  package let orthonormalCells: Int
  package let orthonormalProducts: Int

  package init(_ statement: DriftStatement) {
    let layout = ArgumentLayout(statement)
    length = layout.length
    positions = 1 << statement.code.logDomain
    bands = statement.code.bands
    driftRows = layout.tableau.rowCount
    digitRows = layout.auxiliaryRowCount
    factorRows = layout.factorTreeRows
    entryCells = layout.entries.tiles.count << layout.logLength
    patternCells = layout.patterns.tiles.count << layout.logLength
    var (tiles, structured) = (0, 0)
    for block in layout.tableau.blocks {
      tiles += block.tileCount
      let isStructured = block.members.contains { member in
        block.set > 0 || !statement.tensors[member].isPlain
      }
      if isStructured { structured += block.tileCount }
    }
    tileCells = tiles << layout.logLength
    structuredCells = structured << layout.logLength
    digitCells = layout.digits.used
    factorCells = layout.hasFactors ? layout.factors.used : 0
    let members = layout.orthonormal.members
    orthonormalColumns = layout.orthonormal.used
    orthonormalCells = members.reduce(0) { $0 + $1.rows * $1.columns.count }
    orthonormalProducts = members.reduce(0) { $0 + $1.rows * ($1.rows + 1) / 2 * $1.columns.count }
  }
}
