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
    let (rows, claims) = try claims(&channel)
    try CurveOpeningVerifier.verify(claims: claims, commitments: drift + rows, key: key, channel: &channel)
    try channel.finish()
  }

  /// What R is drawn as: tests of what would pass under another leave it to them.
  struct Matrices {
    var drift: [TernaryMatrix]
    /// Of U and V.
    var factors: [TernaryMatrix]
  }

  /// All up to the opening: points of P1 and P2, and what is claimed of all rows.
  func claims(
    _ channel: inout CurveVerifierChannel, matrices change: (Matrices) -> Matrices = { $0 }
  ) throws(CurveProofRejection) -> ([G1], [CurveClaim]) {
    var rows: [G1] = []
    if layout.factors != nil { rows = try channel.receivePoints(CurveLabel.factorRows, count: layout.factorRows) }
    let drift = layout.range.draw(&channel.transcript)
    let matrices = change(
      Matrices(
        drift: drift,
        factors: layout.factorRange?.draw(&channel.transcript, label: CurveLabel.factorProjection) ?? []))
    rows += try channel.receivePoints(CurveLabel.auxiliaryRows, count: layout.auxiliaryRows)
    let challenges = StageChallenges(layout: layout, transcript: &channel.transcript)
    var outcome = try verifyStage(
      StageWeights(challenges: challenges, matrices: matrices.drift),
      layout.factors.map { FactorWeights(factors: $0, challenges: challenges, matrices: matrices.factors) }, &channel)
    if let factors = layout.factors { outcome.structure = try verifyStructure(factors, outcome, &channel) }
    let tau = channel.challenge(CurveLabel.valuePowers)
    return (rows, CurveOpeningClaims.claims(layout, outcome: outcome, tau: tau))
  }

  /// Stage A: one sumcheck, masked by γ·g. E, D and G are finished when their variables are bound, and leave the claim.
  private func verifyStage(
    _ weights: StageWeights, _ factors: FactorWeights?, _ channel: inout CurveVerifierChannel
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
      if let factors, round == layout.factorVariables {
        outcome.factors = try channel.receive(CurveLabel.factorValue)
        claim = claim - factors.contribution(outcome.factors, point: outcome.point)
      }
    }
    outcome.libra = try channel.receive(CurveLabel.libraValue)
    guard claim == gamma * outcome.libra else { throw .sumcheckFinal(stage: CurveLabel.stage) }
    return outcome
  }

  /// Stage B: that the drift without what clauses leave of it is what U, V and the slots say.
  private func verifyStructure(
    _ factors: CurveFactorLayout, _ stage: StageOutcome, _ channel: inout CurveVerifierChannel
  ) throws(CurveProofRejection) -> StructureOutcome {
    let weights = StructureWeights(layout: layout, factors: factors, point: stage.point)
    var outcome = StructureOutcome(committed: try channel.receive(CurveLabel.committedValue))
    let sum = try channel.receive(CurveLabel.structureSum)
    let gamma = channel.challenge(CurveLabel.structureFactor)
    var claim = outcome.committed - stage.drift + gamma * sum
    for degree in factors.structureDegrees {
      let sent = try channel.receive(CurveLabel.structureRound, count: degree)
      let r = channel.challenge(CurveLabel.structureChallenge)
      outcome.point.append(r)
      claim = CurveRound.value([claim - sent[0]] + sent, at: r)
    }
    outcome.values = try channel.receive(CurveLabel.structureValues, count: factors.valueCount)
    outcome.libra = try channel.receive(CurveLabel.structureLibra)
    guard claim == weights.final(outcome.values, top: outcome.point[0]) + gamma * outcome.libra else {
      throw .sumcheckFinal(stage: CurveLabel.structureStage)
    }
    return outcome
  }
}
