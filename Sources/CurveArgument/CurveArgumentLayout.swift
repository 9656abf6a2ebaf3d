// SPDX-License-Identifier: Apache-2.0

/// What follows from a statement's sizes: E-space, the cells of D, rounds and their degrees, the numbers of the rows.
package struct CurveArgumentLayout: Sendable {
  package let statement: CurveStatement
  package let range: TensorRange
  /// A bound and the rows of E-space that it is about.
  package struct Line: Sendable, Hashable {
    package let tensor: Int
    package let rows: Range<Int>
    /// The first of these rows among all of the statement's.
    package let place: Int
    package let bound: CurveBound?
    /// 2·(F - f) where the total counts it.
    package let totalShift: Int?
    /// Which of the bounded tensors it is; nil without a bound of its own.
    package let number: Int?
  }

  /// One for each tensor with a norm claim; together they have the rows of E-space, in order.
  package let lines: [Line]
  /// Of E-space.
  package let driftRows: Int
  /// Where each row of E-space is among all of the statement's. Only for statements whose points have been counted.
  package var places: [Int] { lines.flatMap { $0.place..<$0.place + $0.rows.count } }
  package let boundedCount: Int
  /// Cells of D that mean something.
  package let usedCells: Int
  /// v_D.
  package let bitVariables: Int

  /// - Parameter statement: a valid one.
  package init(_ statement: CurveStatement) { self.init(statement, groupCount: nil) }

  init(_ statement: CurveStatement, groupCount: Int?) {
    self.statement = statement
    let finest = statement.tensors.filter(\.countsInTotal).map(\.fractionBits).max() ?? 0
    var lines: [Line] = []
    var (place, row, bounded) = (0, 0, 0)
    for (index, tensor) in statement.tensors.enumerated() {
      if case .norm(let bound) = tensor.claim {
        lines.append(
          Line(
            tensor: index, rows: row..<row + tensor.rowCount, place: place, bound: bound,
            totalShift: tensor.countsInTotal ? 2 * (finest - tensor.fractionBits) : nil,
            number: bound == nil ? nil : bounded))
        bounded += bound == nil ? 0 : 1
        row += tensor.rowCount
      }
      place += tensor.rowCount
    }
    self.lines = lines
    driftRows = row
    boundedCount = bounded
    let variables = statement.logLength + ceilLog2(row)
    range =
      groupCount.map { TensorRange(variables: variables, groupCount: $0) } ?? TensorRange(variables: variables)
    usedCells =
      range.projections << CurveLimits.logProjectionCells
      + (statement.totalBound == nil ? 0 : 1 << CurveLimits.logTotalCells) + bounded << CurveLimits.logBoundCells
    bitVariables = ceilLog2(usedCells)
  }

  package var logLength: Int { statement.logLength }
  /// n_E.
  package var driftVariables: Int { range.variables }
  /// Rounds of Stage A, `top` included.
  package var rounds: Int { 1 + max(driftVariables, bitVariables) }

  /// Of the polynomial of a round: 3 where the weight of E² or of D² depends on its variable, else 2.
  package func degree(round: Int) -> Int {
    // `top` multiplies a square of what is linear in it; eq(z, ·) has all variables of D; tensors differ in tile bits.
    if round == 0 || round <= bitVariables { return 3 }
    return lines.count > 1 && round > logLength && round <= driftVariables ? 3 : 2
  }

  package var degrees: [Int] { (0..<rounds).map { degree(round: $0) } }
  /// Coefficients of Libra's g.
  package var libraLength: Int { degrees.reduce(1, +) }

  // MARK: Cells of D

  package func projectionCell(_ m: Int) -> Int { m << CurveLimits.logProjectionCells }
  /// Where the total's slack begins.
  package var totalCell: Int { range.projections << CurveLimits.logProjectionCells }
  /// Where the slack of the bounded tensor of a number begins.
  package func boundCell(_ number: Int) -> Int {
    totalCell + (statement.totalBound == nil ? 0 : 1 << CurveLimits.logTotalCells) + number << CurveLimits.logBoundCells
  }

  // MARK: Rows: those of E-space, then P2

  /// Rows of D.
  package var bitRows: Int { 1 << max(0, bitVariables - logLength) }
  /// m_D.
  package var bitsMaskRow: Int { driftRows + bitRows }
  /// m_E.
  package var driftMaskRow: Int { bitsMaskRow + 1 }
  /// What hides the combination that an opening shows.
  package var openingMaskRow: Int { driftMaskRow + 1 }
  package var libraRow: Int { openingMaskRow + 1 }
  /// Rows of P2.
  package var auxiliaryRows: Int { bitRows + 4 }
}
