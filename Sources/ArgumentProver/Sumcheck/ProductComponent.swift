// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofArgument
import DriftProofField
import DriftProofKernels

/// Σ_x (1-top)·Σ_terms w_t(x)·Π oracles(x) over dense tables of one size, `top` bound first.
///
/// Each oracle is (1-top)·data + top·mask with few mask entries at low indices. Weights do not depend on `top` but for
/// the common factor. Used for the factor oracle and in all stages but the bounds stage.
struct ProductComponent: SumcheckComponent {
  struct Term: Sendable {
    var weight: Int?
    var oracles: [Int]
  }

  let rounds: Int
  private let names: [Oracle]
  private var oracles: [[CubicExtension]]
  private let masks: [[CubicExtension]]
  private var weights: [[CubicExtension]]
  private let terms: [Term]
  private var isTopBound = false
  /// 1 - top, once bound.
  private var topFactor = CubicExtension.one

  /// - Parameters:
  ///   - oracles: data tables of 2^variables entries.
  ///   - masks: entries at low indices of each oracle's half top = 1.
  ///   - terms: a product of oracles times one weight table (nil: weight 1).
  init(
    variables: Int, names: [Oracle], oracles: [[CubicExtension]], masks: [[CubicExtension]],
    weights: [[CubicExtension]], terms: [Term]
  ) {
    precondition(oracles.allSatisfy { $0.count == 1 << variables } && weights.allSatisfy { $0.count == 1 << variables })
    rounds = variables + 1
    self.names = names
    self.oracles = oracles
    self.masks = masks
    self.weights = weights
    self.terms = terms
  }

  /// The same of tables in which `top` is bound, and which carry what it has left of data and masks.
  /// - Parameter topFactor: 1 - top.
  init(
    variables: Int, names: [Oracle], oracles: [[CubicExtension]], weights: [[CubicExtension]], terms: [Term],
    topFactor: CubicExtension
  ) {
    self.init(
      variables: variables, names: names, oracles: oracles, masks: oracles.map { _ in [] }, weights: weights,
      terms: terms)
    isTopBound = true
    self.topFactor = topFactor
  }

  private var size: Int { oracles[0].count }

  func roundValues(degree: Int) -> [CubicExtension] { isTopBound ? laterRound(degree) : topRound(degree) }

  private func topRound(_ degree: Int) -> [CubicExtension] {
    let masked = masks.map(\.count).max() ?? 0
    // Unmasked positions: all oracles are (1-X)·data, so a term of k oracles is (1-X)^(k+1)·w·Πdata.
    let sums = parallelSum(count: size - masked, width: terms.count) { range, out in
      for (t, term) in terms.enumerated() {
        var sum = CubicExtension.zero
        for offset in range {
          let x = offset + masked
          var product = term.weight.map { weights[$0][x] } ?? .one
          for o in term.oracles { product *= oracles[o][x] }
          sum += product
        }
        out[t] += sum
      }
    }
    return (0...degree).map { x in
      let value = CubicExtension(x)
      let complement = CubicExtension.one - value
      var result = CubicExtension.zero
      for (t, term) in terms.enumerated() {
        var sum = sums[t]
        for _ in term.oracles { sum *= complement }
        for position in 0..<min(masked, size) {
          var product = term.weight.map { weights[$0][position] } ?? .one
          for o in term.oracles {
            let mask = position < masks[o].count ? masks[o][position] : .zero
            product *= complement * oracles[o][position] + value * mask
          }
          sum += product
        }
        result += sum
      }
      return result * complement
    }
  }

  private func laterRound(_ degree: Int) -> [CubicExtension] {
    var result = [CubicExtension](repeating: .zero, count: degree + 1)
    for term in terms {
      let lines = (term.weight.map { [weights[$0]] } ?? []) + term.oracles.map { oracles[$0] }
      let values: [CubicExtension] =
        switch lines.count {
        case 2: Self.pairSums(lines[0], lines[1], degree: degree)
        case 3: Self.tripleSums(lines[0], lines[1], lines[2], degree: degree)
        default: Self.productSums(lines, degree: degree)
        }
      for x in 0...degree { result[x] += values[x] }
    }
    return result.map { $0 * topFactor }
  }

  /// Values at 0...degree of Σ a(X)·b(X): from the values at 0 and 1 and the leading coefficient.
  private static func pairSums(_ a: [CubicExtension], _ b: [CubicExtension], degree: Int) -> [CubicExtension] {
    let sums = parallelSum(count: a.count / 2, width: 3) { range, out in
      var (s0, s1, s2) = (CubicExtension.zero, CubicExtension.zero, CubicExtension.zero)
      for pair in range {
        let (a0, a1) = (a[2 * pair], a[2 * pair + 1])
        if a0 == .zero && a1 == .zero { continue }
        let (b0, b1) = (b[2 * pair], b[2 * pair + 1])
        s0 += a0 * b0
        s1 += a1 * b1
        s2 += (a1 - a0) * (b1 - b0)
      }
      out = [s0, s1, s2]
    }
    let linear = sums[1] - sums[0] - sums[2]
    return (0...degree).map { sums[0] + (linear + sums[2] * Goldilocks($0)) * Goldilocks($0) }
  }

  /// Values at 0...degree of Σ a(X)·b(X)·c(X): from the values at 0, 1, 2 and the leading coefficient.
  private static func tripleSums(
    _ a: [CubicExtension], _ b: [CubicExtension], _ c: [CubicExtension], degree: Int
  ) -> [CubicExtension] {
    let sums = parallelSum(count: a.count / 2, width: 4) { range, out in
      var (s0, s1, s2, s3) = (CubicExtension.zero, CubicExtension.zero, CubicExtension.zero, CubicExtension.zero)
      for pair in range {
        let (a0, a1) = (a[2 * pair], a[2 * pair + 1])
        if a0 == .zero && a1 == .zero { continue }
        let (b0, b1, c0, c1) = (b[2 * pair], b[2 * pair + 1], c[2 * pair], c[2 * pair + 1])
        let (da, db, dc) = (a1 - a0, b1 - b0, c1 - c0)
        s0 += a0 * b0 * c0
        s1 += a1 * b1 * c1
        s2 += (a1 + da) * (b1 + db) * (c1 + dc)
        s3 += da * db * dc
      }
      out = [s0, s1, s2, s3]
    }
    // p = s0 + c1 X + c2 X² + s3 X³ with p(1) = s1, p(2) = s2.
    let first = sums[1] - sums[0] - sums[3]  // c1 + c2
    let second = (sums[2] - sums[0] - sums[3] * Goldilocks(8)) * Goldilocks.half  // c1 + 2 c2
    let c2 = second - first
    let c1 = first - c2
    return (0...degree).map { x in
      let x = Goldilocks(x)
      return sums[0] + (c1 + (c2 + sums[3] * x) * x) * x
    }
  }

  private static func productSums(_ lines: [[CubicExtension]], degree: Int) -> [CubicExtension] {
    parallelSum(count: lines[0].count / 2, width: degree + 1) { range, out in
      var current = [CubicExtension](repeating: .zero, count: lines.count)
      var step = current
      for pair in range {
        for (i, line) in lines.enumerated() {
          current[i] = line[2 * pair]
          step[i] = line[2 * pair + 1] - line[2 * pair]
        }
        for x in 0...degree {
          var product = current[0]
          for i in 1..<current.count { product *= current[i] }
          out[x] += product
          for i in current.indices { current[i] += step[i] }
        }
      }
    }
  }

  mutating func bind(_ r: CubicExtension) {
    if isTopBound {
      for index in oracles.indices { Folding.fold(&oracles[index], r) }
      for index in weights.indices { Folding.fold(&weights[index], r) }
      return
    }
    isTopBound = true
    topFactor = .one - r
    for index in oracles.indices {
      for x in oracles[index].indices { oracles[index][x] *= topFactor }
      for (x, mask) in masks[index].enumerated() { oracles[index][x] += mask * r }
    }
  }

  var evaluations: [Oracle: CubicExtension] {
    Dictionary(uniqueKeysWithValues: zip(names, oracles.map { $0[0] }))
  }

  func contribution(_ evaluations: Evaluations) throws -> CubicExtension {
    var sum = CubicExtension.zero
    for term in terms {
      var product = term.weight.map { weights[$0][0] } ?? .one
      for o in term.oracles { product *= try evaluations.value(names[o]) }
      sum += product
    }
    return sum * topFactor
  }
}
