// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofKernels

extension IntegerFactors {
  /// Above this rank products of doubles are faster than those of integers.
  private static let largestNarrowRank = 64
  /// Entries of a part that is worked on at a time: they stay in a core's cache.
  private static let part = 1 << 16

  /// What ``residual(_:scaleBits:)`` finds, by integers of 32 bits; nil where the drift or an entry of E does not fit them.
  func narrowResidual(_ drift: IntegerMatrix, scaleBits: Int) -> Residual? {
    guard case .narrow(let entries) = drift.storage, rank <= Self.largestNarrowRank, scaleBits < 32 else { return nil }
    let right = ResidualKernel.transposed(self.right, rows: columns, columns: rank)
    let height = max(1, Self.part / max(1, columns))
    let parts = (rows + height - 1) / height
    let found = Parallel.map(parts, workers: AlgebraLibrary.workers) { part in
      residual(of: part * height..<min(rows, (part + 1) * height), entries, scaleBits, right)
    }
    var total = Residual(sumOfSquares: 0, maximum: 0)
    for part in found {
      guard let part else { return nil }
      total.sumOfSquares += part.sumOfSquares
      total.maximum = max(total.maximum, part.maximum)
    }
    return total
  }

  /// The same of some rows. - Parameter right: V, transposed.
  private func residual(of range: Range<Int>, _ entries: [Int32], _ scaleBits: Int, _ right: [Int32]) -> Residual? {
    var own = Array(entries[range.lowerBound * columns..<range.upperBound * columns])
    for (line, row) in range.enumerated() {
      guard
        ResidualKernel.subtract(
          from: &own, at: line * columns, count: columns, shift: scaleBits, left: left[row * rank..<(row + 1) * rank],
          right: right, stride: columns, column: 0)
      else { return nil }
    }
    return Residual(sumOfSquares: IntegerSquares.sum(own, own.indices), maximum: Kernel.maximumMagnitude(own))
  }
}
