// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCurveArgument
import DriftProofPolicy
import DriftProofStatement

/// What a tensor's clauses are in a statement over the curve; docs/specification/curve-argument.md, "From a policy".
struct CurveClauseRule {
  let leaf: BaseIdentity.Leaf
  let rows: Int
  let columns: Int
  /// For messages.
  let place: String

  /// The least of the norm bounds, and the other clauses in order.
  /// - Throws: `notYet` for forms that are not proved here.
  func claims(_ forms: [ClauseForm]) throws(CurveCertificateError) -> (bound: CurveBound?, clauses: [CurveClause]) {
    var least: CurveBound?
    for form in forms {
      // An intersection of balls around zero is the smallest of them.
      if case .norm(let bound) = form { least = min(least ?? CurveBound(ones: CurveLimits.boundBits), own(bound, 0)) }
    }
    var clauses: [CurveClause] = []
    for form in forms {
      switch form {
      case .norm: continue
      case .pattern: throw .notYet("\(place): patterns")
      case .sum(let rank, let sparse, let residual, let entrywise, let rounding, let blocks):
        if entrywise != nil || rounding != nil { throw .notYet("\(place): bounds on single entries") }
        if blocks != nil { throw .notYet("\(place): Kronecker products and circulant blocks") }
        clauses.append(clause(rank: rank, sparse: sparse, residual: residual, drift: least))
      }
    }
    return (least, clauses)
  }

  private func own(_ bound: Bound, _ scale: Int) -> CurveBound {
    CurveBounds.tensor(
      bound, fractionBits: leaf.statistics.fractionBits, sumOfSquares: leaf.statistics.sumOfSquares, scale: scale)
  }

  private func clause(rank: Int?, sparse: SparseForm?, residual: Bound?, drift: CurveBound?) -> CurveClause {
    // A rank or count beyond what the matrix has allows no more than the matrix itself.
    let held = rank.map { max(1, min($0, rows, columns)) }
    let places: CurveClause.SparseForm? = sparse.map { form in
      switch form {
      case .entries(let count): .entries(min(count, rows * columns))
      case .rows(let count): .rows(min(count, rows))
      case .columns(let count): .columns(min(count, columns))
      }
    }
    guard let residual else { return CurveClause(rank: held, sparse: places) }
    var scale = 0
    if let held {
      scale = ScaleRule.scale(
        residual: BigUInt(own(residual, 0)), neighbours: 0, rank: held, driftBound: drift.map { BigUInt($0) },
        sumOfSquares: leaf.statistics.sumOfSquares)
    }
    let bound = own(residual, scale)
    // Below a single unit nothing is left, and that needs no scale.
    return CurveClause(rank: held, sparse: places, scale: bound == .zero ? 0 : scale, bound: bound)
  }
}

extension BigUInt {
  init(_ bound: CurveBound) {
    self = bound.words.reversed().reduce(BigUInt.zero) { ($0 << 64) + BigUInt($1) }
  }
}
