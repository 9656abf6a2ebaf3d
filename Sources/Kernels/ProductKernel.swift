// SPDX-License-Identifier: Apache-2.0

import CDriftProofKernels

/// Rows of products of matrices of doubles, with the same bits on every machine.
package enum ProductKernel {
  /// out[i] := Σ_k left[k]·right[stride·k + column + i], every product and every sum in the order of k rounded to double.
  /// - Parameter right: rows of `stride` numbers, one for each of `left`.
  package static func row(
    into out: inout [Double], left: ArraySlice<Double>, right: [Double], stride: Int, column: Int,
    path: KernelPath = .selected
  ) {
    let count = out.count
    precondition(column >= 0 && column <= stride - count && left.count * stride <= right.count)
    if let level = path.level {
      out.withUnsafeMutableBufferPointer { out in
        left.withUnsafeBufferPointer { left in
          right.withUnsafeBufferPointer { right in
            guard let target = out.baseAddress else { return }
            // Without factors there is nothing to read: any pointer will do.
            guard let u = left.baseAddress, let v = right.baseAddress, !left.isEmpty else {
              return dp_product_row(level, target, count, target, 0, target, 0)
            }
            dp_product_row(level, target, count, u, left.count, v + column, stride)
          }
        }
      }
      return
    }
    for i in 0..<count {
      var sum = 0.0
      for (k, u) in left.enumerated() { sum += u * right[stride * k + column + i] }
      out[i] = sum
    }
  }
}
