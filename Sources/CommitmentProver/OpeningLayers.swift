// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofField
import DriftProofKernels
import DriftProofTranscript

extension OpeningProver {
  /// Sumcheck for all linear claims on the low parts of all u, interleaved with their folding by the same challenges;
  /// every layer after the first adds the claims that tie it to the one before. Sends everything from the first layer's
  /// root to the last opened leaf. Empties the tables that it is given.
  func fold(
    combinations: inout [[CubicExtension]], functionals: inout [[CubicExtension]], targets: [OpeningLayout.Targets],
    channel: inout ProverChannel
  ) throws {
    let folded = layout.foldedClaims
    let layers = layout.plan.layers
    var polynomials = folded.map { index in
      var own: [CubicExtension] = []
      swap(&own, &combinations[index])
      own.removeLast(own.count - parameters.length)
      return own
    }
    combinations = []
    var current = FoldingLayer(
      index: 0, shape: layers[0], polynomials: polynomials, deviation: deviation, claims: folded)
    channel.send(OpeningLabel.root, digest: current.root)
    var weights = weights(&functionals, chi: channel.transcript.challenge(OpeningLabel.chi))
    var round = 0
    for (index, shape) in layers.enumerated() {
      for _ in 0..<shape.folds {
        var values = Self.round(polynomials: polynomials, weights: weights)
        deviation.round(&values, round: round)
        channel.send(OpeningLabel.round, values)
        let r = channel.transcript.challenge(OpeningLabel.fold)
        for g in polynomials.indices {
          Folding.fold(&polynomials[g], r)
          Folding.fold(&weights[g], r)
        }
        round += 1
      }
      let isLast = index + 1 == layers.count
      var next = current
      var point = CubicExtension.zero
      if isLast {
        for g in polynomials.indices {
          deviation.final(&polynomials[g], claim: folded[g], weights: weights[g])
          channel.send(OpeningLabel.final, polynomials[g])
        }
      } else {
        for g in polynomials.indices {
          deviation.polynomial(&polynomials[g], layer: index + 1, claim: folded[g], weights: weights[g])
        }
        next = FoldingLayer(
          index: index + 1, shape: layers[index + 1], polynomials: polynomials, deviation: deviation, claims: folded)
        channel.send(OpeningLabel.root, digest: next.root)
        point = OutOfDomain.point(OpeningLabel.outOfDomainPoint, &channel.transcript)
        for g in polynomials.indices {
          let answer = deviation.outOfDomain(
            ParallelSum.evaluate(polynomials[g], at: point), layer: index + 1, claim: folded[g])
          channel.send(OpeningLabel.outOfDomain, answer)
        }
      }
      let leaves = try open(current, shape: shape, index: index, &channel)
      if isLast { break }
      let gamma = channel.transcript.challenge(OpeningLabel.gamma)
      Self.add(
        gamma: gamma, point: point, leafPoints: shape.leafPoints(leaves), logLength: layers[index + 1].logLength,
        to: &weights)
      current = next
    }
  }

  /// Opens what a layer's positions hit, the rows of all trees with the first one; returns the layer's leaves.
  private func open(
    _ layer: FoldingLayer, shape: FoldingPlan.Layer, index: Int, _ channel: inout ProverChannel
  ) throws -> [Int] {
    let positions = positions(
      shape.queries, logBound: index == 0 ? shape.logDomain : shape.logLeaves, shape.grindingBits, layer: index,
      &channel)
    if index == 0 { try openTrees(at: positions, &channel) }
    let leaves = index == 0 ? shape.leaves(of: positions) : positions
    layer.open(leaves, channel: &channel)
    return leaves
  }

  /// Per folded claim: χ^j·eq + Σ χ^(j+1+a)·(powers of z_a), one power of χ for every target.
  private func weights(_ functionals: inout [[CubicExtension]], chi: CubicExtension) -> [[CubicExtension]] {
    var powers = chi.powers(layout.constraintCount)[...]
    return layout.foldedClaims.map { index in
      var table: [CubicExtension] = []
      swap(&table, &functionals[index])
      let own = powers.removeFirst()
      let pins = layout.pins[index].map { pin in
        PowerTables(pin.point, logCount: parameters.logLength, scale: powers.removeFirst())
      }
      ParallelMap.update(&table) { i, value in pins.reduce(value * own) { $0 + $1[i] } }
      return table
    }
  }

  /// Adds the claims f_g(z) and f_g(x_j) with the powers of γ from 1 on, claim by claim, z before the x_j.
  private static func add(
    gamma: CubicExtension, point: CubicExtension, leafPoints: [Goldilocks], logLength: Int,
    to weights: inout [[CubicExtension]]
  ) {
    var sum = PowerTables.table(point, logCount: logLength, scale: gamma)
    let powers = gamma.powers(leafPoints.count + 2)
    PowerTables.accumulate(leafPoints, scales: Array(powers[2...]), into: &sum)
    let terms = sum
    let step = powers[leafPoints.count + 1]
    var scale = CubicExtension.one
    for g in weights.indices {
      let factor = scale
      ParallelMap.update(&weights[g]) { i, value in value + terms[i] * factor }
      scale *= step
    }
  }

  /// p(1) and p(2) of Σ_g Σ_x w_g(X, x)·u_g(X, x); p(0) follows from the running claim.
  private static func round(polynomials: [[CubicExtension]], weights: [[CubicExtension]]) -> [CubicExtension] {
    var result = [CubicExtension.zero, .zero]
    for (u, c) in zip(polynomials, weights) {
      let (one, two) = ParallelSum.ranges(count: u.count / 2) { CubicSums.pairs(u, c, $0) }
      result[0] += one
      result[1] += two
    }
    return result
  }
}
