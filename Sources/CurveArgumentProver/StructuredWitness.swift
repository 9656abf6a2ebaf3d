// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCurve
import DriftProofCurveArgument

/// What the prover knows of a clause.
package struct CurveClauseWitness: Sendable {
  /// U and V of 2^s·Δ: rows × rank and columns × rank, row-major; empty without a rank.
  package var left: [Int32]
  package var right: [Int32]
  /// Places that S covers: entries as row·columns + column, or numbers of rows or columns; distinct.
  package var support: [Int]

  package init(left: [Int32] = [], right: [Int32] = [], support: [Int] = []) {
    self.left = left
    self.right = right
    self.support = support
  }
}

/// The rows of E-space, and the integers of P1, of a statement with clauses.
struct StructuredWitness: Sendable {
  /// The drift, and what clauses leave of it.
  let rows: MemoryDriftRows
  /// Of P1, up to the masks.
  let cells: [Int64]
  /// Σ|U| + Σ|V|.
  let magnitudes: UInt64

  /// - Parameters:
  ///   - drift: rows of C_tuned - C_base.
  ///   - witness: by tensor of the statement, then by clause; empty for tensors without.
  /// - Throws: `rows` where a witness has not its clause's sizes; `factorsTooLarge`.
  init(
    _ layout: CurveArgumentLayout, factors: CurveFactorLayout, drift: any CurveDriftRows,
    witness: [[CurveClauseWitness]]
  ) throws(CurveArgumentError) {
    guard drift.count == layout.committedRows else {
      throw .rows("there are \(drift.count) rows of drift, and the statement has \(layout.committedRows)")
    }
    let tensors = layout.statement.tensors
    guard witness.count == tensors.count, zip(witness, tensors).allSatisfy({ $0.count == $1.clauses.count }) else {
      throw .rows("there is not a witness for each clause")
    }
    var cells = [Int64](repeating: 0, count: factors.masks)
    var magnitudes: UInt64 = 0
    for clause in factors.lowRank {
      let line = layout.lines[clause.line]
      let (tensor, own) = (tensors[line.tensor], witness[line.tensor][line.clause ?? 0])
      for (values, slot, count) in [(own.left, clause.left, tensor.rows), (own.right, clause.right, tensor.columns)] {
        guard values.count == count * clause.rank else {
          throw .rows("the factors of \(tensor.name) have not the sizes of rank \(clause.rank)")
        }
        for (index, value) in values.enumerated() {
          let (row, k) = index.quotientAndRemainder(dividingBy: clause.rank)
          cells[slot.offset + row << clause.logRank + k] = Int64(value)
          // At most 2^24 cells of 2^31.
          magnitudes += UInt64(value.magnitude)
        }
      }
    }
    self.magnitudes = magnitudes
    let limit = 1 << layout.logLength
    var rows: [[Int64]] = []
    for line in layout.lines {
      for row in line.committed where drift.row(row).count > limit {
        throw .rows("a row of \(tensors[line.tensor].name) has more than 2^\(layout.logLength) cells")
      }
      guard let number = line.clause else {
        rows += line.committed.map { drift.row($0) }
        continue
      }
      var rest = try Self.rest(
        layout, line, number, drift: line.committed.map { drift.row($0) }, witness: witness[line.tensor][number])
      if let group = factors.sparse.first(where: { layout.lines[$0.line] == line }) {
        try Self.take(
          witness[line.tensor][number].support, group: group, tensor: tensors[line.tensor], layout: layout,
          factors: factors, rest: &rest, cells: &cells)
      }
      rows += rest + [[Int64]](repeating: [], count: line.rows.count - rest.count)
    }
    self.rows = MemoryDriftRows(rows: rows, blindings: [Fr](repeating: .zero, count: rows.count))
    self.cells = cells
  }

  /// 2^s·Δ - U·Vᵀ in the rows of a tensor.
  private static func rest(
    _ layout: CurveArgumentLayout, _ line: CurveArgumentLayout.Line, _ number: Int, drift: [[Int64]],
    witness: CurveClauseWitness
  ) throws(CurveArgumentError) -> [[Int64]] {
    let tensor = layout.statement.tensors[line.tensor]
    let (clause, l) = (tensor.clauses[number], layout.logLength)
    let rank = clause.rank ?? 0
    func largest(_ values: [Int32]) -> UInt64 { values.reduce(0) { max($0, UInt64($1.magnitude)) } }
    let product = largest(witness.left).multipliedFullWidth(by: largest(witness.right))
    let factor = UInt128(product.high) << 64 + UInt128(product.low)
    let entries = drift.reduce(0 as UInt64) { $1.reduce($0) { max($0, $1.magnitude) } }
    guard factor * UInt128(rank) + UInt128(entries) << UInt128(clause.scale) < 1 << 62 else {
      throw .factorsTooLarge(tensor: tensor.name)
    }
    let logColumns = ceilLog2(tensor.columns)
    let (left, right) = (witness.left, witness.right)
    return Parallel.map(drift.count) { tile -> [Int64] in
      let first = tile << l
      let count = min(1 << l, tensor.rows << logColumns - first)
      var result = drift[tile].map { $0 << Int64(clause.scale) }
      guard rank > 0 else { return result }
      result += [Int64](repeating: 0, count: max(0, count - result.count))
      for cell in 0..<count {
        let (row, column) = ((first + cell) >> logColumns, (first + cell) & (1 << logColumns - 1))
        guard column < tensor.columns else { continue }
        var sum: Int64 = 0
        for k in 0..<rank { sum += Int64(left[row * rank + k]) * Int64(right[column * rank + k]) }
        result[cell] -= sum
      }
      return result
    }
  }

  /// Moves what is left at a support into the values of its slots, and writes addresses.
  private static func take(
    _ support: [Int], group: CurveFactorLayout.Sparse, tensor: CurveTensor, layout: CurveArgumentLayout,
    factors: CurveFactorLayout, rest: inout [[Int64]], cells: inout [Int64]
  ) throws(CurveArgumentError) {
    let logColumns = ceilLog2(tensor.columns)
    let places =
      switch group.form {
      case .entries: tensor.rows * tensor.columns
      case .rows: tensor.rows
      case .columns: tensor.columns
      }
    guard support.count <= group.form.count, Set(support).count == support.count,
      support.allSatisfy({ $0 >= 0 && $0 < places })
    else { throw .rows("the places of \(tensor.name) are not \(group.form.count) of its own") }
    func take(_ row: Int, _ column: Int) -> Int64 {
      let cell = row << logColumns + column
      let (tile, place) = (cell >> layout.logLength, cell & (1 << layout.logLength - 1))
      guard place < rest[tile].count else { return 0 }
      defer { rest[tile][place] = 0 }
      return rest[tile][place]
    }
    for slot in 0..<1 << group.logCount {
      // A slot without a place has an address, too, and no value.
      let place = slot < support.count ? support[slot] : 0
      var address = place
      if case .entries = group.form {
        let (row, column) = place.quotientAndRemainder(dividingBy: tensor.columns)
        address = row << logColumns + column
      }
      for chunk in 0..<group.chunks {
        let y = address >> (CurveLimits.logChunk * chunk) & (1 << CurveLimits.logChunk - 1)
        cells[factors.hotCell(chunk: chunk, slot: group.base + slot) + y] = 1
      }
      guard slot < support.count else { continue }
      let first = group.values.offset + slot << group.vector.count
      switch group.form {
      case .entries: cells[first] = take(place / tensor.columns, place % tensor.columns)
      case .rows: for column in 0..<tensor.columns { cells[first + column] = take(place, column) }
      case .columns: for row in 0..<tensor.rows { cells[first + row] = take(row, place) }
      }
    }
  }
}
