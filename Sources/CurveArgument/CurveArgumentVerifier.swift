// SPDX-License-Identifier: Apache-2.0

import DriftProofCurve
import DriftProofCurveCommitment
import DriftProofTranscript

/// Verifies a proof of a ``CurveStatement``; docs/protocol.md section 15. Sees no weights, traps on no bytes.
package struct CurveArgumentVerifier: Sendable {
  package let statement: CurveStatement
  let layout: CurveArgumentLayout

  /// - Throws: `unsupported` where the argument is not sound for the statement.
  package init(statement: CurveStatement) throws(CurveProofRejection) {
    try statement.validate()
    self.init(layout: CurveArgumentLayout(statement))
  }

  init(layout: CurveArgumentLayout) {
    statement = layout.statement
    self.layout = layout
  }

  /// Terms of the statistical soundness error.
  package var soundness: [CurveSoundness.Term] { CurveSoundness.terms(layout) }

  /// - Parameters:
  ///   - base: C_base, the rows of all tensors of the statement in order. Who calls vouches for them: the identity has them.
  ///   - tuned: C_tuned, likewise.
  ///   - key: of the setup that the statement names.
  ///   - isKeyChecked: whether the caller has called ``CurveSetupKey/check()``.
  package func verify(
    _ proof: [UInt8], base: CurvePoints, tuned: CurvePoints, key: CurveSetupKey, isKeyChecked: Bool = false
  ) throws(CurveProofRejection) {
    guard key.id == statement.setupID else { throw .otherSetup }
    // Under a key of no τ, or of two, everything can be proved. An id that is known is of a key that is right.
    if !isKeyChecked, KnownCurveSetup.with(id: statement.setupID) == nil {
      do throws(CurveSetupError) { try key.check() } catch { throw .unsupported("the setup's key: \(error)") }
    }
    let drift = try CurveArgumentProtocol.drift(layout, base: base, tuned: tuned)
    var channel = CurveVerifierChannel(
      transcript: CurveArgumentProtocol.transcript(statement, base: base, tuned: tuned), proof: proof)
    let (auxiliary, claims) = try claims(&channel)
    try CurveOpeningVerifier.verify(claims: claims, commitments: drift + auxiliary, key: key, channel: &channel)
    try channel.finish()
  }

  /// All up to the opening: P2's points and what is claimed of all rows.
  func claims(_ channel: inout CurveVerifierChannel) throws(CurveProofRejection) -> ([G1], [CurveClaim]) {
    let matrices = layout.range.draw(&channel.transcript)
    return try claims(matrices, &channel)
  }

  func claims(
    _ matrices: [TernaryMatrix], _ channel: inout CurveVerifierChannel
  ) throws(CurveProofRejection) -> ([G1], [CurveClaim]) {
    let auxiliary = try channel.receivePoints(CurveLabel.auxiliaryRows, count: layout.auxiliaryRows)
    let challenges = StageChallenges(layout: layout, transcript: &channel.transcript)
    let outcome = try verifyStage(StageWeights(challenges: challenges, matrices: matrices), &channel)
    let tau = channel.challenge(CurveLabel.valuePowers)
    return (auxiliary, CurveOpeningClaims.claims(layout, outcome: outcome, tau: tau))
  }

  /// Stage A: one sumcheck, masked by γ·g. E and D are finished when their variables are bound, and leave the claim.
  private func verifyStage(
    _ weights: StageWeights, _ channel: inout CurveVerifierChannel
  ) throws(CurveProofRejection) -> StageOutcome {
    let sum = try channel.receive(CurveLabel.libraSum)
    let gamma = channel.challenge(CurveLabel.libraFactor)
    var claim = weights.challenges.total + gamma * sum
    var outcome = StageOutcome(point: [], drift: .zero, bits: .zero, libra: .zero)
    for round in 0..<layout.rounds {
      let sent = try channel.receive(CurveLabel.round, count: layout.degree(round: round))
      let r = channel.challenge(CurveLabel.roundChallenge)
      outcome.point.append(r)
      claim = CurveRound.value([claim - sent[0]] + sent, at: r)
      if round == layout.driftVariables {
        outcome.drift = try channel.receive(CurveLabel.driftValue)
        claim = claim - weights.driftContribution(outcome.drift, point: outcome.point)
      }
      if round == layout.bitVariables {
        outcome.bits = try channel.receive(CurveLabel.bitsValue)
        claim = claim - weights.bitsContribution(outcome.bits, point: outcome.point)
      }
    }
    outcome.libra = try channel.receive(CurveLabel.libraValue)
    guard claim == gamma * outcome.libra else { throw .sumcheckFinal(stage: CurveLabel.stage) }
    return outcome
  }
}
