// SPDX-License-Identifier: Apache-2.0

import DriftProofCurve
import DriftProofTranscript

/// That all cells of E-space are small: M random projections of tensor form, Z_m = Σ_x Π_j R_j[m][x_j]·E(x), each in [-2^60, 2^60).
///
/// The bits of x are cut into k groups x_1, …, x_k, low bits first. R_j has M rows and a column for each x_j, with entries
/// -1, 0, 1 of probabilities 1/4, 1/2, 1/4. If some |E(x)| ≥ 2^(60 + k), centred modulo r, a row passes with probability at most
/// 1 - 2^-k: of c - a, c, c + a with |a| ≥ 2B, neighbours cannot both lie in (-B, B), so that summing up one group leaves a
/// sum of half the size with probability 1/2 at least. One matrix for all tiles would let entries of two tiles cancel.
package struct TensorRange: Hashable, Sendable {
  /// n_E.
  package let variables: Int

  /// k: 1, 2, 3 for n_E up to 14, 24, 40, so that no matrix is wide.
  package let groupCount: Int

  package init(variables: Int) {
    self.init(variables: variables, groupCount: variables <= 14 ? 1 : variables <= 24 ? 2 : 3)
  }

  /// For tests, which have more groups than their sizes need.
  init(variables: Int, groupCount: Int) {
    self.variables = variables
    self.groupCount = groupCount
  }

  /// M, with (1 - 2^-k)^M ≤ 2^-132: (1/2)^132 = 2^-132, (3/4)^320 < 2^-132.8, (7/8)^704 < 2^-135.6.
  package var projections: Int { [132, 320, 704][groupCount - 1] }

  /// Bits of each group, low ones first: ⌈n_E/k⌉ or one less.
  package var groups: [Range<Int>] {
    var start = 0
    return (0..<groupCount).map { group in
      let size = (variables - group + groupCount - 1) / groupCount
      defer { start += size }
      return start..<start + size
    }
  }

  /// Bits of a column: two for each row.
  private var columnBytes: Int { 2 * projections / 8 }

  /// Draws R_1, …, R_k.
  package func draw(
    _ transcript: inout Transcript, label: (Int) -> String = CurveLabel.projection
  ) -> [TernaryMatrix] {
    groups.enumerated().map { index, group in
      let bytes = transcript.challengeBytes(label(index), count: columnBytes << group.count)
      return TernaryMatrix(rows: projections, columns: 1 << group.count, bits: bytes)
    }
  }
}

/// A matrix of -1, 0, 1 from bits: a column has 2M of them, bit i of it being bit i % 8 of its byte i / 8, and entry m is bit m plus
/// bit m + M less 1.
package struct TernaryMatrix: Sendable {
  package let rows: Int
  package let columns: Int
  /// Of each column the rows with 1, and those with -1, a bit for each.
  package let plus: [UInt64]
  package let minus: [UInt64]
  /// Words of a column in each of the two.
  package var words: Int { (rows + 63) / 64 }

  /// - Parameter bits: 2·rows/8 bytes for each column; rows is a multiple of 4.
  package init(rows: Int, columns: Int, bits: [UInt8]) {
    let (words, columnBytes) = ((rows + 63) / 64, 2 * rows / 8)
    precondition(bits.count == columnBytes * columns, "\(bits.count) bytes for \(columns) columns of \(rows) rows")
    self.rows = rows
    self.columns = columns
    var (plus, minus) = ([UInt64](), [UInt64]())
    plus.reserveCapacity(words * columns)
    minus.reserveCapacity(words * columns)
    // One word more than the bits have, so that a shifted word can be read anywhere.
    var column = [UInt64](repeating: 0, count: 2 * words + 2)
    for start in stride(from: 0, to: bits.count, by: columnBytes) {
      for word in column.indices { column[word] = 0 }
      for byte in 0..<columnBytes { column[byte / 8] |= UInt64(bits[start + byte]) << UInt64(8 * (byte % 8)) }
      let (skip, shift) = rows.quotientAndRemainder(dividingBy: 64)
      for word in 0..<words {
        let low = column[word]
        var high = column[word + skip] >> UInt64(shift)
        if shift > 0 { high |= column[word + skip + 1] << UInt64(64 - shift) }
        let left = rows - 64 * word
        let mask: UInt64 = left >= 64 ? .max : 1 << UInt64(left) - 1
        plus.append(low & high & mask)
        minus.append(~(low | high) & mask)
      }
    }
    self.plus = plus
    self.minus = minus
  }

  init(rows: Int, columns: Int, plus: [UInt64], minus: [UInt64]) {
    self.rows = rows
    self.columns = columns
    self.plus = plus
    self.minus = minus
  }

  package subscript(m: Int, x: Int) -> Int {
    let (word, bit) = (x * words + m / 64, UInt64(m % 64))
    return Int(plus[word] >> bit & 1) - Int(minus[word] >> bit & 1)
  }

  /// Σ_x R[m][x]·table[x] for each m.
  package func sums(_ table: [Fr]) -> [Fr] {
    precondition(table.count == columns, "\(table.count) values for \(columns) columns")
    return FrVector.ternarySums(plus: plus, minus: minus, words: words, rows: rows, table: table)
  }
}
