// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The two-sided 95 % interval of Clopper and Pearson for a share of which `count` of `total` were seen: what is shown beside
/// counts. It decides nothing.
package struct ClopperPearson: Equatable, Sendable {
  package let low: Double
  package let high: Double

  private static let side = 0.025

  package init(_ count: Int, of total: Int) {
    low = count <= 0 ? 0 : Self.solve { p in 1 - Self.below(count - 1, total, p) < Self.side }
    high = count >= total ? 1 : Self.solve { p in Self.below(count, total, p) > Self.side }
  }

  /// The p at which `isBelow`, true for small ones, turns false.
  private static func solve(_ isBelow: (Double) -> Bool) -> Double {
    var (low, high) = (0.0, 1.0)
    for _ in 0..<60 {
      let middle = (low + high) / 2
      if isBelow(middle) { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }

  /// Probability of at most `count` of `total`, each with probability p.
  private static func below(_ count: Int, _ total: Int, _ p: Double) -> Double {
    guard p > 0, p < 1 else { return p <= 0 ? 1 : (count >= total ? 1 : 0) }
    func logFactorial(_ n: Int) -> Double { lgamma(Double(n) + 1) }
    var sum = 0.0
    for k in 0...count {
      sum += exp(
        logFactorial(total) - logFactorial(k) - logFactorial(total - k) + Double(k) * log(p) + Double(total - k)
          * log(1 - p))
    }
    return min(1, sum)
  }
}
