// SPDX-License-Identifier: Apache-2.0

import DriftProofCurve
import DriftProofCurveCommitment
import DriftProofTranscript

/// λ and the points of Stage A's claims, with what follows from them for both sides.
package struct StageChallenges: Sendable {
  package let layout: CurveArgumentLayout
  /// λ^0 for projections, λ for bits, λ² for the total, then one for each bound, one for one-hot cells and one for their sums.
  package let powers: [Fr]
  /// eq(m*, m) for the M projections.
  package let projectionWeights: [Fr]
  /// z.
  package let bits: [Fr]
  /// Of cells of one-hot chunks, and of chunks.
  package let hotCells: [Fr]
  package let hotSums: [Fr]

  package init(layout: CurveArgumentLayout, transcript: inout Transcript) {
    let lambda = transcript.scalarChallenge(CurveLabel.claimPowers)
    let rows = transcript.scalarChallenges(CurveLabel.projectionRows, ceilLog2(layout.range.projections))
    let bits = transcript.scalarChallenges(CurveLabel.bits, layout.bitVariables)
    let hot = layout.factors?.hotVariables ?? 0
    let cells = transcript.scalarChallenges(CurveLabel.hotCells, hot)
    let sums = transcript.scalarChallenges(CurveLabel.hotSums, max(0, hot - CurveLimits.logChunk))
    self.init(layout: layout, lambda: lambda, rows: rows, bits: bits, hotCells: cells, hotSums: sums)
  }

  package init(
    layout: CurveArgumentLayout, lambda: Fr, rows: [Fr], bits: [Fr], hotCells: [Fr] = [], hotSums: [Fr] = []
  ) {
    self.layout = layout
    var powers = [Fr.one]
    for _ in 0..<4 + layout.boundedCount { powers.append(powers[powers.count - 1] * lambda) }
    self.powers = powers
    projectionWeights = Array(FrVector.equality(rows).prefix(layout.range.projections))
    self.bits = bits
    self.hotCells = hotCells
    self.hotSums = hotSums
  }

  package var bitsPower: Fr { powers[1] }
  package var totalPower: Fr { powers[2] }
  package func boundPower(_ number: Int) -> Fr { powers[3 + number] }
  package var hotCellsPower: Fr { powers[3 + layout.boundedCount] }
  package var hotSumsPower: Fr { powers[4 + layout.boundedCount] }

  /// The weight of E² in the rows of a line: one power for its own bound, and one for the total, times 4^(F - f).
  package func squareWeight(_ line: CurveArgumentLayout.Line) -> Fr {
    var weight = line.number.map(boundPower) ?? .zero
    if let shift = line.totalShift { weight = weight + totalPower * Fr(2).power(shift) }
    return weight
  }

  /// What all claims together say that Stage A sums up to.
  package var total: Fr {
    let projections = projectionWeights.reduce(Fr.zero, +)
    var total = -(powers[0] * projections * Fr(1 << Int64(CurveLimits.logHalfRange)))
    if let bound = layout.statement.totalBound { total = total + totalPower * bound.scalar }
    for line in layout.lines {
      if let number = line.number, let bound = line.bound { total = total + boundPower(number) * bound.scalar }
    }
    guard let factors = layout.factors, factors.hot != nil else { return total }
    // Every chunk that is one sums up to 1.
    let chunks = FrVector.equality(hotSums)
    let sums = factors.liveChunks.reduce(Fr.zero) { sum, live in
      sum + live.slots.reduce(Fr.zero) { $0 + chunks[live.chunk << factors.logSlots + $1] }
    }
    return total + hotSumsPower * sums
  }
}
