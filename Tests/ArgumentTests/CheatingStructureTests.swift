// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofField
import DriftProofKernels
import Testing
import DriftProofTranscript

@testable import DriftProofArgument
@testable import DriftProofArgumentProver

/// Low-rank and sparse clauses: every cheat, every continuation (docs/protocol.md section 11, items 7, 11, 17).
@Suite struct CheatingStructureTests {
  // MARK: Sparse

  @Test func nonBooleanIndexBitCoversTwoPositions() throws {
    // A bit 2 with value v weighs position 0 with -v and position 1 with 2v.
    let fixture = Fixture.sparse(rows: 30, columns: 20, k: 1, changes: [(0, -7), (1, 14)])
    try Cheat(fixture) {
      $0.tables = { tables in
        let layout = tables.layout.factors
        tables.tamper { tiles, factors in
          tiles[0].entries = .zero
          guard let bits = layout.bits, let group = layout.sparse.first else { return }
          factors[bits.offset] = 2
          factors[group.values.offset] = 7
        }
      }
    }.expectStopped(at: .bounds, forge: .digits)
  }

  @Test(arguments: [(1, 2), (3, 4), (5, 6), (5, 8)])
  func slotsOfThePaddingUsed(_ k: Int, _ used: Int) throws {
    let changes = (0..<used).map { (17 * $0 + 2, Int64(1000 + $0)) }
    let cheat = Cheat(.sparse(rows: 30, columns: 20, k: k, changes: changes, covered: used))
    if k == 1 {
      // One slot has no padding to use: what lies beyond it are other cells of G. E is honest and not 0.
      let honest = Cheat(.sparse(rows: 30, columns: 20, k: k, changes: changes))
      try honest.expectStopped(at: .bounds, forge: .digits)
      return
    }
    // d as the k slots give it: not the tableau's value.
    try cheat.expectStoppedByOpening()
    // The tableau's value as d, counting k slots, then all of them.
    try cheat.with { $0.claimsTrueDrift = true }.expectStopped(at: .structure, forge: .slotValues)
    try cheat.with {
      $0.claimsTrueDrift = true
      $0.usesPadding = true
    }.expectStopped(at: .merging, forge: .factors)
  }

  @Test func proofOfEightSlotsForAStatementOfFive() throws {
    let changes = (0..<8).map { (17 * $0 + 2, Int64(1000 + $0)) }
    let statement = Fixture.sparse(rows: 30, columns: 20, k: 5, changes: changes)
    let eight = Fixture.sparse(rows: 30, columns: 20, k: 8, changes: changes)
    try eight.run()
    var cheat = Cheat(eight) { $0.absorbedStatement = statement.statement }
    cheat.verifier = statement
    #expect(try cheat.rejection() == .sumcheckFinal(stage: "C"))
  }

  @Test func changeOutsideTheSlots() throws {
    let changes: [(Int, Int64)] = [(3, 5), (100, -9), (599, 1)]
    // E is honest and not 0.
    let cheat = Cheat(.sparse(rows: 30, columns: 20, k: 2, changes: changes))
    try cheat.expectStopped(at: .bounds, forge: .digits)
    // E forged to 0.
    let forged = cheat.with { $0.tables = { $0.tamper { tiles, _ in tiles[0].entries = .zero } } }
    try forged.expectStoppedByOpening()
    try forged.with { $0.claimsTrueDrift = true }.expectStopped(at: .structure, forge: .dummy)
    try forged.with { $0.claimsTrueDrift = true }.expectStopped(at: .structure, forge: .slotBit(0))
  }

  @Test func changeOutsideTheSlotsWithTheDriftEvaluationForged() throws {
    // Large enough that E is finished last and its term, without projections and squares, is linear.
    let fixture = Fixture.sparse(rows: 256, columns: 256, k: 2, changes: [(3, 5), (1000, -9), (65_535, 1)])
    let layout = ArgumentLayout(fixture.statement)
    #expect(layout.driftVariables == layout.boundsVariables)
    try Cheat(fixture) { _ in }.expectStoppedByForgingE()
  }

  // MARK: Low rank

  @Test func residualAboveItsBall() throws {
    try Cheat(.lowRank(rank: 3, bound: 100, noise: 4)).expectStopped(at: .bounds, forge: .digits)
  }

  @Test func exactLowRankWithAResidual() throws {
    let cheat = Cheat(.lowRank(rank: 2, bound: nil, noise: 1))
    try cheat.expectStopped(at: .bounds, forge: .digits)
    let forged = cheat.with { $0.tables = { $0.tamper { tiles, _ in tiles[0].entries = .zero } } }
    try forged.expectStoppedByOpening()
    try forged.with { $0.claimsTrueDrift = true }.expectStopped(at: .structure, forge: .leftFactor)
  }

  @Test(arguments: [(3, 4), (5, 8)])
  func columnsOfThePaddingUsed(_ rank: Int, _ actual: Int) throws {
    let full = Fixture.lowRank(rank: actual)
    let statement = Fixture.lowRank(rank: rank, actual: actual)
    let id = ArgumentWitness.ClauseID(tensor: 0, clause: 0)
    guard let factors = full.factors[id] else { return }
    // U and V with all columns, E = 0.
    let cheat = Cheat(statement) {
      $0.tables = { tables in
        let clause = tables.layout.factors.lowRank[0]
        tables.tamper { tiles, cells in
          tiles[0].entries = .zero
          for (slot, values) in [(clause.left, factors.left), (clause.right, factors.right)] {
            for (index, value) in values.enumerated() {
              cells[slot.offset + (index / actual) << clause.logRank + index % actual] = Int64(value)
            }
          }
        }
      }
    }
    try cheat.expectStoppedByOpening()
    try cheat.with { $0.claimsTrueDrift = true }.expectStopped(at: .structure, forge: .rightFactor)
    try cheat.with {
      $0.claimsTrueDrift = true
      $0.usesPadding = true
    }.expectStopped(at: .merging, forge: .factors)
    // A whole proof of the larger rank under the verifier's transcript.
    var other = Cheat(full) { $0.absorbedStatement = statement.statement }
    other.verifier = statement
    #expect(try other.rejection() == .sumcheckFinal(stage: "C"))
  }

  @Test func factorsScaledModuloP() throws {
    // U·c, V/c mod p: the product is the same, the projections of U and V are not small.
    let c = Goldilocks(123_456_789_123)
    try Cheat(.lowRank(rank: 3)) {
      $0.tables = { tables in
        let clause = tables.layout.factors.lowRank[0]
        tables.tamper { _, cells in
          for cell in clause.left.range { cells[cell] = (Goldilocks(cells[cell]) * c).centred }
          for cell in clause.right.range { cells[cell] = (Goldilocks(cells[cell]) * c.inverse).centred }
        }
      }
    }.expectStopped(at: .bounds, forge: .digits)
  }

  @Test func hugeFactorsWhoseProductWraps() throws {
    // One rank-1 entry: 2^40 · 2^40·x = Δ mod p for a Δ of full rank elsewhere is not needed; any product will do.
    var fixture = Fixture.lowRank(rank: 1)
    let rows = fixture.tensors[0].rows
    let columns = fixture.tensors[0].columns
    let left: [Int64] = (0..<rows).map { (1 << 40) + Int64($0) }
    let right = (Goldilocks(1 << 40)).inverse
    fixture.drifts[0] = left.flatMap { u in [Int64](repeating: (Goldilocks(u) * right).centred, count: columns) }
    let believed = fixture
    try Cheat(believed) {
      $0.tables = { tables in
        let clause = tables.layout.factors.lowRank[0]
        tables.tamper { tiles, cells in
          tiles[0].entries = .zero
          for row in 0..<rows { cells[clause.left.offset + row << clause.logRank] = left[row] }
          for column in 0..<columns { cells[clause.right.offset + column << clause.logRank] = right.centred }
        }
      }
    }.expectStopped(at: .bounds, forge: .digits)
  }

  @Test func residualReplacedByZero() throws {
    let cheat = Cheat(.lowRank(rank: 3, bound: 100, noise: 9)) {
      $0.tables = { $0.tamper { tiles, _ in tiles[0].entries = .zero } }
    }
    try cheat.expectStoppedByOpening()
    try cheat.with { $0.claimsTrueDrift = true }.expectStopped(at: .structure, forge: .dummy)
  }

  @Test func driftValueOffByOne() throws {
    let cheat = Cheat(.lowRank(rank: 3)) { $0.driftOffset = .one }
    try cheat.expectStopped(at: .structure, forge: nil)
    // A forged evaluation of the structure stage hides the false d up to the tableau's opening.
    let forged = cheat.with {
      $0.stages[.structure] = SumcheckTampering(forge: .dummy, root: RootFinding.root)
      $0.stages[.merging] = SumcheckTampering(forge: .factors, root: RootFinding.root)
    }
    #expect(try forged.rejection() == .openingSumcheck(functional: cheat.folded))
    #expect(try forged.rejection(bendsOpening: true) == .rowsAgainstCombination(functional: Cheat.pointA))
  }

  @Test func scaleConfusion() throws {
    // The statement has s = 4; the prover argues about s = 3 under the verifier's transcript.
    let id = ArgumentWitness.ClauseID(tensor: 0, clause: 0)
    func fixture(_ scale: Int) -> Fixture {
      var fixture = Fixture.everything().keeping([2])
      fixture.tensors[0].clauses[0].scale = scale
      return fixture
    }
    var believed = fixture(3)
    guard let factors = believed.factors[id] else { return }
    var residual = 0
    for i in 0..<40 {
      for j in 0..<24 {
        let dot = (0..<3).reduce(Int64(0)) { $0 + Int64(factors.left[i * 3 + $1]) * Int64(factors.right[j * 3 + $1]) }
        believed.drifts[0][i * 24 + j] = (dot + 4) >> 3
        let e = (believed.drifts[0][i * 24 + j] << 3) - dot
        residual += Int(e * e)
      }
    }
    believed.tensors[0].clauses[0].bound = Fixture.digits(residual)
    var statement = believed
    statement.tensors[0].clauses[0].scale = 4
    let verifier = statement
    var cheat = Cheat(believed) { $0.absorbedStatement = verifier.statement }
    cheat.verifier = verifier
    // The sumchecks do not see s; the weights of the tableau's rows do.
    #expect(try cheat.rejection() == .rowsAgainstCombination(functional: Cheat.pointA))
    // An honest reading of s = 4 has another residual, above the bound.
    try Cheat(verifier).expectStopped(at: .bounds, forge: .digits)
  }
}

extension Cheat {
  /// E finished last: its forged value, the tableau's d with it, meets the opening.
  func expectStoppedByForgingE(location: SourceLocation = #_sourceLocation) throws {
    let forged = with { $0.stages[.bounds] = SumcheckTampering(forge: .residuals, root: RootFinding.root) }
    #expect(try rejection() == .sumcheckFinal(stage: "A"), sourceLocation: location)
    #expect(try forged.rejection() == .openingSumcheck(functional: folded), sourceLocation: location)
    #expect(
      try forged.rejection(bendsOpening: true) == .rowsAgainstCombination(functional: Self.pointA),
      sourceLocation: location)
    // With the true d the difference d - e is not what the slots explain.
    let trueDrift = forged.with { $0.claimsTrueDrift = true }
    #expect(try trueDrift.rejection() == .sumcheckFinal(stage: "B"), sourceLocation: location)
    try trueDrift.expectStopped(at: .structure, forge: .slotValues, location: location)
  }
}
