// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofCommitmentProver
import DriftProofField
import DriftProofKernels
import Synchronization
import TestSupport
import Testing
import DriftProofTranscript

@testable import DriftProofArgument
@testable import DriftProofArgumentProver

/// The components of the bounds stage against slow ones, and the passes that they make over the rows.
@Suite struct StageAComponentTests {
  // MARK: Digits

  /// Σ (1-top)·[scale·eq(z, x)·V(D(x)) + W(x)·D(x)] over dense tables.
  private struct DenseDigits {
    var tables: [[CubicExtension]]  // D, W, eq, 1 - top; `top` is the last variable of the tables until it is bound

    /// Values at 0...degree of the sum over all pairs of neighbours.
    func round(_ degree: Int) -> [CubicExtension] {
      (0...degree).map { x in
        let value = CubicExtension(x)
        var sum = CubicExtension.zero
        for pair in 0..<tables[0].count / 2 {
          let at = tables.map { $0[2 * pair] + value * ($0[2 * pair + 1] - $0[2 * pair]) }
          sum += at[3] * (at[2] * Digits.vanishing(at[0]) + at[1] * at[0])
        }
        return sum
      }
    }

    mutating func bind(_ r: CubicExtension) { for i in tables.indices { Multilinear.fold(&tables[i], r) } }
  }

  /// Random digits under a random statement's weights, some cells replaced by other elements.
  @Test(arguments: [0, 1, 40], [UInt64(3), 5, 7])
  func digitRoundsAreThoseOfDenseTables(_ exceptions: Int, _ seed: UInt64) throws {
    let random = RandomStatement(seed: seed, maximum: 100, tensors: 3, orthonormal: exceptions == 1)
    let (layout, challenges) = (random.layout, random.challenges().0)
    var generator = SeededGenerator(seed: seed)
    var cells = (0..<layout.digits.used).map { _ in generator.next() & 3 }
    for _ in 0..<(cells.isEmpty ? 0 : exceptions) {
      cells[Int(generator.next() % UInt64(cells.count))] = Goldilocks(reducing: generator.next()).value
    }
    let mask = RandomStatement.point(Limits.maskEntries, &generator)
    let weights = DigitWeights(layout: layout, challenges: challenges)
    let variables = layout.digitVariables
    var component = DigitComponent(
      variables: variables, digits: PackedDigits(cells: cells), mask: mask, weights: weights, point: challenges.digits,
      scale: challenges.power(.digits))
    // top is the lowest variable of the dense tables.
    let size = 1 << variables
    var (data, linear) = (
      [CubicExtension](repeating: .zero, count: 2 * size), [CubicExtension](repeating: .zero, count: 2 * size)
    )
    let dense = weights.cells(count: cells.count)
    for (cell, value) in cells.enumerated() {
      data[2 * cell] = CubicExtension(Goldilocks(reducing: value))
      linear[2 * cell] = dense[cell]
      linear[2 * cell + 1] = dense[cell]
    }
    for (cell, value) in mask.enumerated() { data[2 * cell + 1] = value }
    let equality = Multilinear.equality(challenges.digits, scale: challenges.power(.digits)).flatMap { [$0, $0] }
    var reference = DenseDigits(
      tables: [data, linear, equality, (0..<2 * size).map { $0 & 1 == 0 ? .one : .zero }])
    for _ in 0...variables {
      #expect(component.roundValues(degree: 5) == reference.round(5))
      let r = RandomStatement.challenge(&generator)
      component.bind(r)
      reference.bind(r)
    }
    #expect(component.evaluations[.digits] == reference.tables[0][0])
    let at = reference.tables.map { $0[0] }
    #expect(
      try component.contribution(Evaluations(.bounds, component.evaluations)) == at[3]
        * (at[2] * Digits.vanishing(at[0]) + at[1] * at[0]))
  }

  // MARK: Drift

  private func tables(_ fixture: Fixture, keptLimit: Int = DriftTiles.keptLimit, rows: (any TableauRows)? = nil) throws
    -> WitnessTables
  {
    try WitnessTables(
      layout: ArgumentLayout(fixture.statement),
      witness: ArgumentWitness(rows: rows ?? fixture.rows, factors: fixture.factors, supports: fixture.supports),
      keptLimit: keptLimit)
  }

  /// However many variables are bound on integers, and wherever the tiles come from, the messages are the same.
  @Test(arguments: [false, true])
  func roundsDoNotDependOnTheSmallRounds(_ orthonormal: Bool) throws {
    var fixture = Fixture.everything()
    if orthonormal {
      // Of any products: wide and narrow ones, the last two with fewer columns in a tile than 2^6 or 2^5.
      fixture.tensors[0].isOrthonormal = true
      for (rows, columns) in [(3, 5000), (1, 64), (1024, 17), (9, 7)] {
        fixture.add(.norm(rows: rows, columns: columns, name: "\(rows)"))
        fixture.tensors[fixture.tensors.count - 1].isOrthonormal = true
      }
    }
    let layout = ArgumentLayout(fixture.statement)
    var transcript = Transcript(protocolID: "test")
    let matrix = ProjectionMatrix(bits: ArgumentProtocol.matrixBits(&transcript))
    let claims = orthonormal ? OrthonormalClaims.random(layout.orthonormal, &transcript) : nil
    let challenges = BoundsStageChallenges(layout: layout, orthonormal: claims, transcript: &transcript)
    let columns = matrix.weightedColumns(rowWeights: challenges.rowWeights)
    var generator = SeededGenerator(seed: 4)
    let mask = RandomStatement.point(Limits.maskEntries, &generator)
    let point = RandomStatement.point(layout.driftVariables + 1, &generator)
    var expected: [[CubicExtension]] = []
    for (log, keptLimit) in [(4, 1 << 30), (4, 0), (5, 1 << 30), (6, 1 << 30), (6, 0)] {
      let tables = try tables(fixture, keptLimit: keptLimit)
      #expect(tables.tiles.isKept == (keptLimit > 0))
      var component = try DriftComponent(
        layout: layout.tableau, challenges: challenges, columnWeights: columns, tiles: tables.tiles, mask: mask,
        smallRounds: log)
      var messages: [[CubicExtension]] = []
      for r in point {
        messages.append(component.roundValues(degree: ArgumentLayout.boundsDegree))
        try component.bind(r)
      }
      let e = component.evaluations[.residuals] ?? .zero
      messages.append([e, try component.contribution(Evaluations(.bounds, component.evaluations))])
      // Every round is that of the verifier's claim, whose last value is the contribution.
      let weights = BoundsStageWeights(layout: layout, challenges: challenges, matrix: matrix).drift(Array(point[1...]))
      #expect(messages[point.count][1] == (.one - point[0]) * (weights.square * e + weights.linear) * e)
      for (round, r) in point.enumerated() {
        let next = round + 1 < point.count ? messages[round + 1][0] + messages[round + 1][1] : messages[round + 1][1]
        #expect(Univariate.interpolate(messages[round], at: r) == next)
      }
      if expected.isEmpty { expected = messages }
      #expect(messages == expected)
    }
  }

  /// Workers end in any order, with no tiles, with whole tiles or with parts of one.
  @Test func tablesOfWorkersAdd() {
    let (a, b): ([CubicExtension], [CubicExtension]) = ([1, 0], [0, 2])
    let cases: [(all: [[CubicExtension]], own: [[CubicExtension]], sum: [[CubicExtension]])] = [
      ([], [], []), ([], [a, []], [a, []]), ([a, []], [], [a, []]), ([a, []], [[], b], [a, b]),
      ([a, a], [b, []], [[1, 2], a]),
    ]
    for (all, own, sum) in cases {
      var result = all
      DriftComponent.merge(&result, own)
      #expect(result == sum)
    }
  }

  // MARK: Passes

  /// Remembers which rows were asked for, and can fail.
  private final class Recorder: TableauRows {
    let rows: Fixture.Rows
    let failing: Int?
    let asked = Mutex<[Int]>([])

    init(_ rows: Fixture.Rows, failing: Int? = nil) {
      self.rows = rows
      self.failing = failing
    }

    struct Failure: Error, Equatable { var row: Int }

    var rowCount: Int { rows.rowCount }
    func message(_ row: Int) throws -> RowMessage {
      asked.withLock { $0.append(row) }
      if row == failing { throw Failure(row: row) }
      return rows.message(row)
    }
  }

  @Test func proofsFromTilesMadeOnDemandVerify() throws {
    let fixture = Fixture.everything()
    let scheme = HashCommitment(fixture.code)
    var prover = try ArgumentProver(statement: fixture.statement, scheme: scheme)
    let drift = try DriftCommitter(statement: fixture.statement, scheme: scheme).commit(
      rows: fixture.rows, secret: [UInt8](repeating: 7, count: 32))
    prover.keptTileBytes = 0
    let recorder = Recorder(fixture.rows)
    let proof = try prover.prove(
      witness: ArgumentWitness(rows: recorder, factors: fixture.factors, supports: fixture.supports), drift: drift,
      secret: [UInt8](repeating: 8, count: 32))
    try fixture.verify(proof.bytes, drift: Fixture.Drift(drift))
    // Completeness and squares, projections, Gram matrices, tables: once per tile each, and the first tile's mask
    // entries.
    let tiles = prover.layout.tableau.blocks.flatMap { $0.tiles }
    let inexact = prover.layout.tableau.blocks.filter { !$0.signature.exact }.flatMap { $0.tiles }
    #expect(recorder.asked.withLock { $0.count } == 3 * tiles.count + inexact.count + 1)
  }

  @Test func anErrorOfTheRowsEndsTheProof() throws {
    let fixture = Fixture.norm(rows: 200, columns: 300)
    for row in 0..<3 {
      #expect(throws: Recorder.Failure(row: row)) {
        _ = try tables(fixture, keptLimit: 0, rows: Recorder(fixture.rows, failing: row))
      }
    }
  }

  @Test func packedDigitsHoldAnyCells() {
    var generator = SeededGenerator(seed: 12)
    var digits = PackedDigits(count: 64)
    for number in [0, 1, 4 << 28 - 1, -1, 1 << 30, Int64.max, Int64.min, 123_456_789] as [Int64] {
      for (count, cell) in [(15, 16), (8, 40), (23, 0)] {
        digits.store(number, digits: count, at: cell)
        // What the cells say, as field elements, is the number.
        let value = (0..<count).reduce(Goldilocks.zero) {
          $0 + Goldilocks(reducing: digits[cell + $1]) * Goldilocks(1 << (2 * $1))
        }
        #expect(value == Goldilocks(number))
        #expect((0..<count - 1).allSatisfy { digits[cell + $0] < 4 })
      }
    }
    let cells = (0..<64).map { $0 % 7 == 3 ? Goldilocks(reducing: generator.next()).value : generator.next() & 3 }
    digits.tamper { $0 = cells }
    #expect(digits.cells == cells)
    #expect(digits.exceptions.count == cells.count { $0 > 3 })
    let pool = RowPool()
    guard case .field(let row) = digits.row(8..<32, from: pool), case .narrow(let small) = digits.row(0..<0, from: pool)
    else {
      Issue.record("rows of the wrong kind")
      return
    }
    #expect(row == Array(cells[8..<32]) && small.isEmpty)
  }
}
