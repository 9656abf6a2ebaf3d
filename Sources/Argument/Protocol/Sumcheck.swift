// SPDX-License-Identifier: Apache-2.0

import DriftProofField

/// The public side of one batched, Libra-masked sumcheck (docs/protocol.md section 5).
///
/// Claim: Σ over the hypercube of all terms = total. Round messages are p(1), …, p(degree); p(0) follows from the
/// claim. An oracle of fewer variables is finished early: its evaluation is sent before the next challenge and its
/// contribution leaves the running claim.
package struct SumcheckShape: Sendable {
  package let stage: Stage
  /// Rounds, `top` included.
  package let variables: Int
  package let degree: Int
  /// Oracles with the number of rounds after which they are finished, in the order of their evaluations.
  package let oracles: [(oracle: Oracle, rounds: Int)]

  /// Oracles that are finished by a round, whose evaluations follow it.
  package func finished(by round: Int) -> [Oracle] { oracles.filter { $0.rounds == round + 1 }.map(\.oracle) }
}

/// What a finished sumcheck leaves: the point, the claimed evaluations and g(point).
package struct SumcheckOutcome: Sendable {
  package var point: [CubicExtension]
  package var evaluations: Evaluations
  package var libraValue: CubicExtension

  package init(point: [CubicExtension], evaluations: Evaluations, libraValue: CubicExtension) {
    self.point = point
    self.evaluations = evaluations
    self.libraValue = libraValue
  }
}
