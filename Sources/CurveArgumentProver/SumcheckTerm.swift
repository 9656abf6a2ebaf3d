// SPDX-License-Identifier: Apache-2.0

import DriftProofCurve

/// A sum that the prover binds variable by variable, `top` first.
protocol SumcheckTerm {
  /// Values at 0, 1, 2, 3 of the current round's polynomial.
  func roundValues() -> [Fr]
  mutating func bind(_ r: Fr)
  /// The oracle's evaluation, once all its variables are bound.
  var evaluation: Fr { get }
  /// What the term is then.
  func contribution(_ evaluation: Fr) -> Fr
}

/// A polynomial of degree at most 2 from its values at 0 and 1 and its leading coefficient, at 0, 1, 2, 3.
struct Quadratic {
  var even = Fr.zero
  var odd = Fr.zero
  var difference = Fr.zero

  mutating func add(_ sums: (even: Fr, odd: Fr, difference: Fr), weight: Fr = .one) {
    even = even + weight * sums.even
    odd = odd + weight * sums.odd
    difference = difference + weight * sums.difference
  }

  var values: [Fr] {
    // p(X) = even + (odd - even - difference)·X + difference·X².
    let linear = odd - even - difference
    return [even, odd, even + linear + linear + Fr(4) * difference, even + Fr(3) * linear + Fr(9) * difference]
  }
}
