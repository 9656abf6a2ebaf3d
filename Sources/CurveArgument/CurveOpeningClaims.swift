// SPDX-License-Identifier: Apache-2.0

import DriftProofCurve
import DriftProofCurveCommitment

/// What Stage A leaves: its point, the evaluations of E and D there, and g(ρ).
package struct StageOutcome: Sendable {
  package var point: [Fr]
  package var drift: Fr
  package var bits: Fr
  package var libra: Fr

  package init(point: [Fr], drift: Fr, bits: Fr, libra: Fr) {
    self.point = point
    self.drift = drift
    self.bits = bits
    self.libra = libra
  }
}

/// The claims that the opening proves: E and D at ρ as one, with powers of τ, and g(ρ).
package enum CurveOpeningClaims {
  package static func claims(_ layout: CurveArgumentLayout, outcome: StageOutcome, tau: Fr) -> [CurveClaim] {
    let (top, x) = (outcome.point[0], Array(outcome.point.dropFirst()))
    let l = layout.logLength
    func zeroes(_ range: Range<Int>) -> Fr { x[range].reduce(Fr.one) { $0 * (.one - $1) } }
    let tiles = FrVector.equality(x[l..<layout.driftVariables], scale: .one - top)
    var rows = (0..<layout.driftRows).map { (row: $0, weight: tiles[$0]) }
    // An oracle of v < l variables counts Π_{v ≤ j < l} (1 - ρ_j) times; its value was sent before those ρ_j were drawn.
    let v = layout.bitVariables
    let bitTiles = FrVector.equality(x[min(l, v)..<v], scale: tau * (.one - top))
    rows += (0..<layout.bitRows).map { (row: layout.driftRows + $0, weight: bitTiles[$0]) }
    rows.append((row: layout.bitsMaskRow, weight: tau * top * zeroes(min(l, v)..<v)))
    rows.append((row: layout.driftMaskRow, weight: top * zeroes(l..<layout.driftVariables)))
    let value = outcome.drift + tau * outcome.bits * zeroes(min(l, v)..<l)
    let atPoint = CurveFunctional([.equality(offset: 0, point: Array(x[..<l]), scale: .one)])
    let libra = CurveFunctional([
      .vector(offset: 0, values: CurveLibra.weights(point: outcome.point, degrees: layout.degrees))
    ])
    return [
      CurveClaim(
        parts: [CurvePart(functional: atPoint, rows: rows)], maskRows: [layout.openingMaskRow], value: value),
      CurveClaim(
        parts: [CurvePart(functional: libra, rows: [(row: layout.libraRow, weight: .one)])], maskRows: nil,
        value: outcome.libra),
    ]
  }
}
