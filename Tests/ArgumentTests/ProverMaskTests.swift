// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofCommitment
@testable import DriftProofCommitmentProver
import DriftProofField
import Synchronization
import Testing

@testable import DriftProofArgument
@testable import DriftProofArgumentProver

/// What the prover commits to as masks. The ledger assumes that these cells are random and used once; statistics over
/// proofs would not notice a mask that is missing, as most revealed values look random without it, too.
@Suite struct ProverMaskTests {
  /// All mask cells of an honest proof, of P2 and P1.
  private static func masks(_ fixture: Fixture, secret: UInt8) throws -> [String: [UInt64]] {
    let layout = ArgumentLayout(fixture.statement)
    let scheme = HashCommitment(fixture.code)
    let found = Mutex([CommittedTableau]())
    let cheat = Cheat(fixture) {
      $0.open = { trees, claims, channel in
        found.withLock { $0 = trees }
        try scheme.open(trees, claims: claims, channel: &channel)
      }
    }
    #expect(try cheat.rejection(secret: secret) == nil)
    let trees = found.withLock { $0 }
    func row(_ tree: Int, _ row: Int) throws -> [UInt64] {
      guard case .field(let values) = try trees[tree].rows.message(row) else { return [] }
      return values
    }
    var result = [
      "D": try row(1, layout.digitMaskRow), "E": try row(1, layout.driftMaskRow),
      "Libra": try (0..<3).flatMap { try row(1, layout.libraRow + $0) },
      "openings": try (layout.openingMaskRow..<layout.libraRow).flatMap { try row(1, $0) },
    ]
    if layout.hasOrthonormal {
      result["Stage O"] = try row(1, layout.orthonormalRow)
      result["O"] = try row(1, layout.orthonormalMaskRow)
    }
    if layout.hasEntries { result["a"] = try row(1, layout.rootMaskRow) }
    for (index, oracle) in layout.patterns.oracles.enumerated() {
      result[oracle.oracle.letter] = try row(1, layout.patternMaskRow + index)
    }
    if layout.hasFactors {
      let rows = try (0..<layout.factorRows).flatMap { row -> [UInt64] in
        switch try trees[2].rows.message(row) {
        case .field(let values): values + [UInt64](repeating: 0, count: layout.length - values.count)
        case .narrow(let values): values.map { UInt64(truncatingIfNeeded: Int64($0)) }
        case .zero: [UInt64](repeating: 0, count: layout.length)
        }
      }
      result["Stage B"] = Array(rows[try #require(layout.factors.masks).range])
      result["G"] = try row(2, layout.factorRows)
    }
    return result
  }

  @Test func rootsHaveAMaskOfTheirOwn() throws {
    var seen: Set<UInt64> = []
    var count = 0
    for secret: UInt8 in [8, 9] {
      let masks = try Self.masks(.sharedEntries(), secret: secret)
      #expect(masks["a"]?.count == 8 && masks["E"]?.count == 8)
      for cells in masks.values {
        seen.formUnion(cells)
        count += cells.count
      }
    }
    #expect(seen.count == count && !seen.contains(0))
  }

  @Test func oraclesOfPatternsHaveMasksOfTheirOwn() throws {
    var seen: Set<UInt64> = []
    var count = 0
    for secret: UInt8 in [8, 9] {
      let masks = try Self.masks(.patterned([.base, .drift(2, of: 4)]), secret: secret)
      for name in ["z", "Xz", "Tz"] { #expect(masks[name]?.count == 8) }
      for cells in masks.values {
        seen.formUnion(cells)
        count += cells.count
      }
    }
    #expect(seen.count == count && !seen.contains(0))
  }

  @Test(arguments: [false, true]) func everyMaskIsFreshAndItsOwn(_ hasFactors: Bool) throws {
    var fixture = Fixture.orthonormal([(5, 40), (4, 100)])
    if hasFactors {
      let tensor = TableauTensor(
        name: "w", rows: 8, columns: 8, fractionBits: 20, isPlain: true, plainBound: Fixture.digits(1 << 50),
        clauses: [StructuredClause(rank: 1, sparse: .entries(1), scale: 0, bound: Fixture.digits(1 << 20))])
      let id = ArgumentWitness.ClauseID(tensor: 0, clause: 0)
      fixture = Fixture(
        tensors: [tensor] + fixture.tensors, drifts: [[Int64](repeating: 0, count: 64)] + fixture.drifts,
        factors: [id: .init(left: [Int32](repeating: 0, count: 8), right: [Int32](repeating: 0, count: 8))],
        supports: [id: [3]])
    }
    var seen: Set<UInt64> = []
    var count = 0
    for secret: UInt8 in [8, 9] {
      let masks = try Self.masks(fixture, secret: secret)
      for (name, cells) in masks { #expect(!cells.isEmpty && !cells.contains(0), "\(name)") }
      #expect(masks["D"]?.count == 8 && masks["E"]?.count == 8 && masks["O"]?.count == 8)
      #expect(masks["Stage O"]?.count == OrthonormalLayout.maskCells)
      if hasFactors { #expect(masks["G"]?.count == 16) }
      for cells in masks.values {
        seen.formUnion(cells)
        count += cells.count
      }
    }
    // No cell of any mask is one of another, in this proof or the other one.
    #expect(seen.count == count)
  }
}
