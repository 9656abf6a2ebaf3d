// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// Loops over many scalars, here because arithmetic is fast only within its module.
public enum ScalarVector {
  private static let part = 1 << 12

  /// target[i] += factor·source[i]; the target is as long as the source at least.
  public static func add(_ source: [Fr], times factor: Fr, to target: inout [Fr]) {
    precondition(source.count <= target.count, "\(source.count) scalars do not fit \(target.count)")
    guard source.count > 4 * part else {
      for index in source.indices { target[index] = target[index] + factor * source[index] }
      return
    }
    let (before, parts) = (target, FrVector.parts(source.count))
    let sums = Parallel.map(parts.count) { block -> [Fr] in
      parts[block].map { before[$0] + factor * source[$0] }
    }
    target = sums.flatMap { $0 } + before[source.count...]
  }

  /// Σ a[i]·b[i] over the shorter of the two.
  public static func innerProduct(_ a: [Fr], _ b: [Fr]) -> Fr {
    var sum = Fr.zero
    for index in 0..<min(a.count, b.count) { sum = sum + a[index] * b[index] }
    return sum
  }

  /// Σ coefficients[i]·point^i, on all cores.
  public static func value(of coefficients: [Fr], at point: Fr) -> Fr {
    let count = (coefficients.count + part - 1) / part
    let values = Parallel.map(count) { index in
      coefficients[index * part..<min(coefficients.count, (index + 1) * part)].reversed().reduce(Fr.zero) {
        $0 * point + $1
      }
    }
    var step = point
    for _ in 0..<part.trailingZeroBitCount { step = step * step }
    return values.reversed().reduce(.zero) { $0 * step + $1 }
  }

  /// The quotient of a polynomial by X - root, without its remainder.
  public static func quotient(of coefficients: [Fr], root: Fr) -> [Fr] {
    guard coefficients.count > 1 else { return [] }
    var result = [Fr](repeating: .zero, count: coefficients.count - 1)
    var carry = Fr.zero
    for index in (1..<coefficients.count).reversed() {
      carry = coefficients[index] + carry * root
      result[index - 1] = carry
    }
    return result
  }

  /// scale·Π_j (ρ_j where bit j of i is set, else 1 - ρ_j) for all i < 2^point.count.
  public static func equalities(_ point: [Fr], scale: Fr) -> [Fr] {
    var result = [scale]
    result.reserveCapacity(1 << point.count)
    for coordinate in point {
      let half = result.count
      for index in 0..<half {
        let high = result[index] * coordinate
        result.append(high)
        result[index] = result[index] - high
      }
    }
    return result
  }

  /// The coefficients of X^k, 1 ≤ k, in Σ (u(X)·c(1/X) + u(1/X)·c(X)) over some pairs (u, c), that of X first.
  ///
  /// The sum is the same under X → 1/X. Pairs of like lengths share the transform back.
  public static func correlation(_ pairs: [(u: [Fr], c: [Fr])]) -> [Fr] {
    var spectra: [Int: [Fr]] = [:]
    for (u, c) in pairs where !u.isEmpty && !c.isEmpty {
      let longest = max(u.count, c.count)
      let log = longest == 1 ? 1 : Int.bitWidth - (longest - 1).leadingZeroBitCount + 1
      let size = 1 << log
      let values = Parallel.map(2) { ScalarTransform.values(of: $0 == 0 ? u : c, log: log) }
      let before = spectra[log]
      // At 1/X the value of X's negative index: the sum is the same there, so half of it is enough.
      let (half, length) = (size / 2 + 1, part)
      let low = Parallel.map((half + length - 1) / length) { block -> [Fr] in
        (block * length..<min(half, (block + 1) * length)).map { index in
          let opposite = (size - index) & (size - 1)
          let sum = values[0][index] * values[1][opposite] + values[0][opposite] * values[1][index]
          return before.map { $0[index] + sum } ?? sum
        }
      }.flatMap { $0 }
      spectra[log] = low + low[1..<half - 1].reversed()
    }
    var result: [Fr] = []
    for (log, spectrum) in spectra {
      // From -(longest - 1) to longest - 1, and longest ≤ 2^(log - 1): nothing wraps.
      let half = ScalarTransform.coefficients(of: spectrum, log: log)[1..<1 << (log - 1)]
      if result.count < half.count { result += [Fr](repeating: .zero, count: half.count - result.count) }
      for (index, coefficient) in half.enumerated() { result[index] = result[index] + coefficient }
    }
    return result
  }
}
