// SPDX-License-Identifier: Apache-2.0

import DriftProofCurve

/// The verifier's part of Stage A about G: weights of G² - G and of G at a point, and what an evaluation contributes.
package struct FactorWeights: Sendable {
  let layout: CurveArgumentLayout
  let factors: CurveFactorLayout
  let challenges: StageChallenges
  /// Of U and V; none without them.
  let matrices: [TernaryMatrix]

  package init(factors: CurveFactorLayout, challenges: StageChallenges, matrices: [TernaryMatrix]) {
    layout = challenges.layout
    self.factors = factors
    self.challenges = challenges
    self.matrices = matrices
  }

  /// (1 - top)·(s·(G² - G) + w·G). The point is (top, x, …) with at least the variables of G.
  package func contribution(_ value: Fr, point: [Fr]) -> Fr {
    let x = Array(point[1...layout.factorVariables])
    let (squares, sums) = hot(x)
    return (.one - point[0]) * value * (squares * (value - .one) + sums + projections(x))
  }

  /// Σ_m eq(m*, m)·Π_j R'~_j[m](x_j) on the cells below 2^n_U, times λ^0.
  func projections(_ x: [Fr]) -> Fr {
    guard let range = layout.factorRange else { return .zero }
    let products = zip(matrices, range.groups).reduce(challenges.projectionWeights) { products, pair in
      zip(products, pair.0.sums(FrVector.equality(x[pair.1]))).map { $0 * $1 }
    }
    let outside = x[range.variables...].reduce(challenges.powers[0]) { $0 * (.one - $1) }
    return outside * products.reduce(.zero, +)
  }

  /// Weights of G² - G and of G of the one-hot cells.
  func hot(_ x: [Fr]) -> (squares: Fr, linear: Fr) {
    guard let hot = factors.hot else { return (.zero, .zero) }
    let region = FrVector.equality(x[hot.log...], at: hot.offset >> hot.log)
    var cells = challenges.hotCellsPower * region
    for (a, b) in zip(x, challenges.hotCells) { cells = cells * (a * b + (.one - a) * (.one - b)) }
    // Summed over a chunk's cells eq is 1.
    let own = FrVector.equality(x[CurveLimits.logChunk..<hot.log])
    let drawn = FrVector.equality(challenges.hotSums)
    let sums = factors.liveChunks.reduce(Fr.zero) { sum, live in
      let run = live.chunk << factors.logSlots + live.slots.lowerBound
      return sum + (run..<run + live.slots.count).reduce(Fr.zero) { $0 + own[$1] * drawn[$1] }
    }
    return (cells, challenges.hotSumsPower * region * sums)
  }
}
