// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCurve
import DriftProofCurveArgument

/// Projections of U and V: Σ_x Π_j R'_j[m][x_j]·G(x) over the cells below 2^n_U.
struct FactorProjections: Sendable {
  private let matrices: [TernaryMatrix]
  private let groups: [Range<Int>]
  private let rows: Int

  init(range: TensorRange, matrices: [TernaryMatrix]) {
    self.matrices = matrices
    groups = range.groups
    rows = range.projections
  }

  /// Of a cell the rows with 1, and those with -1, a bit for each.
  private func signs(_ cell: Int) -> (plus: [UInt64], minus: [UInt64]) {
    var (plus, minus): ([UInt64], [UInt64]) = ([], [])
    for (matrix, group) in zip(matrices, groups) {
      let start = (cell >> group.lowerBound & (1 << group.count - 1)) * matrix.words
      let (own, other) = (matrix.plus[start..<start + matrix.words], matrix.minus[start..<start + matrix.words])
      if plus.isEmpty {
        (plus, minus) = (Array(own), Array(other))
        continue
      }
      for (word, (a, b)) in zip(own, other).enumerated() {
        (plus[word], minus[word]) = (plus[word] & a | minus[word] & b, plus[word] & b | minus[word] & a)
      }
    }
    return (plus, minus)
  }

  private func forEach(_ bits: [UInt64], _ body: (Int) -> Void) {
    for (word, value) in bits.enumerated() {
      var rest = value
      while rest != 0 {
        body(64 * word + rest.trailingZeroBitCount)
        rest &= rest - 1
      }
    }
  }

  /// Z's parts. Sums stay below Σ|U| + Σ|V|.
  func values(_ cells: ArraySlice<Int64>) -> [Int64] {
    let parts = FrVector.parts(cells.count, least: 1 << 10)
    let first = cells.startIndex
    let sums = Parallel.map(parts.count) { part -> [Int64] in
      var sums = [Int64](repeating: 0, count: rows)
      for cell in parts[part] where cells[first + cell] != 0 {
        let (plus, minus) = signs(cell)
        forEach(plus) { sums[$0] += cells[first + cell] }
        forEach(minus) { sums[$0] -= cells[first + cell] }
      }
      return sums
    }
    return sums.reduce([Int64](repeating: 0, count: rows)) { zip($0, $1).map { $0 + $1 } }
  }

  /// Σ_m weights[m]·Π_j R'_j[m][x_j] for each of the cells.
  func weights(_ weights: [Fr], count: Int) -> [Fr] {
    let parts = FrVector.parts(count, least: 1 << 10)
    return Parallel.map(parts.count) { part -> [Fr] in
      parts[part].map { cell in
        let (plus, minus) = signs(cell)
        var sum = Fr.zero
        forEach(plus) { sum = sum + weights[$0] }
        forEach(minus) { sum = sum - weights[$0] }
        return sum
      }
    }.flatMap { $0 }
  }
}
