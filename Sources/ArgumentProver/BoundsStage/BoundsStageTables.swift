// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofField
import DriftProofKernels

/// The factor oracle's weights in the bounds stage as dense tables: what the verifier's weights are at one point. A
/// test holds them equal.
struct BoundsStageTables {
  let layout: ArgumentLayout
  let challenges: BoundsStageChallenges

  /// Tables over the factor oracle's cells: weights of G² and G.
  func factors(columnWeights: [CubicExtension]) -> (square: [CubicExtension], linear: [CubicExtension]) {
    let size = 1 << layout.factorVariables
    var square = [CubicExtension](repeating: .zero, count: size)
    var linear = square
    let factors = layout.factors
    if factors.factorChunks > 0 {
      let weights = Multilinear.equality(challenges.factorChunks, scale: challenges.power(.factorProjections))
      for chunk in 0..<factors.factorChunks {
        for (x, weight) in columnWeights.enumerated() { linear[chunk << Limits.logChunk + x] = weights[chunk] * weight }
      }
    }
    if let bits = factors.bits {
      let equality = Multilinear.equality(challenges.bits, scale: challenges.power(.bits))
      for (index, weight) in equality.enumerated() {
        square[bits.offset + index] = weight
        linear[bits.offset + index] -= weight
      }
    }
    return (square, linear)
  }
}
