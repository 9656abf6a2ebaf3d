// SPDX-License-Identifier: Apache-2.0

/// Rounds a matrix with orthonormal rows to integers so that the rows stay nearly orthonormal, for certain.
///
/// With ε = rounded - 2^f·q, each entry up or down, the Gram matrix of the integers differs from 2^(2f)·1 by
/// 2^f·(q_j·ε_k + ε_j·q_k) + ε_j·ε_k. Rounding to the nearest could let q_j·ε_k grow like √n. Here each row k is rounded
/// entry by entry so that the vector v = (q_1·ε_k, …, q_r·ε_k) stays small: of the two choices the one that leaves it
/// shorter. Rounding up with the probability of the fraction would change v by nothing on average and ‖v‖² by at most
/// ‖column of Q‖²/4, so the better choice does too: ‖v‖² ≤ (Σ ‖columns‖²)/4 = r/4, and |q_j·ε_k| ≤ √r/2 for all j, k.
enum BalancedRounding {
  /// - Parameters:
  ///   - rows: r × columns, row-major, orthonormal.
  ///   - fractionBits: f in 0...24, so that results fit 32 bits.
  /// - Returns: integers that differ from 2^f·q by less than 1, row-major.
  static func round(_ rows: [Double], rank: Int, columns: Int, fractionBits: Int) -> [Int32] {
    let scale = Double(sign: .plus, exponent: fractionBits, significand: 1)
    // Column after column, and the squares of their lengths.
    var transposed = [Double](repeating: 0, count: rows.count)
    for j in 0..<rank {
      for x in 0..<columns { transposed[x * rank + j] = rows[j * columns + x] }
    }
    var squares = [Double](repeating: 0, count: columns)
    for x in 0..<columns {
      for j in 0..<rank { squares[x] += transposed[x * rank + j] * transposed[x * rank + j] }
    }
    var result = [Int32](repeating: 0, count: rows.count)
    var sums = [Double](repeating: 0, count: rank)
    for k in 0..<rank {
      for j in 0..<rank { sums[j] = 0 }
      for x in 0..<columns {
        let exact = rows[k * columns + x] * scale
        let lower = exact.rounded(.down)
        var error = lower - exact
        var chosen = lower
        if error != 0 {
          var along = 0.0
          for j in 0..<rank { along += sums[j] * transposed[x * rank + j] }
          // ‖v + e·u‖² - ‖v‖² = 2e·v·u + e²·‖u‖² for both choices of e.
          let upper = error + 1
          let down = error * (2 * along + error * squares[x])
          let up = upper * (2 * along + upper * squares[x])
          if up < down {
            chosen = lower + 1
            error = upper
          }
          for j in 0..<rank { sums[j] += error * transposed[x * rank + j] }
        }
        // |q| ≤ 1 but for rounding, and f ≤ 24.
        result[k * columns + x] = Int32(chosen)
      }
    }
    return result
  }
}
