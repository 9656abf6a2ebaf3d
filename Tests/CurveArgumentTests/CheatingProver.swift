// SPDX-License-Identifier: Apache-2.0

import DriftProofCurve
import DriftProofCurveCommitment
import DriftProofCurveCommitmentProver
import DriftProofTranscript

@testable import DriftProofCurveArgument
@testable import DriftProofCurveArgumentProver

/// A second prover, slow and without refusals, for drifts of any scalars. Without a deviation its proofs are those of
/// ``CurveArgumentProver``, byte for byte. Deviations enter between the moves.
struct CheatingProver {
  /// What the prover's transcript begins with.
  var statement: CurveStatement
  /// The rows of E-space, with the blindings of C_tuned - C_base.
  var rows: [[Fr]]
  var blindings: [Fr]
  var base: CurvePoints
  var tuned: CurvePoints
  let committer: CurveCommitter

  /// k, where it is not the one of the sizes.
  var groupCount: Int?
  /// The matrices that the prover takes for R.
  var matrices: ([TernaryMatrix]) -> [TernaryMatrix] = { $0 }
  /// The same for the matrices of U and V.
  var factorMatrices: ([TernaryMatrix]) -> [TernaryMatrix] = { $0 }
  /// The cells of D before they are committed.
  var cells: (inout [Fr], CurveArgumentLayout) -> Void = { _, _ in }
  /// The rows that the prover argues about, where they are not the committed ones.
  var argued: [[Fr]]?
  var continuation = DenseStage.Continuation.none
  /// The integers of P1, and the rows of E-space: what clauses leave, and the drift. Empty without clauses.
  var factorCells: [Fr] = []
  var rest: [[Fr]] = []
  var structure = Structure.none
  /// The claims before they are opened.
  var claims: (inout [CurveClaim]) -> Void = { _ in }

  /// How a prover goes on in Stage B after its claim has become false.
  enum Structure: CaseIterable {
    /// Honest values.
    case none
    /// g_B is what the claim needs.
    case libra
    /// d is what E(ρ) and the sum need.
    case committed
    /// The first value is what the claim needs.
    case value
  }

  init(
    statement: CurveStatement, rows: [[Fr]], blindings: [Fr], base: CurvePoints, tuned: CurvePoints,
    committer: CurveCommitter
  ) {
    self.statement = statement
    self.rows = rows
    self.blindings = blindings
    self.base = base
    self.tuned = tuned
    self.committer = committer
  }

  init(_ fixture: CurveFixture) {
    statement = fixture.statement
    rows = (0..<fixture.rows.count).map { fixture.rows.row($0).map { Fr($0) } }
    blindings = (0..<fixture.rows.count).map { fixture.rows.blinding(of: $0) }
    base = fixture.base
    tuned = fixture.tuned
    committer = fixture.committer
  }

  /// Replaces a row of E-space, and its point.
  mutating func replace(_ row: Int, _ change: (inout [Fr]) -> Void) {
    change(&rows[row])
    let place = CurveArgumentLayout(statement).places[row]
    var points = tuned.points
    points[place] = base.points[place] + committer.commit(rows[row], blinding: blindings[row])
    tuned = CurvePoints(points)
  }

  private struct Rows: CurveRowSource {
    let rows: [(cells: [Fr], blinding: Fr)]

    func combination(of weights: [(row: Int, weight: Fr)]) -> [Fr] {
      var sum = [Fr](repeating: .zero, count: weights.reduce(0) { max($0, rows[$1.row].cells.count) })
      for (row, weight) in weights {
        for (cell, value) in rows[row].cells.enumerated() { sum[cell] = sum[cell] + weight * value }
      }
      return sum
    }

    func blinding(of row: Int) -> Fr { rows[row].blinding }
  }

  func prove(secret: [UInt8] = CurveFixture.secret) throws -> [UInt8] {
    let layout = CurveArgumentLayout(statement, groupCount: groupCount)
    var channel = CurveProverChannel(
      transcript: CurveArgumentProtocol.transcript(statement, base: base, tuned: tuned))
    let randomness = ProofRandomness(layout, secret: secret, context: channel.transcript.state)
    let length = 1 << layout.logLength
    let factorCells = factorCells + randomness.structureMasks
    let factorRows = (0..<layout.factorRows).map { row in
      Array(factorCells[row * length..<min(factorCells.count, (row + 1) * length)])
    }
    if layout.factors != nil {
      channel.send(
        CurveLabel.factorRows,
        points: zip(factorRows, randomness.factorBlindings).map { committer.commit($0, blinding: $1) })
    }
    let matrices = matrices(layout.range.draw(&channel.transcript))
    let factorMatrices = self.factorMatrices(
      layout.factorRange?.draw(&channel.transcript, label: CurveLabel.factorProjection) ?? [])
    let projections = layout.factorRange.map { FactorProjections(range: $0, matrices: factorMatrices) }
    var space = (argued ?? (layout.factors == nil ? rows : rest)).flatMap {
      $0 + [Fr](repeating: .zero, count: 1 << layout.logLength - $0.count)
    }
    space += [Fr](repeating: .zero, count: 1 << layout.driftVariables - space.count)
    var factorSums = [Fr](repeating: .zero, count: layout.range.projections)
    if let range = layout.factorRange {
      DenseStage.forEachSign(range, factorMatrices) { m, x, isNegative in
        factorSums[m] = isNegative ? factorSums[m] - factorCells[x] : factorSums[m] + factorCells[x]
      }
    }
    var bits = Self.bits(layout, matrices: matrices, space: space, factors: factorSums)
    cells(&bits, layout)
    var auxiliary: [[Fr]] = (0..<layout.bitRows).map { row in
      Array(bits[min(bits.count, row * length)..<min(bits.count, (row + 1) * length)])
    }
    auxiliary += [[randomness.bitsMask], [randomness.driftMask]]
    if layout.factors != nil { auxiliary.append([randomness.factorMask]) }
    auxiliary += [randomness.openingMask] + randomness.partMasks + [randomness.libra]
    channel.send(
      CurveLabel.auxiliaryRows,
      points: zip(auxiliary, randomness.blindings).map { cells, blinding in
        // Most rows are bits.
        if cells.allSatisfy({ $0.isZero || $0 == .one }) {
          return committer.commit(cells.map { $0.isZero ? 0 : 1 as Int64 }, blinding: blinding)
        }
        return committer.commit(cells, blinding: blinding)
      })
    let challenges = StageChallenges(layout: layout, transcript: &channel.transcript)
    let factorTerm = layout.factors.map { factors in
      let (squares, linear) = FactorTables.weights(factors, challenges: challenges, projections: projections)
      return DenseStage.Term(
        data: factorCells + [Fr](repeating: .zero, count: squares.count - factorCells.count),
        mask: randomness.factorMask, squares: squares, linear: linear, shift: .one)
    }
    var stage = DenseStage(
      layout, challenges: challenges, matrices: matrices, cells: space,
      bits: bits + [Fr](repeating: .zero, count: 1 << layout.bitVariables - bits.count),
      masks: (randomness.driftMask - randomness.dummy, randomness.bitsMask), factors: factorTerm)
    let libra = LibraMask(
      coefficients: Array(randomness.libra.prefix(layout.libraLength)), degrees: layout.degrees)
    var outcome = stage.run(libra: libra, continuation: continuation, channel: &channel)
    if let factors = layout.factors {
      let weights = StructureWeights(layout: layout, factors: factors, point: outcome.point)
      outcome.structure = runStructure(
        StructureStage(weights, cells: factorCells), weights, drift: outcome.drift,
        committed: committedValue(weights, mask: randomness.driftMask),
        libra: LibraMask(
          coefficients: Array(randomness.libra[layout.libraLength..<layout.allLibraLength]),
          degrees: factors.structureDegrees), &channel)
    }
    let tau = channel.challenge(CurveLabel.valuePowers)
    var claims = CurveOpeningClaims.claims(layout, outcome: outcome, tau: tau)
    self.claims(&claims)
    let source = Rows(
      rows: zip(rows + factorRows + auxiliary, blindings + randomness.factorBlindings + randomness.blindings).map {
        (cells: $0, blinding: $1)
      })
    try CurveOpeningProver.prove(
      claims: claims, rows: source, rowCount: source.rows.count, committer: committer, channel: &channel)
    return channel.proof
  }

  /// d of the committed rows.
  private func committedValue(_ weights: StructureWeights, mask: Fr) -> Fr {
    let layout = weights.layout
    let low = FrVector.equality(weights.x[..<layout.logLength], scale: .one - weights.top)
    let tiles = FrVector.equality(weights.x[layout.logLength...])
    return layout.lines.reduce(weights.dummyWeight * mask) { sum, line in
      zip(line.committed, line.rows).reduce(sum) { sum, pair in
        let value = FrVector.innerProduct(low, rows[pair.0])
        return sum + Fr(2).power(line.scale) * tiles[pair.1] * value
      }
    }
  }

  private func runStructure(
    _ start: StructureStage, _ weights: StructureWeights, drift: Fr, committed: Fr, libra: LibraMask,
    _ channel: inout CurveProverChannel
  ) -> StructureOutcome {
    var stage = start
    var outcome = StructureOutcome(committed: structure == .committed ? drift + stage.sum : committed)
    channel.send(CurveLabel.committedValue, outcome.committed)
    channel.send(CurveLabel.structureSum, libra.sum)
    let gamma = channel.challenge(CurveLabel.structureFactor)
    var claim = outcome.committed - drift + gamma * libra.sum
    for degree in libra.degrees {
      let own = libra.roundValues(bound: outcome.point, degree: degree)
      let sent = zip(own, stage.roundValues(degree: degree)).map { gamma * $0 + $1 }.dropFirst()
      channel.send(CurveLabel.structureRound, Array(sent))
      let r = channel.challenge(CurveLabel.structureChallenge)
      outcome.point.append(r)
      claim = CurveRound.value([claim - sent[1]] + sent, at: r)
      stage.bind(r)
    }
    outcome.values = stage.evaluations
    outcome.libra = libra.value(at: outcome.point)
    let top = outcome.point[0]
    if structure == .value {
      var changed = outcome.values
      changed[0] = changed[0] + .one
      let (before, after) = (weights.final(outcome.values, top: top), weights.final(changed, top: top))
      // Linear in the first value.
      let missing = claim - gamma * outcome.libra - before
      outcome.values[0] = outcome.values[0] + missing * (after - before).inverse()
    }
    channel.send(CurveLabel.structureValues, outcome.values)
    if structure == .libra {
      outcome.libra = (claim - weights.final(outcome.values, top: top)) * gamma.inverse()
    }
    channel.send(CurveLabel.structureLibra, outcome.libra)
    return outcome
  }

  /// D: the low bits of what the numbers are modulo r.
  private static func bits(
    _ layout: CurveArgumentLayout, matrices: [TernaryMatrix], space: [Fr], factors: [Fr]
  ) -> [Fr] {
    var cells = [Fr](repeating: .zero, count: layout.usedCells)
    func put(_ value: Fr, bits: Int, at cell: Int) {
      let bytes = value.littleEndianBytes
      for bit in 0..<bits where bytes[bit / 8] >> UInt8(bit % 8) & 1 == 1 { cells[cell + bit] = .one }
    }
    var projections = factors.map { $0 + Fr(1 << 60) }
    DenseStage.forEachSign(layout.range, matrices) { m, x, isNegative in
      projections[m] = isNegative ? projections[m] - space[x] : projections[m] + space[x]
    }
    for (m, value) in projections.enumerated() { put(value, bits: 61, at: 64 * m) }
    var total = layout.statement.totalBound?.scalar ?? .zero
    for line in layout.lines {
      let length = 1 << layout.logLength
      let square = space[line.rows.lowerBound * length..<line.rows.upperBound * length]
        .reduce(Fr.zero) { $0 + $1 * $1 }
      if let number = line.number, let bound = line.bound {
        put(bound.scalar - square, bits: 120, at: layout.boundCell(number))
      }
      if let shift = line.totalShift { total = total - square * Fr(2).power(shift) }
    }
    if layout.statement.totalBound != nil { put(total, bits: 208, at: layout.totalCell) }
    return cells
  }
}
