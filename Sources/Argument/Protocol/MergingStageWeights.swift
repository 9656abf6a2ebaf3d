// SPDX-License-Identifier: Apache-2.0

import DriftProofField
import DriftProofTranscript

/// The merging stage (Stage C): all evaluations of the structure stage are linear functionals of the factor oracle G;
/// one linear sumcheck, each claim with its own power of χ, brings them to one point.
package struct MergingStageWeights {
  package let structure: StructureStageWeights
  package let layout: ArgumentLayout
  /// The structure stage's own top and point.
  package let kappaTop: CubicExtension
  package let kappa: [CubicExtension]
  private let powers: [CubicExtension]

  package init(structure: StructureStageWeights, kappa: [CubicExtension], chi: CubicExtension) {
    self.structure = structure
    layout = structure.layout
    kappaTop = kappa[0]
    self.kappa = Array(kappa[1...])
    powers = chi.powers(layout.factors.maskRuns)
  }

  /// The power of χ of what a mask covers.
  package func power(_ mask: FactorLayout.Mask, bit: Int = 0) -> CubicExtension { powers[mask.rawValue + bit] }
  package var data: CubicExtension { .one - kappaTop }

  /// Masks that exist: of what the structure stage revealed.
  package var masks: [(mask: FactorLayout.Mask, bit: Int)] {
    let factors = layout.factors
    let slots: [(mask: FactorLayout.Mask, bit: Int)] =
      factors.sparse.isEmpty ? [] : [(.values, 0)] + (0..<factors.bitCount).map { (.firstBit, $0) }
    return (factors.lowRank.isEmpty ? [] : [(.left, 0), (.right, 0)]) + slots
      + (factors.circulants.isEmpty ? [] : [(.firstBit, factors.diagonalMask)])
  }

  package func total(_ evaluations: Evaluations) throws(ProofRejection) -> CubicExtension {
    var total = power(.dummy) * (try evaluations.value(.dummy))
    if !layout.factors.lowRank.isEmpty {
      total += power(.left) * (try evaluations.value(.leftFactor))
      total += power(.right) * (try evaluations.value(.rightFactor))
    }
    if !layout.factors.circulants.isEmpty {
      total += power(.firstBit, bit: layout.factors.diagonalMask) * (try evaluations.value(.diagonals))
    }
    if !layout.factors.sparse.isEmpty {
      total += power(.values) * (try evaluations.value(.slotValues))
      for bit in 0..<layout.factors.bitCount {
        let value = try evaluations.value(.slotBit(bit))
        total += power(.firstBit, bit: bit) * (value - data * structure.bitConstant(bit, at: kappa))
      }
    }
    return total
  }
}
