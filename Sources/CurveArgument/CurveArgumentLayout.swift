// SPDX-License-Identifier: Apache-2.0

/// What follows from a statement's sizes: E-space, the cells of D and of G, rounds and their degrees, the numbers of the rows.
package struct CurveArgumentLayout: Sendable {
  package let statement: CurveStatement
  package let range: TensorRange
  /// Of U and V; as many groups as E-space has.
  package let factorRange: TensorRange?
  /// A bound and the rows of E-space that it is about: a tensor's drift, or what a clause leaves of it.
  package struct Line: Sendable, Hashable {
    package let tensor: Int
    /// Of the tensor; nil for the drift itself.
    package let clause: Int?
    /// A clause's rows are an aligned power of two, zero behind the tensor's; so bits of their number are bits of a place in the matrix.
    package let rows: Range<Int>
    /// The tensor's rows of C_tuned - C_base, counted through all tensors with norm claims.
    package let committed: Range<Int>
    package let bound: CurveBound?
    /// 2·(F - f) where the total counts it.
    package let totalShift: Int?
    /// Which of the bounds it has; nil without one of its own.
    package let number: Int?
    /// s.
    package let scale: Int
  }

  /// First one for each clause, by falling numbers of rows, then one for each tensor whose drift is bounded itself; together they have
  /// the rows of E-space, in order.
  package let lines: [Line]
  /// G; nil without clauses.
  package let factors: CurveFactorLayout?
  /// Of E-space.
  package let driftRows: Int
  /// Where each row of C_tuned - C_base that is claimed about is among all of the statement's; made where points have been counted.
  package var places: [Int] { committed.flatMap { $0 } }
  private let committed: [Range<Int>]
  /// Of C_tuned - C_base, that claims are about: without clauses those of E-space.
  package let committedRows: Int
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
    var (place, first) = (0, 0)
    var committed: [Range<Int>] = []
    var plain: [(tensor: Int, rows: Range<Int>)] = []
    var clauses: [(tensor: Int, clause: Int, rows: Range<Int>, log: Int)] = []
    for (index, tensor) in statement.tensors.enumerated() {
      if tensor.isBounded {
        committed.append(place..<place + tensor.rowCount)
        let rows = first..<first + tensor.rowCount
        first = rows.upperBound
        if tensor.isPlain { plain.append((index, rows)) }
        for clause in tensor.clauses.indices { clauses.append((index, clause, rows, ceilLog2(tensor.rowCount))) }
      }
      place += tensor.rowCount
    }
    var lines: [Line] = []
    var (row, bounded) = (0, 0)
    // Falling sizes keep all of them aligned without holes between.
    for index in clauses.indices.sorted(by: { (clauses[$1].log, $0) < (clauses[$0].log, $1) }) {
      let (tensor, number, rows, log) = clauses[index]
      let clause = statement.tensors[tensor].clauses[number]
      lines.append(
        Line(
          tensor: tensor, clause: number, rows: row..<row + 1 << log, committed: rows, bound: clause.bound,
          totalShift: nil, number: bounded, scale: clause.scale))
      row += 1 << log
      bounded += 1
    }
    for (index, rows) in plain {
      guard case .norm(let bound) = statement.tensors[index].claim else { continue }
      let tensor = statement.tensors[index]
      lines.append(
        Line(
          tensor: index, clause: nil, rows: row..<row + rows.count, committed: rows, bound: bound,
          totalShift: tensor.countsInTotal ? 2 * (finest - tensor.fractionBits) : nil,
          number: bound == nil ? nil : bounded, scale: 0))
      bounded += bound == nil ? 0 : 1
      row += rows.count
    }
    self.committed = committed
    committedRows = first
    factors = clauses.isEmpty ? nil : CurveFactorLayout(lines: lines, statement: statement)
    self.lines = lines
    driftRows = row
    boundedCount = bounded
    let variables = statement.logLength + ceilLog2(row)
    // The larger number of groups for both.
    let own = max(
      TensorRange(variables: variables).groupCount,
      factors?.factorVariables.map { TensorRange(variables: $0).groupCount } ?? 1)
    let range = TensorRange(variables: variables, groupCount: groupCount ?? own)
    self.range = range
    factorRange = factors?.factorVariables.map { TensorRange(variables: $0, groupCount: range.groupCount) }
    usedCells =
      range.projections << CurveLimits.logProjectionCells
      + (statement.totalBound == nil ? 0 : 1 << CurveLimits.logTotalCells) + bounded << CurveLimits.logBoundCells
    bitVariables = ceilLog2(usedCells)
  }

  package var logLength: Int { statement.logLength }
  /// n_E.
  package var driftVariables: Int { range.variables }
  /// v_G; 0 without clauses.
  package var factorVariables: Int { factors?.variables ?? 0 }
  /// Rounds of Stage A, `top` included.
  package var rounds: Int { 1 + max(driftVariables, bitVariables, factorVariables) }

  /// Of the polynomial of a round: 3 where the weight of E², of D² or of G² depends on its variable, else 2.
  package func degree(round: Int) -> Int {
    // `top` multiplies a square of what is linear in it; eq(z, ·) has all variables of D; lines differ in tile bits.
    if round == 0 || round <= bitVariables { return 3 }
    if factors?.hot != nil, round <= factorVariables { return 3 }
    return lines.count > 1 && round > logLength && round <= driftVariables ? 3 : 2
  }

  package var degrees: [Int] { (0..<rounds).map { degree(round: $0) } }
  /// Coefficients of Libra's g.
  package var libraLength: Int { degrees.reduce(1, +) }
  /// The same of Stage B's; 0 without it.
  package var structureLibraLength: Int { factors?.structureDegrees.reduce(1, +) ?? 0 }
  package var allLibraLength: Int { libraLength + structureLibraLength }

  // MARK: Cells of D

  package func projectionCell(_ m: Int) -> Int { m << CurveLimits.logProjectionCells }
  /// Where the total's slack begins.
  package var totalCell: Int { range.projections << CurveLimits.logProjectionCells }
  /// Where the slack of the bounded tensor of a number begins.
  package func boundCell(_ number: Int) -> Int {
    totalCell + (statement.totalBound == nil ? 0 : 1 << CurveLimits.logTotalCells) + number << CurveLimits.logBoundCells
  }

  // MARK: Rows: those of C_tuned - C_base, P1, then P2

  /// Rows of G: P1.
  package var factorRows: Int { factors.map { ($0.used + 1 << logLength - 1) >> logLength } ?? 0 }
  /// Where P2 begins.
  package var auxiliaryStart: Int { committedRows + factorRows }
  /// Rows of D.
  package var bitRows: Int { 1 << max(0, bitVariables - logLength) }
  /// m_D.
  package var bitsMaskRow: Int { auxiliaryStart + bitRows }
  /// m_E.
  package var driftMaskRow: Int { bitsMaskRow + 1 }
  /// m_G; there only with clauses.
  package var factorMaskRow: Int { driftMaskRow + 1 }
  /// What hides the combinations that an opening shows: one, and one for each row of G.
  package var openingMaskRows: Range<Int> {
    let first = driftMaskRow + (factors == nil ? 1 : 2)
    return first..<first + 1 + factorRows
  }
  package var libraRow: Int { openingMaskRows.upperBound }
  /// Rows of P2.
  package var auxiliaryRows: Int { libraRow + 1 - auxiliaryStart }
}
