// SPDX-License-Identifier: Apache-2.0

import TestSupport

@testable import DriftProofArgument
@testable import DriftProofArgumentProver

extension Fixture {
  /// Adds a tensor with patterns, and a drift that keeps them at their edge: a group has as many values as it may.
  /// - Parameter reach: of what is not 0.
  mutating func addPatterned(
    _ name: String, rows: Int, columns: Int, _ patterns: [PatternClaim], reach: Int64 = 5000,
    generator: inout SeededGenerator
  ) {
    let index = tensors.count
    func value() -> Int64 { Int64.random(in: 1...reach, using: &generator) * (Bool.random(using: &generator) ? 1 : -1) }
    var drift = (0..<rows * columns).map { _ in value() }
    if patterns.contains(where: \.speaksOfBase) {
      // A third of the base is 0.
      bases[index] = drift.indices.map { _ in Int.random(in: 0..<3, using: &generator) == 0 ? 0 : value() }
    }
    /// The places of each group but `count` of its own.
    func dropped(_ pattern: PatternClaim) -> [Int] {
      stride(from: 0, to: drift.count, by: pattern.group).flatMap { first in
        (first..<first + pattern.group).shuffled(using: &generator).dropFirst(pattern.count)
      }
    }
    for pattern in patterns where pattern.form == .tuned {
      for place in dropped(pattern) {
        // Beside other patterns the base has this one already.
        if patterns.count > 1 { bases[index]?[place] = 0 }
        drift[place] = -(bases[index]?[place] ?? 0)
      }
    }
    if patterns.contains(.base) {
      for (place, value) in (bases[index] ?? []).enumerated() where value == 0 { drift[place] = 0 }
    }
    for pattern in patterns where pattern.form == .drift { for place in dropped(pattern) { drift[place] = 0 } }
    tensors.append(
      TableauTensor(
        name: name, rows: rows, columns: columns, fractionBits: 20, isPlain: true, plainBound: nil, clauses: [],
        patterns: patterns))
    drifts.append(drift)
  }

  /// One tensor.
  static func patterned(
    rows: Int = 16, columns: Int = 32, _ patterns: [PatternClaim] = [.drift(2, of: 4)], seed: UInt64 = 41
  ) -> Fixture {
    var generator = SeededGenerator(seed: seed)
    var fixture = Fixture(tensors: [], drifts: [])
    fixture.addPatterned("w", rows: rows, columns: columns, patterns, generator: &generator)
    fixture.placeBase()
    return fixture
  }

  /// Two small tensors of other patterns that share a tile.
  static func sharedPatterns() -> Fixture {
    var generator = SeededGenerator(seed: 42)
    var fixture = Fixture(tensors: [], drifts: [])
    fixture.addPatterned("a", rows: 16, columns: 32, [.drift(2, of: 4)], generator: &generator)
    fixture.addPatterned("b", rows: 16, columns: 32, [.drift(1, of: 8)], generator: &generator)
    return fixture
  }

  /// Patterns of every form, in grids and in shared tiles, beside clauses of every other kind and a rounding clause.
  static func patternsWithEverything() -> Fixture {
    var fixture = Fixture.everything()
    fixture.totalBound = nil
    var generator = SeededGenerator(seed: 43)
    fixture.addPatterned("p", rows: 150, columns: 200, [.drift(2, of: 4)], generator: &generator)
    fixture.addPatterned("q", rows: 5, columns: 64, [.drift(3, of: 64)], generator: &generator)
    fixture.addPatterned("r", rows: 150, columns: 256, [.base, .tuned(1, of: 4)], generator: &generator)
    fixture.addPatterned("s", rows: 9, columns: 24, [.base, .drift(4, of: 8)], generator: &generator)
    fixture.addPatterned("t", rows: 1, columns: 2, [.tuned(1, of: 2)], generator: &generator)
    fixture.addPatterned("u", rows: 40, columns: 24, [.base], generator: &generator)
    fixture.addMerged("v", rows: 40, columns: 24, rank: 2, generator: &generator)
    fixture.placeBase()
    return fixture
  }
}
