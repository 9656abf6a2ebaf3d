// SPDX-License-Identifier: Apache-2.0

import TestSupport

@testable import DriftProofArgument
@testable import DriftProofArgumentProver

extension Fixture {
  /// Adds a tensor that is a sum of Kronecker products, and noise.
  /// - Parameters:
  ///   - terms: that the clause allows.
  ///   - actual: that there are.
  ///   - noise: of each entry; then the clause has as much of a bound, or one of the entries.
  ///   - rows: that are anything, and covered by the clause.
  mutating func addKronecker(
    _ name: String, rows: Int, columns: Int, blocks: KroneckerBlock, terms: Int, actual: Int? = nil, scale: Int = 0,
    noise: Int64 = 0, boundsEntries: Bool = false, covered: [Int] = [], generator: inout SeededGenerator
  ) {
    let (count, actual) = (blocks.count(rows: rows, columns: columns), actual ?? terms)
    let left = Self.random(count * actual, 90, &generator)
    let right = Self.random(blocks.entries * actual, 90, &generator)
    var (drift, residual) = ([Int64](), 0)
    for row in 0..<rows {
      for column in 0..<columns {
        // As Kronecker products are written, without any order of theirs.
        let (i1, i2) = (row / blocks.rows, row % blocks.rows)
        let (j1, j2) = (column / blocks.columns, column % blocks.columns)
        let across = columns / blocks.columns
        let dot = (0..<actual).reduce(Int64(0)) {
          $0 + left[(i1 * across + j1) * actual + $1] * right[(i2 * blocks.columns + j2) * actual + $1]
        }
        let moved = noise == 0 ? 0 : Int64.random(in: -noise...noise, using: &generator)
        if covered.contains(row) {
          drift.append(Int64.random(in: -9000...9000, using: &generator))
          continue
        }
        drift.append((dot + (scale > 0 ? 1 << (Int64(scale) - 1) : 0)) >> Int64(scale) + moved)
        let rest = drift[drift.count - 1] << Int64(scale) - dot
        residual += Int(rest * rest)
      }
    }
    let id = ArgumentWitness.ClauseID(tensor: tensors.count, clause: 0)
    func kept(_ values: [Int64]) -> [Int32] {
      stride(from: 0, to: values.count, by: actual).flatMap { first in
        (0..<terms).map { $0 < actual ? Int32(values[first + $0]) : 0 }
      }
    }
    factors[id] = .init(left: kept(left), right: kept(right))
    if !covered.isEmpty { supports[id] = covered }
    let isExact = noise == 0 && scale == 0
    tensors.append(
      TableauTensor(
        name: name, rows: rows, columns: columns, fractionBits: 20, isPlain: scale > 0, plainBound: nil,
        clauses: [
          StructuredClause(
            rank: terms, blocks: blocks, sparse: covered.isEmpty ? nil : .rows(covered.count), scale: scale,
            bound: isExact || boundsEntries ? nil : Self.digits(residual),
            entries: boundsEntries ? EntryClaim(square: 1 << 31 + 5) : nil)
        ]))
    drifts.append(drift)
  }

  /// One tensor, which blocks of 8 × 16 fill but no power of two of them.
  static func kronecker(
    rows: Int = 24, columns: Int = 48, blocks: KroneckerBlock = .init(logRows: 3, logColumns: 4), terms: Int = 2,
    actual: Int? = nil, scale: Int = 0, noise: Int64 = 0, seed: UInt64 = 51
  ) -> Fixture {
    var generator = SeededGenerator(seed: seed)
    var fixture = Fixture(tensors: [], drifts: [])
    fixture.addKronecker(
      "w", rows: rows, columns: columns, blocks: blocks, terms: terms, actual: actual, scale: scale, noise: noise,
      generator: &generator)
    return fixture
  }

  /// Kronecker products of all kinds, in grids and in shared tiles, beside every other clause.
  static func kroneckerWithEverything() -> Fixture {
    var fixture = Fixture.everything()
    fixture.totalBound = nil
    var generator = SeededGenerator(seed: 52)
    fixture.addKronecker(
      "p", rows: 96, columns: 384, blocks: .init(logRows: 3, logColumns: 4), terms: 3, scale: 4, generator: &generator)
    fixture.addKronecker(
      "q", rows: 40, columns: 24, blocks: .init(logRows: 3, logColumns: 3), terms: 2, noise: 2, boundsEntries: true,
      generator: &generator)
    fixture.addKronecker(
      "r", rows: 24, columns: 96, blocks: .init(logRows: 2, logColumns: 5), terms: 1, covered: [5, 23],
      generator: &generator)
    fixture.addKronecker(
      "s", rows: 1, columns: 24, blocks: .init(logRows: 0, logColumns: 3), terms: 1, noise: 1, generator: &generator)
    return fixture
  }
}
