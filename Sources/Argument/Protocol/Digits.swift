// SPDX-License-Identifier: Apache-2.0

import DriftProofField

/// Base-4 digits.
package enum Digits {
  /// Σ_j 4^j·weights[j].
  package static func value(_ weights: some Collection<CubicExtension>) -> CubicExtension {
    var scale = Goldilocks.one
    var sum = CubicExtension.zero
    for weight in weights {
      sum += weight * scale
      scale *= Goldilocks(Limits.digitBase)
    }
    return sum
  }

  /// d(d-1)(d-2)(d-3) = u(u + 2) with u = d² - 3d: zero exactly for the digits 0, 1, 2, 3.
  @inline(__always)
  package static func vanishing(_ d: CubicExtension) -> CubicExtension {
    let u = d * (d - CubicExtension(3))
    return u * (u + CubicExtension(2))
  }
}

extension DigitRange {
  /// Σ digit weights·value over the cells of a number, given the weights of its cells.
  package func value(_ cells: some Collection<CubicExtension>) -> CubicExtension {
    guard half > 0 else { return .zero }
    return Digits.value(cells.prefix(Self.wordDigits))
      + Digits.value(cells.dropFirst(Self.wordDigits).prefix(highDigits)) * Goldilocks(highWeight)
  }
}
