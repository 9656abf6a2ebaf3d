// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofField
import DriftProofKernels
import DriftProofTranscript
import TestSupport
import Testing

@testable import DriftProofArgument
@testable import DriftProofArgumentProver
@testable import DriftProofCommitmentProver

/// Proofs that several workers make together (docs/clusters.md): the same bytes, whoever computes.
@Suite struct WorkerTests {
  @Test func everyNumberOfWorkersMakesTheSameProof() throws {
    let fixture = try WorkerFixture.large.get()
    let (proof, drift) = try fixture.prove(nil)
    try fixture.fixture.verify(proof, drift: drift)
    for workers in [1, 2, 3, 5] {
      let team = try fixture.team(workers)
      let spread = try fixture.prove(team)
      #expect(spread.proof == proof && spread.drift.root == drift.root && spread.drift.pins == drift.pins)
    }
  }

  /// Of the statement above: every worker has rows of the drift, and digits are not all beside the masks.
  @Test func rowsAreDivided() throws {
    let fixture = try WorkerFixture.large.get()
    let layout = ArgumentLayout(fixture.statement)
    for workers in 1...5 {
      let assignment = try WorkerAssignment(layout, workers: workers)
      for tree in SpreadTree.allCases {
        let rows = (0..<workers).map { assignment.rows(of: tree, worker: $0) }
        let count = tree.shapes(layout).count
        #expect(rows.flatMap { $0 }.sorted() == Array(0..<count))
        for (worker, own) in rows.enumerated() {
          let runs = assignment.runs(of: tree, worker: worker).map { assignment.runs(of: tree)[$0] }
          #expect(runs.flatMap { $0 } == Array(own))
          #expect(
            runs.indices.allSatisfy {
              runs.isEmpty
                || assignment.owner(of: tree, run: assignment.runs(of: tree, worker: worker).lowerBound + $0) == worker
            })
        }
      }
      #expect((0..<workers).allSatisfy { !assignment.rows(of: .drift, worker: $0).isEmpty })
      // Masks never leave worker 0.
      #expect(
        (1..<max(1, workers)).allSatisfy { assignment.rows(of: .auxiliary, worker: $0).upperBound <= layout.digitRows })
      #expect((0..<workers).count { !assignment.digitRows(worker: $0).isEmpty } == min(2, workers))
    }
  }

  /// D shorter than a row; all of it, and masks, in one run.
  @Test func oneWorkerOfOneBand() throws {
    let fixture = try WorkerFixture(.norm(rows: 130, columns: 60), bands: 1)
    #expect(ArgumentLayout(fixture.statement).digitVariables < 14)
    #expect(try fixture.prove(fixture.team(1)).proof == fixture.prove(nil).proof)
  }

  /// Parts of D, each with its own claims, add up in every round; what is left of their rows ends as the whole does.
  @Test(arguments: [[1, 3], [], [2]])
  func partsOfDigits(_ cuts: [Int]) throws {
    var fixture = Fixture.everything()
    fixture.add(.norm(rows: 600, columns: 500, name: "more"))
    let layout = ArgumentLayout(fixture.statement)
    #expect(layout.digitRows > 3)
    let parts = zip([0] + cuts, cuts + [layout.digitRows]).map { $0..<$1 }
    var transcript = Transcript(protocolID: "test")
    let challenges = BoundsStageChallenges(layout: layout, transcript: &transcript)
    let weights = DigitWeights(layout: layout, challenges: challenges)
    var generator = SeededGenerator(seed: 21)
    let digits = PackedDigits(cells: (0..<layout.digits.used).map { _ in generator.next() & 3 })
    let mask = RandomStatement.point(Limits.maskEntries, &generator)
    func component(_ own: PackedDigits, _ part: Range<Int>?) -> DigitComponent {
      DigitComponent(
        variables: layout.digitVariables, digits: own, mask: part?.lowerBound ?? 0 == 0 ? mask : [], weights: weights,
        point: challenges.digits, scale: challenges.power(.digits), part: part.map { ($0, layout.logLength) })
    }
    var whole = component(digits, nil)
    var own = parts.map { rows in
      let cells = HeldDigits.cells(of: rows, layout: layout)
      return component(PackedDigits(cells: Array(digits.cells[cells])), rows)
    }
    var rest: DigitComponent?
    var bound: [CubicExtension] = []
    for round in 0...layout.digitVariables {
      let expected = whole.roundValues(degree: 5)
      if let rest {
        #expect(rest.roundValues(degree: 5) == expected, "round \(round)")
      } else {
        let values = own.map { $0.roundValues(degree: 5) }
        #expect((0...5).map { x in values.reduce(.zero) { $0 + $1[x] } } == expected, "round \(round)")
      }
      let r = RandomStatement.challenge(&generator)
      bound.append(r)
      whole.bind(r)
      guard rest == nil else {
        rest?.bind(r)
        continue
      }
      for index in own.indices { own[index].bind(r) }
      if bound.count == layout.logLength + 1 {
        let ends = own.map(\.rowEnds)
        #expect(zip(ends, parts).allSatisfy { $0.values.count == $1.count && $0.linear.count == $1.count })
        rest = DigitComponent(
          variables: layout.digitVariables, values: ends.flatMap(\.values), linear: ends.flatMap(\.linear),
          point: challenges.digits, scale: challenges.power(.digits), bound: bound)
      }
    }
    #expect(rest?.evaluations == whole.evaluations)
    let evaluations = Evaluations(.bounds, whole.evaluations)
    #expect(try rest?.contribution(evaluations) == whole.contribution(evaluations))
  }

  // MARK: What is not spread

  @Test func otherStatementsAreRefusedByName() throws {
    let refused: [(Fixture, String)] = [
      (.entries(), "bounds of single entries"), (.patterned(), "patterns"),
      (.orthonormal([(3, 500)]), "products of adapters"),
    ]
    for (fixture, name) in refused {
      #expect(throws: WorkerError.notYet(name)) {
        _ = try WorkerTeam(statement: fixture.statement, workers: 1, rows: fixture.rows)
      }
    }
    let fixture = try WorkerFixture.large.get()
    for workers in [0, 6] {
      #expect(throws: WorkerError.moreWorkersThanBands(workers: workers, bands: 5)) { _ = try fixture.team(workers) }
    }
  }

  /// What an honest prover refuses, each worker refuses of its rows.
  @Test func refusalsOfWorkers() throws {
    var fixture = Fixture.norm(rows: 700, columns: 500)
    // In the last row of the tableau.
    fixture.drifts[0][699 * 500 + 499] = 1 << 33
    let wide = try WorkerFixture(fixture, bands: 2)
    let refusal = ArgumentRefusal.entryTooLarge(tensor: "w", row: 699, column: 499)
    #expect(throws: refusal) { _ = try wide.prove(nil) }
    #expect(throws: refusal) { _ = try wide.prove(wide.team(2)) }
    fixture = .norm(rows: 700, columns: 500, bound: 5)
    let heavy = try WorkerFixture(fixture, bands: 2)
    #expect(throws: ArgumentRefusal.boundExceeded(tensor: "w")) { _ = try heavy.prove(heavy.team(2)) }
  }

  /// A worker is given no key but those of its rows, and asks for no other row.
  @Test func aWorkerHoldsItsRowsAlone() throws {
    let fixture = try WorkerFixture.large.get()
    let layout = ArgumentLayout(fixture.statement)
    var worker = try WorkerState(statement: fixture.statement, workers: 5, number: 3, rows: fixture.rows)
    let own = try WorkerAssignment(layout, workers: 5).rows(of: .drift, worker: 3)
    let randomness = RowRandomness(secret: [1], label: SpreadTree.drift.label)
    for rows in [0..<own.upperBound, own.lowerBound + 1..<own.upperBound, own.lowerBound..<own.upperBound + 1] {
      #expect(throws: WorkerError.self) {
        _ = try worker.answer(.keys(.drift, randomness.keys(rows: rows, positions: 1 << 15)))
      }
    }
    #expect(throws: WorkerError.self) {
      _ = try worker.answer(.keys(.drift, randomness.keys(rows: own, positions: 1 << 14)))
    }
    #expect(throws: WorkerError.outOfOrder("rows of drift")) { _ = try worker.answer(.values(.drift, at: .one)) }
    guard case .done = try worker.answer(.keys(.drift, randomness.keys(rows: own, positions: 1 << 15))) else {
      Issue.record("no answer to keys")
      return
    }
    #expect(throws: WorkerError.notHeld("run 0 of drift")) { _ = try worker.answer(.digests(.drift, run: 0)) }
    #expect(throws: WorkerError.self) { _ = try worker.answer(.piece(0..<1)) }
    #expect(throws: WorkerError.self) { _ = try worker.answer(.projections([UInt8](repeating: 0, count: 32))) }
    #expect(throws: WorkerError.self) { _ = try worker.answer(.bind(.one)) }
    #expect(throws: WorkerError.self) { _ = try worker.answer(.digits(first: 1 << 30, [1, 2, 3])) }
    #expect(throws: WorkerError.self) { _ = try worker.answer(.positions(.drift, [1 << 15])) }
    // Of clauses that there are, of their sizes, inside their tensors.
    let ids = (
      rank: ArgumentWitness.ClauseID(tensor: 2, clause: 0), sparse: ArgumentWitness.ClauseID(tensor: 3, clause: 0)
    )
    let changes: [(inout ClauseWitness) -> Void] = [
      { $0.supports[ids.sparse] = [-1] }, { $0.supports[ids.sparse] = [600] }, { $0.supports[ids.sparse] = [1, 1] },
      { $0.supports[ids.sparse] = [1, 2, 3, 4, 5, 6] }, { $0.supports[ids.rank] = [1] },
      { $0.supports[.init(tensor: 99, clause: 0)] = [1] }, { $0.factors[ids.rank] = .init(left: [1], right: [2]) },
      { $0.factors[ids.sparse] = .init(left: [], right: []) }, { $0.diagonals[ids.rank] = [1] },
      { $0.factors[.init(tensor: 2, clause: 7)] = .init(left: [], right: []) },
    ]
    for change in changes {
      var witness = ClauseWitness()
      change(&witness)
      #expect(throws: WorkerError.notHeld("factors or supports of other clauses")) {
        _ = try worker.answer(.witness(witness))
      }
    }
    let held = HeldRows(rows: fixture.rows, held: own)
    #expect(throws: WorkerError.notHeld("row \(own.upperBound) of the drift")) { _ = try held.message(own.upperBound) }
  }
}
