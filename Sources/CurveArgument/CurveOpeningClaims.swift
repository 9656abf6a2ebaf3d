// SPDX-License-Identifier: Apache-2.0

import DriftProofCurve
import DriftProofCurveCommitment

/// What Stage A leaves: its point, the evaluations of E and D there, and g(ρ).
package struct StageOutcome: Sendable {
  package var point: [Fr]
  package var drift: Fr
  package var bits: Fr
  package var libra: Fr
  /// G(ρ); with clauses alone.
  package var factors = Fr.zero
  /// Stage B's; nil without clauses.
  package var structure: StructureOutcome?

  package init(point: [Fr], drift: Fr, bits: Fr, libra: Fr) {
    self.point = point
    self.drift = drift
    self.bits = bits
    self.libra = libra
  }
}

/// What Stage B leaves.
package struct StructureOutcome: Sendable {
  /// d: the value of C_tuned - C_base at ρ, with E's mask.
  package var committed: Fr
  package var point: [Fr] = []
  /// In the order of ``StructureWeights/terms(point:first:factor:)``.
  package var values: [Fr] = []
  /// g_B.
  package var libra = Fr.zero

  package init(committed: Fr) { self.committed = committed }
}

/// The claims that the opening proves: E (with clauses the drift, d) and D, with clauses also G and Stage B's evaluations, as one, with
/// powers of τ; and g(ρ), with Stage B's.
package enum CurveOpeningClaims {
  package static func claims(_ layout: CurveArgumentLayout, outcome: StageOutcome, tau: Fr) -> [CurveClaim] {
    let (top, x) = (outcome.point[0], Array(outcome.point.dropFirst()))
    let l = layout.logLength
    func zeroes(_ range: Range<Int>) -> Fr { x[range].reduce(Fr.one) { $0 * (.one - $1) } }
    var weights = [Fr](repeating: .zero, count: layout.committedRows)
    for line in layout.lines {
      // Rows of clauses that no tensor has are zero.
      let first = line.rows.lowerBound
      let own = RowWeights.table(
        x[l..<layout.driftVariables], first..<first + line.committed.count,
        scale: (.one - top) * Fr(1 << Int64(line.scale)))
      for (row, weight) in zip(line.committed, own) { weights[row] = weights[row] + weight }
    }
    var rows = weights.enumerated().map { (row: $0, weight: $1) }
    // An oracle of v < l variables counts Π_{v ≤ j < l} (1 - ρ_j) times; its value was sent before those ρ_j were drawn.
    func add(_ v: Int, rows own: Range<Int>, mask: Int, power: Fr) -> Fr {
      let table = FrVector.equality(x[min(l, v)..<v], scale: power * (.one - top))
      rows += zip(own, table).map { (row: $0, weight: $1) }
      rows.append((row: mask, weight: power * top * zeroes(min(l, v)..<v)))
      return power * zeroes(min(l, v)..<l)
    }
    let bitsStart = layout.auxiliaryStart
    let bits = add(
      layout.bitVariables, rows: bitsStart..<bitsStart + layout.bitRows, mask: layout.bitsMaskRow, power: tau)
    rows.append((row: layout.driftMaskRow, weight: top * zeroes(l..<layout.driftVariables)))
    var value = (outcome.structure?.committed ?? outcome.drift) + outcome.bits * bits
    let atPoint = CurveFunctional([.equality(offset: 0, point: Array(x[..<l]), scale: .one)])
    var libra = CurveLibra.weights(point: outcome.point, degrees: layout.degrees)
    var libraValue = outcome.libra
    var parts: [CurvePart] = []
    if let factors = layout.factors, let structure = outcome.structure {
      let square = tau * tau
      let own = add(
        layout.factorVariables, rows: layout.committedRows..<layout.auxiliaryStart, mask: layout.factorMaskRow,
        power: square)
      let (terms, constant) = StructureWeights(layout: layout, factors: factors, point: outcome.point)
        .terms(point: structure.point, first: square * tau, factor: tau)
      value = value + outcome.factors * own - constant
      var power = square * tau
      for evaluation in structure.values {
        value = value + power * evaluation
        power = power * tau
      }
      parts = Self.parts(layout, terms: terms)
      libra += CurveLibra.weights(point: structure.point, degrees: factors.structureDegrees).map { tau * $0 }
      libraValue = libraValue + tau * structure.libra
    }
    return [
      CurveClaim(
        parts: [CurvePart(functional: atPoint, rows: rows)] + parts, maskRows: Array(layout.openingMaskRows),
        value: value),
      CurveClaim(
        parts: [
          CurvePart(
            functional: CurveFunctional([.vector(offset: 0, values: libra)]),
            rows: [(row: layout.libraRow, weight: .one)])
        ], maskRows: nil, value: libraValue),
    ]
  }

  /// A part for each row of P1, under its cells' part of a functional of G.
  private static func parts(_ layout: CurveArgumentLayout, terms: [CurveFunctional.Term]) -> [CurvePart] {
    var own = [[CurveFunctional.Term]](repeating: [], count: layout.factorRows)
    for term in terms {
      for (row, piece) in term.cut(logLength: layout.logLength) { own[row].append(piece) }
    }
    return own.enumerated().map { index, terms in
      // A row of padding alone has nothing to say.
      let functional = CurveFunctional(terms.isEmpty ? [.vector(offset: 0, values: [.zero])] : terms)
      return CurvePart(
        functional: functional, rows: [(row: layout.committedRows + index, weight: .one)])
    }
  }
}
