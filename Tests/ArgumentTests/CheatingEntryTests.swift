// SPDX-License-Identifier: Apache-2.0

import DriftProofField
import DriftProofKernels
import TestSupport
import Testing
import DriftProofTranscript

@testable import DriftProofArgument
@testable import DriftProofArgumentProver

/// Entrywise bounds: every cheat, every continuation (docs/protocol.md section 11, items 31 to 35).
@Suite struct CheatingEntryTests {
  /// Of the second tensor, whose T is 2^17: the first one, of 2^18, would allow it.
  private static func above(_ value: Int64 = 150_000) -> Fixture {
    var fixture = Fixture.sharedEntries()
    fixture.drifts[1][33] = value
    return fixture
  }
  private static let place = 512 + 33
  private static let square = 1 << 34 - EntryClaim.slack

  /// Changes the roots of the one tile.
  private static func roots(
    _ change: @escaping @Sendable (inout [Goldilocks], _ entries: RowMessage) -> Void
  ) -> EntryRoots.Replacement {
    { _, entries, honest in
      guard case .narrow(let values) = honest else { return honest }
      var elements = values.map { Goldilocks(Int64($0)) }
      change(&elements, entries)
      let centred = elements.map(\.centred)
      return centred.allSatisfy { $0.magnitude < 1 << 19 }
        ? .narrow(centred.map { Int32($0) }) : .field(elements.map(\.value))
    }
  }

  // MARK: Entries outside

  @Test func anEntryAboveItsBound() throws {
    try Cheat(Self.above()).expectStopped(at: .bounds, forge: .digits)
  }

  @Test func anEntryOfExactlyTheBound() throws {
    // d = -2^30: what is proved is less than the policy's number, never more.
    try Cheat(Self.above(1 << 17)).expectStopped(at: .bounds, forge: .digits)
  }

  @Test func anEntryAboveItsBoundBesideARank() throws {
    var fixture = Self.lowRank
    fixture.drifts[0][100] += 60_000
    try Cheat(fixture).expectStopped(at: .bounds, forge: .digits)
  }

  @Test func manyEntriesAboveTheirBound() throws {
    try Cheat(.entries(limit: 1 << 17, reach: 140_000)).expectStopped(at: .bounds, forge: .digits)
  }

  @Test func aRootModuloP() throws {
    // Some entry above the bound whose τ² - E² is a square mod p: d vanishes, and a is large.
    let found = (150_000..<151_000).lazy.compactMap { value -> (Int64, Goldilocks)? in
      let rest = Goldilocks(Int64(Self.square)) - Goldilocks(Int64(value)) * Goldilocks(Int64(value))
      let values = (0...2).map { CubicExtension(Goldilocks(Int64($0 * $0)) - rest) }
      return RootFinding.root(values: values).map { (Int64(value), $0.c0) }
    }.first
    let (value, root) = try #require(found)
    #expect(root * root == Goldilocks(Int64(Self.square)) - Goldilocks(value) * Goldilocks(value))
    let cheat = Cheat(Self.above(value)) { $0.roots = Self.roots { values, _ in values[Self.place] = root } }
    try cheat.expectStopped(at: .bounds, forge: .digits)
    // With digits that are digits, of other projections than the roots'.
    try cheat.with { $0.digits = Self.zeros(.roots) }.expectStopped(at: .bounds, forge: .digits)
    // Its difference is none: the range of roots alone stops it.
    let layout = ArgumentLayout(cheat.fixture.statement)
    var own = EntryRoots(layout: layout)
    own.replacement = cheat.tampering.roots
    let entries = try cheat.fixture.rows.message(0)
    #expect(own.differences(0, entries, own.roots(0, entries)).element(Self.place) == .zero)
  }

  // MARK: Digits

  /// Changes digits of one family's projections of the one chunk.
  private static func digits(
    _ fixture: Fixture, _ family: EntryFamily, row: Int = 0,
    _ change: @escaping @Sendable (inout [UInt64], _ cell: Int) -> Void
  ) -> Cheat {
    Cheat(fixture) {
      $0.digits = { table, layout in
        guard let cell = layout.digits.entryProjections[family.rawValue][0]?.cell(chunk: 0, row: row) else { return }
        table.tamper { change(&$0, cell) }
      }
    }
  }

  @Test(arguments: [EntryFamily.roots, .differences], [0, 127, 131])
  func aDigitOffByOne(_ family: EntryFamily, _ row: Int) throws {
    try Self.digits(.sharedEntries(), family, row: row) { cells, cell in
      cells[cell] = cells[cell] == 0 ? 1 : cells[cell] - 1
    }.expectStopped(at: .bounds, forge: .digits)
  }

  @Test(arguments: [EntryFamily.roots, .differences])
  func digitsTradedUpwards(_ family: EntryFamily) throws {
    try Self.digits(.sharedEntries(), family) { cells, cell in
      cells[cell] += 4
      cells[cell + 1] = (Goldilocks(reducing: cells[cell + 1]) - .one).value
    }.expectStopped(at: .bounds, forge: .digits)
  }

  @Test func errorsThatCancelBetweenFamilies() throws {
    // One more in a projection of roots, one less in that of differences.
    try Cheat(.sharedEntries()) {
      $0.digits = { table, layout in
        let cells = [EntryFamily.roots, .differences].compactMap {
          layout.digits.entryProjections[$0.rawValue][0]?.cell(chunk: 0, row: 5)
        }
        let numbers = cells.map { table.digits.number(at: $0, digits: Limits.projectionDigits) }
        table.store(numbers[0] + 1, digits: Limits.projectionDigits, at: cells[0])
        table.store(numbers[1] - 1, digits: Limits.projectionDigits, at: cells[1])
      }
    }.expectStopped(at: .bounds, forge: .digits)
  }

  /// The digits of a family of zeros.
  private static func zeros(_ family: EntryFamily) -> @Sendable (inout DigitTable, ArgumentLayout) -> Void {
    { table, layout in
      guard let slots = layout.digits.entryProjections[family.rawValue][0] else { return }
      for row in 0..<Limits.projections {
        table.store(Int64(Limits.halfRange), digits: Limits.projectionDigits, at: slots.cell(chunk: 0, row: row))
      }
    }
  }

  @Test func differencesOfAnotherDrift() throws {
    // All digits say that nothing is left, while an entry is above its bound.
    try Cheat(Self.above()) { $0.digits = Self.zeros(.differences) }.expectStopped(at: .bounds, forge: .digits)
  }

  // MARK: Constants

  @Test func aPolicysWiderBound() throws {
    var cheat = Cheat(Self.above())
    cheat.fixture.tensors[1].clauses[0].entries = EntryClaim(square: 1 << 36 - EntryClaim.slack)
    cheat.verifier = Self.above()
    cheat.tampering.absorbedStatement = cheat.verifier?.statement
    // The prover argues about another sum than the verifier: nothing that it bends later helps.
    #expect(try cheat.rejection() == .sumcheckFinal(stage: Stage.bounds.rawValue))
    // And a proof of the wider statement is none of the narrow one.
    cheat.tampering.absorbedStatement = nil
    #expect(try cheat.rejection() != nil)
  }

  @Test func anotherTensorsBound() throws {
    var cheat = Cheat(Self.above())
    for (tensor, other) in [(0, 1), (1, 0)] {
      cheat.fixture.tensors[tensor].clauses[0].entries = Self.above().tensors[other].clauses[0].entries
    }
    cheat.fixture.drifts[0] = cheat.fixture.drifts[0].map { $0 / 4 }
    cheat.verifier = cheat.fixture
    cheat.verifier?.tensors = Self.above().tensors
    cheat.tampering.absorbedStatement = cheat.verifier?.statement
    // The prover argues about another sum than the verifier: nothing that it bends later helps.
    #expect(try cheat.rejection() == .sumcheckFinal(stage: Stage.bounds.rawValue))
  }

  // MARK: Commitments

  @Test func rootsThatAreNotCommitted() throws {
    try Cheat(.sharedEntries()) {
      $0.committedRoots = Self.roots { values, _ in values[Self.place] += .one }
    }.expectStoppedByOpening()
  }

  @Test func aResidualUnderstated() throws {
    // E says that the entry is 0; the tableau holds it.
    try Cheat(Self.above()) {
      $0.tables = { tables in
        tables.tamper { tiles, _ in
          guard case .narrow(var entries) = tiles[0].entries else { return }
          entries[Self.place] = 0
          tiles[0].entries = .narrow(entries)
        }
      }
    }.expectStoppedByOpening()
  }

  @Test func aResidualUnderstatedBesideARank() throws {
    var fixture = Self.lowRank
    fixture.drifts[0][100] += 60_000
    try Cheat(fixture) {
      $0.claimsTrueDrift = true
      $0.tables = { tables in
        tables.tamper { tiles, _ in
          guard case .narrow(var entries) = tiles[0].entries else { return }
          for x in entries.indices where entries[x].magnitude > 1 << 17 { entries[x] = 0 }
          tiles[0].entries = .narrow(entries)
        }
      }
    }.expectStopped(at: .structure, forge: .dummy)
  }

  @Test func halfAUnit() throws {
    // Δ = (p+1)/2 is 1/2: with s = 1 its E is 1. The plain set does not let it pass.
    var fixture = Fixture.entries(scale: 1, reach: 60_000)
    fixture.drifts[0][5] = Int64((Goldilocks.modulus + 1) / 2)
    try Cheat(fixture) {
      $0.tables = { tables in
        tables.tamper { tiles, _ in
          var values = (0..<1 << 14).map { tiles[0].entries.element($0) }
          values[5] = .one
          tiles[0].entries = .narrow(values.map { Int32($0.centred) })
        }
      }
    }.expectStopped(at: .bounds, forge: .digits)
  }

  // MARK: What is no cheat

  @Test func signsOfRootsDoNotMatter() throws {
    let cheat = Cheat(.sharedEntries()) {
      $0.roots = Self.roots { values, _ in for x in stride(from: 0, to: 1024, by: 3) { values[x] = -values[x] } }
    }
    #expect(try cheat.rejection() == nil)
  }

  /// Rank 1, s = 2 and T² = 2^33: four times the noise stays inside.
  private static var lowRank: Fixture {
    var generator = SeededGenerator(seed: 31)
    let (left, right) = (Fixture.random(40, 300, &generator), Fixture.random(24, 300, &generator))
    let drift = (0..<40 * 24).map {
      left[$0 / 24] * right[$0 % 24] + Int64.random(in: -20_000...20_000, using: &generator)
    }
    var fixture = Fixture(tensors: [], drifts: [])
    fixture.factors[.init(tensor: 0, clause: 0)] = .init(
      left: left.map { Int32($0 << 2) }, right: right.map(Int32.init))
    fixture.addEntries("w", rows: 40, columns: 24, limit: 92_681, scale: 2, rank: 1, drift: drift)
    return fixture
  }
}
