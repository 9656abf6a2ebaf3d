// SPDX-License-Identifier: Apache-2.0

import DriftProofField

/// The public quantities of the structure stage (Stage B) at the bounds stage's point: d - e = (1-top)·[Σ w_e·U·V + Σ_j
/// w_j·v_j·Π_l f_l(j) + Σ_t w_t·c(t)·κ(t)] + dummy, with f_l(j) = b·x + (1-b)(1-x) for a live index bit b over E-variable x, and 1 for a
/// dead one.
package struct StructureStageWeights {
  package let layout: ArgumentLayout
  /// The bounds stage's `top`, and the E-space point below it.
  package let top: CubicExtension
  package let point: [CubicExtension]

  package init(layout: ArgumentLayout, boundsPoint: [CubicExtension]) {
    self.layout = layout
    top = boundsPoint[0]
    point = Array(boundsPoint[1...layout.driftVariables])
  }

  package func coordinates(_ variables: [Int]) -> [CubicExtension] { variables.map { point[$0] } }

  /// (1-top)·eq over the variables that a clause's sub-cube fixes.
  package func clauseWeight(_ cube: TensorCube) -> CubicExtension { (.one - top) * cube.cube.fixedWeight(point) }

  /// Weight of the dummy's entry i: what the half top = 1 of E contributes at position i.
  package func dummyWeights() -> [CubicExtension] {
    let scale = point[Limits.logMaskEntries...].reduce(top) { $0 * (.one - $1) }
    return Multilinear.equality(point.prefix(Limits.logMaskEntries), scale: scale)
  }

  /// The stage's oracles, in the order of their evaluations.
  package static func oracles(_ factors: FactorLayout) -> [Oracle] {
    let slots: [Oracle] = factors.sparse.isEmpty ? [] : [.slotValues] + (0..<factors.bitCount).map { .slotBit($0) }
    return (factors.lowRank.isEmpty ? [] : [.leftFactor, .rightFactor]) + slots
      + (factors.circulants.isEmpty ? [] : [.diagonals]) + [.dummy]
  }

  /// The constant part of f_l: 1 for dead bits, 1 - x for live ones, as a multilinear polynomial at `at`.
  package func bitConstant(_ bit: Int, at: [CubicExtension]) -> CubicExtension {
    layout.factors.sparse.reduce(.one) { sum, group in
      guard bit < group.variables.count else { return sum }
      let place = Multilinear.equality(at[group.logCount...], at: group.base >> group.logCount)
      return sum - place * point[group.variables[bit]]
    }
  }
}
