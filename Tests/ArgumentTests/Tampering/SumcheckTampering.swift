// SPDX-License-Identifier: Apache-2.0

import DriftProofField

@testable import DriftProofArgument
@testable import DriftProofArgumentProver

/// How a cheating prover goes on after its claim has become false.
struct SumcheckTampering: SumcheckDeviation {
  /// Send the g(point) that makes the final check hold.
  var persists = false
  /// Send an evaluation of this oracle, finished in the last round, that makes the final check hold.
  var forge: Oracle?
  /// A root of a polynomial of degree at most 4, given its values at 0...4, if it has one.
  typealias RootFinder = @Sendable ([CubicExtension]) -> CubicExtension?
  var root: RootFinder?

  /// Solves for the evaluation that makes the last check hold; without a root it stays as it is.
  func evaluations(_ evaluations: inout Evaluations, closing: SumcheckClosing) throws {
    guard let forge, closing.isLast, closing.shape.finished(by: closing.round).contains(forge) else { return }
    let target = closing.claim - closing.gamma * closing.libraValue
    // The terms are polynomials of degree at most 4 in one evaluation.
    let differences = try (0...4).map { x in
      var changed = evaluations
      changed.set(forge, CubicExtension(x))
      return try closing.contribution(changed) - target
    }
    if let value = root?(differences) { evaluations.set(forge, value) }
  }

  func libraValue(
    _ value: CubicExtension, claim: CubicExtension, gamma: CubicExtension, stage: Stage
  ) -> CubicExtension {
    persists ? claim * gamma.inverse : value
  }
}
