// SPDX-License-Identifier: Apache-2.0

import DriftProofCurve

/// Gauss' elimination over Fr.
enum Elimination {
  /// Brings rows to reduced echelon form and drops those that are zero; returns the column of each row's leading one.
  static func reduce(_ rows: inout [[Fr]], columns: Int? = nil) -> [Int] {
    var pivots: [Int] = []
    for column in 0..<(columns ?? rows.first?.count ?? 0) {
      let next = pivots.count
      guard let found = (next..<rows.count).first(where: { !rows[$0][column].isZero }) else { continue }
      rows.swapAt(next, found)
      let inverse = rows[next][column].inverse()
      rows[next] = rows[next].map { $0 * inverse }
      let pivot = rows[next]
      for row in rows.indices where row != next && !rows[row][column].isZero {
        let factor = rows[row][column]
        for entry in rows[row].indices { rows[row][entry] = rows[row][entry] - factor * pivot[entry] }
      }
      pivots.append(column)
      if pivots.count == rows.count { break }
    }
    rows.removeLast(rows.count - pivots.count)
    return pivots
  }

  /// By Tonelli and Shanks; nil for what is no square.
  static func squareRoot(_ a: Fr) -> Fr? {
    // r - 1 = 2^32·q.
    let bytes = ((-Fr.one) * Fr(2).power(32).inverse()).littleEndianBytes
    let half = (1..<255).reversed().reduce(Fr.one) { power, bit in
      bytes[bit / 8] >> UInt8(bit % 8) & 1 == 1 ? power * power * a : power * power
    }
    var (root, rest, unity, order) = (a * half, a * half * half, CurveFixture.rootOfUnity, 32)
    while rest != .one {
      var (log, power) = (0, rest)
      while power != .one, log < order {
        power = power * power
        log += 1
      }
      guard log < order else { return nil }
      for _ in 0..<order - log - 1 { unity = unity * unity }
      root = root * unity
      unity = unity * unity
      rest = rest * unity
      order = log
    }
    return root
  }
}
