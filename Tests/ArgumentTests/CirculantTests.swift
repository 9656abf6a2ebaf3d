// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofField
import DriftProofTranscript
import TestSupport
import Testing

@testable import DriftProofArgument
@testable import DriftProofArgumentProver

/// Honest proofs of circulant blocks, and their weights.
@Suite struct CirculantTests {
  @Test(arguments: [(24, 48, 3), (2, 6, 1), (6, 2, 1), (192, 64, 6), (64, 320, 6), (16, 16, 4)])
  func shapes(_ rows: Int, _ columns: Int, _ logSize: Int) throws {
    try Fixture.circulant(rows: rows, columns: columns, logSize: logSize).run()
  }

  @Test func withAResidual() throws {
    try Fixture.circulant(noise: 4).run()
    try Fixture.circulant(rows: 96, columns: 384, logSize: 5, scale: 3, noise: 1).run()
  }

  @Test func besideEverything() throws { try Fixture.circulantWithEverything().run() }

  @Test func wideEntries() throws {
    // Entries that do not fit 32 bits before the blocks are taken out.
    var fixture = Fixture.circulant(rows: 96, columns: 384, logSize: 4)
    fixture.diagonals = fixture.diagonals.mapValues { $0.map { $0 << 24 } }
    fixture.drifts[0] = fixture.drifts[0].map { $0 << 24 }
    try fixture.run()
  }

  @Test func honestProverRefusesAnotherMatrix() throws {
    var fixture = Fixture.circulant()
    fixture.drifts[0][5 * 48 + 7] += 1
    #expect(throws: ArgumentRefusal.exactClauseViolated(tensor: "w", row: 5, column: 7)) { try fixture.run() }
  }

  /// κ as it is defined, and its extension at points that are no corners.
  @Test(arguments: [1, 2, 5]) func weightsAreSumsOverDiagonals(_ log: Int) {
    var generator = SeededGenerator(seed: UInt64(log))
    let (rows, columns) = (RandomStatement.point(log, &generator), RandomStatement.point(log, &generator))
    let (left, right) = (Multilinear.equality(rows), Multilinear.equality(columns))
    var expected = [CubicExtension](repeating: .zero, count: 1 << log)
    for i in left.indices { for j in right.indices { expected[(j - i) & (1 << log - 1)] += left[i] * right[j] } }
    #expect(CirculantWeights.table(rows: rows, columns: columns) == expected)
    let point = RandomStatement.point(log, &generator)
    #expect(
      CirculantWeights.value(rows: rows, columns: columns, at: point) == Multilinear.evaluate(expected, at: point))
  }

  @Test func numbersOfEntries() {
    let block = CirculantBlock(logSize: 2)
    #expect(block.number(row: 0, column: 5, columns: 12) == 4 + 1)
    #expect(block.number(row: 3, column: 5, columns: 12) == 4 + 2)
    #expect(block.number(row: 6, column: 8, columns: 12) == 4 * 5 + 2 && block.count(rows: 8, columns: 12) == 24)
    #expect(block.divides(rows: 8, columns: 12) && !block.divides(rows: 8, columns: 10))
    #expect(!block.divides(rows: 2, columns: 12))
  }

  @Test(arguments: [false, true]) func stagesWeightsAreTheirTables(_ everything: Bool) {
    var generator = SeededGenerator(seed: 3)
    let layout = ArgumentLayout((everything ? Fixture.circulantWithEverything() : .circulant()).statement)
    let structure = StructureStageWeights(
      layout: layout, boundsPoint: RandomStatement.point(layout.boundsVariables + 1, &generator))
    let kappa = RandomStatement.point(layout.structureVariables + 1, &generator)
    let weights = MergingStageWeights(structure: structure, kappa: kappa, chi: RandomStatement.challenge(&generator))
    let point = RandomStatement.point(layout.factorVariables, &generator)
    #expect(weights.weight(at: point) == Multilinear.evaluate(weights.table(), at: point))
    let below = Array(kappa.dropFirst())
    let table = structure.diagonalWeights(layout.factors.circulants)
    #expect(structure.diagonalWeight(at: below) == Multilinear.evaluate(table, at: below))
  }

  /// A mask of their own, behind all others, and cells of their own, behind those that R projects.
  @Test func cells() throws {
    let layout = ArgumentLayout(Fixture.circulantWithEverything().statement).factors
    #expect(layout.circulants.count == 3 && layout.maskRuns == 5 + layout.bitCount + 1)
    let masks = try #require(layout.masks)
    let last = layout.maskCell(.firstBit, bit: layout.diagonalMask, entry: Limits.maskEntries - 1)
    #expect(masks.range.contains(last) && last < layout.used)
    for own in layout.circulants {
      #expect(own.cells.offset >= layout.factorChunks << Limits.logChunk && own.cells.log == own.logCells)
      for other in layout.circulants where other != own {
        #expect(!own.cells.range.overlaps(other.cells.range))
        #expect(!(own.base..<own.base + 1 << own.logSize).contains(other.base))
      }
    }
  }

  @Test func statementsHaveAVersionOfTheirOwn() {
    func version(_ fixture: Fixture, _ version: String) -> Bool {
      fixture.statement.canonicalBytes.dropFirst(8).starts(with: Array("driftproof/statement/\(version)".utf8))
    }
    let own = Fixture.circulant()
    #expect(version(own, "v6") && version(.circulantWithEverything(), "v6") && version(.kronecker(), "v5"))
    var plain = own
    (plain.tensors[0].clauses[0].circulant, plain.tensors[0].clauses[0].rank) = (nil, 1)
    // What is claimed of rows does not change how they are read.
    #expect(version(plain, "v1") && plain.statement.layoutDigest == own.statement.layoutDigest)
    var seen = Set([own.statement.canonicalBytes])
    for log in [1, 2, 4] {
      var other = own
      other.tensors[0].clauses[0].circulant = CirculantBlock(logSize: log)
      #expect(seen.insert(other.statement.canonicalBytes).inserted)
    }
  }

  /// Every assumption of the argument about circulant blocks, broken one at a time.
  @Test func validation() throws {
    let own = Fixture.circulant().statement
    try own.validate()
    func expect(
      _ why: String, location: SourceLocation = #_sourceLocation, _ change: (inout DriftStatement) -> Void
    ) {
      var statement = own
      change(&statement)
      #expect(throws: ProofRejection.unsupportedParameters(why), sourceLocation: location) { try statement.validate() }
    }
    expect("the circulant blocks of w stand beside a rank") { $0.tensors[0].clauses[0].rank = 1 }
    for log in [-1, 0, 31] {
      expect("the circulant blocks of w are out of range") { $0.tensors[0].clauses[0].circulant?.logSize = log }
    }
    expect("the circulant blocks of w do not fill it") { $0.tensors[0].clauses[0].circulant?.logSize = 4 }
    expect("the circulant blocks of w do not fill it") { $0.tensors[0].rows = 25 }
    expect("the circulant blocks of w do not fill it") { $0.tensors[0].columns = 52 }
  }
}
