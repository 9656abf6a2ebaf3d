// SPDX-License-Identifier: Apache-2.0

import DriftProofField
import DriftProofTranscript

/// The randomness of the orthonormality stage (Stage O): s batches the orthonormal tensors, α and β their rows.
///
/// For M = ΔΔᵀ - 2^(2f)·1 - g the sum Σ_m eq(s, m)·Σ_jk eq(α, j)·eq(β, k)·M_jk is a polynomial of s, α and β that is
/// zero only if every M is. α and β must be independent. With one point for both, w = eq(α, ·) has w_0·w_3 = w_1·w_2,
/// so that the symmetric M with M_03 = M_30 = 1 and M_12 = M_21 = -1 would pass always, as would every M = -Mᵀ.
package struct OrthonormalChallenges: Sendable {
  package let members: [CubicExtension]
  package let left: [CubicExtension]
  package let right: [CubicExtension]

  package init(layout: OrthonormalLayout, transcript: inout Transcript) {
    members = transcript.challenges(ArgumentLabel.orthonormalMembers, layout.logMembers)
    left = transcript.challenges(ArgumentLabel.leftRows, layout.logRows)
    right = transcript.challenges(ArgumentLabel.rightRows, layout.logRows)
  }
}

/// What the orthonormality stage (Stage O) leaves. It proves Σ_y left(y)·right(y) + blind = σ for
///
///     left(y) = eq(s, m)·Σ_{j < r} eq(α, j)·Δ_m(j, x),   right(y) = Σ_{k < r} eq(β, k)·Δ_m(k, x),   y = (m, x),
///
/// blind = κ_0 + κ_1·X + κ_2·X², so that σ says nothing. Padding columns count, which only adds to ΔΔᵀ; padding rows do
/// not.
package struct OrthonormalClaims: Sendable {
  package let layout: OrthonormalLayout
  package let challenges: OrthonormalChallenges
  /// σ.
  package let sum: CubicExtension
  package let outcome: SumcheckOutcome

  /// Claims that go on in the bounds stage: the evaluations of left, right and blind, and σ against the digits.
  package static let count = 4

  package init(
    layout: OrthonormalLayout, challenges: OrthonormalChallenges, sum: CubicExtension, outcome: SumcheckOutcome
  ) {
    self.layout = layout
    self.challenges = challenges
    self.sum = sum
    self.outcome = outcome
  }
}
