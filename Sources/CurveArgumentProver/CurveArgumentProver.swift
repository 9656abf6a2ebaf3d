// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCurve
import DriftProofCurveArgument
import DriftProofCurveCommitment
import DriftProofCurveCommitmentProver
import DriftProofTranscript

/// Proves a ``CurveStatement``; docs/protocol.md section 15. The moves are those of ``CurveArgumentVerifier``.
package struct CurveArgumentProver: Sendable {
  package let statement: CurveStatement
  package let layout: CurveArgumentLayout

  /// - Throws: `statement` where the argument is not sound for it.
  package init(statement: CurveStatement) throws(CurveArgumentError) {
    do throws(CurveProofRejection) { try statement.validate() } catch { throw .statement(error) }
    self.init(layout: CurveArgumentLayout(statement))
  }

  init(layout: CurveArgumentLayout) {
    statement = layout.statement
    self.layout = layout
  }

  package struct Proof: Sendable {
    package let bytes: [UInt8]
    /// Bytes by section, for reports.
    package let sizes: [(section: String, bytes: Int)]
  }

  /// - Parameters:
  ///   - rows: of the drift, with what C_tuned - C_base is blinded by.
  ///   - witness: of every tensor's clauses; empty where the statement has none.
  ///   - base: C_base, and C_tuned: the rows of all tensors of the statement.
  ///   - secret: 32 fresh random bytes.
  ///   - report: is told of each phase when it is over.
  /// - Throws: where the statement is false or not to be proved, before anything is computed that depends on challenges.
  package func prove(
    rows: some CurveDriftRows, witness: [[CurveClauseWitness]] = [], base: CurvePoints, tuned: CurvePoints,
    committer: CurveCommitter, secret: [UInt8], report: (String) -> Void = { _ in }
  ) throws(CurveArgumentError) -> Proof {
    precondition(secret.count == 32, "a secret of \(secret.count) bytes")
    guard committer.logLength == layout.logLength, committer.key.id == statement.setupID else { throw .otherSetup }
    let structured = try layout.factors.map { factors throws(CurveArgumentError) in
      try StructuredWitness(layout, factors: factors, drift: rows, witness: witness)
    }
    let space: any CurveDriftRows = structured?.rows ?? rows
    let measure = try DriftMeasure(layout, rows: space, factors: structured?.magnitudes ?? 0)
    do throws(CurveProofRejection) {
      _ = try CurveArgumentProtocol.drift(layout, base: base, tuned: tuned)
    } catch {
      if case .frozenTensorChanged(let name) = error { throw .frozenTensorChanged(name) }
      throw .rows("\(error)")
    }
    var channel = CurveProverChannel(
      transcript: CurveArgumentProtocol.transcript(statement, base: base, tuned: tuned))
    let randomness = ProofRandomness(layout, secret: secret, context: channel.transcript.state)

    report("measure")

    // P → V: P1.
    let factorRows = randomness.factorRows(layout, cells: structured?.cells ?? [])
    if layout.factors != nil {
      channel.send(CurveLabel.factorRows, points: factorRows.map { $0.commitment(committer) })
    }

    // V → P: R. P → V: P2.
    let matrices = layout.range.draw(&channel.transcript)
    let factorProjections = layout.factorRange.map {
      FactorProjections(
        range: $0, matrices: $0.draw(&channel.transcript, label: CurveLabel.factorProjection))
    }
    let projections = ProjectionSums(layout, matrices: matrices, rows: space)
    var values = projections.values
    if let factorProjections, let structured, let variables = layout.factors?.factorVariables {
      let own = factorProjections.values(structured.cells[..<(1 << variables)])
      values = zip(values, own).map { $0 + $1 }
    }
    report("projections")
    let cells = BitCells.cells(layout, projections: values, measure: measure)
    let auxiliary = randomness.rows(layout, cells: cells)
    channel.send(CurveLabel.auxiliaryRows, points: auxiliary.map { $0.commitment(committer) })

    report("bits")

    // V → P: λ and points. P → V: Stage A.
    let challenges = StageChallenges(layout: layout, transcript: &channel.transcript)
    var drift = DriftTerm(
      challenges: challenges, matrices: matrices, rows: space, projections: projections,
      mask: randomness.driftMask - randomness.dummy)
    var bits = BitsTerm(challenges: challenges, cells: cells.map { Fr($0) }, mask: randomness.bitsMask)
    let factorCells = (structured?.cells ?? []).map { Fr($0) } + randomness.structureMasks
    var factors = layout.factors.map {
      FactorTables.term(
        $0, challenges: challenges, projections: factorProjections, cells: factorCells, mask: randomness.factorMask)
    }
    let libra = LibraMask(
      coefficients: Array(randomness.libra.prefix(layout.libraLength)), degrees: layout.degrees)
    var outcome = proveStage(&drift, &bits, &factors, libra: libra, &channel)

    report("stage A")
    if let own = layout.factors {
      let libra = LibraMask(
        coefficients: Array(randomness.libra[layout.libraLength..<layout.allLibraLength]),
        degrees: own.structureDegrees)
      let stage = StructureStage(
        StructureWeights(layout: layout, factors: own, point: outcome.point), cells: factorCells)
      outcome.structure = proveStructure(stage, drift: outcome.drift, libra: libra, &channel)
      report("stage B")
    }

    // V → P: τ. P → V: the opening.
    let tau = channel.challenge(CurveLabel.valuePowers)
    do throws(CurveProofRejection) {
      try CurveOpeningProver.prove(
        claims: CurveOpeningClaims.claims(layout, outcome: outcome, tau: tau),
        rows: ProofRows(drift: rows, auxiliary: factorRows + auxiliary),
        rowCount: layout.auxiliaryStart + layout.auxiliaryRows,
        committer: committer, channel: &channel)
    } catch { throw .opening(error) }
    report("opening")
    return Proof(bytes: channel.proof, sizes: channel.sizes)
  }

  /// Stage A.
  private func proveStage(
    _ drift: inout DriftTerm, _ bits: inout BitsTerm, _ factors: inout BitsTerm?, libra: LibraMask,
    _ channel: inout CurveProverChannel
  ) -> StageOutcome {
    channel.send(CurveLabel.libraSum, libra.sum)
    let gamma = channel.challenge(CurveLabel.libraFactor)
    var outcome = StageOutcome(point: [], drift: .zero, bits: .zero, libra: .zero)
    for round in 0..<layout.rounds {
      var values = libra.roundValues(bound: outcome.point).map { gamma * $0 }
      if round <= layout.driftVariables {
        for (x, value) in drift.roundValues().enumerated() { values[x] = values[x] + value }
      }
      if round <= layout.bitVariables {
        for (x, value) in bits.roundValues().enumerated() { values[x] = values[x] + value }
      }
      if let factors, round <= layout.factorVariables {
        for (x, value) in factors.roundValues().enumerated() { values[x] = values[x] + value }
      }
      channel.send(CurveLabel.round, Array(values[1...layout.degree(round: round)]))
      let r = channel.challenge(CurveLabel.roundChallenge)
      outcome.point.append(r)
      if round <= layout.driftVariables { drift.bind(r) }
      if round <= layout.bitVariables { bits.bind(r) }
      if round <= layout.factorVariables { factors?.bind(r) }
      if round == layout.driftVariables {
        outcome.drift = drift.evaluation
        channel.send(CurveLabel.driftValue, outcome.drift)
      }
      if round == layout.bitVariables {
        outcome.bits = bits.evaluation
        channel.send(CurveLabel.bitsValue, outcome.bits)
      }
      if let factors, round == layout.factorVariables {
        outcome.factors = factors.evaluation
        channel.send(CurveLabel.factorValue, outcome.factors)
      }
    }
    outcome.libra = libra.value(at: outcome.point)
    channel.send(CurveLabel.libraValue, outcome.libra)
    return outcome
  }

  /// Stage B.
  private func proveStructure(
    _ stage: StructureStage, drift: Fr, libra: LibraMask, _ channel: inout CurveProverChannel
  ) -> StructureOutcome {
    var (stage, outcome) = (stage, StructureOutcome(committed: drift + stage.sum))
    channel.send(CurveLabel.committedValue, outcome.committed)
    channel.send(CurveLabel.structureSum, libra.sum)
    let gamma = channel.challenge(CurveLabel.structureFactor)
    for degree in libra.degrees {
      let values = zip(libra.roundValues(bound: outcome.point, degree: degree), stage.roundValues(degree: degree))
        .map { gamma * $0 + $1 }
      channel.send(CurveLabel.structureRound, Array(values[1...]))
      let r = channel.challenge(CurveLabel.structureChallenge)
      outcome.point.append(r)
      stage.bind(r)
    }
    outcome.values = stage.evaluations
    channel.send(CurveLabel.structureValues, outcome.values)
    outcome.libra = libra.value(at: outcome.point)
    channel.send(CurveLabel.structureLibra, outcome.libra)
    return outcome
  }
}
