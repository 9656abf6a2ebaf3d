// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofField

extension Libra {
  /// g(point).
  static func innerValue(_ coefficients: [CubicExtension], point: [CubicExtension], degree: Int) -> CubicExtension {
    zip(coefficients, weights(point: point, degree: degree)).reduce(.zero) { $0 + $1.0 * $1.1 }
  }

  /// Σ g over the hypercube = 2^n·a_0 + 2^(n-1)·Σ a_{i,k}.
  static func sum(_ coefficients: [CubicExtension], variables: Int) -> CubicExtension {
    let rest = coefficients.dropFirst().reduce(CubicExtension.zero, +)
    return coefficients[0] * power(variables) + rest * power(variables - 1)
  }

  /// Values at 0...degree of round `round`: earlier variables bound to `bound`, later ones summed over the cube.
  static func round(
    _ coefficients: [CubicExtension], variables: Int, degree: Int, bound: [CubicExtension]
  ) -> [CubicExtension] {
    let round = bound.count
    let remaining = variables - 1 - round
    func coefficient(_ i: Int, _ k: Int) -> CubicExtension { coefficients[1 + i * degree + k - 1] }
    var base = coefficients[0]
    for (i, r) in bound.enumerated() {
      var power = CubicExtension.one
      for k in 1...degree {
        power *= r
        base += coefficient(i, k) * power
      }
    }
    var tail = CubicExtension.zero
    for i in (round + 1)..<max(round + 1, variables) {
      for k in 1...degree { tail += coefficient(i, k) }
    }
    let tailPart = remaining > 0 ? tail * power(remaining - 1) : .zero
    return (0...degree).map { x in
      var value = base
      var power = Goldilocks.one
      for k in 1...degree {
        power *= Goldilocks(x)
        value += coefficient(round, k) * power
      }
      return value * self.power(remaining) + tailPart
    }
  }

  private static func power(_ exponent: Int) -> Goldilocks { Goldilocks(2).power(UInt64(exponent)) }
}
