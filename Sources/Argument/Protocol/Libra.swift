// SPDX-License-Identifier: Apache-2.0

import DriftProofField

/// Zero-knowledge masks of a sumcheck (Xie et al., "Libra"): g(x) = a_0 + Σ_i Σ_k a_{i,k}·x_i^k, k = 1...degree, with
/// random coefficients. The map from coefficients to (Σ g, all rounds) has full rank, so the rounds of h + γ·g are
/// uniform.
package enum Libra {
  package static func length(variables: Int, degree: Int) -> Int { 1 + variables * degree }

  /// Weights of the coefficients in g(point).
  package static func weights(point: [CubicExtension], degree: Int) -> [CubicExtension] {
    var result = [CubicExtension.one]
    for x in point {
      var power = CubicExtension.one
      for _ in 0..<degree {
        power *= x
        result.append(power)
      }
    }
    return result
  }
}
