import Field
import Transcript

/// The verifier of the opening argument; docs/protocol.md section 6. All lengths come from public shapes; nothing in a proof can
/// make it trap.
struct OpeningVerifier {
  let parameters: CodeParameters
  let trees: [TableauReference]
  let claims: [OpeningClaim]
  let layout: OpeningLayout

  init(parameters: CodeParameters, trees: [TableauReference], claims: [OpeningClaim]) throws(ProofRejection) {
    self.parameters = parameters
    self.trees = trees
    self.claims = claims
    layout = try OpeningLayout(parameters, shapes: trees.map(\.shapes), claims: claims)
    guard trees.allSatisfy({ $0.root.count == SHA256.digestLength }) else {
      throw .unsupportedParameters("a root is no digest")
    }
    guard parameters.queries <= 1 << parameters.logDomain else {
      throw .unsupportedParameters("more queries than positions")
    }
  }

  /// What the prover has sent before the query phase.
  private struct Commitments {
    var betas: [CubicExtension] = []
    /// Per claim: the tail of u, or all of u for a claim in clear.
    var sent: [[CubicExtension]] = []
    var layerRoots: [[UInt8]] = []
    /// One challenge per folding.
    var folds: [CubicExtension] = []
    /// Per folded claim: 2^logFinal coefficients.
    var finals: [[CubicExtension]] = []
  }

  func verify(_ channel: inout VerifierChannel) throws(ProofRejection) {
    channel.transcript.absorb(OpeningLabel.parameters, bytes: parameters.bytes)
    for claim in claims { channel.transcript.absorb(OpeningLabel.value, .cubic, FieldEncoding.bytes([claim.value])) }
    var maskValues: [CubicExtension] = []
    for _ in claims { maskValues.append(try channel.receive(OpeningLabel.maskValue)) }
    var commitments = Commitments()
    commitments.betas = channel.transcript.challenges(OpeningLabel.beta, claims.count)
    let targets = claims.indices.map { commitments.betas[$0] * claims[$0].value + maskValues[$0] }

    for (index, claim) in claims.enumerated() {
      let tail = layout.tailCounts[index]
      switch claim.functional {
      case .clear(let weights):
        let combination = try channel.receive(OpeningLabel.clear, count: layout.tailOffsets[index] + tail)
        guard Multilinear.innerProduct(weights, Array(combination[..<weights.count])) == targets[index] else {
          throw .clearCombination(functional: claim.name)
        }
        commitments.sent.append(combination)
      case .equality:
        commitments.sent.append(try channel.receive(OpeningLabel.high, count: tail))
      }
    }
    if !layout.foldedClaims.isEmpty { try verifyFolding(targets, &commitments, &channel) }

    if parameters.grindingBits > 0 {
      let work = ProofOfWork(&channel.transcript, bits: parameters.grindingBits)
      guard work.isSolved(by: try channel.receiveNonce(OpeningLabel.nonce)) else { throw .proofOfWork }
    }
    let positions = channel.transcript.positions(
      OpeningLabel.positions, count: parameters.queries, logBound: parameters.logDomain)
    try verifyQueries(positions, commitments, &channel)
  }

  // MARK: - Sumcheck

  /// Σ_g χ^g·⟨c_g, u_g⟩ = Σ_g χ^g·target_g, down to the final coefficients.
  private func verifyFolding(
    _ targets: [CubicExtension], _ commitments: inout Commitments, _ channel: inout VerifierChannel
  ) throws(ProofRejection) {
    let folded = layout.foldedClaims
    var chiPowers: [CubicExtension] = []
    var claim = CubicExtension.zero
    for (index, layer) in layout.plan.layers.enumerated() {
      commitments.layerRoots.append(try channel.receiveDigest(OpeningLabel.root))
      if index == 0 {
        chiPowers = channel.transcript.challenge(OpeningLabel.chi).powers(folded.count)
        for (power, target) in zip(chiPowers, folded.map { targets[$0] }) { claim += power * target }
      }
      for _ in 0..<layer.folds {
        let values = try channel.receive(OpeningLabel.round, count: 2)
        let r = channel.transcript.challenge(OpeningLabel.fold)
        // p(0) + p(1) is the running claim.
        claim = Univariate.interpolate([claim - values[0], values[0], values[1]], at: r)
        commitments.folds.append(r)
      }
    }
    for _ in folded {
      commitments.finals.append(try channel.receive(OpeningLabel.final, count: 1 << layout.plan.logFinal))
    }
    var end = CubicExtension.zero
    for (g, index) in folded.enumerated() {
      guard case .equality(let point) = claims[index].functional else { continue }
      let bound = commitments.folds.count
      let scale = chiPowers[g] * Multilinear.equality(point[..<bound], commitments.folds)
      end += Multilinear.innerProduct(Multilinear.equality(point[bound...], scale: scale), commitments.finals[g])
    }
    guard end == claim else {
      throw .openingSumcheck(functional: folded.map { claims[$0].name }.joined(separator: ", "))
    }
  }

  // MARK: - Queries

  private func verifyQueries(
    _ positions: [Int], _ commitments: Commitments, _ channel: inout VerifierChannel
  ) throws(ProofRejection) {
    // Per position: the values of all rows, tree by tree; empty for a tree that no claim touches.
    var values = [[Goldilocks]](repeating: [], count: trees.count)
    for index in layout.openedTrees { values[index] = try openRows(trees[index], at: positions, &channel) }

    // Per folded claim, in the order of `positions`: u_low at the position.
    var expected = [[CubicExtension]](repeating: [], count: layout.foldedClaims.count)
    let domain = CodeDomain(logSize: parameters.logDomain, folds: 0)
    let points = positions.map(domain.point)
    var foldedIndex = 0
    for (index, claim) in claims.enumerated() {
      let combined = combine(claim, beta: commitments.betas[index], values: values, positions: positions.count)
      let sent = commitments.sent[index]
      switch claim.functional {
      case .clear:
        for (point, value) in zip(points, combined) {
          guard Univariate.evaluate(sent, at: point) == value else {
            throw .rowsAgainstCombination(functional: claim.name)
          }
        }
      case .equality:
        for (point, value) in zip(points, combined) {
          let high = Univariate.evaluate(sent, at: point) * point.power(UInt64(parameters.length))
          expected[foldedIndex].append(value - high)
        }
        foldedIndex += 1
      }
    }
    if !layout.foldedClaims.isEmpty {
      try verifyLayers(positions, expected: expected, commitments, &channel)
    }
  }

  /// Row values at the positions, position-major, checked against the tree's root.
  private func openRows(_ tree: TableauReference, at positions: [Int], _ channel: inout VerifierChannel)
    throws(ProofRejection) -> [Goldilocks]
  {
    let rowBytes = 8 * tree.shapes.count
    let bytes = try channel.hint(OpeningLabel.rows(tree.label), count: rowBytes * positions.count)
    guard let values = FieldEncoding.fieldElements(bytes) else {
      throw .notCanonical(section: OpeningLabel.rows(tree.label))
    }
    let salts = try channel.hint(OpeningLabel.salts(tree.label), count: LeafFormat.saltLength * positions.count)
    let format = LeafFormat(.rows, label: tree.label, words: tree.shapes.count, logLeaves: parameters.logDomain)
    let digests = positions.indices.map { i in
      format.digest(
        salt: salts[i * LeafFormat.saltLength..<(i + 1) * LeafFormat.saltLength],
        values: bytes[i * rowBytes..<(i + 1) * rowBytes])
    }
    try verifyPaths(
      leaves: positions, digests: digests, depth: parameters.logDomain, root: tree.root, name: tree.label, &channel)
    return values
  }

  private func verifyPaths(
    leaves: [Int], digests: [[UInt8]], depth: Int, root: [UInt8], name: String, _ channel: inout VerifierChannel
  ) throws(ProofRejection) {
    let count = MerkleMultiproof.siblingCount(of: leaves, depth: depth)
    let siblings = try channel.hint(OpeningLabel.paths(name), count: SHA256.digestLength * count)
    guard MerkleMultiproof.root(leaves: leaves, digests: digests, siblings: siblings, depth: depth) == root else {
      throw .merklePath(tree: name)
    }
  }

  /// β·Σ weight·row + mask at every position.
  private func combine(
    _ claim: OpeningClaim, beta: CubicExtension, values: [[Goldilocks]], positions: Int
  ) -> [CubicExtension] {
    var result = [CubicExtension](repeating: .zero, count: positions)
    for (tree, weights) in claim.weights.enumerated() where !weights.isEmpty {
      let scaled = weights.map { $0 * beta }
      for i in 0..<positions {
        var sum = CubicExtension.zero
        for (row, weight) in scaled.enumerated() { sum += weight * values[tree][i * scaled.count + row] }
        result[i] += sum
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

  // MARK: - Layers

  /// Layer by layer: the values that the rows or the previous layer imply are those in the leaves; at the end they are
  /// values of the final polynomials. `expected`: per folded claim, one value per position.
  private func verifyLayers(
    _ positions: [Int], expected: [[CubicExtension]], _ commitments: Commitments, _ channel: inout VerifierChannel
  ) throws(ProofRejection) {
    let claimCount = layout.foldedClaims.count
    var current = positions
    var expected = expected
    var folds = 0
    for (index, layer) in layout.plan.layers.enumerated() {
      let logLeaves = layer.logLength + parameters.logBlowup - layer.folds
      let width = 1 << layer.folds
      let name = OpeningLabel.layerTree(index)
      var leaves: [Int] = []
      for position in current where leaves.last != position >> layer.folds { leaves.append(position >> layer.folds) }

      let leafBytes = 24 * width * claimCount
      let bytes = try channel.hint(OpeningLabel.rows(name), count: leafBytes * leaves.count)
      guard let values = FieldEncoding.cubicElements(bytes) else {
        throw .notCanonical(section: OpeningLabel.rows(name))
      }
      let format = LeafFormat(.layer, label: name, words: 3 * width * claimCount, logLeaves: logLeaves)
      let digests = leaves.indices.map { i in
        format.digest(salt: LeafFormat.noSalt, values: bytes[i * leafBytes..<(i + 1) * leafBytes])
      }
      try verifyPaths(
        leaves: leaves, digests: digests, depth: logLeaves, root: commitments.layerRoots[index],
        name: name, &channel)

      for g in 0..<claimCount {
        var leaf = 0
        for (i, position) in current.enumerated() {
          if leaves[leaf] != position >> layer.folds { leaf += 1 }
          let value = values[(leaf * claimCount + g) * width + position & (width - 1)]
          guard value == expected[g][i] else {
            let claim = claims[layout.foldedClaims[g]].name
            throw index == 0
              ? .rowsAgainstCombination(functional: claim) : .foldConsistency(functional: claim, layer: index)
          }
        }
      }

      let folding = LeafFolding(
        domain: CodeDomain(logSize: logLeaves + layer.folds, folds: folds),
        challenges: Array(commitments.folds[folds..<folds + layer.folds]))
      for g in 0..<claimCount {
        expected[g] = leaves.enumerated().map { i, leaf in
          let start = (i * claimCount + g) * width
          return folding.fold(values[start..<start + width], leaf: leaf)
        }
      }
      folds += layer.folds
      current = leaves
    }

    let domain = CodeDomain(logSize: layout.plan.logFinal + parameters.logBlowup, folds: folds)
    for (i, position) in current.enumerated() {
      let point = domain.point(position)
      for g in 0..<claimCount where Univariate.evaluate(commitments.finals[g], at: point) != expected[g][i] {
        throw .finalPolynomial(functional: claims[layout.foldedClaims[g]].name)
      }
    }
  }
}
