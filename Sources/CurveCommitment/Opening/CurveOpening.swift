// SPDX-License-Identifier: Apache-2.0

import DriftProofCurve

/// What both ends of an opening compute; docs/specification/curve.md, "Opening".
///
/// Number all parts of all claims i = 0 ..< k, claims j = 0, 1, …. With u_i(X) = Σ u_i[x]·X^x, and c_i(X) alike, the prover
/// shows that f = Σ χ^j(i)·(u_i(X)·c_i(1/X) + u_i(1/X)·c_i(X)) = 2·Σ χ^j·V_j + X·s(X) + s(1/X)/X, whose constant term says that
/// Σ_i χ^j(i)·⟨c_i, u_i⟩ = Σ χ^j·V_j.
package struct CurveOpening: Sendable {
  /// A part in the order of the opening.
  package struct Part: Sendable {
    package let claim: Int
    package let functional: CurveFunctional
    package let rows: [(row: Int, weight: Fr)]
    package let mask: Int?
  }

  package let claims: [CurveClaim]
  package let parts: [Part]

  /// Nil, with the claim, where a claim has no part, not one mask for each part, or names rows that are not there.
  package init(_ claims: [CurveClaim], rowCount: Int) throws(CurveProofRejection) {
    var parts: [Part] = []
    for (index, claim) in claims.enumerated() {
      let named = claim.parts.flatMap { $0.rows.map(\.row) } + (claim.maskRows ?? [])
      guard !claim.parts.isEmpty, claim.maskRows?.count ?? claim.parts.count == claim.parts.count,
        named.allSatisfy({ $0 >= 0 && $0 < rowCount })
      else { throw .malformedClaim(index: index) }
      for (place, part) in claim.parts.enumerated() {
        parts.append(
          Part(claim: index, functional: part.functional, rows: part.rows, mask: claim.maskRows?[place]))
      }
    }
    self.claims = claims
    self.parts = parts
  }

  /// Claims with masks: as many μ are sent.
  package var maskedClaims: [Int] { claims.indices.filter { claims[$0].maskRows != nil } }

  /// The rows of u_i = mask + β·Σ weight·row, or Σ weight·row where there is no mask.
  package func terms(of part: Part, beta: Fr) -> [(row: Int, weight: Fr)] {
    guard let mask = part.mask else { return part.rows }
    return part.rows.map { ($0.row, $0.weight * beta) } + [(mask, .one)]
  }

  /// V_j = μ_j + β·v_j, or v_j where there is no mask.
  package func values(masks: [Fr], beta: Fr) -> [Fr] {
    var result = claims.map(\.value)
    for (mask, claim) in zip(masks, maskedClaims) { result[claim] = mask + beta * result[claim] }
    return result
  }

  /// s(1/ζ) from the identity.
  /// - Parameter evaluations: u_0(ζ), u_0(1/ζ), u_1(ζ), …, s(ζ): two for each part and one.
  package func inverseEvaluation(evaluations: [Fr], values: [Fr], chi: Fr, zeta: Fr) -> Fr {
    let inverse = zeta.inverse()
    var left = Fr.zero
    for (index, part) in parts.enumerated() {
      let term =
        evaluations[2 * index] * part.functional.polynomial(at: inverse)
        + evaluations[2 * index + 1] * part.functional.polynomial(at: zeta)
      left = left + chi.power(part.claim) * term
    }
    let constant = values.enumerated().reduce(Fr.zero) { $0 + chi.power($1.offset) * $1.element }
    return zeta * (left - constant - constant - zeta * evaluations[2 * parts.count])
  }

  /// The first point that is neither 0 nor its own inverse, where the two evaluations would be one.
  package static func evaluationPoint(_ draw: () -> Fr) -> Fr {
    while true {
      let point = draw()
      if !point.isZero, point * point != .one { return point }
    }
  }
}
