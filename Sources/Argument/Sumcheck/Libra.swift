import Field

/// Zero-knowledge masks of a sumcheck (Xie et al., "Libra"): g(x) = a_0 + Σ_i Σ_k a_{i,k}·x_i^k, k = 1...degree, with
/// random coefficients. The map from coefficients to (Σ g, all rounds) has full rank, so the rounds of h + γ·g are uniform.
enum Libra {
  static func length(variables: Int, degree: Int) -> Int { 1 + variables * degree }

  /// Weights of the coefficients in g(point).
  static func weights(point: [CubicExtension], degree: Int) -> [CubicExtension] {
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
