// SPDX-License-Identifier: Apache-2.0

/// How near a drift is to a sum of few Kronecker products with blocks of one size.
package struct BlockStatistics: Sendable, Equatable {
  /// Numbers of terms that are tried.
  package static let terms = [1, 2, 4]

  /// ‖Δ - the best sum of so many‖ for each of `terms`, in units of the drift.
  package let residuals: [Double]

  /// One decomposition of the drift in block order.
  package static func measure(
    _ drift: IntegerMatrix, order: BlockOrder
  ) throws(LinearAlgebraError) -> BlockStatistics {
    let ordered = order.ordered(drift)
    let spectrum = try LowRank.decompose(ordered, rank: terms.last ?? 0)
    let (left, right) = spectrum.balanced(rank: spectrum.sigma.count)
    // From the differences themselves: no cancellation of squares.
    let tail = LowRank.residualEnergy(ordered, left: left, right: right)
    return BlockStatistics(
      residuals: terms.map { count in
        spectrum.sigma.dropFirst(count).reversed().reduce(tail) { $0 + $1 * $1 }.squareRoot()
      })
  }

  /// The largest entry of what the best sum of so many leaves.
  package static func largestResidual(
    _ drift: IntegerMatrix, order: BlockOrder, terms: Int
  ) throws(LinearAlgebraError) -> Double {
    let ordered = order.ordered(drift)
    let (left, right) = try LowRank.approximate(ordered, rank: terms)
    var largest = 0.0
    LowRank.forEachResidualBlock(ordered, left: left, right: right) { range, block in
      largest = max(largest, Kernel.maximumMagnitude(block, count: range.count * ordered.columns))
    }
    return largest
  }
}
