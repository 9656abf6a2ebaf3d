// SPDX-License-Identifier: Apache-2.0

import DriftProofField

/// Sums of squares over pairs of neighbours.
package enum SquarePairs {
  /// Σ t[2i]² and Σ (t[2i+1] - t[2i])² over some pairs i.
  package static func sums(
    _ table: [CubicExtension], pairs: Range<Int>
  ) -> (low: CubicExtension, step: CubicExtension) {
    precondition(pairs.lowerBound >= 0 && 2 * pairs.upperBound <= table.count, "\(pairs) of \(table.count) entries")
    var (low, step) = (CubicExtension.zero, CubicExtension.zero)
    for pair in pairs {
      let e = table[2 * pair]
      low += square(e)
      step += square(table[2 * pair + 1] - e)
    }
    return (low, step)
  }

  @inline(__always)
  private static func square(_ a: CubicExtension) -> CubicExtension { a * a }
}
