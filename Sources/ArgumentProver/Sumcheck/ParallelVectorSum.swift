// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofField
import DriftProofKernels
import Synchronization

/// Σ over 0..<count of vectors of K-values, split over the cores.
func parallelSum(
  count: Int, width: Int, minimumStep: Int = 1 << 12, _ body: @Sendable (Range<Int>, inout [CubicExtension]) -> Void
) -> [CubicExtension] {
  let total = Mutex([CubicExtension](repeating: .zero, count: width))
  let step = max(minimumStep, (count + 7) / 8)
  Parallel.forEach(max(1, (count + step - 1) / step)) { part in
    var local = [CubicExtension](repeating: .zero, count: width)
    body(min(count, part * step)..<min(count, (part + 1) * step), &local)
    total.withLock { sums in
      for i in 0..<width { sums[i] += local[i] }
    }
  }
  return total.withLock { $0 }
}
