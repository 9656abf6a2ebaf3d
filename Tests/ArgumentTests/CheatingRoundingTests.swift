// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofField
import TestSupport
import Testing

@testable import DriftProofArgument
@testable import DriftProofArgumentProver

/// Clauses relative to weights: every cheat, every continuation (docs/protocol.md section 11, items 37 to 44).
@Suite struct CheatingRoundingTests {
  /// One tensor in a shared tile, rank 2, half-ulps of 1.01 in bf16.
  private static let honest = Fixture.merged(rows: 40, columns: 24)
  /// A place of a large weight, and its index in the tile.
  private static let entry: (index: Int, place: Int, class: Int64) = {
    let values = zip(honest.bases[0] ?? [], honest.drifts[0]).map { $0 + $1 }
    let index = values.indices.max { values[$0].magnitude < values[$1].magnitude } ?? 0
    return (index, index / 24 * 32 + index % 24, RoundingOracles.logClass(values[index], logClasses: 8))
  }()
  private static var claim: RoundingClaim {
    guard let claim = honest.tensors[0].clauses[0].entries?.rounding else { preconditionFailure("a rounding claim") }
    return claim
  }

  /// Changes one value of some oracles.
  private static func replacing(
    _ values: [EntryOracle: Goldilocks], at place: Int = entry.place
  ) -> RoundingOracles.Replacement {
    { oracle, position, own in
      guard let value = values[oracle], position == 0 else { return own }
      var own = own
      own[place] = value.value
      return own
    }
  }

  /// The next number of the type in place of the nearest one.
  private static func neighbour(_ steps: Int64 = 1) -> Fixture {
    var fixture = honest
    fixture.drifts[0][entry.index] += steps * (1 << (entry.class + 14 - 7))
    return fixture
  }

  private static func root(of value: Goldilocks) -> Goldilocks? {
    let values = (0...2).map { CubicExtension(Goldilocks(Int64($0 * $0)) - value) }
    return RootFinding.root(values: values).flatMap { $0.c0 * $0.c0 == value ? $0.c0 : nil }
  }

  // MARK: The residual

  @Test func theSecondNearestNumber() throws {
    try Cheat(Self.neighbour()).expectStopped(at: .bounds, forge: .digits)
  }

  @Test func theSecondNearestNumberWithARootModuloP() throws {
    // a² = β²·u² + τ² - r² modulo p: d1 vanishes, a is large.
    let found = (1...60).lazy.compactMap { steps -> (Fixture, Goldilocks)? in
      let fixture = Self.neighbour(Int64(steps))
      guard let bound = try? Self.residual(fixture), let root = Self.root(of: bound) else { return nil }
      return (fixture, root)
    }.first
    let (fixture, root) = try #require(found)
    try Cheat(fixture) { $0.rounding = Self.replacing([.roots: root]) }.expectStopped(at: .bounds, forge: .digits)
  }

  /// τ² + β²·u² - r² at the entry.
  private static func residual(_ fixture: Fixture) throws -> Goldilocks {
    let values = try values(fixture)
    func value(_ oracle: EntryOracle) -> Goldilocks { Goldilocks(reducing: values[oracle][entry.place]) }
    let own = value(.classes) * Goldilocks(claim.classBound)
    return Goldilocks(fixture.tensors[0].clauses[0].entries?.square ?? 0) + own * own - value(.residues)
      * value(.residues)
  }

  /// r at the entry.
  private static func residue(_ fixture: Fixture) throws -> Double {
    Double(Goldilocks(reducing: try values(fixture)[.residues][entry.place]).centred)
  }

  /// Honest oracles of the tile.
  private static func values(_ fixture: Fixture) throws -> RoundingValues {
    let layout = ArgumentLayout(fixture.statement)
    let base = try fixture.committedBase(HashCommitment(fixture.code)).map(\.rows)
    let oracles = RoundingOracles(layout: layout, drift: fixture.rows, base: base)
    let tables = try WitnessTables(
      layout: layout,
      witness: ArgumentWitness(rows: fixture.rows, factors: fixture.factors, supports: [:], base: base), refuses: false)
    return try oracles.values(0, try tables.tiles.entries(0))
  }

  @Test func aResidueUnderstated() throws {
    // r is 0 where E is far from it: ρ is large.
    try Cheat(Self.neighbour()) {
      $0.rounding = Self.replacing([
        .residues: .zero, .roots: Goldilocks(Int64(Self.claim.classBound) << Self.entry.class),
      ])
    }
    .expectStopped(at: .bounds, forge: .digits)
  }

  @Test func aResidueModuloP() throws {
    // 2^w·r = E - ρ modulo p for an r that is no integer's: r is large.
    let half = Goldilocks(Int64(1) << Int64(Self.claim.fineShift)).inverse
    try Cheat(Self.honest) { $0.rounding = Self.replacing([.residues: half]) }.expectStopped(
      at: .bounds, forge: .digits)
  }

  // MARK: The class

  @Test func theNextBinade() throws {
    let (u, v) = (Goldilocks(Int64(2) << Self.entry.class), Goldilocks(Int64(1) << (7 - Self.entry.class)))
    let replacement = Self.replacing([.classes: u, .cofactors: v, .classRoots: .zero])
    try Cheat(Self.neighbour()) { $0.rounding = replacement }.expectStopped(at: .bounds, forge: .digits)
  }

  @Test func aClassThatIsNoPowerOfTwo() throws {
    // u = 3: v is 2^J/3 modulo p, and large.
    let inverse = Goldilocks(3).inverse
    try Cheat(Self.honest) {
      $0.rounding = Self.replacing([.classes: Goldilocks(3), .cofactors: Goldilocks(1 << 8) * inverse])
    }.expectStopped(at: .bounds, forge: .digits)
    // With a small v the product is not 2^J.
    try Cheat(Self.honest) { $0.rounding = Self.replacing([.classes: Goldilocks(3), .cofactors: Goldilocks(85)]) }
      .expectStopped(at: .bounds, forge: .digits)
  }

  @Test func noCofactor() throws {
    try Cheat(Self.honest) { $0.rounding = Self.replacing([.cofactors: .zero]) }
      .expectStopped(at: .bounds, forge: .digits)
  }

  // MARK: Digits

  @Test(arguments: EntryFamily.allCases)
  func aDigitOffByOne(_ family: EntryFamily) throws {
    try Cheat(Self.honest) {
      $0.digits = { table, layout in
        guard let place = layout.entries.families.firstIndex(of: family),
          let cell = layout.digits.entryProjections[place][0]?.cell(chunk: 0, row: 3)
        else { return }
        table.tamper { $0[cell] = $0[cell] == 0 ? 1 : $0[cell] - 1 }
      }
    }.expectStopped(at: .bounds, forge: .digits)
  }

  @Test func aDigitOfWhatTheFineShiftLeaves() throws {
    try Cheat(Self.honest) {
      $0.digits = { table, layout in
        let cell = layout.digits.projections[0].cell(chunk: 0, row: 3)
        table.tamper { $0[cell] = $0[cell] == 0 ? 1 : $0[cell] - 1 }
      }
    }.expectStopped(at: .bounds, forge: .digits)
  }

  // MARK: Constants

  @Test func aPolicysWiderBound() throws {
    var cheat = Cheat(Self.neighbour())
    cheat.fixture.tensors[0].clauses[0].entries = Fixture.halfUlps(2, bits: 8, scale: 22)
    // The range of differences is the policy's.
    cheat.fixture.tensors[0].clauses[0].entries?.rounding?.differenceRange = Self.claim.differenceRange
    // To a verifier of the wider policy it is an honest proof.
    #expect(try cheat.rejection() == nil)
    cheat.verifier = Self.neighbour()
    // Shown to one of the narrower: every challenge is another, and the first sum that depends on them is wrong.
    #expect(try cheat.rejection() == .sumcheckFinal(stage: Stage.bounds.rawValue))
    // Under the narrower one's challenges: the sum that it argues about is not the verifier's.
    cheat.tampering.absorbedStatement = cheat.verifier?.statement
    #expect(try cheat.rejection() == .sumcheckFinal(stage: Stage.bounds.rawValue))
    // g(ρ) follows from its own claim, which is true; bending the opening comes too late.
    #expect(try cheat.rejection(bendsOpening: true) == .sumcheckFinal(stage: Stage.bounds.rawValue))
    // Who bends something against the verifier's sum has the narrower statement with the wider one's roots: what stops
    // each continuation is what stops it anywhere.
    let wide = Double(Fixture.halfUlps(2, bits: 8, scale: 22).square)
    let unit = Double(Int64(2 * RoundingClaim.floor) << Self.entry.class)
    let residue = try Self.residue(Self.neighbour())
    let root = (wide + unit * unit - residue * residue).squareRoot().rounded()
    try Cheat(Self.neighbour()) { $0.rounding = Self.replacing([.roots: Goldilocks(Int64(root))]) }
      .expectStopped(at: .bounds, forge: .digits)
  }

  // MARK: Commitments

  @Test func aBaseOfTheProvers() throws {
    // Twice the base's weights: their half-ulps are twice as large.
    var fixture = Self.neighbour()
    let before = fixture.bases[0] ?? []
    fixture.bases[0] = before.map { 2 * $0 }
    fixture.placeBase()
    var cheat = Cheat(fixture)
    // Of that base it is an honest proof.
    #expect(try cheat.rejection() == nil)
    cheat.verifier = Self.neighbour()
    // Told honestly, it is another statement, with other challenges.
    #expect(try cheat.rejection() == .sumcheckFinal(stage: Stage.bounds.rawValue))
    // Under the verifier's challenges all sums hold, and the opened leaves are under another root.
    cheat.tampering.absorbedStatement = cheat.verifier?.statement
    #expect(try cheat.rejection() == .merklePath(tree: "base/3"))
    #expect(try cheat.rejection(bendsOpening: true) == .merklePath(tree: "base/3"))
    // With the base's own leaves they are others than those that the sums were about.
    cheat.committedBase = Self.neighbour()
    try cheat.expectStoppedByOpening()
  }

  @Test(arguments: [EntryOracle.base, .drift])
  func anOracleThatIsNotTheTableaus(_ oracle: EntryOracle) throws {
    // A larger weight than there is: everything else follows from it honestly.
    var values = [UInt64](repeating: 0, count: 1)
    values[0] = Goldilocks(Int64(1) << 22).value
    try Cheat(Self.honest) { [values] tampering in
      tampering.rounding = { own, position, honest in
        guard own == oracle, position == 0 else { return honest }
        var result = honest
        result[Self.entry.place] = values[0]
        return result
      }
    }.expectStopped(at: .bounds, forge: .digits)
  }

  @Test(arguments: [EntryOracle.roots, .residues, .classRoots, .classes, .cofactors])
  func anOracleThatIsNotCommitted(_ oracle: EntryOracle) throws {
    try Cheat(Self.honest) {
      $0.committedRounding = { own, position, honest in
        guard own == oracle, position == 0 else { return honest }
        var result = honest
        result[Self.entry.place] = (Goldilocks(reducing: result[Self.entry.place]) + .one).value
        return result
      }
    }.expectStoppedByOpening()
  }

  @Test func anotherProductThanTheTableaus() throws {
    // E is that of a nearer product than U and V say.
    try Cheat(Self.neighbour()) {
      $0.claimsTrueDrift = true
      $0.tables = { tables in
        tables.tamper { tiles, _ in
          var values = (0..<1 << 14).map { tiles[0].entries.element($0) }
          values[Self.entry.place] = .zero
          tiles[0].entries = .field(values.map(\.value))
        }
      }
    }.expectStopped(at: .structure, forge: .dummy)
  }

  // MARK: What is no cheat

  @Test func signsDoNotMatter() throws {
    let cheat = Cheat(Self.honest) {
      $0.rounding = { oracle, _, own in
        [.roots, .classRoots, .classes, .cofactors].contains(oracle)
          ? own.map { (-Goldilocks(reducing: $0)).value } : own
      }
    }
    #expect(try cheat.rejection() == nil)
  }

  /// Other tensors of the base lie in the same row of its tableau, and are none of the statement's.
  @Test func neighboursInTheBasesRow() throws {
    var generator = SeededGenerator(seed: 9)
    var fixture = Fixture(tensors: [], drifts: [])
    fixture.addMerged("a", rows: 20, columns: 30, rank: 1, generator: &generator)
    fixture.addMerged("b", rows: 9, columns: 70, rank: nil, generator: &generator)
    fixture.addMerged("c", rows: 1, columns: 37, rank: nil, generator: &generator)
    fixture.placeBase()
    try fixture.run()
  }
}
