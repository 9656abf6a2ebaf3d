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
  ///   - base: C_base, and C_tuned: the rows of all tensors of the statement.
  ///   - secret: 32 fresh random bytes.
  ///   - report: is told of each phase when it is over.
  /// - Throws: where the statement is false or not to be proved, before anything is computed that depends on challenges.
  package func prove(
    rows: some CurveDriftRows, base: CurvePoints, tuned: CurvePoints, committer: CurveCommitter, secret: [UInt8],
    report: (String) -> Void = { _ in }
  ) throws(CurveArgumentError) -> Proof {
    precondition(secret.count == 32, "a secret of \(secret.count) bytes")
    guard committer.logLength == layout.logLength, committer.key.id == statement.setupID else { throw .otherSetup }
    let measure = try DriftMeasure(layout, rows: rows)
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

    // V → P: R. P → V: P2.
    let matrices = layout.range.draw(&channel.transcript)
    let projections = ProjectionSums(layout, matrices: matrices, rows: rows)
    report("projections")
    let cells = BitCells.cells(layout, projections: projections.values, measure: measure)
    let auxiliary = randomness.rows(layout, cells: cells)
    channel.send(
      CurveLabel.auxiliaryRows,
      points: auxiliary.map { row in
        switch row.cells {
        case .integers(let cells): committer.commit(cells, blinding: row.blinding)
        case .scalars(let cells): committer.commit(cells, blinding: row.blinding)
        }
      })

    report("bits")

    // V → P: λ and points. P → V: Stage A.
    let challenges = StageChallenges(layout: layout, transcript: &channel.transcript)
    var drift = DriftTerm(
      challenges: challenges, matrices: matrices, rows: rows, projections: projections, mask: randomness.driftMask)
    var bits = BitsTerm(challenges: challenges, cells: cells.map { Fr($0) }, mask: randomness.bitsMask)
    let libra = LibraMask(
      coefficients: Array(randomness.libra.prefix(layout.libraLength)), degrees: layout.degrees)
    let outcome = proveStage(&drift, &bits, libra: libra, &channel)

    report("stage A")

    // V → P: τ. P → V: the opening.
    let tau = channel.challenge(CurveLabel.valuePowers)
    do throws(CurveProofRejection) {
      try CurveOpeningProver.prove(
        claims: CurveOpeningClaims.claims(layout, outcome: outcome, tau: tau),
        rows: ProofRows(drift: rows, auxiliary: auxiliary), rowCount: layout.driftRows + layout.auxiliaryRows,
        committer: committer, channel: &channel)
    } catch { throw .opening(error) }
    report("opening")
    return Proof(bytes: channel.proof, sizes: channel.sizes)
  }

  /// Stage A.
  private func proveStage(
    _ drift: inout DriftTerm, _ bits: inout BitsTerm, libra: LibraMask, _ channel: inout CurveProverChannel
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
      channel.send(CurveLabel.round, Array(values[1...layout.degree(round: round)]))
      let r = channel.challenge(CurveLabel.roundChallenge)
      outcome.point.append(r)
      if round <= layout.driftVariables { drift.bind(r) }
      if round <= layout.bitVariables { bits.bind(r) }
      if round == layout.driftVariables {
        outcome.drift = drift.evaluation
        channel.send(CurveLabel.driftValue, outcome.drift)
      }
      if round == layout.bitVariables {
        outcome.bits = bits.evaluation
        channel.send(CurveLabel.bitsValue, outcome.bits)
      }
    }
    outcome.libra = libra.value(at: outcome.point)
    channel.send(CurveLabel.libraValue, outcome.libra)
    return outcome
  }
}
