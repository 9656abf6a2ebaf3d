// SPDX-License-Identifier: Apache-2.0

import DriftProofField
import DriftProofTranscript

enum SumcheckVerifier {
  /// The value at a point of all terms that some oracles, whose evaluations are known, enter.
  typealias Contribution =
    (_ finished: [Oracle], _ point: [CubicExtension], _ evaluations: Evaluations) throws(ProofRejection) ->
    CubicExtension

  static func run(
    _ shape: SumcheckShape, total: CubicExtension, channel: inout VerifierChannel, contribution: Contribution
  ) throws(ProofRejection) -> SumcheckOutcome {
    let stage = shape.stage
    let sum = try channel.receive(ArgumentLabel.libraSum(stage))
    let gamma = channel.transcript.challenge(ArgumentLabel.libraFactor(stage))
    var claim = total + gamma * sum
    var point: [CubicExtension] = []
    var evaluations = Evaluations(stage)
    for round in 0..<shape.variables {
      let values = try channel.receive(ArgumentLabel.round(stage), count: shape.degree)
      let r = channel.transcript.challenge(ArgumentLabel.roundChallenge(stage))
      point.append(r)
      claim = Univariate.interpolate([claim - values[0]] + values, at: r)
      let finished = shape.finished(by: round)
      for oracle in finished {
        evaluations.set(oracle, try channel.receive(ArgumentLabel.evaluation(stage, oracle)))
      }
      if !finished.isEmpty { claim -= try contribution(finished, point, evaluations) }
    }
    let libraValue = try channel.receive(ArgumentLabel.libraValue(stage))
    guard claim == gamma * libraValue else { throw .sumcheckFinal(stage: stage.rawValue) }
    return SumcheckOutcome(point: point, evaluations: evaluations, libraValue: libraValue)
  }
}
