// SPDX-License-Identifier: Apache-2.0

import TestSupport

@testable import DriftProofArgument
@testable import DriftProofArgumentProver

extension ForcedCase {
  /// Every clause with the attacks of docs/evaluation.md, on matrices of 48 × 64.
  static let all: [ForcedCase] = norms + ranks + sparseForms + entrywise + rounding

  private static let (rows, columns) = (48, 64)
  private static let clause = ArgumentWitness.ClauseID(tensor: 0, clause: 0)

  /// Of U·Vᵀ.
  private static func entry(_ fixture: Fixture, _ i: Int, _ j: Int, rank: Int) -> Int64 {
    guard let factors = fixture.factors[clause] else { return 0 }
    var sum: Int64 = 0
    for k in 0..<rank { sum += Int64(factors.left[i * rank + k]) * Int64(factors.right[j * rank + k]) }
    return sum
  }

  /// The rows of one attention head.
  private static let head = 16..<24

  private static func squareOf(_ values: [Int64]) -> Int { values.reduce(0) { $0 + Int($1 * $1) } }

  /// - Parameter attack: changes the weights that obey the clause.
  private static func attacking(
    _ clause: String, _ attack: String, _ honest: @escaping @Sendable (UInt64) -> Fixture,
    _ change: @escaping @Sendable (inout Fixture, inout SeededGenerator) -> Void
  ) -> ForcedCase {
    ForcedCase(clause: clause, attack: attack) { seed in
      var generator = SeededGenerator(seed: seed ^ 0x0a77_ac4e)
      let own = honest(seed)
      var attacked = own
      change(&attacked, &generator)
      return (own, attacked)
    }
  }

  /// The sign of 0.1 % of the weights turns: three of these, by twice their size.
  private static func flip(_ fixture: inout Fixture, _ generator: inout SeededGenerator, size: Int64) {
    var places = Set<Int>()
    while places.count < 3 { places.insert(generator.below(rows * columns)) }
    for place in places { fixture.drifts[0][place] += generator.next() % 2 == 0 ? 2 * size : -2 * size }
  }

  /// All weights of a head move along one direction.
  private static func backdoor(_ fixture: inout Fixture, _ generator: inout SeededGenerator, size: Int64) {
    let (left, right) = (Fixture.random(head.count, 8, &generator), Fixture.random(columns, 8, &generator))
    for (i, row) in head.enumerated() {
      for j in 0..<columns { fixture.drifts[0][row * columns + j] += left[i] * right[j] * size / 16 }
    }
  }

  // MARK: Norms

  /// The drift's norm is just below its bound.
  @Sendable private static func norm(_ seed: UInt64) -> Fixture {
    var fixture = Fixture.norm(rows: rows, columns: columns, seed: seed)
    fixture.drifts[0] = fixture.drifts[0].map { 50 * $0 }
    fixture.tensors[0].plainBound = Fixture.digits(squareOf(fixture.drifts[0]) * 10_001 / 10_000)
    return fixture
  }

  private static func scaled(_ factor: Double) -> @Sendable (inout Fixture, inout SeededGenerator) -> Void {
    { fixture, _ in fixture.drifts[0] = fixture.drifts[0].map { Int64((Double($0) * factor).rounded()) } }
  }

  private static let norms: [ForcedCase] = [
    attacking("norm", "1.001 × the norm", norm, scaled(1.001)),
    attacking("norm", "10 % above", norm, scaled(1.1)),
    attacking("norm", "0.1 % flipped", norm) { flip(&$0, &$1, size: 100_000) },
    attacking("norm", "head backdoor", norm) { backdoor(&$0, &$1, size: 4_000) },
  ]

  // MARK: Ranks

  private static let rank = 3

  /// A product of rank 3, and noise up to the residual.
  @Sendable private static func ranked(_ seed: UInt64) -> Fixture {
    var fixture = Fixture.lowRank(rows: rows, columns: columns, rank: rank, bound: nil, noise: 40, seed: seed)
    fixture.tensors[0].clauses[0].bound = Fixture.digits(residual(fixture) * 10_001 / 10_000)
    return fixture
  }

  private static func product(_ fixture: Fixture, _ i: Int, _ j: Int) -> Int64 {
    entry(fixture, i, j, rank: rank)
  }

  private static func residual(_ fixture: Fixture) -> Int {
    var sum = 0
    for place in 0..<rows * columns {
      let rest = fixture.drifts[0][place] - product(fixture, place / columns, place % columns)
      sum += Int(rest * rest)
    }
    return sum
  }

  private static let ranks: [ForcedCase] = [
    attacking("rank + residual", "rank + 1", ranked) { fixture, generator in
      let (left, right) = (Fixture.random(rows, 300, &generator), Fixture.random(columns, 300, &generator))
      for place in 0..<rows * columns { fixture.drifts[0][place] += left[place / columns] * right[place % columns] }
    },
    attacking("rank + residual", "10 % above", ranked) { fixture, _ in
      for place in 0..<rows * columns {
        let own = product(fixture, place / columns, place % columns)
        fixture.drifts[0][place] += Int64((Double(fixture.drifts[0][place] - own) * 0.1).rounded(.awayFromZero))
      }
    },
    attacking("rank + residual", "0.1 % flipped", ranked) { flip(&$0, &$1, size: 100_000) },
    attacking("rank + residual", "head backdoor", ranked) { backdoor(&$0, &$1, size: 4_000) },
  ]

  // MARK: Sparse

  private static let count = 5

  @Sendable private static func sparse(_ seed: UInt64) -> Fixture {
    var generator = SeededGenerator(seed: seed)
    var places = Set<Int>()
    while places.count < count { places.insert(generator.below(rows * columns)) }
    return .sparse(
      rows: rows, columns: columns, k: count,
      changes: places.sorted().map { ($0, 1 + Int64(generator.below(1 << 20))) })
  }

  /// 8 rows of 48, as 8 output channels are of a kernel.
  @Sendable private static func channels(_ seed: UInt64) -> Fixture {
    var generator = SeededGenerator(seed: seed)
    var fixture = Fixture.sparse(rows: rows, columns: columns, k: 8, changes: [])
    var chosen = Set<Int>()
    while chosen.count < 8 { chosen.insert(generator.below(head.lowerBound)) }
    for row in chosen {
      for j in 0..<columns { fixture.drifts[0][row * columns + j] = 1 + Int64(generator.below(1 << 16)) }
    }
    fixture.tensors[0].clauses[0].sparse = .rows(8)
    fixture.supports[clause] = chosen.sorted()
    return fixture
  }

  private static let sparseForms: [ForcedCase] = [
    attacking("entries", "k + 1", sparse) { fixture, generator in
      var place = generator.below(rows * columns)
      while fixture.drifts[0][place] != 0 { place = generator.below(rows * columns) }
      fixture.drifts[0][place] = 1
    },
    attacking("entries", "0.1 % flipped", sparse) { flip(&$0, &$1, size: 5_000_000) },
    attacking("entries", "head backdoor", sparse) { backdoor(&$0, &$1, size: 4_000) },
    attacking("rows", "one row more", channels) { fixture, generator in
      for j in 0..<columns { fixture.drifts[0][30 * columns + j] = 1 + Int64(generator.below(1 << 16)) }
    },
    attacking("rows", "head backdoor", channels) { backdoor(&$0, &$1, size: 4_000) },
  ]

  // MARK: Entrywise

  private static let limit = 1 << 18

  @Sendable private static func bounded(_ seed: UInt64) -> Fixture {
    .entries(rows: rows, columns: columns, limit: limit, reach: Int64(limit) * 98 / 100, seed: seed)
  }

  private static func one(_ factor: Double) -> @Sendable (inout Fixture, inout SeededGenerator) -> Void {
    { fixture, generator in fixture.drifts[0][generator.below(rows * columns)] = Int64(Double(limit) * factor) }
  }

  private static let entrywise: [ForcedCase] = [
    attacking("entrywise", "one weight at 1.001 × the bound", bounded, one(1.001)),
    attacking("entrywise", "10 % above", bounded, one(1.1)),
    attacking("entrywise", "0.1 % flipped", bounded) { flip(&$0, &$1, size: 400_000) },
    attacking("entrywise", "head backdoor", bounded) { backdoor(&$0, &$1, size: 200_000) },
  ]

  // MARK: Rounding

  @Sendable private static func merged(_ seed: UInt64) -> Fixture {
    .merged(rows: rows, columns: columns, seed: seed)
  }

  /// In base units: what the low-rank part adds to a weight.
  private static func update(_ fixture: Fixture, _ place: Int) -> Double {
    let sum = entry(fixture, place / columns, place % columns, rank: 2)
    return Double(sum) / Double(1 << 22)
  }

  /// To another number of the type, away from the exact weight.
  private static func step(_ fixture: inout Fixture, _ place: Int, by steps: Int64) {
    let (base, drift) = (fixture.bases[0]?[place] ?? 0, fixture.drifts[0][place])
    let unit = Int64(1) << (RoundingOracles.logClass(base + drift, logClasses: 8) + 14 - 7)
    fixture.drifts[0][place] += Double(drift) >= update(fixture, place) ? steps * unit : -steps * unit
  }

  private static let rounding: [ForcedCase] = [
    attacking("rank + rounding", "one weight at another number", merged) { fixture, generator in
      step(&fixture, generator.below(rows * columns), by: 1)
    },
    attacking("rank + rounding", "rank + 1", merged) { fixture, generator in
      let (left, right) = (Fixture.random(rows, 80, &generator), Fixture.random(columns, 80, &generator))
      for place in 0..<rows * columns {
        let exact =
          Double(fixture.bases[0]?[place] ?? 0) + update(fixture, place)
          + Double(left[place / columns] * right[place % columns])
        fixture.drifts[0][place] = Fixture.rounded(exact, bits: 8) - (fixture.bases[0]?[place] ?? 0)
      }
    },
    attacking("rank + rounding", "0.1 % flipped", merged) { fixture, generator in
      var places = Set<Int>()
      while places.count < 3 { places.insert(generator.below(rows * columns)) }
      for place in places { fixture.drifts[0][place] = -2 * (fixture.bases[0]?[place] ?? 0) - fixture.drifts[0][place] }
    },
    attacking("rank + rounding", "head backdoor", merged) { fixture, _ in
      for place in head.lowerBound * columns..<head.upperBound * columns { step(&fixture, place, by: 8) }
    },
    attacking("rank + rounding", "full fine-tune, the size of rounding", merged) { fixture, generator in
      // 0.0026 of the weights' norm, in no rank's direction.
      for place in 0..<rows * columns {
        let noise = (0..<12).reduce(-6.0) { sum, _ in sum + Double.random(in: 0..<1, using: &generator) } * 470
        let base = fixture.bases[0]?[place] ?? 0
        fixture.drifts[0][place] = Fixture.rounded(Double(base) + noise, bits: 8) - base
      }
      fixture.factors[clause] = .init(
        left: [Int32](repeating: 0, count: 2 * rows), right: [Int32](repeating: 0, count: 2 * columns))
    },
  ]
}
