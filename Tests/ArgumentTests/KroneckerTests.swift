// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofField
import DriftProofTranscript
import TestSupport
import Testing

@testable import DriftProofArgument
@testable import DriftProofArgumentProver

/// Honest proofs of sums of Kronecker products, and what their order is.
@Suite struct KroneckerTests {
  @Test(arguments: [
    (24, 48, 3, 4), (1, 64, 0, 3), (7, 10, 0, 1), (5, 3, 0, 0), (64, 6, 6, 1), (96, 384, 3, 4), (160, 256, 5, 8),
    (48, 512, 0, 9),
  ])
  func shapes(_ rows: Int, _ columns: Int, _ logRows: Int, _ logColumns: Int) throws {
    try Fixture.kronecker(
      rows: rows, columns: columns, blocks: .init(logRows: logRows, logColumns: logColumns), terms: 1
    ).run()
  }

  @Test func severalTermsWithAResidual() throws {
    try Fixture.kronecker(terms: 3, noise: 4).run()
    try Fixture.kronecker(rows: 96, columns: 384, terms: 5, scale: 3).run()
  }

  @Test func besideEverything() throws { try Fixture.kroneckerWithEverything().run() }

  @Test func aFieldOfTiles() throws {
    // Entries that do not fit 32 bits on the way: the tile is made of wide integers.
    var fixture = Fixture.kronecker(rows: 96, columns: 384, terms: 2)
    let id = ArgumentWitness.ClauseID(tensor: 0, clause: 0)
    let factors = try #require(fixture.factors[id])
    fixture.factors[id] = .init(left: factors.left.map { $0 * 4_000 }, right: factors.right.map { $0 * 4_000 })
    fixture.drifts[0] = fixture.drifts[0].map { $0 * 16_000_000 }
    let layout = ArgumentLayout(fixture.statement)
    #expect(layout.factors.lowRank[0].left.log == 9 + 1 && layout.factors.lowRank[0].right.log == 7 + 1)
    try fixture.run()
  }

  @Test func honestProverRefusesAnotherMatrix() throws {
    var fixture = Fixture.kronecker()
    fixture.drifts[0][5 * 48 + 7] += 1
    #expect(throws: ArgumentRefusal.exactClauseViolated(tensor: "w", row: 5, column: 7)) { try fixture.run() }
    #expect(throws: ArgumentRefusal.exactClauseViolated(tensor: "w", row: 0, column: 0)) {
      try Fixture.kronecker(terms: 2, actual: 3).run()
    }
  }

  /// Every entry has one row of U and one of V, and their variables are those of the entry's bits.
  @Test func orderIsOfBits() {
    let blocks = KroneckerBlock(logRows: 3, logColumns: 4)
    let cube = TensorCube(rowVariables: [6, 7, 8, 9, 10], columnVariables: [0, 1, 2, 3, 4, 5], origin: 0)
    let (left, right) = cube.factorVariables(blocks)
    #expect(left == [4, 5, 9, 10] && right == [0, 1, 2, 3, 6, 7, 8])
    let plain = cube.factorVariables(nil)
    #expect(plain.left == cube.rowVariables && plain.right == cube.columnVariables)
    var seen: Set<[Int]> = []
    for row in 0..<24 {
      for column in 0..<48 {
        let place = row << 6 | column
        func number(_ variables: [Int]) -> Int {
          variables.enumerated().reduce(0) { $0 | (place >> $1.element & 1) << $1.offset }
        }
        let (u, v) = (blocks.outer(row: row, column: column, columns: 48), blocks.inner(row: row, column: column))
        #expect(seen.insert([u, v]).inserted)
        // Three blocks side by side in four places.
        #expect(number(left) == u / 3 * 4 + u % 3 && number(right) == v)
      }
    }
    #expect(blocks.count(rows: 24, columns: 48) == 9 && blocks.entries == 128)
  }

  @Test(arguments: [false, true]) func mergingWeightIsItsTable(_ everything: Bool) {
    var generator = SeededGenerator(seed: 3)
    let layout = ArgumentLayout((everything ? Fixture.kroneckerWithEverything() : .kronecker()).statement)
    let structure = StructureStageWeights(
      layout: layout, boundsPoint: RandomStatement.point(layout.boundsVariables + 1, &generator))
    let weights = MergingStageWeights(
      structure: structure, kappa: RandomStatement.point(layout.structureVariables + 1, &generator),
      chi: RandomStatement.challenge(&generator))
    let point = RandomStatement.point(layout.factorVariables, &generator)
    #expect(weights.weight(at: point) == Multilinear.evaluate(weights.table(), at: point))
  }

  @Test func statementsHaveAVersionOfTheirOwn() {
    func version(_ fixture: Fixture, _ version: String) -> Bool {
      fixture.statement.canonicalBytes.dropFirst(8).starts(with: Array("driftproof/statement/\(version)".utf8))
    }
    let own = Fixture.kronecker()
    #expect(version(own, "v5") && version(.kroneckerWithEverything(), "v5") && version(.everything(), "v1"))
    var plain = own
    plain.tensors[0].clauses[0].blocks = nil
    #expect(version(plain, "v1"))
    // What is claimed of rows does not change how they are read.
    #expect(plain.statement.layoutDigest == own.statement.layoutDigest)
    var seen = Set([own.statement.canonicalBytes])
    for (rows, columns) in [(2, 4), (3, 3), (0, 0)] {
      var other = own
      other.tensors[0].clauses[0].blocks = KroneckerBlock(logRows: rows, logColumns: columns)
      #expect(seen.insert(other.statement.canonicalBytes).inserted)
    }
  }

  /// Every assumption of the argument about blocks, broken one at a time.
  @Test func validation() throws {
    let own = Fixture.kronecker().statement
    try own.validate()
    func expect(
      _ why: String, location: SourceLocation = #_sourceLocation, _ change: (inout DriftStatement) -> Void
    ) {
      var statement = own
      change(&statement)
      #expect(throws: ProofRejection.unsupportedParameters(why), sourceLocation: location) { try statement.validate() }
    }
    expect("the blocks of w have no rank") {
      ($0.tensors[0].clauses[0].rank, $0.tensors[0].clauses[0].sparse) = (nil, .rows(1))
    }
    for log in [-1, 31] {
      expect("the blocks of w are out of range") { $0.tensors[0].clauses[0].blocks?.logRows = log }
      expect("the blocks of w are out of range") { $0.tensors[0].clauses[0].blocks?.logColumns = log }
    }
    expect("the blocks of w do not fill it") { $0.tensors[0].clauses[0].blocks?.logRows = 4 }
    expect("the blocks of w do not fill it") { $0.tensors[0].clauses[0].blocks?.logColumns = 5 }
    expect("the blocks of w do not fill it") { $0.tensors[0].rows = 25 }
  }
}
