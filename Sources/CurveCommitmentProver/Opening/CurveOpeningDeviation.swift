// SPDX-License-Identifier: Apache-2.0

import DriftProofCurve
import DriftProofCurveCommitment

/// Where a prover of openings may deviate, for tests that cheat; the honest one leaves everything as it is.
package struct CurveOpeningDeviation: Sendable {
  /// What the prover knows when it sends its evaluations.
  package struct Knowledge: Sendable {
    package let opening: CurveOpening
    package let values: [Fr]
    package let chi: Fr
    package let zeta: Fr
    /// s(1/ζ) of the committed s.
    package let inverseEvaluation: Fr
  }

  /// What it takes a challenge for, by label: a verifier that draws it too early, or not at all, would allow that.
  package var challenge: @Sendable (String, Fr) -> Fr = { _, drawn in drawn }
  package var masks: @Sendable ([Fr]) -> [Fr] = { $0 }
  package var remainder: @Sendable (G1) -> G1 = { $0 }
  package var evaluations: @Sendable ([Fr], Knowledge) -> [Fr] = { honest, _ in honest }
  package var quotient: @Sendable (G1) -> G1 = { $0 }
  /// Given the power of γ with which s counts.
  package var blinding: @Sendable (Fr, Fr) -> Fr = { honest, _ in honest }
  /// The power of γ of the first u; s has the k-th as ever.
  package var firstPower = 0

  package init() {}
}
