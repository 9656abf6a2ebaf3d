// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofField
import TestSupport
import Testing

@testable import DriftProofArgument
@testable import DriftProofArgumentProver

extension Fixture {
  /// x = √B/2·2^-s of each base weight.
  static func fraction(_ coefficient: Int) -> EntryClaim {
    EntryClaim(
      square: 1 << 30,
      rounding: RoundingClaim(
        fineShift: 0, residualWeight: 4, classBound: 0, logClasses: 0, tuned: 0, base: coefficient, drift: 0,
        differenceRange: 1 << 30))
  }

  /// Adds a tensor each of whose weights moves by up to `reach` of x = 2^-6 of itself, beside a product where there is a rank.
  mutating func addFraction(
    _ name: String, rows: Int, columns: Int, rank: Int? = nil, reach: Double = 0.9, generator: inout SeededGenerator
  ) {
    addMerged(name, rows: rows, columns: columns, rank: nil, generator: &generator)
    let index = tensors.count - 1
    var product = [Int64](repeating: 0, count: rows * columns)
    if let rank {
      let left = Self.random(rows * rank, 300, &generator)
      let right = Self.random(columns * rank, 300, &generator)
      for i in 0..<rows {
        for j in 0..<columns {
          product[i * columns + j] = (0..<rank).reduce(0) { $0 + left[i * rank + $1] * right[j * rank + $1] }
        }
      }
      factors[.init(tensor: index, clause: 0)] = .init(
        left: left.map { Int32($0 << 6) }, right: right.map { Int32($0) })
    }
    drifts[index] = zip(bases[index] ?? [], product).map { weight, own in
      own + Int64(Double(weight) * Double.random(in: -reach...reach, using: &generator) / 64)
    }
    tensors[index].clauses = [
      StructuredClause(rank: rank, sparse: nil, scale: 6, bound: nil, entries: Self.fraction(4))
    ]
  }

  static func fractions(rows: Int = 40, columns: Int = 24, rank: Int? = nil) -> Fixture {
    var generator = SeededGenerator(seed: 53)
    var fixture = Fixture(tensors: [], drifts: [])
    fixture.addFraction("w", rows: rows, columns: columns, rank: rank, generator: &generator)
    fixture.placeBase()
    return fixture
  }
}

/// Bounds by a fraction of each base weight: honest proofs, and every cheat (docs/protocol.md section 11, items 52 and 53).
@Suite struct CheatingWeightTests {
  private static let honest = Fixture.fractions()
  /// A place of a large weight, and its index in the tile.
  private static let entry: (index: Int, place: Int) = {
    let values = honest.bases[0] ?? []
    let index = values.indices.max { values[$0].magnitude < values[$1].magnitude } ?? 0
    return (index, index / 24 * 32 + index % 24)
  }()

  /// One weight moves by this part of itself.
  private static func moving(_ share: Double) -> Fixture {
    var fixture = honest
    fixture.drifts[0][entry.index] = Int64(Double(honest.bases[0]?[entry.index] ?? 0) * share)
    return fixture
  }

  // MARK: Honest

  @Test(arguments: [(40, 24), (1, 70), (150, 200), (129, 127)])
  func everyShape(_ rows: Int, _ columns: Int) throws { try Fixture.fractions(rows: rows, columns: columns).run() }

  @Test func besideARank() throws { try Fixture.fractions(rank: 2).run() }

  @Test func unchangedWeights() throws {
    var fixture = Self.honest
    fixture.drifts[0] = fixture.drifts[0].map { _ in 0 }
    try fixture.run()
  }

  // MARK: Cheats

  @Test(arguments: [1.3, 2, 60])
  func aWeightThatMovesTooFar(_ fractions: Double) throws {
    // In units of x: the floor hides little of the largest weight's.
    try Cheat(Self.moving(fractions / 64)).expectStopped(at: .bounds, forge: .digits)
  }

  @Test func aSmallWeightThatMovesAsALargeOneMay() throws {
    var fixture = Self.honest
    let values = fixture.bases[0] ?? []
    let index = values.indices.min { values[$0].magnitude < values[$1].magnitude } ?? 0
    let largest = values.map(\.magnitude).max() ?? 0
    fixture.drifts[0][index] = Int64(largest / 64)
    try Cheat(fixture).expectStopped(at: .bounds, forge: .digits)
  }

  @Test func aRootModuloP() throws {
    // a² = (τ² + B·q² - 4·r²)/4 modulo p: d1 vanishes, a is large.
    let weight = Goldilocks(Self.honest.bases[0]?[Self.entry.index] ?? 0)
    let quarter = Goldilocks(4).inverse
    let found = (1...80).lazy.compactMap { step -> (Fixture, Goldilocks)? in
      let fixture = Self.moving(2.0 / 64 + Double(step) / 4096)
      let r = Goldilocks(fixture.drifts[0][Self.entry.index] << 6)
      let rest = (Goldilocks(1 << 30) + Goldilocks(4) * weight * weight) * quarter - r * r
      let values = (0...2).map { CubicExtension(Goldilocks(Int64($0 * $0)) - rest) }
      guard let root = RootFinding.root(values: values)?.c0, root * root == rest else { return nil }
      return (fixture, root)
    }.first
    let (fixture, root) = try #require(found)
    try Cheat(fixture) { $0.rounding = Self.replacing([.roots: root]) }.expectStopped(at: .bounds, forge: .digits)
  }

  private static func replacing(_ values: [EntryOracle: Goldilocks]) -> RoundingOracles.Replacement {
    { oracle, position, own in
      guard let value = values[oracle], position == 0 else { return own }
      var own = own
      own[entry.place] = value.value
      return own
    }
  }

  @Test func aResidueUnderstated() throws {
    // r = 0 where E is not: without a fine shift E is r, exactly.
    try Cheat(Self.moving(0.5)) { $0.rounding = Self.replacing([.residues: .zero]) }
      .expectStopped(at: .bounds, forge: .digits)
  }

  @Test(arguments: [EntryFamily.roots, .differences, .residues])
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

  @Test func aPolicysWiderFraction() throws {
    // √2 times x.
    var cheat = Cheat(Self.moving(1.3 / 64))
    cheat.fixture.tensors[0].clauses[0].entries = Fixture.fraction(8)
    #expect(try cheat.rejection() == nil)
    cheat.verifier = Self.moving(1.3 / 64)
    #expect(try cheat.rejection() == .sumcheckFinal(stage: Stage.bounds.rawValue))
    cheat.tampering.absorbedStatement = cheat.verifier?.statement
    #expect(try cheat.rejection() == .sumcheckFinal(stage: Stage.bounds.rawValue))
    #expect(try cheat.rejection(bendsOpening: true) == .sumcheckFinal(stage: Stage.bounds.rawValue))
  }

  @Test func aBaseOfTheProvers() throws {
    var fixture = Self.moving(1.3 / 64)
    fixture.bases[0] = fixture.bases[0]?.map { 2 * $0 }
    fixture.placeBase()
    var cheat = Cheat(fixture)
    cheat.verifier = Self.moving(1.3 / 64)
    #expect(try cheat.rejection() == .sumcheckFinal(stage: Stage.bounds.rawValue))
    cheat.tampering.absorbedStatement = cheat.verifier?.statement
    #expect(try cheat.rejection() == .merklePath(tree: "base/3"))
    cheat.committedBase = Self.moving(1.3 / 64)
    try cheat.expectStoppedByOpening()
  }

  @Test func anOracleThatIsNotCommitted() throws {
    for oracle in [EntryOracle.roots, .residues] {
      try Cheat(Self.honest) {
        $0.committedRounding = { own, position, honest in
          guard own == oracle, position == 0 else { return honest }
          var result = honest
          result[Self.entry.place] = (Goldilocks(reducing: result[Self.entry.place]) + .one).value
          return result
        }
      }.expectStoppedByOpening()
    }
  }

  // MARK: Kinds

  /// Item 45: two tensors of one row with clauses of both kinds in either order, at one scale. Signatures keep the number's
  /// chunks apart, whose differences have half the range.
  @Test func aNumbersBoundIsNotInTheChunksOfAnotherKind() throws {
    var generator = SeededGenerator(seed: 59)
    var fixture = Fixture(tensors: [], drifts: [])
    let number = StructuredClause(
      rank: nil, sparse: nil, scale: 6, bound: nil,
      entries: EntryClaim(
        square: 1 << 36 - EntryClaim.slack,
        rounding: RoundingClaim(
          fineShift: 0, residualWeight: 1, classBound: 0, logClasses: 0, tuned: 0, base: 0, drift: 0,
          differenceRange: 1 << 29)))
    for name in ["a", "b"] {
      fixture.addFraction(name, rows: 20, columns: 30, reach: 0.2, generator: &generator)
      let index = fixture.tensors.count - 1
      fixture.drifts[index] = fixture.drifts[index].map { max(-4000, min(4000, $0)) }
      let own = fixture.tensors[index].clauses[0]
      fixture.tensors[index].clauses = index == 0 ? [own, number] : [number, own]
    }
    fixture.placeBase()
    let layout = ArgumentLayout(fixture.statement)
    // Both lie in the one row of the base, at places of their own.
    #expect(Set(fixture.tensors.compactMap(\.base?.row)).count == 1)
    for member in layout.entries.members {
      let isNumber = member.claim.rounding?.speaksOfWeights == false
      #expect(layout.entries.range(.differences, piece: member.piece)?.half == (isNumber ? 1 << 29 : 1 << 30))
    }
    #expect(layout.entries.members.count == 4)
    try fixture.run()
    // One digest says which is which.
    var other = fixture
    other.tensors[1].clauses.swapAt(0, 1)
    #expect(other.statement.layoutDigest != fixture.statement.layoutDigest)
  }
}
