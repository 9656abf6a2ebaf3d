// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofField
import DriftProofKernels
import TestSupport
import Testing

@testable import DriftProofArgument
@testable import DriftProofArgumentProver

/// Honest proofs of clauses that bound single entries, and what an honest prover refuses.
@Suite struct EntryTests {
  @Test func oneTensor() throws { try Fixture.entries().run() }

  @Test(arguments: [(1, 1), (1, 70), (3, 5), (129, 127), (200, 300)])
  func oddShapes(_ rows: Int, _ columns: Int) throws {
    try Fixture.entries(rows: rows, columns: columns, scale: 2, reach: 50_000).run()
  }

  @Test func noDrift() throws { try Fixture.entries(rows: 40, columns: 40, reach: 0).run() }

  @Test func tensorsThatShareATile() throws { try Fixture.sharedEntries().run() }

  @Test func besideEverything() throws { try Fixture.entriesWithEverything().run() }

  /// Several chunks in a tile, several tiles, tile indices that do not exist.
  @Test func longRows() throws {
    var fixture = Fixture.entries(rows: 300, columns: 520, limit: 1 << 18, scale: 1, reach: 120_000)
    fixture.logLength = 16
    var generator = SeededGenerator(seed: 4)
    fixture.addEntries(
      "x", rows: 130, columns: 130, limit: 1 << 17, scale: 1, drift: Self.random(130 * 130, 60_000, &generator))
    fixture.addEntries(
      "y", rows: 40, columns: 40, limit: 1 << 16, scale: 1, drift: Self.random(1600, 9_000, &generator))
    let layout = ArgumentLayout(fixture.statement)
    #expect(layout.entries.tiles.count == 7 && layout.entries.members.count == 4)
    try fixture.run()
  }

  private static func random(_ count: Int, _ bound: Int64, _ generator: inout SeededGenerator) -> [Int64] {
    Fixture.random(count, bound, &generator)
  }

  @Test func tilesMadeAnewInEveryPass() throws {
    let fixture = Fixture.entries(rows: 200, columns: 300, scale: 2, reach: 50_000)
    let scheme = HashCommitment(fixture.code)
    var prover = try ArgumentProver(statement: fixture.statement, scheme: scheme)
    prover.keptTileBytes = 0
    let drift = try DriftCommitter(statement: fixture.statement, scheme: scheme).commit(
      rows: fixture.rows, secret: [UInt8](repeating: 1, count: 32))
    let proof = try prover.prove(
      witness: ArgumentWitness(rows: fixture.rows, factors: [:], supports: [:]), drift: drift,
      secret: [UInt8](repeating: 2, count: 32))
    try fixture.verify(proof.bytes, drift: Fixture.Drift(drift))
  }

  @Test func largestEntriesThatCanBeProved() throws {
    // τ itself in every entry: roots are 0, and differences are τ² - ⌊τ⌋².
    let limit = 1 << 18
    let root = Int64(EntryClaim.squareRoot(limit * limit - EntryClaim.slack))
    var fixture = Fixture.entries(rows: 128, columns: 128, limit: limit)
    fixture.drifts[0] = (0..<128 * 128).map { $0 % 3 == 0 ? -root : root }
    try fixture.run()
    fixture.drifts[0][700] = root + 1
    #expect(throws: ArgumentRefusal.entryBoundExceeded(tensor: "w", row: 5, column: 60)) { try fixture.run() }
  }

  @Test func honestProverRefusesAnEntryAboveItsBound() throws {
    var fixture = Fixture.sharedEntries()
    fixture.drifts[1][33] = 150_000
    #expect(throws: ArgumentRefusal.entryBoundExceeded(tensor: "b", row: 1, column: 1)) { try fixture.run() }
  }

  @Test func rSpaceIsThePrefixOfESpace() throws {
    let layout = ArgumentLayout(Fixture.entriesWithEverything().statement)
    #expect(layout.tableau.blocks.map(\.signature.entrywise).prefix(layout.tableau.entryBlocks).allSatisfy { $0 })
    #expect(!layout.tableau.blocks.dropFirst(layout.tableau.entryBlocks).contains { $0.signature.entrywise })
    #expect(layout.entries.tiles.allSatisfy { $0.tile < 1 << layout.entries.tileBits })
    #expect(layout.entries.variables <= layout.driftVariables)
    // Plain sets of the total and a clause with a residual have sums of squares; others with entrywise bounds none.
    let pieces = layout.tableau.squarePieces
    #expect(pieces[6][1].isEmpty && pieces[10][1].isEmpty && !pieces[11][1].isEmpty)
  }

  @Test func statementsWithoutEntriesKeepTheirBytes() {
    var statement = Fixture.everything().statement
    let (bytes, digest) = (statement.canonicalBytes, statement.layoutDigest)
    #expect(bytes.starts(with: [23, 0, 0, 0, 0, 0, 0, 0] + Array("driftproof/statement/v1".utf8)))
    statement.tensors[3].clauses[0].entries = EntryClaim(square: 1 << 33)
    #expect(statement.canonicalBytes.starts(with: [23, 0, 0, 0, 0, 0, 0, 0] + Array("driftproof/statement/v2".utf8)))
    #expect(statement.layoutDigest != digest)
    let other = statement.canonicalBytes
    statement.tensors[3].clauses[0].entries = EntryClaim(square: 1 << 33 + 1)
    #expect(statement.canonicalBytes != other)
    // Which of two sets bounds its entries is another reading of the rows.
    let layout = statement.layoutDigest
    statement.tensors[2].clauses[0].entries = statement.tensors[3].clauses[0].entries
    statement.tensors[3].clauses[0].entries = nil
    statement.tensors[3].clauses[0].bound = [1]
    #expect(statement.layoutDigest != layout)
    let swapped = statement.layoutDigest
    (statement.tensors[2].clauses[0].entries, statement.tensors[3].clauses[0].entries) = (
      nil, statement.tensors[2].clauses[0].entries
    )
    #expect(statement.layoutDigest != swapped)
  }

  @Test(arguments: 1...6 as ClosedRange<UInt64>)
  func weightsOfDigitsAreThoseOfTheTable(_ seed: UInt64) throws {
    let random = RandomStatement(seed: seed, entries: true)
    let layout = random.layout
    let (challenges, matrix) = random.challenges()
    var generator = SeededGenerator(seed: seed)
    let point = RandomStatement.point(layout.digitVariables, &generator)
    let cells = DigitWeights(layout: layout, challenges: challenges).cells(count: layout.digits.used)
    let padded = cells + [CubicExtension](repeating: .zero, count: 1 << layout.digitVariables - cells.count)
    let weights = BoundsStageWeights(layout: layout, challenges: challenges, matrix: matrix)
    #expect(weights.digits(point).linear == Multilinear.evaluate(padded, at: point))
  }

  /// Σ P·τ² over the members' positions, one by one.
  @Test(arguments: 1...6 as ClosedRange<UInt64>)
  func constantsAreThoseOfEveryPosition(_ seed: UInt64) throws {
    let random = RandomStatement(seed: seed, entries: true)
    let layout = random.layout
    let (challenges, matrix) = random.challenges()
    let columns = matrix.weightedColumns(rowWeights: challenges.rowWeights)
    let rowSum = challenges.rowWeights.reduce(.zero, +)
    let found = EntryWeights(layout: layout, challenges: challenges).total(columnWeights: columns, rowSum: rowSum)
    let tiles = DriftTiles(layout: layout, producer: nil)
    let roots = EntryRoots(layout: layout)
    let weights = EntryComponent.chunkWeights(tiles, count: roots.count, challenges: challenges)
    var squares = CubicExtension.zero
    var chunks = CubicExtension.zero
    for position in 0..<roots.count {
      // With roots of 0, differences of zeros are τ² itself.
      let zeros = RowMessage.narrow([Int32](repeating: 0, count: layout.length))
      let values = roots.differences(position, .zero, zeros)
      for (chunk, weight) in weights[position].enumerated() {
        chunks += weight
        for x in 0..<Limits.chunk { squares += weight * columns[x] * values.element(chunk << Limits.logChunk + x) }
      }
    }
    let ranges = (challenges.power(.roots) + challenges.power(.differences)) * rowSum * chunks
    let expected = -(ranges * Goldilocks(Limits.halfRange)) - challenges.power(.differences) * squares
    #expect(found == expected)
  }

  @Test func soundnessCountsTheClaims() throws {
    let plain = ArgumentLayout(Fixture.entries(scale: 0).statement)
    let terms = Soundness.terms(plain)
    #expect(terms.contains { $0.name == "claims" } && terms.contains { $0.name == "evaluations" })
    // One curve more than with orthonormal tensors.
    let without = Soundness.terms(ArgumentLayout(Fixture.norm(rows: 128, columns: 128).statement))
    func bits(_ terms: [Soundness.Term], _ name: String) -> Double { terms.first { $0.name == name }?.bits ?? 0 }
    #expect(abs(bits(without, "evaluations") - bits(terms, "evaluations") - 1) < 1e-9)
    #expect(bits(terms, "claims") < bits(without, "claims"))
    // P1 is pinned without factors, too.
    let opening = plain.statement.code.soundnessTerms(claims: 1, pins: 2)
    #expect(opening.allSatisfy { term in terms.contains { $0.name == term.round && $0.bits == term.bits } })
  }
}
