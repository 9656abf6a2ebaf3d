// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCurveArgument
import DriftProofCurveArgumentProver
import DriftProofCurveCommitment
import DriftProofDrift
import DriftProofLinearAlgebra

/// Factors and supports for the clauses of a statement over the curve, by the search of the hash backend.
enum CurveClauseFits {
  /// - Parameters:
  ///   - rows: of the drift, of all tensors of the statement in order.
  /// - Returns: by tensor, then by clause.
  /// - Throws: `clauseViolated`, `imprecise`.
  static func witness(
    _ statement: CurveStatement, rows: [[Int64]]
  ) throws(CurveProvingError) -> [[CurveClauseWitness]] {
    var result: [[CurveClauseWitness]] = []
    var first = 0
    for tensor in statement.tensors {
      defer { first += tensor.rowCount }
      guard !tensor.clauses.isEmpty else {
        result.append([])
        continue
      }
      let drift = try matrix(tensor, rows[first..<first + tensor.rowCount], logLength: statement.logLength)
      let fitter = ClauseFitter(drift: drift, fractionBits: tensor.fractionBits)
      var own: [CurveClauseWitness] = []
      for clause in tensor.clauses { own.append(try fit(clause, tensor, fitter)) }
      result.append(own)
    }
    return result
  }

  private static func matrix(
    _ tensor: CurveTensor, _ rows: ArraySlice<[Int64]>, logLength: Int
  ) throws(CurveProvingError) -> IntegerMatrix {
    guard let layout = CurveRowLayout(rows: tensor.rows, columns: tensor.columns, logLength: logLength) else {
      throw .tensors("tensor \(tensor.name) has no matrix")
    }
    var values = [Int64](repeating: 0, count: tensor.rows * tensor.columns)
    for (row, cells) in rows.enumerated() {
      for run in layout.runs(row: row) {
        for (index, entry) in run.entries.enumerated() where run.cell + index < cells.count {
          values[entry] = cells[run.cell + index]
        }
      }
    }
    let small = values.allSatisfy { Int32(exactly: $0) != nil }
    do throws(LinearAlgebraError) {
      return small
        ? try IntegerMatrix(rows: tensor.rows, columns: tensor.columns, values: values.map { Int32($0) })
        : try IntegerMatrix(rows: tensor.rows, columns: tensor.columns, values: values)
    } catch { throw .imprecise(name: tensor.name, why: "its changes are too large to look for factors") }
  }

  private static func fit(
    _ clause: CurveClause, _ tensor: CurveTensor, _ fitter: ClauseFitter
  ) throws(CurveProvingError) -> CurveClauseWitness {
    let sparse: SparseForm? = clause.sparse.map { form in
      switch form {
      case .entries(let count): .entries(count)
      case .rows(let count): .rows(count)
      case .columns(let count): .columns(count)
      }
    }
    let structured = StructuredClause(
      rank: clause.rank, sparse: sparse, scale: clause.scale, bound: limbs(clause.bound))
    let found: ClauseFit
    do throws(LinearAlgebraError) { found = try fitter.fit(structured) } catch {
      throw .imprecise(name: tensor.name, why: "no factors were found: \(error)")
    }
    switch found {
    case .fits(let factors, let support):
      return CurveClauseWitness(left: factors?.left ?? [], right: factors?.right ?? [], support: support ?? [])
    case .violated(let finding):
      throw .clauseViolated(name: tensor.name, clause: words(clause, tensor), found: words(finding, clause))
    case .imprecise(let why): throw .imprecise(name: tensor.name, why: why)
    case .circulant: throw .imprecise(name: tensor.name, why: "it has circulant blocks")
    }
  }

  /// Six digits to base 2^15, as the search compares them: bounds above say no less. Nil for 0.
  private static func limbs(_ bound: CurveBound) -> [UInt16]? {
    if bound == .zero { return nil }
    let held = min(bound, CurveBound(ones: 90))
    return (0..<6).map { limb in
      (0..<15).reduce(0 as UInt16) { $0 | UInt16(held.bit(15 * limb + $1)) << UInt16($1) }
    }
  }

  // MARK: Words

  private static func words(_ clause: CurveClause, _ tensor: CurveTensor) -> String {
    var parts: [String] = []
    if let rank = clause.rank { parts.append("rank \(rank)") }
    switch clause.sparse {
    case .entries(let count)?: parts.append("\(count) entries")
    case .rows(let count)?: parts.append("\(count) rows")
    case .columns(let count)?: parts.append("\(count) columns")
    case nil: break
    }
    if clause.bound != .zero {
      let square = clause.bound.words.reversed().reduce(0.0) { $0 * 0x1p64 + Double($1) }
      let unit = Double(sign: .plus, exponent: -tensor.fractionBits - clause.scale, significand: 1)
      parts.append("a residual of \(square.squareRoot() * unit)")
    }
    return parts.joined(separator: ", ")
  }

  private static func words(_ finding: ClauseFit.Finding, _ clause: CurveClause) -> String {
    switch finding {
    case .residual(let found): "a residual of \(found)"
    case .count(let found):
      switch clause.sparse {
      case .rows?: "\(found) changed rows"
      case .columns?: "\(found) changed columns"
      case .entries?, nil: "\(found) changed entries"
      }
    case .rank(let residual): "a higher rank: the best of this rank leaves \(residual)"
    case .entries(let found, _, _, _), .rounding(let found, _, _, _, _): "\(found) entries above"
    }
  }
}
