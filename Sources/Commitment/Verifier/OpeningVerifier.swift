// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofField
import DriftProofTranscript

/// The verifier of the opening argument; docs/protocol.md section 6. All lengths come from public shapes; nothing in a
/// proof can make it trap.
struct OpeningVerifier {
  let parameters: CodeParameters
  let trees: [TableauReference]
  let claims: [OpeningClaim]
  let layout: OpeningLayout

  init(parameters: CodeParameters, trees: [TableauReference], claims: [OpeningClaim]) throws(ProofRejection) {
    self.parameters = parameters
    self.trees = trees
    self.claims = claims
    guard trees.allSatisfy({ $0.root.count == SHA256.digestLength }) else {
      throw .unsupportedParameters("a root is no digest")
    }
    guard trees.allSatisfy({ $0.pins == nil || $0.pins?.values.count == $0.shapes.count }) else {
      throw .unsupportedParameters("a tree has not one pin for each row")
    }
    layout = try OpeningLayout(
      parameters, shapes: trees.map(\.shapes), points: trees.map { $0.pins?.point }, claims: claims)
    guard parameters.queries <= 1 << parameters.logDomain else {
      throw .unsupportedParameters("more queries than positions")
    }
  }

  /// What the prover has said about the combinations u.
  struct Combinations {
    /// Per claim: β + β_b of every tree, 0 where it has no weight.
    var coefficients: [[CubicExtension]] = []
    /// Per claim: what ⟨c, u⟩ and u(z) must be.
    var targets: [OpeningLayout.Targets] = []
    /// Per claim: the tail of u, or all of u for a claim in clear.
    var sent: [[CubicExtension]] = []
  }

  func verify(_ channel: inout VerifierChannel) throws(ProofRejection) {
    var combinations = try receiveTargets(&channel)
    for (index, claim) in claims.enumerated() {
      let tail = layout.tailCounts[index]
      switch claim.functional {
      case .clear(let weights):
        let combination = try channel.receive(OpeningLabel.clear, count: layout.tailOffsets[index] + tail)
        guard
          Multilinear.innerProduct(weights, Array(combination[..<weights.count]))
            == combinations.targets[index].functional
        else { throw .clearCombination(functional: claim.name) }
        combinations.sent.append(combination)
      case .equality, .parts:
        combinations.sent.append(try channel.receive(OpeningLabel.high, count: tail))
      }
    }
    if layout.foldedClaims.isEmpty {
      let positions = try positions(
        parameters.queries, logBound: parameters.logDomain, parameters.grindingBits, &channel)
      _ = try openRows(at: positions, combinations, &channel)
    } else {
      try verifyLayers(combinations, &channel)
    }
  }

  /// Values, P_b(z_a) and mask(z_a), β_a, μ, β: the order in which the prover sends and draws.
  private func receiveTargets(_ channel: inout VerifierChannel) throws(ProofRejection) -> Combinations {
    channel.transcript.absorb(OpeningLabel.parameters, bytes: parameters.bytes)
    for claim in claims { channel.transcript.absorb(OpeningLabel.value, .cubic, FieldEncoding.bytes([claim.value])) }
    var pinValues = claims.map { _ in [(others: [CubicExtension], mask: CubicExtension)]() }
    for index in claims.indices {
      for pin in layout.pins[index] {
        var others: [CubicExtension] = []
        for _ in pin.others { others.append(try channel.receive(OpeningLabel.treeValue)) }
        pinValues[index].append((others, try channel.receive(OpeningLabel.maskPin)))
      }
    }
    let pinBetas = claims.indices.map { index in
      layout.pins[index].indices.map { channel.transcript.challenge(OpeningLabel.pinBeta(claim: index, pin: $0)) }
    }
    var maskValues: [CubicExtension] = []
    for _ in claims { maskValues.append(try channel.receive(OpeningLabel.maskValue)) }
    let betas = channel.transcript.challenges(OpeningLabel.beta, claims.count)

    var result = Combinations()
    for (index, claim) in claims.enumerated() {
      let beta = betas[index]
      var coefficients = claim.weights.map { $0.isEmpty ? CubicExtension.zero : beta }
      for (pin, own) in zip(layout.pins[index], pinBetas[index]) { coefficients[pin.tree] += own }
      result.coefficients.append(coefficients)
      var pins: [CubicExtension] = []
      for (pin, sent) in zip(layout.pins[index], pinValues[index]) {
        // The layout has pins of pinned trees only; no other value stands for one that is not there.
        guard let own = trees[pin.tree].pins else {
          throw .unsupportedParameters("a tree has not one pin for each row")
        }
        pins.append(
          layout.pinTarget(
            claim: index, pin: pin, own: own.combined(claim.weights[pin.tree]), others: sent.others, mask: sent.mask,
            beta: beta, pinBetas: pinBetas[index]))
      }
      result.targets.append(
        OpeningLayout.Targets(functional: beta * claim.value + maskValues[index], pins: pins))
    }
    return result
  }

  // MARK: - Queries

  /// Proof of work, then distinct ascending positions.
  func positions(
    _ count: Int, logBound: Int, _ grindingBits: Int, _ channel: inout VerifierChannel
  ) throws(ProofRejection) -> [Int] {
    if grindingBits > 0 {
      let work = ProofOfWork(&channel.transcript, bits: grindingBits)
      guard work.isSolved(by: try channel.receiveNonce(OpeningLabel.nonce)) else { throw .proofOfWork }
    }
    return channel.transcript.positions(OpeningLabel.positions, count: count, logBound: logBound)
  }

  /// Opens all trees; checks claims in clear. Returns, per folded claim and position, what the rows say of u_low.
  func openRows(
    at positions: [Int], _ combinations: Combinations, _ channel: inout VerifierChannel
  ) throws(ProofRejection) -> [[CubicExtension]] {
    // Per position: the values of all rows, tree by tree; empty for a tree that no claim touches.
    var values = [[Goldilocks]](repeating: [], count: trees.count)
    for index in layout.openedTrees { values[index] = try openTree(trees[index], at: positions, &channel) }
    let domain = CodeDomain(logSize: parameters.logDomain, folds: 0)
    let points = positions.map(domain.point)
    var expected: [[CubicExtension]] = []
    for (index, claim) in claims.enumerated() {
      let combined = combine(
        claim, coefficients: combinations.coefficients[index], values: values, positions: positions.count)
      let sent = combinations.sent[index]
      switch claim.functional {
      case .clear:
        for (point, value) in zip(points, combined) {
          guard Univariate.evaluate(sent, at: point) == value else {
            throw .rowsAgainstCombination(functional: claim.name)
          }
        }
      case .equality, .parts:
        expected.append(
          zip(points, combined).map { point, value in
            value - Univariate.evaluate(sent, at: point) * point.power(UInt64(parameters.length))
          })
      }
    }
    return expected
  }

  /// Row values at the positions, position-major, checked against the tree's root.
  private func openTree(_ tree: TableauReference, at positions: [Int], _ channel: inout VerifierChannel)
    throws(ProofRejection) -> [Goldilocks]
  {
    let rowBytes = 8 * tree.shapes.count
    let bytes = try channel.hint(OpeningLabel.rows(tree.label), count: rowBytes * positions.count)
    guard let values = FieldEncoding.fieldElements(bytes) else {
      throw .notCanonical(section: OpeningLabel.rows(tree.label))
    }
    let saltCount = LeafFormat.saltLength * positions.count
    let salts =
      TableauReference.isPublic(tree.shapes)
      ? [UInt8](repeating: 0, count: saltCount) : try channel.hint(OpeningLabel.salts(tree.label), count: saltCount)
    let format = RowLeafFormat(
      label: tree.label, rows: tree.shapes.count, bands: tree.bands, logLeaves: parameters.logDomain)
    let digests = positions.indices.map { i in
      format.digest(
        salt: salts[i * LeafFormat.saltLength..<(i + 1) * LeafFormat.saltLength],
        values: bytes[i * rowBytes..<(i + 1) * rowBytes])
    }
    try verifyPaths(
      leaves: positions, digests: digests, depth: parameters.logDomain, root: tree.root, name: tree.label, &channel)
    return values
  }

  func verifyPaths(
    leaves: [Int], digests: [[UInt8]], depth: Int, root: [UInt8], name: String, _ channel: inout VerifierChannel
  ) throws(ProofRejection) {
    let count = MerkleMultiproof.siblingCount(of: leaves, depth: depth)
    let siblings = try channel.hint(OpeningLabel.paths(name), count: SHA256.digestLength * count)
    guard MerkleMultiproof.root(leaves: leaves, digests: digests, siblings: siblings, depth: depth) == root else {
      throw .merklePath(tree: name)
    }
  }

  /// Σ_b (β + β_b)·Σ weight·row + mask at every position.
  private func combine(
    _ claim: OpeningClaim, coefficients: [CubicExtension], values: [[Goldilocks]], positions: Int
  ) -> [CubicExtension] {
    var result = [CubicExtension](repeating: .zero, count: positions)
    for (tree, weights) in claim.weights.enumerated() where !weights.isEmpty {
      let scaled = weights.map { $0 * coefficients[tree] }
      let rows = values[tree]
      for i in 0..<positions {
        var sum = CubicDot()
        for (row, weight) in scaled.enumerated() { sum.add(weight, rows[i * scaled.count + row]) }
        result[i] += sum.value
      }
    }
    let maskRows = trees[claim.mask.tree].shapes.count
    let mask = values[claim.mask.tree]
    for i in 0..<positions {
      let first = i * maskRows + claim.mask.firstRow
      result[i] += CubicExtension(mask[first], mask[first + 1], mask[first + 2])
    }
    return result
  }
}
