// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofField

/// A ``RoundingForm`` over pairs of neighbours: what a round of the bounds stage adds up.
struct PairCoefficients {
  /// Of an oracle's value, and of its square, by place among the oracles; those that are 0 are left out.
  private var linear: [(place: Int, factor: CubicExtension)] = []
  private var squares: [(places: [Int], factor: CubicExtension)] = []
  /// Of products of two oracles.
  private var products: [(left: Int, right: Int, factor: CubicExtension)] = []

  init(_ form: RoundingForm, _ names: [EntryOracle]) {
    for (place, name) in names.enumerated() {
      let (own, square) = (form.linear[name.rawValue], form.squares[name.rawValue])
      if own != .zero { linear.append((place, own)) }
      guard square != .zero else { continue }
      // Squares of one weight are added first.
      if let known = squares.firstIndex(where: { $0.factor == square }) {
        squares[known].places.append(place)
      } else {
        squares.append(([place], square))
      }
    }
    func product(_ left: EntryOracle, _ right: EntryOracle, _ factor: CubicExtension) {
      guard factor != .zero, let a = names.firstIndex(of: left), let b = names.firstIndex(of: right) else { return }
      products.append((a, b, factor))
    }
    product(.classes, .cofactors, form.classProduct)
    product(.drift, .base, form.weightProduct)
  }

  /// Adds the coefficients of Σ (w0 + X·(w1 - w0))·form(v0 + X·(v1 - v0)) over some pairs.
  /// - Parameters:
  ///   - values: of the oracles, by place.
  ///   - weights: of the places from `first` on.
  func add(
    _ pairs: Range<Int>, of values: [[CubicExtension]], weights: [CubicExtension], first: Int,
    to result: inout [CubicExtension]
  ) {
    var (r0, r1, r2, r3) = (CubicExtension.zero, CubicExtension.zero, CubicExtension.zero, CubicExtension.zero)
    for pair in pairs {
      let place = 2 * pair
      var (q0, q1, q2) = (CubicExtension.zero, CubicExtension.zero, CubicExtension.zero)
      for (index, factor) in linear {
        let low = values[index][place]
        q0 += factor * low
        q1 += factor * (values[index][place + 1] - low)
      }
      for (places, factor) in squares {
        var (s0, s1, s2) = (CubicExtension.zero, CubicExtension.zero, CubicExtension.zero)
        for index in places {
          let low = values[index][place]
          let step = values[index][place + 1] - low
          s0 += low.squared
          s1 += low * step
          s2 += step.squared
        }
        q0 += factor * s0
        q1 += factor * (s1 + s1)
        q2 += factor * s2
      }
      for (left, right, factor) in products {
        let (a, b) = (values[left][place], values[right][place])
        let (da, db) = (values[left][place + 1] - a, values[right][place + 1] - b)
        let (p0, p2) = (a * b, da * db)
        q0 += factor * p0
        // a·db + da·b
        q1 += factor * ((a + da) * (b + db) - p0 - p2)
        q2 += factor * p2
      }
      let weight = weights[place - first]
      let step = weights[place + 1 - first] - weight
      r0 += weight * q0
      r1 += weight * q1 + step * q0
      r2 += weight * q2 + step * q1
      r3 += step * q2
    }
    result[0] += r0
    result[1] += r1
    result[2] += r2
    result[3] += r3
  }
}
