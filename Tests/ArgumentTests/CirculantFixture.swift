// SPDX-License-Identifier: Apache-2.0

import TestSupport

@testable import DriftProofArgument
@testable import DriftProofArgumentProver

extension Fixture {
  /// Adds a tensor of circulant blocks, and noise.
  /// - Parameters:
  ///   - noise: of each entry; then the clause has as much of a bound, or one of the entries.
  ///   - covered: rows that are anything, and covered by the clause.
  mutating func addCirculant(
    _ name: String, rows: Int, columns: Int, logSize: Int, scale: Int = 0, noise: Int64 = 0,
    boundsEntries: Bool = false, covered: [Int] = [], generator: inout SeededGenerator
  ) {
    let (size, across) = (1 << logSize, columns >> logSize)
    let numbers = Self.random(rows * across, 9000, &generator)
    var (drift, residual) = ([Int64](), 0)
    for row in 0..<rows {
      for column in 0..<columns {
        // As circulant blocks are written, without the clause's own order.
        let (i, j) = (row % size, column % size)
        let own = numbers[(row / size * across + column / size) * size + (j >= i ? j - i : j - i + size)]
        let moved = noise == 0 ? 0 : Int64.random(in: -noise...noise, using: &generator)
        if covered.contains(row) {
          drift.append(Int64.random(in: -9000...9000, using: &generator))
          continue
        }
        drift.append((own + (scale > 0 ? 1 << (Int64(scale) - 1) : 0)) >> Int64(scale) + moved)
        let rest = drift[drift.count - 1] << Int64(scale) - own
        residual += Int(rest * rest)
      }
    }
    let id = ArgumentWitness.ClauseID(tensor: tensors.count, clause: 0)
    diagonals[id] = numbers
    if !covered.isEmpty { supports[id] = covered }
    let isExact = noise == 0 && scale == 0
    tensors.append(
      TableauTensor(
        name: name, rows: rows, columns: columns, fractionBits: 20, isPlain: scale > 0, plainBound: nil,
        clauses: [
          StructuredClause(
            rank: nil, circulant: CirculantBlock(logSize: logSize),
            sparse: covered.isEmpty ? nil : .rows(covered.count),
            scale: scale, bound: isExact || boundsEntries ? nil : Self.digits(residual),
            entries: boundsEntries ? EntryClaim(square: 1 << 31 + 5) : nil)
        ]))
    drifts.append(drift)
  }

  /// One tensor, which blocks of 8 × 8 fill but no power of two of them.
  static func circulant(
    rows: Int = 24, columns: Int = 48, logSize: Int = 3, scale: Int = 0, noise: Int64 = 0, seed: UInt64 = 61
  ) -> Fixture {
    var generator = SeededGenerator(seed: seed)
    var fixture = Fixture(tensors: [], drifts: [])
    fixture.addCirculant(
      "w", rows: rows, columns: columns, logSize: logSize, scale: scale, noise: noise, generator: &generator)
    return fixture
  }

  /// Circulant blocks of several sizes, in grids and in shared tiles, beside every other clause.
  static func circulantWithEverything() -> Fixture {
    var fixture = Fixture.everything()
    fixture.totalBound = nil
    var generator = SeededGenerator(seed: 62)
    fixture.addCirculant("p", rows: 128, columns: 320, logSize: 6, scale: 4, generator: &generator)
    fixture.addCirculant(
      "q", rows: 40, columns: 24, logSize: 3, noise: 2, boundsEntries: true, generator: &generator)
    fixture.addCirculant("r", rows: 24, columns: 96, logSize: 1, covered: [5, 23], generator: &generator)
    fixture.addKronecker(
      "s", rows: 24, columns: 48, blocks: .init(logRows: 3, logColumns: 4), terms: 2, generator: &generator)
    return fixture
  }
}
