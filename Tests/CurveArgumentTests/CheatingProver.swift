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
  /// The cells of D before they are committed.
  var cells: (inout [Fr], CurveArgumentLayout) -> Void = { _, _ in }
  /// The rows that the prover argues about, where they are not the committed ones.
  var argued: [[Fr]]?
  var continuation = DenseStage.Continuation.none
  /// The claims before they are opened.
  var claims: (inout [CurveClaim]) -> Void = { _ in }

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
    let matrices = matrices(layout.range.draw(&channel.transcript))
    var space = (argued ?? rows).flatMap { $0 + [Fr](repeating: .zero, count: 1 << layout.logLength - $0.count) }
    space += [Fr](repeating: .zero, count: 1 << layout.driftVariables - space.count)
    var bits = Self.bits(layout, matrices: matrices, space: space)
    cells(&bits, layout)
    let length = 1 << layout.logLength
    var auxiliary: [[Fr]] = (0..<layout.bitRows).map { row in
      Array(bits[min(bits.count, row * length)..<min(bits.count, (row + 1) * length)])
    }
    auxiliary += [[randomness.bitsMask], [randomness.driftMask], randomness.openingMask, randomness.libra]
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
    var stage = DenseStage(
      layout, challenges: challenges, matrices: matrices, cells: space,
      bits: bits + [Fr](repeating: .zero, count: 1 << layout.bitVariables - bits.count),
      masks: (randomness.driftMask, randomness.bitsMask))
    let libra = LibraMask(
      coefficients: Array(randomness.libra.prefix(layout.libraLength)), degrees: layout.degrees)
    let outcome = stage.run(libra: libra, continuation: continuation, channel: &channel)
    let tau = channel.challenge(CurveLabel.valuePowers)
    var claims = CurveOpeningClaims.claims(layout, outcome: outcome, tau: tau)
    self.claims(&claims)
    let source = Rows(
      rows: zip(rows + auxiliary, blindings + randomness.blindings).map { (cells: $0, blinding: $1) })
    try CurveOpeningProver.prove(
      claims: claims, rows: source, rowCount: source.rows.count, committer: committer, channel: &channel)
    return channel.proof
  }

  /// D: the low bits of what the numbers are modulo r.
  private static func bits(_ layout: CurveArgumentLayout, matrices: [TernaryMatrix], space: [Fr]) -> [Fr] {
    var cells = [Fr](repeating: .zero, count: layout.usedCells)
    func put(_ value: Fr, bits: Int, at cell: Int) {
      let bytes = value.littleEndianBytes
      for bit in 0..<bits where bytes[bit / 8] >> UInt8(bit % 8) & 1 == 1 { cells[cell + bit] = .one }
    }
    var projections = [Fr](repeating: Fr(1 << 60), count: layout.range.projections)
    DenseStage.forEachSign(layout, matrices) { m, x, isNegative in
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
