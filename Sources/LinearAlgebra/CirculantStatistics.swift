// SPDX-License-Identifier: Apache-2.0

/// How near a drift is to a matrix of circulant blocks of one size.
package struct CirculantStatistics: Sendable, Equatable {
  /// ‖Δ - the nearest such matrix‖, in units of the drift.
  package let residual: Double
  /// The largest entry of that difference.
  package let largest: Double

  /// The nearest such matrix has on every diagonal the mean of its entries.
  /// - Parameters:
  ///   - size: rows of a block, a power of two that divides both sides.
  ///   - limit: nil is returned as soon as the residual is seen to be above it.
  package static func measure(_ drift: IntegerMatrix, size: Int, limit: Double) -> CirculantStatistics? {
    let (columns, mask) = (drift.columns, size - 1)
    var (energy, largest) = (0.0, 0.0)
    var means = [Double](repeating: 0, count: columns)
    for first in stride(from: 0, to: drift.rows, by: size) {
      for index in means.indices { means[index] = 0 }
      // The diagonals of the blocks of these rows, as many as there are columns.
      func diagonal(_ row: Int, _ column: Int) -> Int { column & ~mask | (column - row) & mask }
      for row in first..<first + size {
        for column in 0..<columns { means[diagonal(row, column)] += Double(drift[row * columns + column]) }
      }
      for index in means.indices { means[index] /= Double(size) }
      for row in first..<first + size {
        for column in 0..<columns {
          let rest = Double(drift[row * columns + column]) - means[diagonal(row, column)]
          energy += rest * rest
          largest = max(largest, abs(rest))
        }
      }
      if energy > limit * limit { return nil }
    }
    return CirculantStatistics(residual: energy.squareRoot(), largest: largest)
  }
}
