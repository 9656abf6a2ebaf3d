// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofField
import DriftProofKernels
import Synchronization

/// Sums over large index ranges, on all cores. Field sums do not depend on the order, so results are deterministic.
enum ParallelSum {
  private static let chunk = 1 << 14

  static func of(count: Int, _ term: @Sendable (Int) -> CubicExtension) -> CubicExtension {
    pair(count: count) { (term($0), .zero) }.0
  }

  /// Σ of two terms at once.
  @inline(__always)
  static func pair(
    count: Int, _ term: @Sendable (Int) -> (CubicExtension, CubicExtension)
  ) -> (CubicExtension, CubicExtension) {
    let total = Mutex((CubicExtension.zero, CubicExtension.zero))
    Parallel.forEach((count + chunk - 1) / chunk) { index in
      var sum = (CubicExtension.zero, CubicExtension.zero)
      for i in index * chunk..<min(count, (index + 1) * chunk) {
        let (a, b) = term(i)
        sum.0 += a
        sum.1 += b
      }
      let part = sum
      total.withLock {
        $0.0 += part.0
        $0.1 += part.1
      }
    }
    return total.withLock { $0 }
  }

  /// Σ c_i·x^i: Horner's rule on pieces.
  static func evaluate(_ coefficients: [CubicExtension], at x: CubicExtension) -> CubicExtension {
    let total = Mutex(CubicExtension.zero)
    Parallel.forEach((coefficients.count + chunk - 1) / chunk) { index in
      let start = index * chunk
      let piece = coefficients[start..<min(coefficients.count, start + chunk)]
      let part = Univariate.evaluate(piece, at: x) * x.power(UInt64(start))
      total.withLock { $0 += part }
    }
    return total.withLock { $0 }
  }
}
