// SPDX-License-Identifier: Apache-2.0

import DriftProofField
import DriftProofTranscript

/// The verifier of the committed layers; docs/protocol.md section 6.
extension OpeningVerifier {
  /// Linear claims that a later layer adds: f_g(z) and f_g(x_j) with the powers of γ from 1 on, claim by claim.
  private struct LayerClaims {
    /// Foldings before the layer.
    let folds: Int
    let gamma: CubicExtension
    let point: CubicExtension
    let leafPoints: [Goldilocks]
  }

  /// Sumcheck and layers from the first root to the last opened leaf.
  func verifyLayers(_ combinations: Combinations, _ channel: inout VerifierChannel) throws(ProofRejection) {
    let folded = layout.foldedClaims
    let layers = layout.plan.layers
    var root = try channel.receiveDigest(OpeningLabel.root)
    let chi = channel.transcript.challenge(OpeningLabel.chi)
    var claim = initialClaim(combinations, chi: chi)
    var folds: [CubicExtension] = []
    var layerClaims: [LayerClaims] = []
    var finals: [[CubicExtension]] = []
    for (index, shape) in layers.enumerated() {
      let first = folds.count
      for _ in 0..<shape.folds {
        let values = try channel.receive(OpeningLabel.round, count: 2)
        let r = channel.transcript.challenge(OpeningLabel.fold)
        // p(0) + p(1) is the running claim.
        claim = Univariate.interpolate([claim - values[0], values[0], values[1]], at: r)
        folds.append(r)
      }
      let isLast = index + 1 == layers.count
      var nextRoot = root
      var point = CubicExtension.zero
      var answers: [CubicExtension] = []
      if isLast {
        for _ in folded { finals.append(try channel.receive(OpeningLabel.final, count: 1 << layout.plan.logFinal)) }
        guard finalSum(finals, folds: folds, chi: chi, layerClaims) == claim else {
          throw .openingSumcheck(functional: folded.map { claims[$0].name }.joined(separator: ", "))
        }
      } else {
        nextRoot = try channel.receiveDigest(OpeningLabel.root)
        point = OutOfDomain.point(OpeningLabel.outOfDomainPoint, &channel.transcript)
        for _ in folded { answers.append(try channel.receive(OpeningLabel.outOfDomain)) }
      }
      let positions = try positions(
        shape.queries, logBound: index == 0 ? shape.logDomain : shape.logLeaves, shape.grindingBits, &channel)
      let expected = index == 0 ? try openRows(at: positions, combinations, &channel) : []
      let leaves = index == 0 ? shape.leaves(of: positions) : positions
      let leafValues = try openLayer(index, root: root, leaves: leaves, &channel)
      if index == 0 { try compare(expected, at: positions, leaves: leaves, leafValues, shape) }
      let foldedValues = fold(leafValues, leaves: leaves, shape, challenges: Array(folds[first...]))
      let leafPoints = shape.leafPoints(leaves)
      if isLast {
        try compareFinals(finals, with: foldedValues, at: leafPoints)
      } else {
        let gamma = channel.transcript.challenge(OpeningLabel.gamma)
        var power = gamma
        for g in folded.indices {
          for value in [answers[g]] + foldedValues[g] {
            claim += power * value
            power *= gamma
          }
        }
        layerClaims.append(LayerClaims(folds: folds.count, gamma: gamma, point: point, leafPoints: leafPoints))
        root = nextRoot
      }
    }
  }

  /// Σ χ^j·target_j over ⟨c, u_low⟩ and the u_low(z) of all folded claims; u's tail is known.
  private func initialClaim(_ combinations: Combinations, chi: CubicExtension) -> CubicExtension {
    var sum = CubicExtension.zero
    var power = CubicExtension.one
    for index in layout.foldedClaims {
      let targets = combinations.targets[index]
      sum += power * targets.functional
      power *= chi
      for (pin, target) in zip(layout.pins[index], targets.pins) {
        let high = Univariate.evaluate(combinations.sent[index], at: pin.point)
        sum += power * (target - pin.point.power(UInt64(parameters.length)) * high)
        power *= chi
      }
    }
    return sum
  }

  /// All weights bound to the folding challenges, times the final coefficients.
  private func finalSum(
    _ finals: [[CubicExtension]], folds: [CubicExtension], chi: CubicExtension, _ layerClaims: [LayerClaims]
  ) -> CubicExtension {
    var sum = CubicExtension.zero
    var power = CubicExtension.one
    for (g, index) in layout.foldedClaims.enumerated() {
      guard let equalities = claims[index].functional.equalities(logLength: parameters.logLength) else { continue }
      for (weight, point) in equalities {
        let scale = power * weight * Multilinear.equality(point[..<folds.count], folds)
        sum += Multilinear.innerProduct(Multilinear.equality(point[folds.count...], scale: scale), finals[g])
      }
      power *= chi
      for pin in layout.pins[index] {
        let (factor, rest) = PowerWeights.bind(pin.point, folds[...])
        sum += power * factor * Univariate.evaluate(finals[g], at: rest)
        power *= chi
      }
    }
    for layer in layerClaims {
      let own = folds[layer.folds...]
      let outOfDomain = PowerWeights.bind(layer.point, own)
      let bound = layer.leafPoints.map { PowerWeights.bind($0, own) }
      var power = layer.gamma
      for g in finals.indices {
        sum += power * outOfDomain.0 * Univariate.evaluate(finals[g], at: outOfDomain.1)
        power *= layer.gamma
        for (factor, rest) in bound {
          sum += power * factor * Univariate.evaluate(finals[g], at: rest)
          power *= layer.gamma
        }
      }
    }
    return sum
  }

  // MARK: - Leaves

  /// Leaf values of a layer, leaf-major, then claim-major, checked against its root.
  private func openLayer(
    _ index: Int, root: [UInt8], leaves: [Int], _ channel: inout VerifierChannel
  ) throws(ProofRejection) -> [CubicExtension] {
    let shape = layout.plan.layers[index]
    let name = OpeningLabel.layerTree(index)
    let leafBytes = 24 * layout.foldedClaims.count << shape.folds
    let bytes = try channel.hint(OpeningLabel.rows(name), count: leafBytes * leaves.count)
    guard let values = FieldEncoding.cubicElements(bytes) else {
      throw .notCanonical(section: OpeningLabel.rows(name))
    }
    let format = LeafFormat(.layer, label: name, words: leafBytes / 8, logLeaves: shape.logLeaves)
    let digests = leaves.indices.map { i in
      format.digest(salt: LeafFormat.noSalt, values: bytes[i * leafBytes..<(i + 1) * leafBytes])
    }
    try verifyPaths(leaves: leaves, digests: digests, depth: shape.logLeaves, root: root, name: name, &channel)
    return values
  }

  /// Layer 0 holds what the rows say of u_low.
  private func compare(
    _ expected: [[CubicExtension]], at positions: [Int], leaves: [Int], _ values: [CubicExtension],
    _ shape: FoldingPlan.Layer
  ) throws(ProofRejection) {
    let width = 1 << shape.folds
    for (g, index) in layout.foldedClaims.enumerated() {
      var leaf = 0
      for (i, position) in positions.enumerated() {
        if leaves[leaf] != position >> shape.folds { leaf += 1 }
        let value = values[(leaf * expected.count + g) * width + position & (width - 1)]
        guard value == expected[g][i] else { throw .rowsAgainstCombination(functional: claims[index].name) }
      }
    }
  }

  /// Per folded claim and leaf: the folded polynomial's value that follows from the leaf.
  private func fold(
    _ values: [CubicExtension], leaves: [Int], _ shape: FoldingPlan.Layer, challenges: [CubicExtension]
  ) -> [[CubicExtension]] {
    let width = 1 << shape.folds
    let count = layout.foldedClaims.count
    let folding = LeafFolding(domain: shape.domain, challenges: challenges)
    return (0..<count).map { g in
      leaves.enumerated().map { i, leaf in
        let start = (i * count + g) * width
        return folding.fold(values[start..<start + width], leaf: leaf)
      }
    }
  }

  private func compareFinals(
    _ finals: [[CubicExtension]], with values: [[CubicExtension]], at points: [Goldilocks]
  ) throws(ProofRejection) {
    for (g, index) in layout.foldedClaims.enumerated() {
      for (point, value) in zip(points, values[g]) {
        guard Univariate.evaluate(finals[g], at: point) == value else {
          throw .finalPolynomial(functional: claims[index].name)
        }
      }
    }
  }
}
