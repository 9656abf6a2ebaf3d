// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofArgument
import DriftProofField

/// V(d) = d(d-1)(d-2)(d-3) along lines, for the rounds of ``DigitComponent``.
enum QuarticRound {
  /// Σ w·V(a + X·δ) but for the coefficient of X, which the running claim gives, and Σ (w0 + X·(w1 - w0))·(a + X·δ)
  /// but for its own.
  struct Sums {
    var v0 = CubicExtension.zero
    var v2 = CubicExtension.zero
    var v3 = CubicExtension.zero
    var v4 = CubicExtension.zero
    var l0 = CubicExtension.zero
    var l2 = CubicExtension.zero

    /// V(a + Xδ) = V(a) + … + δ²(6u + 11)X² + δ³(4a - 6)X³ + δ⁴X⁴ with u = a² - 3a, V(a) = u(u + 2).
    @inline(__always)
    mutating func add(weight: CubicExtension, a: CubicExtension, b: CubicExtension) {
      let delta = b - a
      let u = a * a - (a + a + a)
      v0 += weight * (u * (u + CubicExtension(2)))
      let square = delta * delta
      let p = weight * square
      let u3 = u + u + u
      let a2 = a + a
      v2 += p * (u3 + u3 + CubicExtension(11))
      v3 += p * delta * (a2 + a2 - CubicExtension(6))
      v4 += p * square
    }

    @inline(__always)
    mutating func addLinear(_ w0: CubicExtension, _ w1: CubicExtension, a: CubicExtension, b: CubicExtension) {
      l0 += w0 * a
      l2 += (w1 - w0) * (b - a)
    }

    mutating func add(_ other: Sums, quartic: CubicExtension = .one, linear: CubicExtension = .one) {
      v0 += quartic * other.v0
      v2 += quartic * other.v2
      v3 += quartic * other.v3
      v4 += quartic * other.v4
      l0 += linear * other.l0
      l2 += linear * other.l2
    }

    mutating func subtract(_ other: Sums) {
      v0 -= other.v0
      v2 -= other.v2
      v3 -= other.v3
      v4 -= other.v4
      l0 -= other.l0
      l2 -= other.l2
    }

    /// Coefficients of the quartic t with (1-z)·t(0) + z·t(1) = claim. z is a challenge: 0 with probability 2^-192.
    func quartic(claim: CubicExtension, z: CubicExtension) -> [CubicExtension] {
      let one = (claim - (.one - z) * v0) * z.inverse
      return [v0, one - v0 - v2 - v3 - v4, v2, v3, v4]
    }

    /// Coefficients of the quadratic l with l(0) + l(1) = claim.
    func linear(claim: CubicExtension) -> [CubicExtension] { [l0, claim - l0 - l0 - l2, l2] }
  }

  /// Coefficients of Σ table[b·n + a]·V(values[a] + X·(values[b] - values[a])), n = values.count, from the moments
  /// Σ table·a^p·b^q, p + q <= 4.
  static func quartic(table: [CubicExtension], values: [CubicExtension]) -> [CubicExtension] {
    let n = values.count
    let powers = values.map { $0.powers(5) }
    let moments = parallelSum(count: n, width: 25, minimumStep: 32) { range, out in
      for b in range {
        var inner = [CubicExtension](repeating: .zero, count: 5)
        for a in 0..<n {
          let weight = table[b * n + a]
          if weight == .zero { continue }
          inner[0] += weight
          for p in 1..<5 { inner[p] += weight * powers[a][p] }
        }
        for p in 0..<5 { for q in 0..<5 - p { out[5 * p + q] += inner[p] * powers[b][q] } }
      }
    }
    // V = d⁴ - 6d³ + 11d² - 6d and d^k = Σ_p C(k, p)·a^p(1-X)^p·b^(k-p)·X^(k-p).
    let coefficients = [0, -6, 11, -6, 1]
    let binomials = [[1], [1, 1], [1, 2, 1], [1, 3, 3, 1], [1, 4, 6, 4, 1]]
    var result = [CubicExtension](repeating: .zero, count: 5)
    for k in 1...4 {
      for p in 0...k {
        let moment = moments[5 * p + k - p] * Goldilocks(coefficients[k] * binomials[k][p])
        for (i, binomial) in binomials[p].enumerated() {
          result[k - p + i] += moment * Goldilocks(i.isMultiple(of: 2) ? binomial : -binomial)
        }
      }
    }
    return result
  }
}

/// Sums of weights over all words with one content: while the variables inside a word are bound, the rounds depend on
/// nothing else.
struct WordHistogram {
  /// Σ eq(z, ·) over the word's own variables apart, by content.
  var equality: [CubicExtension]
  /// Σ u·D at each place of a word, for words of either pattern of ``DigitWeights``.
  var linear: [[CubicExtension]]

  private static let contents = 1 << 16

  /// Of no words.
  init() { (equality, linear) = ([], []) }

  /// - Parameters:
  ///   - low, high: eq(z, ·) of a word's address, as the product of low[word % low.count] and high[word / low.count].
  init(words: [UInt16], weights: DigitWeights, low: [CubicExtension], high: [CubicExtension]) {
    let logLow = low.count.trailingZeroBitCount
    let workers = words.count < 1 << 12 ? 1 : 2
    let tables = Parallel.map(workers) { worker in
      let zeros = [CubicExtension](repeating: .zero, count: Self.contents)
      var sums = [zeros, zeros, zeros]
      let range = words.count * worker / workers..<words.count * (worker + 1) / workers
      for word in range where words[word] != 0 {
        sums[0][Int(words[word])] += low[word & (low.count - 1)] * high[word >> logLow]
      }
      for segment in weights.segments {
        let own = segment.words.clamped(to: range)
        for word in own where words[word] != 0 {
          sums[segment.isShort(word - segment.firstWord) ? 2 : 1][Int(words[word])] += segment.weight(word)
        }
      }
      return sums
    }
    var sums = tables[0]
    for table in tables.dropFirst() {
      for kind in 0..<3 { for i in 0..<Self.contents { sums[kind][i] += table[kind][i] } }
    }
    equality = sums[0]
    linear = [1, 2].map { Self.placeSums(sums[$0]) }
  }

  /// Sums by the lower and the upper half of the index.
  private static func halves(_ table: [CubicExtension]) -> (low: [CubicExtension], high: [CubicExtension]) {
    let n = 1 << (table.count.trailingZeroBitCount / 2)
    var low = [CubicExtension](repeating: .zero, count: n)
    var high = low
    for b in 0..<n {
      var sum = CubicExtension.zero
      for a in 0..<n {
        let weight = table[b * n + a]
        low[a] += weight
        sum += weight
      }
      high[b] = sum
    }
    return (low, high)
  }

  /// A table over pairs of contents, in both halves of which a variable is 0 and 1: the table over single contents that
  /// is left when its weights eq(z, ·) are summed.
  static func marginal(_ table: [CubicExtension], z: CubicExtension) -> [CubicExtension] {
    let (low, high) = halves(table)
    return zip(low, high).map { $0 + z * ($1 - $0) }
  }

  /// Σ weight·digit at each of the places of a content.
  private static func placeSums(_ table: [CubicExtension]) -> [CubicExtension] {
    if table.count == Limits.digitBase { return [table[1] + table[2] + table[2] + table[3] + table[3] + table[3]] }
    let (low, high) = halves(table)
    return placeSums(low) + placeSums(high)
  }
}

/// A word as elements: its cells, later what is left of them.
struct DigitSpecial {
  var word: Int
  var cells: [CubicExtension]
  var masks: [CubicExtension]
  /// eq(z, ·) over the word's address.
  var equality: CubicExtension
  var weight: CubicExtension
  var isShort: Bool
}
