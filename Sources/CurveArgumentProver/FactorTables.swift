// SPDX-License-Identifier: Apache-2.0

import DriftProofCurve
import DriftProofCurveArgument

/// G's weights in Stage A, as tables over its cells.
enum FactorTables {
  static func weights(
    _ factors: CurveFactorLayout, challenges: StageChallenges, projections: FactorProjections?
  ) -> (squares: [Fr], linear: [Fr]) {
    let count = 1 << factors.variables
    var squares = [Fr](repeating: .zero, count: count)
    var linear = squares
    if let projections, let variables = factors.factorVariables {
      let scaled = challenges.projectionWeights.map { challenges.powers[0] * $0 }
      linear.replaceSubrange(0..<1 << variables, with: projections.weights(scaled, count: 1 << variables))
    }
    if let hot = factors.hot {
      squares.replaceSubrange(
        hot.offset..<hot.offset + 1 << hot.log,
        with: FrVector.equality(challenges.hotCells, scale: challenges.hotCellsPower))
      let chunks = FrVector.equality(challenges.hotSums, scale: challenges.hotSumsPower)
      for live in factors.liveChunks {
        for slot in live.slots {
          let first = factors.hotCell(chunk: live.chunk, slot: slot)
          let weight = chunks[live.chunk << factors.logSlots + slot]
          for y in 0..<1 << CurveLimits.logChunk { linear[first + y] = weight }
        }
      }
    }
    return (squares, linear)
  }

  /// The term of Stage A.
  static func term(
    _ factors: CurveFactorLayout, challenges: StageChallenges, projections: FactorProjections?, cells: [Fr], mask: Fr
  ) -> BitsTerm {
    let (squares, linear) = weights(factors, challenges: challenges, projections: projections)
    let padding = [Fr](repeating: .zero, count: 1 << factors.variables - cells.count)
    return BitsTerm(values: cells + padding, squares: squares, linear: linear, mask: mask)
  }
}
