// SPDX-License-Identifier: Apache-2.0

import DriftProofCurve

/// Zero-knowledge masks of a sumcheck (Xie et al., "Libra") with a degree for each round: g(x) = a_0 + Σ_i Σ_{k ≤ d_i} a_{i,k}·x_i^k.
/// The map from the coefficients to Σ g and what the rounds send has full rank, so the rounds of h + γ·g are uniform.
package enum CurveLibra {
  /// Random cells behind the coefficients, of weight 0 in g: they hide what an opening shows of the row.
  package static let randomCells = 16

  /// Weights of the coefficients in g(point).
  package static func weights(point: [Fr], degrees: [Int]) -> [Fr] {
    var result = [Fr.one]
    for (x, degree) in zip(point, degrees) {
      var power = Fr.one
      for _ in 0..<degree {
        power = power * x
        result.append(power)
      }
    }
    return result
  }
}

/// A round's polynomial from its values.
package enum CurveRound {
  private static let half = Fr(2).inverse()
  private static let sixth = Fr(6).inverse()

  /// The value at r of the polynomial with the values at 0, 1, …; two to eight of them.
  package static func value(_ values: [Fr], at r: Fr) -> Fr {
    guard (3...4).contains(values.count) else { return interpolated(values, at: r) }
    let (r1, r2) = (r - .one, r - Fr(2))
    if values.count == 3 {
      return half * (values[0] * (r1 * r2) + values[2] * (r * r1)) - values[1] * (r * r2)
    }
    let r3 = r - Fr(3)
    let outer = values[3] * (r * r1 * r2) - values[0] * (r1 * r2 * r3)
    return sixth * outer + half * (values[1] * (r * r2 * r3) - values[2] * (r * r1 * r3))
  }

  /// By Lagrange's formula.
  private static func interpolated(_ values: [Fr], at r: Fr) -> Fr {
    values.indices.reduce(Fr.zero) { sum, i in
      var (numerator, denominator) = (values[i], Fr.one)
      for j in values.indices where j != i {
        numerator = numerator * (r - Fr(Int64(j)))
        denominator = denominator * Fr(Int64(i - j))
      }
      return sum + numerator * denominator.inverse()
    }
  }
}
