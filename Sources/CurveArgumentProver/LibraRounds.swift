// SPDX-License-Identifier: Apache-2.0

import DriftProofCurve
import DriftProofCurveArgument

/// g of one sumcheck, whose rounds have degrees of their own.
struct LibraMask: Sendable {
  let coefficients: [Fr]
  let degrees: [Int]
  /// Where each round's coefficients begin.
  private let starts: [Int]

  init(coefficients: [Fr], degrees: [Int]) {
    self.coefficients = coefficients
    self.degrees = degrees
    var starts = [1]
    for degree in degrees { starts.append(starts[starts.count - 1] + degree) }
    self.starts = starts
  }

  private func round(_ index: Int) -> ArraySlice<Fr> { coefficients[starts[index]..<starts[index + 1]] }

  /// g(point).
  func value(at point: [Fr]) -> Fr {
    FrVector.innerProduct(coefficients, CurveLibra.weights(point: point, degrees: degrees))
  }

  /// Σ g over the hypercube = 2^n·a_0 + 2^(n-1)·Σ a_{i,k}.
  var sum: Fr {
    let rest = coefficients[1..<starts[degrees.count]].reduce(Fr.zero, +)
    return Fr(2).power(degrees.count - 1) * (coefficients[0] + coefficients[0] + rest)
  }

  /// Values at 0, 1, 2, 3 (or up to `degree`) of a round: earlier variables bound, later ones summed over the cube.
  func roundValues(bound: [Fr], degree: Int = 3) -> [Fr] {
    let (index, remaining) = (bound.count, degrees.count - 1 - bound.count)
    var base = coefficients[0]
    for (earlier, r) in bound.enumerated() {
      var power = Fr.one
      for coefficient in round(earlier) {
        power = power * r
        base = base + coefficient * power
      }
    }
    let later = coefficients[starts[index + 1]..<starts[degrees.count]].reduce(Fr.zero, +)
    let tail = remaining > 0 ? later * Fr(2).power(remaining - 1) : .zero
    return (0...degree).map { x in
      var (value, power) = (base, Fr.one)
      for coefficient in round(index) {
        power = power * Fr(Int64(x))
        value = value + coefficient * power
      }
      return value * Fr(2).power(remaining) + tail
    }
  }
}
