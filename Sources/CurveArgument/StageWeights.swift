// SPDX-License-Identifier: Apache-2.0

import DriftProofCurve

/// The verifier's part of Stage A: weights of E², E, D² - D and D at the point, and what an evaluation contributes.
package struct StageWeights: Sendable {
  let layout: CurveArgumentLayout
  let challenges: StageChallenges
  let matrices: [TernaryMatrix]

  package init(challenges: StageChallenges, matrices: [TernaryMatrix]) {
    layout = challenges.layout
    self.challenges = challenges
    self.matrices = matrices
  }

  /// (1 - top)·(w·E² + R~·E). The point is (top, x) with all variables of E-space.
  package func driftContribution(_ value: Fr, point: [Fr]) -> Fr {
    let x = Array(point[1...layout.driftVariables])
    let weight = squares(tile: x[layout.logLength...])
    return (.one - point[0]) * value * (weight * value + projections(x))
  }

  /// Σ over the rows of the weight of E², as an extension. One tensor's weight is constant on all of E-space, where E is zero
  /// beyond its rows.
  func squares(tile: ArraySlice<Fr>) -> Fr {
    if layout.lines.count == 1 { return challenges.squareWeight(layout.lines[0]) }
    return layout.lines.reduce(.zero) { sum, line in
      sum + challenges.squareWeight(line) * RowWeights.sum(tile, line.rows)
    }
  }

  /// Σ_m eq(m*, m)·Π_j R~_j[m](x_j), times λ^0.
  func projections(_ x: [Fr]) -> Fr {
    var products = challenges.projectionWeights
    for (matrix, group) in zip(matrices, layout.range.groups) {
      let sums = matrix.sums(FrVector.equality(x[group]))
      for m in products.indices { products[m] = products[m] * sums[m] }
    }
    return challenges.powers[0] * products.reduce(.zero, +)
  }

  /// (1 - top)·(λ·eq(z, x)·(D² - D) + w·D). The point is (top, x, …) with at least the variables of D.
  package func bitsContribution(_ value: Fr, point: [Fr]) -> Fr {
    let x = Array(point[1...layout.bitVariables])
    var equality = challenges.bitsPower
    for (a, b) in zip(x, challenges.bits) { equality = equality * (a * b + (.one - a) * (.one - b)) }
    return (.one - point[0]) * value * (equality * (value - .one) + bitsLinear(x))
  }

  /// The weight of D at x: a number's cells lie side by side, its bits low first.
  func bitsLinear(_ x: [Fr]) -> Fr {
    func number(_ bits: Int, _ logCells: Int) -> Fr {
      let table = FrVector.equality(x.prefix(logCells))
      return (0..<bits).reversed().reduce(Fr.zero) { $0 + $0 + table[$1] }
    }
    // Numbers are weighed as Σ 2^b·eq(x_low, b); Horner's rule above begins with the highest bit.
    func slots(_ logCells: Int) -> [Fr] { FrVector.equality(x.dropFirst(logCells)) }
    let projectionSlots = slots(CurveLimits.logProjectionCells)
    let projections = FrVector.innerProduct(challenges.projectionWeights, projectionSlots)
    var sum =
      -(challenges.powers[0] * projections)
      * number(CurveLimits.projectionBits, CurveLimits.logProjectionCells)
    if layout.statement.totalBound != nil {
      let slot = FrVector.equality(
        x.dropFirst(CurveLimits.logTotalCells), at: layout.totalCell >> CurveLimits.logTotalCells)
      sum = sum + challenges.totalPower * slot * number(CurveLimits.totalBits, CurveLimits.logTotalCells)
    }
    if layout.boundedCount > 0 {
      let table = slots(CurveLimits.logBoundCells)
      let bounds = (0..<layout.boundedCount).reduce(Fr.zero) { bounds, number in
        bounds + challenges.boundPower(number) * table[layout.boundCell(number) >> CurveLimits.logBoundCells]
      }
      sum = sum + bounds * number(CurveLimits.boundBits, CurveLimits.logBoundCells)
    }
    return sum
  }
}
