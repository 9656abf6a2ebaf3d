// SPDX-License-Identifier: Apache-2.0

import DriftProofCurve
import DriftProofCurveCommitment

/// Public quantities of Stage B at Stage A's point: d - e = (1 - top)·Σ_lines w·[Σ_k U(k)·V(k) + Σ_j S(j)·Π_c a_c(j)] + dummy.
package struct StructureWeights: Sendable {
  package let layout: CurveArgumentLayout
  package let factors: CurveFactorLayout
  package let top: Fr
  /// Of E-space.
  package let x: [Fr]

  /// - Parameter point: Stage A's: top, and at least the variables of E-space.
  package init(layout: CurveArgumentLayout, factors: CurveFactorLayout, point: [Fr]) {
    self.layout = layout
    self.factors = factors
    top = point[0]
    x = Array(point[1...layout.driftVariables])
  }

  private func sizes(_ line: Int) -> (columns: Int, rows: Int) {
    let tensor = layout.statement.tensors[layout.lines[line].tensor]
    return (ceilLog2(tensor.columns), ceilLog2(tensor.rows))
  }

  /// Coordinates of a line whose bits are a column, and a row, of the matrix.
  package func columns(_ line: Int) -> [Fr] { Array(x[..<sizes(line).columns]) }
  package func rows(_ line: Int) -> [Fr] {
    let (columns, rows) = sizes(line)
    return Array(x[columns..<columns + rows])
  }

  /// (1 - top)·eq over the coordinates that are the same for all places of the matrix.
  package func weight(_ line: Int) -> Fr {
    let (columns, rows) = sizes(line)
    let (bits, l) = (columns + rows, layout.logLength)
    let inside = x[min(bits, l)..<l].reduce(Fr.one - top) { $0 * (.one - $1) }
    let tile = layout.lines[line].rows.lowerBound >> max(0, bits - l)
    return inside * FrVector.equality(x[max(bits, l)...], at: tile)
  }

  /// What the half top = 1 of E has at cell 0, as a factor of δ.
  package var dummyWeight: Fr { x.reduce(top) { $0 * (.one - $1) } }

  /// Whether the evaluations are what the claim is at the end of the rounds, without the mask.
  /// - Parameters:
  ///   - values: in the order of ``terms(point:first:factor:)``.
  ///   - top: of Stage B.
  package func final(_ values: [Fr], top: Fr) -> Fr {
    var rest = values[...]
    var sum = dummyWeight * (rest.popLast() ?? .zero)
    if !factors.lowRank.isEmpty {
      sum = sum + rest[0] * rest[1]
      rest = rest.dropFirst(2)
    }
    if !factors.sparse.isEmpty { sum = sum + rest.reduce(.one, *) }
    return (.one - top) * sum
  }

  /// Stage B's evaluations as one functional of G: evaluation i counts first·factor^i. They are U and V; values and chunks of slots; the
  /// dummy, each with its mask cell. What is 1 of a chunk without an address is public, and no part of the cells.
  /// - Parameter point: Stage B's: its top and κ.
  package func terms(
    point: [Fr], first: Fr, factor: Fr
  ) -> (terms: [CurveFunctional.Term], constant: Fr) {
    let (data, kappa) = (Fr.one - point[0], Array(point.dropFirst()))
    let atZero = kappa.reduce(Fr.one) { $0 * (.one - $1) }
    var terms: [CurveFunctional.Term] = []
    var (constant, power, cell) = (Fr.zero, first, factors.masks)
    func next() {
      terms.append(.vector(offset: cell, values: [power * point[0] * atZero]))
      cell += 1
      power = power * factor
    }
    if !factors.lowRank.isEmpty {
      let equality = FrVector.equality(kappa)
      for isLeft in [true, false] {
        for clause in factors.lowRank {
          terms.append(
            .product(
              offset: (isLeft ? clause.left : clause.right).offset,
              inner: Array(equality[clause.base..<clause.base + clause.counted]), logInner: clause.logRank,
              point: isLeft ? rows(clause.line) : columns(clause.line),
              outer: [power * data * (isLeft ? weight(clause.line) : .one)]))
        }
        next()
      }
    }
    if !factors.sparse.isEmpty {
      let equality = FrVector.equality(kappa)
      for group in factors.sparse {
        let scale = power * data * weight(group.line)
        terms.append(
          .product(
            offset: group.values.offset, inner: [.one], logInner: 0, point: Array(x[group.vector]),
            outer: equality[group.base..<group.base + group.counted].map { scale * $0 }))
      }
      next()
      for chunk in 0..<factors.chunks {
        var live = Fr.zero
        for group in factors.sparse where chunk < group.chunks {
          let own = FrVector.equality(kappa[group.logCount...], at: group.base >> group.logCount)
          live = live + own
          terms.append(
            .product(
              offset: factors.hotCell(chunk: chunk, slot: group.base),
              inner: FrVector.equality(x[group.chunk(chunk)]), logInner: CurveLimits.logChunk,
              point: Array(kappa[..<group.logCount]), outer: [power * data * own]))
        }
        constant = constant + power * data * (.one - live)
        next()
      }
    }
    terms.append(.vector(offset: factors.dummyCell, values: [power * data * atZero]))
    next()
    return (terms, constant)
  }
}
