// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofField
import DriftProofKernels
import DriftProofTranscript
import Testing

@testable import DriftProofArgument
@testable import DriftProofArgumentProver

/// Cheats on circulant blocks (docs/protocol.md section 11, items 62 to 66).
@Suite struct CheatingCirculantTests {
  @Test func oneEntryOffItsDiagonal() throws {
    // The entry stays in E, which is not 0 then.
    var fixture = Fixture.circulant()
    fixture.drifts[0][5 * 48 + 7] += 1
    try Cheat(fixture).expectStopped(at: .bounds, forge: .digits)
    // E is said to be 0, so that it is not what the drift and c leave.
    let forged = Cheat(fixture) { $0.tables = { $0.tamper { tiles, _ in tiles[0].entries = .zero } } }
    try forged.expectStoppedByOpening()
    try forged.with { $0.claimsTrueDrift = true }.expectStopped(at: .structure, forge: .diagonals)
  }

  /// Blocks of 4 × 4 where the statement has 8 × 8: an 8 × 8 matrix of them is none of its own.
  @Test func blocksOfAnotherSize() throws {
    var fixture = Fixture.circulant(rows: 24, columns: 48, logSize: 2)
    fixture.tensors[0].clauses[0].circulant = CirculantBlock(logSize: 3)
    fixture.diagonals = fixture.diagonals.mapValues { Array($0.prefix(24 * 6)) }
    try Cheat(fixture).expectStopped(at: .bounds, forge: .digits)
    try Cheat(fixture) { $0.tables = { $0.tamper { tiles, _ in tiles[0].entries = .zero } } }.expectStoppedByOpening()
  }

  /// Two blocks exchanged: a matrix of circulant blocks, but another one.
  @Test func blocksInOtherPlaces() throws {
    let cheat = Cheat(.circulant()) {
      $0.tables = { tables in
        let clause = tables.layout.factors.circulants[0]
        tables.tamper { _, cells in
          for t in 0..<8 { cells.swapAt(clause.cells.offset + t, clause.cells.offset + 8 + t) }
        }
      }
    }
    try cheat.expectStoppedByOpening()
    try cheat.with { $0.claimsTrueDrift = true }.expectStopped(at: .structure, forge: .diagonals)
  }

  /// All stages hold for numbers that are not the committed ones: only the opening can tell.
  @Test func numbersChangedAfterTheirCommitment() throws {
    let cell = ArgumentLayout(Fixture.circulant().statement).factors.circulants[0].cells.offset + 3
    try Cheat(.circulant()) {
      $0.tables = { $0.tamper { _, cells in cells[cell] += 1 } }
      $0.arguedFactors = { $0[cell] -= .one }
    }.expectStoppedByOpening()
  }

  /// Rows and columns exchanged in the weights: κ(t) becomes κ(-t), and the sum that of a transposed block.
  @Test func weightsOfAnotherPoint() throws {
    let cheat = Cheat(.circulant()) {
      $0.countedCirculants = { own in
        (own[0].rowVariables, own[0].columnVariables) = (own[0].columnVariables, own[0].rowVariables)
      }
    }
    // The verifier computes κ itself, so that no bend of the rounds helps: they end at the prover's own κ.
    #expect(try cheat.rejection() == .sumcheckFinal(stage: "B"))
    let trueDrift = cheat.with { $0.claimsTrueDrift = true }
    #expect(try trueDrift.rejection() == .sumcheckFinal(stage: "B"))
    let persists = SumcheckTampering(persists: true)
    #expect(try trueDrift.rejection { $0.stages[.structure] = persists } == .sumcheckFinal(stage: "B"))
  }

  /// The numbers of one tensor in the place of another's.
  @Test func anotherTensorsNumbers() throws {
    var fixture = Fixture.circulant()
    let second = Fixture.circulant(seed: 71)
    fixture.tensors.append(second.tensors[0])
    fixture.tensors[1].name = "x"
    fixture.drifts += second.drifts
    fixture.diagonals[.init(tensor: 1, clause: 0)] = second.diagonals.values.first
    try fixture.run()
    let cheat = Cheat(fixture) {
      $0.tables = { tables in
        let (own, other) = (tables.layout.factors.circulants[0].cells, tables.layout.factors.circulants[1].cells)
        tables.tamper { _, cells in for t in 0..<own.count { cells.swapAt(own.offset + t, other.offset + t) } }
      }
    }
    try cheat.expectStoppedByOpening()
    try cheat.with { $0.claimsTrueDrift = true }.expectStopped(at: .structure, forge: .diagonals)
    // A claim about one tensor for another: the second has no such blocks.
    var random = fixture
    random.drifts[1][17] += 5
    try Cheat(random).expectStopped(at: .bounds, forge: .digits)
  }

  @Test func residualAboveItsBallAndReplacedByZero() throws {
    var fixture = Fixture.circulant(noise: 4)
    fixture.tensors[0].clauses[0].bound = Fixture.digits(100)
    try Cheat(fixture).expectStopped(at: .bounds, forge: .digits)
    let zero = Cheat(.circulant(noise: 9)) { $0.tables = { $0.tamper { tiles, _ in tiles[0].entries = .zero } } }
    try zero.expectStoppedByOpening()
    try zero.with { $0.claimsTrueDrift = true }.expectStopped(at: .structure, forge: .dummy)
  }

  /// A number outside the matrix: blocks of the padding are nobody's, and E is not 0 there.
  @Test func blocksOutsideTheTensor() throws {
    let cheat = Cheat(.circulant()) {
      $0.tables = { tables in
        let clause = tables.layout.factors.circulants[0]
        // Block (0, 6) of six in a row.
        tables.tamper { _, cells in cells[clause.cells.offset + 6 << clause.logSize] = 2 }
      }
    }
    try cheat.expectStoppedByOpening()
    try cheat.with { $0.claimsTrueDrift = true }.expectStopped(at: .structure, forge: .diagonals)
  }
}
