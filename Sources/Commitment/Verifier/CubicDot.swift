// SPDX-License-Identifier: Apache-2.0

import DriftProofField

/// Σ a·b of elements a of K and b of F. The products are summed as integers and reduced once, at the end.
struct CubicDot {
  /// Of the lower and the upper halves of the products of a coordinate: fewer than 2^64 of them fit.
  private struct Halves {
    var low: UInt128 = 0
    var high: UInt128 = 0

    @inline(__always)
    mutating func add(_ a: Goldilocks, _ b: Goldilocks) {
      let product = a.value.multipliedFullWidth(by: b.value)
      low &+= UInt128(product.low)
      high &+= UInt128(product.high)
    }

    /// high·2^64 + low modulo p.
    var value: Goldilocks {
      let radix = Goldilocks(reducing: 0xFFFF_FFFF)
      func element(_ sum: UInt128) -> Goldilocks {
        Goldilocks(reducing: UInt64(truncatingIfNeeded: sum >> 64)) * radix
          + Goldilocks(reducing: UInt64(truncatingIfNeeded: sum))
      }
      return element(high) * radix + element(low)
    }
  }

  private var c0 = Halves()
  private var c1 = Halves()
  private var c2 = Halves()

  @inline(__always)
  mutating func add(_ a: CubicExtension, _ b: Goldilocks) {
    c0.add(a.c0, b)
    c1.add(a.c1, b)
    c2.add(a.c2, b)
  }

  var value: CubicExtension { CubicExtension(c0.value, c1.value, c2.value) }
}

extension Univariate {
  /// Coefficients that are summed with one reduction.
  private static let run = 32

  /// Σ c_i x^i at a point of the base field, as the generic function has it, in runs: what a verifier does most.
  static func evaluate(_ coefficients: [CubicExtension], at x: Goldilocks) -> CubicExtension {
    guard coefficients.count > run else { return evaluate(coefficients[...], at: x) }
    var powers = [Goldilocks.one]
    powers.reserveCapacity(run)
    for i in 1..<run { powers.append(powers[i - 1] * x) }
    let step = powers[run - 1] * x
    var result = CubicExtension.zero
    for first in stride(from: (coefficients.count - 1) / run * run, through: 0, by: -run) {
      var sum = CubicDot()
      for i in 0..<min(run, coefficients.count - first) { sum.add(coefficients[first + i], powers[i]) }
      result = result * step + sum.value
    }
    return result
  }
}
