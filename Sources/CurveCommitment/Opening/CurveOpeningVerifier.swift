// SPDX-License-Identifier: Apache-2.0

import DriftProofCurve

/// Verifies an opening of claims about committed rows.
package enum CurveOpeningVerifier {
  /// The transcript must hold the commitments and all that the claims follow from.
  ///
  /// A claim speaks of a row's first 2^l coefficients, those that its functionals reach; what a longer setup lets a row have
  /// beyond them means nothing.
  /// - Throws: the encoding that is wrong, `malformedClaim`, or `openingPairing`.
  package static func verify(
    claims: [CurveClaim], commitments: [G1], key: CurveSetupKey, channel: inout CurveVerifierChannel
  ) throws(CurveProofRejection) {
    let opening = try CurveOpening(claims, rowCount: commitments.count)
    let masks = try channel.receive(CurveOpeningLabel.masks, count: opening.maskedClaims.count)
    let beta = channel.challenge(CurveOpeningLabel.beta)
    let values = opening.values(masks: masks, beta: beta)
    let chi = channel.challenge(CurveOpeningLabel.chi)
    let remainder = try channel.receivePoints(CurveOpeningLabel.remainder, count: 1)[0]
    let zeta = CurveOpening.evaluationPoint { channel.challenge(CurveOpeningLabel.zeta) }
    let count = opening.parts.count
    let evaluations = try channel.receive(CurveOpeningLabel.evaluations, count: 2 * count + 1)
    let gamma = channel.challenge(CurveOpeningLabel.gamma)
    let quotient = try channel.receivePoints(CurveOpeningLabel.quotient, count: 1)[0]
    let blinding = try channel.receive(CurveOpeningLabel.blinding)

    // k + 1 different powers: if s shared one with a u, an error of u(1/ζ) could hide in s(1/ζ).
    var weights = [Fr](repeating: .zero, count: commitments.count)
    var (atZeta, atInverse, power) = (Fr.zero, Fr.zero, Fr.one)
    for (index, part) in opening.parts.enumerated() {
      for (row, weight) in opening.terms(of: part, beta: beta) { weights[row] = weights[row] + power * weight }
      atZeta = atZeta + power * evaluations[2 * index]
      atInverse = atInverse + power * evaluations[2 * index + 1]
      power = power * gamma
    }
    let derived = opening.inverseEvaluation(evaluations: evaluations, values: values, chi: chi, zeta: zeta)
    atZeta = atZeta + power * evaluations[2 * count]
    atInverse = atInverse + power * derived
    // The line a + b·X through both.
    let inverse = zeta.inverse()
    let slope = (atZeta - atInverse) * (zeta - inverse).inverse()
    let constant = atZeta - slope * zeta

    let used = weights.indices.filter { !weights[$0].isZero }
    let points =
      used.map { commitments[$0] } + [remainder, HashedGenerators.blinding, .generator, key.first, quotient]
    let scalars = used.map { weights[$0] } + [power, -blinding, -constant, -slope, -Fr.one]
    let left = PointTable(points).sum(scalars)
    let holds = Pairing.isProductOne([
      (left, PreparedG2(.generator)), (quotient.times(public: zeta + inverse), PreparedG2(key.second)),
      (-quotient, PreparedG2(key.secondSquare)),
    ])
    guard holds else { throw .openingPairing }
  }
}
