// SPDX-License-Identifier: Apache-2.0

import TestSupport

@testable import DriftProofArgument
@testable import DriftProofArgumentProver

extension Fixture {
  /// Adds a tensor with one clause that bounds single entries.
  /// - Parameters:
  ///   - limit: T, of entries in units of 2^-(f + s).
  ///   - bound: of the residual.
  mutating func addEntries(
    _ name: String, rows: Int, columns: Int, limit: Int, scale: Int = 0, isPlain: Bool? = nil, rank: Int? = nil,
    sparse: SparseForm? = nil, bound: Int? = nil, drift: [Int64]
  ) {
    tensors.append(
      TableauTensor(
        name: name, rows: rows, columns: columns, fractionBits: 20, isPlain: isPlain ?? (scale > 0), plainBound: nil,
        clauses: [
          StructuredClause(
            rank: rank, sparse: sparse, scale: scale, bound: bound.map(Self.digits),
            entries: EntryClaim(square: limit * limit - EntryClaim.slack))
        ]))
    drifts.append(drift)
  }

  /// One tensor whose entries are up to `reach` (in units of 2^-f), T = limit in units of 2^-(f + s).
  static func entries(
    rows: Int = 128, columns: Int = 128, limit: Int = 1 << 18, scale: Int = 0, reach: Int64 = 1 << 17, seed: UInt64 = 3
  ) -> Fixture {
    var generator = SeededGenerator(seed: seed)
    var fixture = Fixture(tensors: [], drifts: [])
    fixture.addEntries(
      "w", rows: rows, columns: columns, limit: limit, scale: scale, drift: random(rows * columns, reach, &generator))
    return fixture
  }

  /// Two small tensors that share a tile, of T = 2^18 and T = 2^17.
  static func sharedEntries(reach: (Int64, Int64) = (200_000, 100_000)) -> Fixture {
    var generator = SeededGenerator(seed: 11)
    var fixture = Fixture(tensors: [], drifts: [])
    fixture.addEntries("a", rows: 16, columns: 32, limit: 1 << 18, drift: random(512, reach.0, &generator))
    fixture.addEntries("b", rows: 16, columns: 32, limit: 1 << 17, drift: random(512, reach.1, &generator))
    return fixture
  }

  /// Entrywise clauses alone and beside every other part, in grids and in shared tiles, with clauses of other kinds.
  static func entriesWithEverything() -> Fixture {
    var fixture = Fixture.everything()
    var generator = SeededGenerator(seed: 21)
    let reach: Int64 = (1 << 18) >> 3
    // Alone: several tiles, not powers of two, and small ones that share a tile.
    fixture.addEntries(
      "h", rows: 150, columns: 200, limit: 1 << 18, scale: 3, drift: random(150 * 200, reach * 9 / 10, &generator))
    fixture.addEntries("i", rows: 1, columns: 37, limit: 200_000, scale: 3, drift: random(37, 20_000, &generator))
    fixture.addEntries("j", rows: 30, columns: 20, limit: 1 << 16, scale: 3, drift: random(600, 7_000, &generator))
    fixture.addEntries("k", rows: 3, columns: 5, limit: 1 << 18, isPlain: true, drift: random(15, 0, &generator))
    // Rank 2, s = 2: what rounding leaves, and some more.
    let (left, right) = (random(40 * 2, 300, &generator), random(24 * 2, 300, &generator))
    var l = [Int64](repeating: 0, count: 40 * 24)
    for i in 0..<40 {
      for j in 0..<24 {
        l[i * 24 + j] =
          (left[2 * i] * right[2 * j] + left[2 * i + 1] * right[2 * j + 1]) >> 2
          + Int64.random(in: -9_000...9_000, using: &generator)
      }
    }
    fixture.factors[.init(tensor: fixture.tensors.count, clause: 0)] = .init(
      left: left.map(Int32.init), right: right.map(Int32.init))
    fixture.addEntries("l", rows: 40, columns: 24, limit: 1 << 16, scale: 2, rank: 2, drift: l)
    // Two rows free, a residual and an entrywise bound of the rest.
    var m = random(130 * 140, 30_000, &generator)
    for j in 0..<140 { (m[7 * 140 + j], m[129 * 140 + j]) = (1 << 21, -(1 << 20)) }
    let rest = m.enumerated().reduce(0) {
      $0 + ([7, 129].contains($1.offset / 140) ? 0 : Int($1.element * $1.element))
    }
    fixture.supports[.init(tensor: fixture.tensors.count, clause: 0)] = [7, 129]
    fixture.addEntries(
      "m", rows: 130, columns: 140, limit: 1 << 17, isPlain: true, sparse: .rows(2), bound: rest, drift: m)
    // Every new tensor counts in the total.
    var total = 0
    for (tensor, drift) in zip(fixture.tensors, fixture.drifts) {
      total += drift.reduce(0) { $0 + Int($1 * $1) } << (2 * (20 - tensor.fractionBits))
    }
    fixture.totalBound = digits(total)
    return fixture
  }
}
