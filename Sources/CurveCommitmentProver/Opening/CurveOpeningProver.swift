// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCurve
import DriftProofCurveCommitment

/// Opens claims about committed rows.
///
/// What it shows beyond the claims' values is masked by the 16 random cells of each mask row, and by what the caller put
/// into rows of claims without one: docs/specification/curve.md says why that is enough.
package enum CurveOpeningProver {
  /// The transcript must hold the commitments and all that the claims follow from.
  /// - Throws: `malformedClaim`.
  package static func prove(
    claims: [CurveClaim], rows: some CurveRowSource, rowCount: Int, committer: CurveCommitter,
    channel: inout CurveProverChannel, deviation: CurveOpeningDeviation = CurveOpeningDeviation()
  ) throws(CurveProofRejection) {
    let opening = try CurveOpening(claims, rowCount: rowCount)
    let length = 1 << committer.logLength
    for (index, claim) in claims.enumerated()
    where claim.parts.contains(where: { $0.functional.end > length }) {
      throw .malformedClaim(index: index)
    }
    var masks = [Fr](repeating: .zero, count: claims.count)
    for part in opening.parts {
      guard let mask = part.mask else { continue }
      let cells = Array(rows.combination(of: [(mask, .one)]).prefix(CurveClaim.maskCells))
      let product = ScalarVector.innerProduct(cells, part.functional.table(count: cells.count))
      masks[part.claim] = masks[part.claim] + product
    }
    let sent = deviation.masks(opening.maskedClaims.map { masks[$0] })
    channel.send(CurveOpeningLabel.masks, sent)
    func draw(_ label: String) -> Fr { deviation.challenge(label, channel.challenge(label)) }
    let beta = draw(CurveOpeningLabel.beta)
    let values = opening.values(masks: sent, beta: beta)
    let combined = opening.parts.map { rows.combination(of: opening.terms(of: $0, beta: beta)) }
    let blindings = opening.parts.map { part in
      opening.terms(of: part, beta: beta).reduce(Fr.zero) { $0 + $1.weight * rows.blinding(of: $1.row) }
    }
    let chi = draw(CurveOpeningLabel.chi)
    let remainder = remainder(of: opening, combined: combined, chi: chi)
    channel.send(
      CurveOpeningLabel.remainder, points: [deviation.remainder(committer.commit(remainder, blinding: .zero))])

    let zeta = CurveOpening.evaluationPoint { draw(CurveOpeningLabel.zeta) }
    let inverse = zeta.inverse()
    let honest =
      combined.flatMap { [ScalarVector.value(of: $0, at: zeta), ScalarVector.value(of: $0, at: inverse)] }
      + [ScalarVector.value(of: remainder, at: zeta)]
    let knowledge = CurveOpeningDeviation.Knowledge(
      opening: opening, values: values, chi: chi, zeta: zeta,
      inverseEvaluation: ScalarVector.value(of: remainder, at: inverse))
    channel.send(CurveOpeningLabel.evaluations, deviation.evaluations(honest, knowledge))

    let gamma = draw(CurveOpeningLabel.gamma)
    var sum = [Fr](repeating: .zero, count: max(remainder.count, combined.map(\.count).max() ?? 0))
    var (blinding, power) = (Fr.zero, gamma.power(deviation.firstPower))
    for (cells, part) in zip(combined, blindings) {
      ScalarVector.add(cells, times: power, to: &sum)
      blinding = blinding + power * part
      power = power * gamma
    }
    let last = gamma.power(combined.count)
    ScalarVector.add(remainder, times: last, to: &sum)
    // The remainders of both divisions are the line through the values, which the quotient leaves out.
    let quotient = ScalarVector.quotient(of: ScalarVector.quotient(of: sum, root: zeta), root: inverse)
    channel.send(
      CurveOpeningLabel.quotient, points: [deviation.quotient(committer.commit(quotient, blinding: .zero))])
    channel.send(CurveOpeningLabel.blinding, deviation.blinding(blinding, last))
  }

  /// The coefficients of s.
  private static func remainder(of opening: CurveOpening, combined: [[Fr]], chi: Fr) -> [Fr] {
    ScalarVector.correlation(
      zip(opening.parts, combined).map { part, cells in
        (cells, part.functional.table(count: part.functional.end, scale: chi.power(part.claim)))
      })
  }
}

extension CurveFunctional {
  /// scale times the values at 0 ..< count.
  package func table(count: Int, scale: Fr = .one) -> [Fr] {
    var result = [Fr](repeating: .zero, count: count)
    for term in terms {
      switch term {
      case .equality(let offset, let point, let factor):
        if offset == 0, 1 << point.count == count, terms.count == 1 {
          return ScalarVector.equalities(point, scale: scale * factor)
        }
        guard offset < count else { continue }
        // Of a few cells only the low coordinates make a difference.
        let low = min(point.count, Int.bitWidth - max(count - offset - 1, 0).leadingZeroBitCount)
        let rest = point[low...].reduce(scale * factor) { $0 * (.one - $1) }
        let values = ScalarVector.equalities(Array(point[..<low]), scale: rest)
        for (index, value) in values.prefix(count - offset).enumerated() {
          result[offset + index] = result[offset + index] + value
        }
      case .vector(let offset, let values):
        for (index, value) in values.prefix(max(0, count - offset)).enumerated() {
          result[offset + index] = result[offset + index] + scale * value
        }
      case .product(let offset, let inner, let logInner, let point, let outer):
        let middle = logInner + point.count
        for (o, weight) in outer.enumerated() where offset + o << middle < count {
          let first = offset + o << middle
          // Of a few cells only the low coordinates make a difference.
          let room = (count - first + 1 << logInner - 1) >> logInner
          let low = min(point.count, Int.bitWidth - max(room - 1, 0).leadingZeroBitCount)
          let rest = point[low...].reduce(scale * weight) { $0 * (.one - $1) }
          for (i, factor) in ScalarVector.equalities(Array(point[..<low]), scale: rest).enumerated() {
            let start = first + i << logInner
            for (k, value) in inner.prefix(max(0, count - start)).enumerated() {
              result[start + k] = result[start + k] + factor * value
            }
          }
        }
      }
    }
    return result
  }
}
