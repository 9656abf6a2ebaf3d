// SPDX-License-Identifier: Apache-2.0

import DriftProofCurve
import DriftProofCurveArgument
import DriftProofCurveCommitment
import DriftProofCurveCommitmentProver
import TestSupport
import Testing

@testable import DriftProofCurveArgumentProver

/// Matrices with clauses, what shows that these hold, and commitments to them.
struct StructuredFixture: Sendable {
  struct Tensor: Sendable {
    var name: String
    var matrix: [[Int64]]
    var claim = CurveTensor.Claim.norm(nil)
    var countsInTotal = false
    var clauses: [CurveClause] = []
    var witness: [CurveClauseWitness] = []

    /// A product of small random factors, exactly of its rank.
    static func product(_ name: String, _ rows: Int, _ columns: Int, rank: Int, allowed: Int? = nil, seed: Int)
      -> Tensor
    {
      let (left, right) = factors(rows, columns, rank: rank, padded: allowed ?? rank, seed: seed)
      return Tensor(
        name: name, matrix: multiplied(left, right, rows, columns), clauses: [CurveClause(rank: allowed ?? rank)],
        witness: [CurveClauseWitness(left: left, right: right)])
    }
  }

  /// With columns of zeros behind the rank.
  static func factors(
    _ rows: Int, _ columns: Int, rank: Int, padded: Int, seed: Int
  ) -> (left: [Int32], right: [Int32]) {
    var generator = SeededGenerator(seed: UInt64(seed))
    func side(_ count: Int) -> [Int32] {
      (0..<count * padded).map { $0 % padded < rank ? Int32(generator.below(9) - 4) : 0 }
    }
    return (side(rows), side(columns))
  }

  static func multiplied(_ left: [Int32], _ right: [Int32], _ rows: Int, _ columns: Int) -> [[Int64]] {
    let rank = left.count / rows
    return (0..<rows).map { i in
      (0..<columns).map { j in
        (0..<rank).reduce(0) { $0 + Int64(left[i * rank + $1]) * Int64(right[j * rank + $1]) }
      }
    }
  }

  let statement: CurveStatement
  let base: CurvePoints
  let tuned: CurvePoints
  let rows: MemoryDriftRows
  let witness: [[CurveClauseWitness]]
  let committer: CurveCommitter

  init(_ tensors: [Tensor], totalBound: CurveBound? = nil, committer: CurveCommitter = CurveFixture.committer) {
    self.committer = committer
    var generator = SeededGenerator(seed: 3)
    func scalar() -> Fr { Fr(Int64(bitPattern: generator.next())) }
    var (base, tuned, drift, blindings) = ([G1](), [G1](), [[Int64]](), [Fr]())
    var stated: [CurveTensor] = []
    for tensor in tensors {
      let (rows, columns) = (tensor.matrix.count, tensor.matrix[0].count)
      guard let layout = CurveRowLayout(rows: rows, columns: columns, logLength: committer.logLength) else { continue }
      let values = tensor.matrix.flatMap { $0 }
      stated.append(
        CurveTensor(
          name: tensor.name, rows: rows, columns: columns, fractionBits: 17, rowCount: layout.rowCount,
          claim: tensor.claim, countsInTotal: tensor.countsInTotal, clauses: tensor.clauses))
      for row in 0..<layout.rowCount {
        var cells = [Int64](repeating: 0, count: 1 << committer.logLength)
        for run in layout.runs(row: row) {
          for (index, entry) in run.entries.enumerated() { cells[run.cell + index] = values[entry] }
        }
        let (own, blinding) = (scalar() * G1.generator, scalar())
        base.append(own)
        tuned.append(own + committer.commit(cells, blinding: blinding))
        guard stated[stated.count - 1].isBounded else { continue }
        drift.append(cells)
        blindings.append(blinding)
      }
    }
    statement = CurveStatement(
      tensors: stated, totalBound: totalBound, logLength: committer.logLength, setupID: committer.key.id,
      binding: [4, 5])
    self.base = CurvePoints(base)
    self.tuned = CurvePoints(tuned)
    rows = MemoryDriftRows(rows: drift, blindings: blindings)
    witness = tensors.map(\.witness)
  }

  func prove(secret: [UInt8] = CurveFixture.secret) throws -> [UInt8] {
    try CurveArgumentProver(statement: statement)
      .prove(rows: rows, witness: witness, base: base, tuned: tuned, committer: committer, secret: secret).bytes
  }

  /// What the verifier says; nil when it accepts.
  func rejection(of proof: [UInt8], statement other: CurveStatement? = nil) -> CurveProofRejection? {
    do throws(CurveProofRejection) {
      try CurveArgumentVerifier(statement: other ?? statement).verify(
        proof, base: base, tuned: tuned, key: committer.key, isKeyChecked: true)
      return nil
    } catch { return error }
  }
}

extension CheatingProver {
  init(_ fixture: StructuredFixture) throws {
    let layout = CurveArgumentLayout(fixture.statement)
    let factors = try #require(layout.factors)
    let honest = try StructuredWitness(layout, factors: factors, drift: fixture.rows, witness: fixture.witness)
    self.init(
      statement: fixture.statement,
      rows: (0..<fixture.rows.count).map { fixture.rows.row($0).map { Fr($0) } },
      blindings: (0..<fixture.rows.count).map { fixture.rows.blinding(of: $0) }, base: fixture.base,
      tuned: fixture.tuned, committer: fixture.committer)
    factorCells = honest.cells.map { Fr($0) }
    rest = (0..<honest.rows.count).map { honest.rows.row($0).map { Fr($0) } }
  }
}
