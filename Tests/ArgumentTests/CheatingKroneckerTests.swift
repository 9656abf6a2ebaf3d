// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofField
import DriftProofKernels
import DriftProofTranscript
import Testing

@testable import DriftProofArgument
@testable import DriftProofArgumentProver

/// Cheats on sums of Kronecker products (docs/protocol.md section 11, items 54 to 57).
@Suite struct CheatingKroneckerTests {
  /// A whole proof about another reading of the same cells, under the verifier's transcript.
  private func rejection(of believed: Fixture, for blocks: KroneckerBlock?, rank: Int? = nil) throws -> ProofRejection?
  {
    var statement = believed
    statement.tensors[0].clauses[0].blocks = blocks
    if let rank { statement.tensors[0].clauses[0].rank = rank }
    let verifier = statement
    try believed.run()
    var cheat = Cheat(believed) { $0.absorbedStatement = verifier.statement }
    cheat.verifier = verifier
    return try cheat.rejection()
  }

  @Test func otherBlocksThanTheStatements() throws {
    // As many cells in U and V, in another order.
    let believed = Fixture.kronecker(rows: 32, columns: 64, blocks: .init(logRows: 4, logColumns: 3))
    let own = KroneckerBlock(logRows: 3, logColumns: 4)
    #expect(try rejection(of: believed, for: own) == .sumcheckFinal(stage: "C"))
    // Its factors under the statement's order leave a residual that is not 0.
    var honest = believed
    honest.tensors[0].clauses[0].blocks = own
    try Cheat(honest).expectStopped(at: .bounds, forge: .digits)
  }

  @Test func aLowRankForAKroneckerProduct() throws {
    // 32 rows and 64 columns, 32 blocks of 64 entries: the factors have the same sizes.
    let low = Fixture.lowRank(rows: 32, columns: 64, rank: 2, bound: nil)
    #expect(try rejection(of: low, for: .init(logRows: 2, logColumns: 4)) == .sumcheckFinal(stage: "C"))
    // And the reverse.
    let own = Fixture.kronecker(rows: 32, columns: 64, blocks: .init(logRows: 2, logColumns: 4))
    #expect(try rejection(of: own, for: nil) == .sumcheckFinal(stage: "C"))
  }

  @Test(arguments: [(3, 4), (5, 8)])
  func moreTermsThanTheStatements(_ allowed: Int, _ actual: Int) throws {
    let full = Fixture.kronecker(terms: actual)
    let blocks = full.tensors[0].clauses[0].blocks
    #expect(try rejection(of: full, for: blocks, rank: allowed) == .sumcheckFinal(stage: "C"))
    // The best that the allowed terms do leaves a residual.
    let cheat = Cheat(.kronecker(terms: allowed, actual: actual))
    try cheat.expectStopped(at: .bounds, forge: .digits)
    let forged = cheat.with { $0.tables = { $0.tamper { tiles, _ in tiles[0].entries = .zero } } }
    try forged.expectStoppedByOpening()
    try forged.with { $0.claimsTrueDrift = true }.expectStopped(at: .structure, forge: .rightFactor)
  }

  @Test func blocksInAnotherOrder() throws {
    // U's rows block by block along columns: a sum of products, of another matrix.
    let cheat = Cheat(.kronecker(rows: 32, columns: 64)) {
      $0.tables = { tables in
        let clause = tables.layout.factors.lowRank[0]
        tables.tamper { _, cells in
          let old = Array(cells[clause.left.range])
          let width = 1 << clause.logRank
          for block in 0..<16 {
            for k in 0..<width {
              cells[clause.left.offset + (block % 4 * 4 + block / 4) * width + k] = old[block * width + k]
            }
          }
        }
      }
    }
    try cheat.expectStoppedByOpening()
    try cheat.with { $0.claimsTrueDrift = true }.expectStopped(at: .structure, forge: .leftFactor)
  }

  /// Writes into the fourth of three blocks in a row, and takes it out of E where `followed`.
  private func padded(_ fixture: Fixture, followed: Bool) -> Cheat {
    Cheat(fixture) {
      $0.tables = { tables in
        let clause = tables.layout.factors.lowRank[0]
        let blocks = KroneckerBlock(logRows: 3, logColumns: 4)
        tables.tamper { tiles, cells in
          // Block (0, 3): columns 48 to 63 of the first eight rows.
          cells[clause.left.offset + 3 << clause.logRank] = 2
          guard followed else { return }
          var entries = (0..<1 << 14).map { tiles[0].entries.element($0).centred }
          for row in 0..<8 {
            for column in 48..<64 {
              let v = cells[clause.right.offset + blocks.inner(row: row, column: column) << clause.logRank]
              entries[row << 6 | column] = -2 * v
            }
          }
          tiles[0].entries = .narrow(entries.map { Int32(truncatingIfNeeded: $0) })
        }
      }
    }
  }

  @Test func blocksOutsideTheTensor() throws {
    try padded(.kronecker(), followed: false).expectStoppedByOpening()
    // E is not 0 where there is no tensor.
    try padded(.kronecker(), followed: true).expectStopped(at: .bounds, forge: .digits)
    // With a bound it counts as any other entry: too much of it is too much,
    try padded(.kronecker(noise: 1), followed: true).expectStopped(at: .bounds, forge: .digits)
    // and within the bound it says nothing about the tensor.
    var wide = Fixture.kronecker(noise: 1)
    wide.tensors[0].clauses[0].bound = Fixture.digits(1 << 40)
    #expect(try padded(wide, followed: true).rejection() == nil)
  }

  @Test func factorsScaledModuloP() throws {
    let c = Goldilocks(123_456_789_123)
    try Cheat(.kronecker(terms: 3)) {
      $0.tables = { tables in
        let clause = tables.layout.factors.lowRank[0]
        tables.tamper { _, cells in
          for cell in clause.left.range { cells[cell] = (Goldilocks(cells[cell]) * c).centred }
          for cell in clause.right.range { cells[cell] = (Goldilocks(cells[cell]) * c.inverse).centred }
        }
      }
    }.expectStopped(at: .bounds, forge: .digits)
  }

  @Test func residualReplacedByZero() throws {
    let cheat = Cheat(.kronecker(noise: 9)) {
      $0.tables = { $0.tamper { tiles, _ in tiles[0].entries = .zero } }
    }
    try cheat.expectStoppedByOpening()
    try cheat.with { $0.claimsTrueDrift = true }.expectStopped(at: .structure, forge: .dummy)
  }

  @Test func residualAboveItsBall() throws {
    var fixture = Fixture.kronecker(noise: 4)
    fixture.tensors[0].clauses[0].bound = Fixture.digits(100)
    try Cheat(fixture).expectStopped(at: .bounds, forge: .digits)
  }
}
