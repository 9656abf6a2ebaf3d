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
}
