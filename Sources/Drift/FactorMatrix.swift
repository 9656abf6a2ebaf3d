// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint

/// An integer matrix of the drift tableau that lies in memory.
package struct FactorMatrix: Sendable, Equatable {
  let rows: Int
  let columns: Int
  /// Row-major; entries beyond 32 bits are truncated here and stand in `wide`.
  package private(set) var narrow: [Int32]
  /// By rising index.
  package private(set) var wide: [DriftReader.Wide] = []

  package init(rows: Int, columns: Int, values: [Int32]) {
    self.rows = rows
    self.columns = columns
    narrow = values
  }

  package init(rows: Int, columns: Int, values: [Int64]) {
    self.rows = rows
    self.columns = columns
    narrow = values.map { Int32(truncatingIfNeeded: $0) }
    for (index, value) in values.enumerated() where Int64(narrow[index]) != value {
      wide.append(DriftReader.Wide(position: index, value: value))
    }
  }

  /// ‖·‖² and max|·|.
  package var measure: (sumOfSquares: UInt128, reach: UInt64) {
    var (sum, reach): (UInt128, UInt64) = (0, 0)
    var next = 0
    for (index, value) in narrow.enumerated() {
      var entry = Int64(value)
      if next < wide.count, wide[next].position == index {
        entry = wide[next].value
        next += 1
      }
      sum += SquareSum.square(entry)
      reach = max(reach, entry.magnitude)
    }
    return (sum, reach)
  }
}
