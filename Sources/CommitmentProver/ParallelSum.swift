// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofField
import DriftProofKernels
import Synchronization

/// Sums over large index ranges, on all cores. Field sums do not depend on the order, so results are deterministic.
enum ParallelSum {
  private static let chunk = 1 << 14

  /// Two sums over 0..<count of which the body gives the parts of a range.
  static func ranges(
    count: Int, _ body: @Sendable (Range<Int>) -> (CubicExtension, CubicExtension)
  ) -> (CubicExtension, CubicExtension) {
    let total = Mutex((CubicExtension.zero, CubicExtension.zero))
    Parallel.forEach((count + chunk - 1) / chunk) { index in
      let part = body(index * chunk..<min(count, (index + 1) * chunk))
      total.withLock {
        $0.0 += part.0
        $0.1 += part.1
      }
    }
    return total.withLock { $0 }
  }

  /// Σ c_i·x^i, in pieces that are weighed with the same low powers.
  static func evaluate(_ coefficients: [CubicExtension], at x: CubicExtension) -> CubicExtension {
    let size = 1 << 10
    let powers = x.powers(min(size, coefficients.count))
    let step = x.power(UInt64(size))
    let total = Mutex(CubicExtension.zero)
    let pieces = chunk / size
    Parallel.forEach((coefficients.count + chunk - 1) / chunk) { index in
      var part = CubicExtension.zero
      for piece in (0..<pieces).reversed() {
        let start = index * chunk + piece * size
        guard start < coefficients.count else { continue }
        let own = Array(coefficients[start..<min(coefficients.count, start + size)])
        part = part * step + CubicSums.dot(own, powers, own.indices)
      }
      let value = part * x.power(UInt64(index * chunk))
      total.withLock { $0 += value }
    }
    return total.withLock { $0 }
  }
}
