// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofField
import DriftProofTranscript

/// A sum that the prover can bind variable by variable. `top` is bound first.
protocol SumcheckComponent {
  /// Rounds, `top` included, after which all its oracles are finished.
  var rounds: Int { get }
  /// Values at 0...degree of the current round's polynomial.
  func roundValues(degree: Int) -> [CubicExtension]
  /// - Throws: what a pass over the witness' rows throws.
  mutating func bind(_ r: CubicExtension) throws
  /// Evaluations of finished oracles, once bound in all its variables.
  var evaluations: [Oracle: CubicExtension] { get }
  /// The value of all its terms at the point, for given evaluations of its oracles.
  func contribution(_ evaluations: Evaluations) throws -> CubicExtension
}

/// The seam of one sumcheck: a cheating prover that goes on after its claim has become false. For adversarial tests
/// only.
protocol SumcheckDeviation: Sendable {
  /// The evaluations of the oracles that a round finishes, before they are sent.
  func evaluations(_ evaluations: inout Evaluations, closing: SumcheckClosing) throws
  /// g(ρ) before it is sent. `claim`: what it would have to be, times γ.
  func libraValue(
    _ value: CubicExtension, claim: CubicExtension, gamma: CubicExtension, stage: Stage
  ) -> CubicExtension
}

extension SumcheckDeviation {
  func evaluations(_ evaluations: inout Evaluations, closing: SumcheckClosing) throws {}
  func libraValue(
    _ value: CubicExtension, claim: CubicExtension, gamma: CubicExtension, stage: Stage
  ) -> CubicExtension { value }
}

/// A round that finishes oracles.
struct SumcheckClosing {
  let shape: SumcheckShape
  let round: Int
  /// The running claim after the round.
  let claim: CubicExtension
  let gamma: CubicExtension
  let point: [CubicExtension]
  fileprivate let libra: [CubicExtension]
  fileprivate let finished: [any SumcheckComponent]

  var isLast: Bool { round + 1 == shape.variables }
  /// g at the point, after the last round.
  var libraValue: CubicExtension { Libra.innerValue(libra, point: point, degree: shape.degree) }

  /// What leaves the running claim for given evaluations.
  func contribution(_ evaluations: Evaluations) throws -> CubicExtension {
    try finished.reduce(.zero) { $0 + (try $1.contribution(evaluations)) }
  }
}

enum SumcheckProver {
  static func run(
    _ shape: SumcheckShape, total: CubicExtension, components: inout [any SumcheckComponent],
    libra: [CubicExtension], channel: inout ProverChannel, deviation: any SumcheckDeviation
  ) throws -> SumcheckOutcome {
    let stage = shape.stage
    let sum = Libra.sum(libra, variables: shape.variables)
    channel.send(ArgumentLabel.libraSum(stage), sum)
    let gamma = channel.transcript.challenge(ArgumentLabel.libraFactor(stage))
    var claim = total + gamma * sum
    var point: [CubicExtension] = []
    var evaluations = Evaluations(stage)
    for round in 0..<shape.variables {
      var values = Libra.round(libra, variables: shape.variables, degree: shape.degree, bound: point).map { $0 * gamma }
      for component in components where component.rounds > round {
        for (x, value) in component.roundValues(degree: shape.degree).enumerated() { values[x] += value }
      }
      let sent = Array(values[1...])
      channel.send(ArgumentLabel.round(stage), sent)
      let r = channel.transcript.challenge(ArgumentLabel.roundChallenge(stage))
      point.append(r)
      claim = Univariate.interpolate([claim - sent[0]] + sent, at: r)
      for index in components.indices where components[index].rounds > round { try components[index].bind(r) }
      let closing = SumcheckClosing(
        shape: shape, round: round, claim: claim, gamma: gamma, point: point, libra: libra,
        finished: components.filter { $0.rounds == round + 1 })
      if closing.finished.isEmpty { continue }
      for component in closing.finished {
        for (oracle, value) in component.evaluations { evaluations.set(oracle, value) }
      }
      try deviation.evaluations(&evaluations, closing: closing)
      for oracle in shape.finished(by: round) {
        channel.send(ArgumentLabel.evaluation(stage, oracle), try evaluations.value(oracle))
      }
      claim -= try closing.contribution(evaluations)
    }
    let libraValue = deviation.libraValue(
      Libra.innerValue(libra, point: point, degree: shape.degree), claim: claim, gamma: gamma, stage: stage)
    channel.send(ArgumentLabel.libraValue(stage), libraValue)
    return SumcheckOutcome(point: point, evaluations: evaluations, libraValue: libraValue)
  }
}
