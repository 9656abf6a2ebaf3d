// SPDX-License-Identifier: Apache-2.0

import CDriftProofKernels

/// What a low-rank product leaves of a line of integers.
package enum ResidualKernel {
  /// entries[at + i] := 2^shift·entries[at + i] - Σ_k left[k]·right[stride·k + column + i], i < count.
  ///
  /// - Parameters:
  ///   - shift: 0...31.
  ///   - right: rows of `stride` numbers, one for each of `left`.
  /// - Returns: false when a result, exact modulo 2^64, does not fit 32 bits; the entries are then of no use.
  package static func subtract(
    from entries: inout [Int32], at: Int, count: Int, shift: Int, left: ArraySlice<Int32>, right: [Int32], stride: Int,
    column: Int, path: KernelPath = .selected
  ) -> Bool {
    precondition(at >= 0 && count >= 0 && at <= entries.count - count && (0...31).contains(shift))
    precondition(column >= 0 && column <= stride - count && left.count * stride <= right.count)
    if let level = path.level {
      return entries.withUnsafeMutableBufferPointer { entries in
        left.withUnsafeBufferPointer { left in
          right.withUnsafeBufferPointer { right in
            guard let target = entries.baseAddress else { return true }
            // Without factors there is nothing to read: any pointer will do.
            guard let u = left.baseAddress, let v = right.baseAddress, !left.isEmpty else {
              return dp_residual(level, target + at, count, Int32(shift), target, 0, target, 0) == 0
            }
            return dp_residual(level, target + at, count, Int32(shift), u, left.count, v + column, stride) == 0
          }
        }
      }
    }
    var fits = true
    for i in 0..<count {
      var sum = Int64(entries[at + i]) << Int64(shift)
      for (k, u) in left.enumerated() { sum &-= Int64(u) &* Int64(right[stride * k + column + i]) }
      let short = Int32(truncatingIfNeeded: sum)
      if Int64(short) != sum { fits = false }
      entries[at + i] = short
    }
    return fits
  }

  /// The transpose of a row-major matrix.
  package static func transposed(_ matrix: [Int32], rows: Int, columns: Int) -> [Int32] {
    precondition(matrix.count >= rows * columns)
    var result = [Int32](repeating: 0, count: rows * columns)
    for row in 0..<rows { for column in 0..<columns { result[column * rows + row] = matrix[row * columns + column] } }
    return result
  }
}
