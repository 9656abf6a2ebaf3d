// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofField
import DriftProofKernels
import DriftProofTranscript

/// Verifies a proof of a ``DriftStatement``; docs/protocol.md section 5. Sees no weights, traps on no bytes.
///
/// ``verify(_:drift:)`` reads as the protocol's moves, one method each, in the order of the prover's.
package struct ArgumentVerifier<Scheme: TableauCommitmentVerifier>: Sendable {
  package let statement: DriftStatement
  package let scheme: Scheme
  let layout: ArgumentLayout

  /// - Parameter requiredSecurityBits: lower only in tests, whose codes are small.
  /// - Throws: when the statement is not one that the argument is sound for, names another code than the scheme's, or
  ///   gives too few bits.
  package init(
    statement: DriftStatement, scheme: Scheme,
    requiredSecurityBits: Double = CodeParameters.requiredSecurityBits
  ) throws(ProofRejection) {
    try statement.validate()
    guard scheme.parameters == statement.code else {
      throw .unsupportedParameters("the statement names another code than the commitment scheme")
    }
    self.statement = statement
    self.scheme = scheme
    layout = ArgumentLayout(statement)
    try statement.code.requireBands(rows: layout.tableau.rowCount)
    let bits = Soundness.bits(layout)
    guard bits >= requiredSecurityBits else {
      throw .insufficientSecurity(bits: bits, required: Int(requiredSecurityBits))
    }
  }

  /// Terms of the soundness error.
  package var soundness: [Soundness.Term] { Soundness.terms(layout) }
  package var rowCount: Int { layout.tableau.rowCount }
  package var driftShapes: [RowShape] { ArgumentProtocol.driftShapes(layout) }

  /// - Parameter drift: the drift tableau whose root and pins `statement.binding` names, with ``driftShapes``.
  package func verify(_ proof: [UInt8], drift: Scheme.Reference) throws(ProofRejection) {
    var channel = try begin(proof, drift: drift)
    let factorTree = try receiveFactors(&channel)
    let projection = drawProjection(&channel)
    let auxiliaryTree = try receiveDigits(&channel)
    let orthonormal = try verifyOrthonormality(&channel)
    let bounds = try verifyBounds(projection, orthonormal, &channel)
    let outcomes = try verifyFactors(bounds, orthonormal, &channel)
    let trees = [drift, auxiliaryTree] + (factorTree.map { [$0] } ?? []) + baseTrees
    try verifyOpening(trees, outcomes, &channel)
    try channel.finish()
  }

  /// The trees of the base's tableau that the statement names: nobody sends them.
  private var baseTrees: [Scheme.Reference] {
    statement.baseTrees.map { tree in
      let label = ArgumentProtocol.baseLabel(tree.number)
      let shapes = ArgumentProtocol.baseShapes(layout, tree: tree)
      return statement.code.hidingBase == nil
        ? scheme.publicReference(label: label, root: tree.root, shapes: shapes)
        : scheme.hidingReference(label: label, root: tree.root, shapes: shapes, pins: tree.pins, at: tree.point)
    }
  }

  // MARK: Moves

  /// Section 5, before step 1: the transcript begins with the binding, the statement and the drift's commitment.
  private func begin(_ proof: [UInt8], drift: Scheme.Reference) throws(ProofRejection) -> VerifierChannel {
    guard scheme.isPinned(drift) else { throw .unsupportedParameters("the drift tableau is not pinned") }
    let binding = scheme.bindingBytes(of: drift)
    return VerifierChannel(
      transcript: ArgumentProtocol.transcript(statement, driftBinding: binding), proof: proof)
  }

  /// P → V: the factor tree, P1, and its pins (section 5, step 1). Nothing when no clause has factors or entrywise bounds.
  private func receiveFactors(_ channel: inout VerifierChannel) throws(ProofRejection) -> Scheme.Reference? {
    guard layout.hasFactorTree else { return nil }
    return try scheme.receive(
      label: ArgumentLabel.factorTree, shapes: ArgumentProtocol.factorShapes(layout), isPinned: true, from: &channel)
  }

  /// V → P: the projection R (section 5, step 2).
  private func drawProjection(_ channel: inout VerifierChannel) -> ProjectionMatrix {
    ProjectionMatrix(bits: ArgumentProtocol.matrixBits(&channel.transcript))
  }

  /// P → V: the auxiliary tree, P2, with digits and masks (section 5, step 3).
  private func receiveDigits(_ channel: inout VerifierChannel) throws(ProofRejection) -> Scheme.Reference {
    try scheme.receive(
      label: ArgumentLabel.auxiliaryTree, shapes: ArgumentProtocol.auxiliaryShapes(layout), isPinned: false,
      from: &channel)
  }

  /// V → P: s, α, β. P → V: σ, and the orthonormality stage (Stage O) (section 5, step 3). Nothing without orthonormal
  /// tensors.
  private func verifyOrthonormality(
    _ channel: inout VerifierChannel
  ) throws(ProofRejection) -> OrthonormalClaims? {
    guard layout.hasOrthonormal else { return nil }
    let challenges = OrthonormalChallenges(layout: layout.orthonormal, transcript: &channel.transcript)
    let sum = try channel.receive(ArgumentLabel.orthonormalSum)
    let outcome = try SumcheckVerifier.run(
      .orthonormality(layout.orthonormal), total: sum, channel: &channel, contribution: OrthonormalClaims.contribution)
    return OrthonormalClaims(layout: layout.orthonormal, challenges: challenges, sum: sum, outcome: outcome)
  }

  /// V → P: λ and the points of all claims. P → V: the bounds stage (Stage A) (section 5, step 4).
  private func verifyBounds(
    _ projection: ProjectionMatrix, _ orthonormal: OrthonormalClaims?, _ channel: inout VerifierChannel
  ) throws(ProofRejection) -> SumcheckOutcome {
    let challenges = BoundsStageChallenges(
      layout: layout, orthonormal: orthonormal, transcript: &channel.transcript)
    let weights = BoundsStageWeights(layout: layout, challenges: challenges, matrix: projection)
    return try SumcheckVerifier.run(
      .bounds(layout), total: try challenges.total(layout, columnWeights: weights.columnWeights), channel: &channel,
      contribution: weights.contribution)
  }

  /// P → V: d, the structure stage (Stage B); V → P: χ; P → V: the merging stage (Stage C) (section 5, step 5). Without
  /// factors d is e, which the bounds stage has stated.
  private func verifyFactors(
    _ bounds: SumcheckOutcome, _ orthonormal: OrthonormalClaims?, _ channel: inout VerifierChannel
  ) throws(ProofRejection) -> StageOutcomes {
    let residual = try bounds.evaluations.value(.residuals)
    guard layout.hasFactors else {
      return StageOutcomes(bounds: bounds, drift: residual, factors: nil, orthonormality: orthonormal?.outcome)
    }
    let drift = try channel.receive(ArgumentLabel.driftValue)
    let weights = StructureStageWeights(layout: layout, boundsPoint: bounds.point)
    let structure = try SumcheckVerifier.run(
      .structure(layout), total: drift - residual, channel: &channel, contribution: weights.contribution)
    let merging = try verifyMerging(structure, weights, &channel)
    return StageOutcomes(
      bounds: bounds, drift: drift, factors: FactorOutcomes(structure: structure, merging: merging),
      orthonormality: orthonormal?.outcome)
  }

  /// V → P: χ; P → V: the merging stage (Stage C), which brings the structure stage's evaluations to one point.
  private func verifyMerging(
    _ structure: SumcheckOutcome, _ structureWeights: StructureStageWeights, _ channel: inout VerifierChannel
  ) throws(ProofRejection) -> SumcheckOutcome {
    let weights = MergingStageWeights(
      structure: structureWeights, kappa: structure.point,
      chi: channel.transcript.challenge(ArgumentLabel.mergingPowers))
    return try SumcheckVerifier.run(
      .merging(layout), total: try weights.total(structure.evaluations), channel: &channel,
      contribution: weights.contribution)
  }

  /// V → P: τ, χ. P → V: the opening of all trees (section 5, step 6, and section 6).
  private func verifyOpening(
    _ trees: [Scheme.Reference], _ outcomes: StageOutcomes, _ channel: inout VerifierChannel
  ) throws(ProofRejection) {
    let claims = try OpeningClaims.draw(layout, outcomes: outcomes, transcript: &channel.transcript)
    try scheme.verify(trees, claims: claims, channel: &channel)
  }
}
