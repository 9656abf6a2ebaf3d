import Commitment
import Field
import Kernels
import Transcript

/// Verifies a proof of a ``DriftStatement``; docs/protocol.md section 5. Sees no weights, traps on no bytes.
package struct ArgumentVerifier<Scheme: TableauCommitmentScheme>: Sendable {
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
    let bits = Soundness.bits(statement)
    guard bits >= requiredSecurityBits else {
      throw .insufficientSecurity(bits: bits, required: Int(requiredSecurityBits))
    }
  }

  package var rowCount: Int { layout.tableau.rowCount }
  package var driftShapes: [RowShape] { ArgumentProtocol.driftShapes(layout) }

  /// - Parameter drift: the drift tableau whose root and pins `statement.binding` names, with ``driftShapes``.
  package func verify(_ proof: [UInt8], drift: Scheme.Reference) throws(ProofRejection) {
    guard scheme.isPinned(drift) else { throw .unsupportedParameters("the drift tableau is not pinned") }
    let binding = scheme.bindingBytes(of: drift)
    var channel = VerifierChannel(
      transcript: ArgumentProtocol.transcript(statement, driftBinding: binding), proof: proof)
    var factorTree: Scheme.Reference?
    if layout.hasFactors {
      factorTree = try scheme.receive(
        label: ArgumentProtocol.factorLabel, shapes: ArgumentProtocol.factorShapes(layout), isPinned: true,
        from: &channel)
    }
    let matrix = ProjectionMatrix(bits: ArgumentProtocol.matrixBits(&channel.transcript))
    let digitTree = try scheme.receive(
      label: ArgumentProtocol.digitLabel, shapes: ArgumentProtocol.digitShapes(layout), isPinned: false,
      from: &channel)

    var orthonormal: OrthonormalClaims?
    if layout.hasOrthonormal { orthonormal = try verifyStageO(&channel) }
    let challenges = StageAChallenges(
      layout: layout, orthonormal: orthonormal, transcript: &channel.transcript)
    let stageA = try verifyStageA(challenges, matrix: matrix, channel: &channel)
    let e = stageA.evaluations["E"] ?? .zero
    var values = ArgumentProtocol.Values(stageA: stageA, drift: e, stageO: orthonormal?.outcome)
    if layout.hasFactors {
      let weights = StageBWeights(layout: layout, stageAPoint: stageA.point)
      values.drift = try channel.receive("d")
      let stageB = try SumcheckVerifier.run(
        StageBWeights.shape(layout), total: values.drift - e, channel: &channel
      ) { _, point, evaluations in weights.contribution(point, evaluations) }
      let weightsC = StageCWeights(
        stageB: weights, kappa: stageB.point, chi: channel.transcript.challenge("chi"))
      values.stageB = stageB
      values.stageC = try SumcheckVerifier.run(
        StageCWeights.shape(layout), total: weightsC.total(stageB.evaluations), channel: &channel
      ) { _, point, evaluations in
        (.one - point[0]) * weightsC.weight(at: Array(point[1...])) * (evaluations["G"] ?? .zero)
      }
    }
    let claims = ArgumentProtocol.openingClaims(layout, values: values, transcript: &channel.transcript)
    let trees = [drift, digitTree] + (factorTree.map { [$0] } ?? [])
    try scheme.verify(trees, claims: claims, channel: &channel)
    try channel.finish()
  }

  private func verifyStageO(_ channel: inout VerifierChannel) throws(ProofRejection) -> OrthonormalClaims {
    let challenges = OrthonormalChallenges(layout: layout.orthonormal, transcript: &channel.transcript)
    let sum = try channel.receive("sigma")
    let outcome = try SumcheckVerifier.run(
      OrthonormalClaims.shape(layout.orthonormal), total: sum, channel: &channel
    ) { _, point, evaluations in OrthonormalClaims.contribution(point, evaluations) }
    return OrthonormalClaims(layout: layout.orthonormal, challenges: challenges, sum: sum, outcome: outcome)
  }

  private func verifyStageA(
    _ challenges: StageAChallenges, matrix: ProjectionMatrix, channel: inout VerifierChannel
  ) throws(ProofRejection) -> SumcheckOutcome {
    let weights = StageAWeights(layout: layout, challenges: challenges, matrix: matrix)
    let layout = layout
    return try SumcheckVerifier.run(
      ArgumentProtocol.stageAShape(layout), total: challenges.total(layout), channel: &channel
    ) { round, point, evaluations in
      func value(_ name: String) -> CubicExtension { evaluations[name] ?? .zero }
      let x = Array(point[1...])
      var sum = CubicExtension.zero
      if round == layout.digitVariables {
        let w = weights.digits(x)
        sum += w.range * Digits.vanishing(value("D")) + w.linear * value("D")
      }
      if round == layout.driftVariables {
        let w = weights.drift(x)
        let e = value("E")
        sum += (w.square * e + w.linear) * e
      }
      if layout.hasFactors, round == layout.factorVariables {
        let w = weights.factors(x)
        let g = value("G")
        sum += (w.square * g + w.linear) * g
      }
      if let orthonormal = challenges.orthonormal, round == OrthonormalLayout.maskVariables {
        sum += orthonormal.masks(at: x) * value("O")
      }
      return sum * (.one - point[0])
    }
  }
}
