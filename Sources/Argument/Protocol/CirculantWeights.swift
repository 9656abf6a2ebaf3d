// SPDX-License-Identifier: Apache-2.0

import DriftProofField

/// κ(t) = Σ eq(ρ_i, i)·eq(ρ_j, j) over the places (i, j) of a circulant block's diagonal t: those with i + t = j modulo m = 2^μ.
/// So the block's value at ρ is Σ_t c(t)·κ(t).
package enum CirculantWeights {
  /// The multilinear extension of κ at x: Σ over i, t and j of three equalities, where i + t = j modulo 2^μ. The bits are added from
  /// the lowest on; all that the higher ones know of them is a carry, and the last carry is dropped. 8·μ products.
  /// - Parameters: as many coordinates in each, low bit first.
  package static func value(
    rows: some Collection<CubicExtension>, columns: some Collection<CubicExtension>,
    at x: some Collection<CubicExtension>
  ) -> CubicExtension {
    var sums = [CubicExtension.one, .zero]
    for ((i, j), t) in zip(zip(rows, columns), x) {
      var next = [CubicExtension.zero, .zero]
      for carry in 0...1 {
        for (bitOfRow, bitOfDiagonal) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
          let sum = bitOfRow + bitOfDiagonal + carry
          next[sum >> 1] += sums[carry] * weight(i, bitOfRow) * weight(t, bitOfDiagonal) * weight(j, sum & 1)
        }
      }
      sums = next
    }
    return sums[0] + sums[1]
  }

  /// κ(t) for every t, by the same sum with t's bits kept. 4·m products or so.
  package static func table(rows: [CubicExtension], columns: [CubicExtension]) -> [CubicExtension] {
    var sums = [[CubicExtension.one], [.zero]]
    for (bit, (i, j)) in zip(rows, columns).enumerated() {
      let below = 1 << bit
      var next = [[CubicExtension]](repeating: [CubicExtension](repeating: .zero, count: 2 * below), count: 2)
      for (carry, bitOfRow, bitOfDiagonal) in (0..<8).map({ ($0 & 1, $0 >> 1 & 1, $0 >> 2) }) {
        let sum = bitOfRow + bitOfDiagonal + carry
        let factor = weight(i, bitOfRow) * weight(j, sum & 1)
        for t in 0..<below { next[sum >> 1][bitOfDiagonal * below + t] += sums[carry][t] * factor }
      }
      sums = next
    }
    return zip(sums[0], sums[1]).map { $0 + $1 }
  }

  private static func weight(_ coordinate: CubicExtension, _ bit: Int) -> CubicExtension {
    bit == 1 ? coordinate : .one - coordinate
  }
}

extension StructureStageWeights {
  /// The extension of all clauses' κ, behind one another, at the structure stage's point.
  package func diagonalWeight(at: [CubicExtension]) -> CubicExtension {
    layout.factors.circulants.reduce(.zero) { sum, clause in
      let log = clause.logSize
      return sum + Multilinear.equality(at[log...], at: clause.base >> log)
        * CirculantWeights.value(
          rows: coordinates(clause.rowVariables), columns: coordinates(clause.columnVariables), at: at.prefix(log))
    }
  }

  /// All κ as a table of the structure stage.
  package func diagonalWeights(_ circulants: [FactorLayout.Circulant]) -> [CubicExtension] {
    var table = [CubicExtension](repeating: .zero, count: 1 << layout.factors.structureVariables)
    for clause in circulants {
      let own = CirculantWeights.table(
        rows: coordinates(clause.rowVariables), columns: coordinates(clause.columnVariables))
      table.replaceSubrange(clause.base..<clause.base + own.count, with: own)
    }
    return table
  }
}
