// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCurveArgument

/// Sums over the drift before anything is sent: whether the statement is true and can be proved.
struct DriftMeasure: Sendable {
  /// ΣΔ² by line.
  let squares: [CurveBound]
  /// Σ 4^(F - f)·ΣΔ² over the lines that count.
  let total: CurveBound
  /// What the bounds leave.
  let totalSlack: CurveBound?
  let slacks: [CurveBound]

  /// Σ|Δ| and ΣΔ² of a row, and the largest |Δ|; nil from 2^60 on.
  private struct RowSums {
    var magnitudes: UInt64 = 0
    var squares: UInt128 = 0

    init?(_ row: [Int64]) {
      let limit: UInt64 = 1 << UInt64(CurveLimits.logHalfRange)
      for cell in row where cell != 0 {
        let magnitude = cell.magnitude
        guard magnitude < limit else { return nil }
        magnitudes += magnitude
        // Below 2^60 before each step, so that squares are below 2^120.
        guard magnitudes < limit else { return nil }
        squares += UInt128(magnitude) * UInt128(magnitude)
      }
    }
  }

  /// - Parameter factors: Σ|U| + Σ|V|, which are projected with the drift.
  /// - Throws: `rows`, `driftTooLarge`, `normExceeded`, `totalExceeded`.
  init(
    _ layout: CurveArgumentLayout, rows: any CurveDriftRows, factors: UInt64 = 0
  ) throws(CurveArgumentError) {
    guard rows.count == layout.driftRows else {
      throw .rows("there are \(rows.count) rows of drift, and the statement has \(layout.driftRows)")
    }
    func name(_ line: CurveArgumentLayout.Line) -> String { layout.statement.tensors[line.tensor].name }
    let sums = Parallel.map(rows.count) { index -> (isLong: Bool, sums: RowSums?) in
      let row = rows.row(index)
      return (row.count > 1 << layout.logLength, RowSums(row))
    }
    let limit: UInt64 = 1 << UInt64(CurveLimits.logHalfRange)
    var magnitudes = factors
    if factors >= limit { throw .driftTooLarge(tensor: name(layout.lines[0])) }
    var squares: [CurveBound] = []
    var slacks: [CurveBound] = []
    var total = CurveBound.zero
    for line in layout.lines {
      var square: UInt128 = 0
      for row in line.rows {
        if sums[row].isLong { throw .rows("a row of \(name(line)) has more than 2^\(layout.logLength) cells") }
        guard let own = sums[row].sums else { throw .driftTooLarge(tensor: name(line)) }
        magnitudes += own.magnitudes
        guard magnitudes < limit else { throw .driftTooLarge(tensor: name(line)) }
        square += own.squares
      }
      let value = CurveBound(square)
      squares.append(value)
      if let bound = line.bound {
        guard let slack = bound.subtracting(value) else {
          throw .normExceeded(tensor: name(line), square: value, bound: bound)
        }
        slacks.append(slack)
      }
      // Below 2^120·2^88, and (Σ|Δ|)² bounds the sum of all of them.
      if let shift = line.totalShift, let shifted = value.shiftedLeft(shift), let sum = total.adding(shifted) {
        total = sum
      }
    }
    self.squares = squares
    self.slacks = slacks
    self.total = total
    guard let bound = layout.statement.totalBound else {
      totalSlack = nil
      return
    }
    guard let slack = bound.subtracting(total) else { throw .totalExceeded(square: total, bound: bound) }
    totalSlack = slack
  }
}
