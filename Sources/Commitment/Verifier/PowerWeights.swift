// SPDX-License-Identifier: Apache-2.0

import DriftProofField

/// Powers of a point as weights of coefficients, bound to challenges: x^i, i bit by bit, is a tensor.
enum PowerWeights {
  /// Binds the lowest variables to `challenges`: the factor Π (1 - r + r·x^(2^i)), and x^(2^count) for what is left.
  static func bind(_ x: Goldilocks, _ challenges: ArraySlice<CubicExtension>) -> (CubicExtension, Goldilocks) {
    var factor = CubicExtension.one
    var power = x
    for r in challenges {
      factor *= r * (power - .one) + .one
      power *= power
    }
    return (factor, power)
  }

  static func bind(_ x: CubicExtension, _ challenges: ArraySlice<CubicExtension>) -> (CubicExtension, CubicExtension) {
    var factor = CubicExtension.one
    var power = x
    for r in challenges {
      factor *= r * (power - .one) + .one
      power *= power
    }
    return (factor, power)
  }
}
