// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCommitment
import DriftProofField
import DriftProofKernels
import DriftProofTranscript

/// The prover of the opening argument; docs/protocol.md section 6. Its steps mirror ``OpeningVerifier``.
struct OpeningProver {
  let parameters: CodeParameters
  let trees: [CommittedTableau]
  let claims: [OpeningClaim]
  let deviation: any OpeningDeviation
  let layout: OpeningLayout

  init(
    parameters: CodeParameters, trees: [CommittedTableau], claims: [OpeningClaim], deviation: any OpeningDeviation
  ) throws {
    self.parameters = parameters
    self.trees = trees
    self.claims = claims
    self.deviation = deviation
    layout = try OpeningLayout(
      parameters, shapes: trees.map(\.shapes), points: trees.map { $0.pins?.point }, claims: claims)
  }

  func prove(_ channel: inout ProverChannel) throws {
    // Tables of a row's length, of which the folding makes use: none is there twice.
    var (combinations, functionals, targets) = try combine(&channel)
    for index in claims.indices {
      if case .clear = claims[index].functional {
        channel.send(OpeningLabel.clear, combinations[index])
      } else {
        channel.send(OpeningLabel.high, Array(combinations[index][parameters.length...]))
      }
    }
    if layout.foldedClaims.isEmpty {
      let positions = positions(
        parameters.queries, logBound: parameters.logDomain, parameters.grindingBits, layer: 0, &channel)
      try openTrees(at: positions, &channel)
    } else {
      try fold(combinations: &combinations, functionals: &functionals, targets: targets, channel: &channel)
    }
  }

  private func functionalTable(_ claim: OpeningClaim) -> [CubicExtension] {
    switch claim.functional {
    case .equality(let point): ParallelMap.equality(point)
    case .parts(let parts): table(parts)
    case .clear(let weights): weights
    }
  }

  private func table(_ parts: [FunctionalPart]) -> [CubicExtension] {
    var table: [CubicExtension] = LargeArray.zeros(count: parameters.length)
    for part in parts {
      for (place, value) in Multilinear.equality(part.point[...], scale: part.weight).enumerated() {
        table[part.offset + place] += value
      }
    }
    return table
  }

  /// ⟨c, u⟩: over the message coefficients only, c has no entries for the tail.
  static func innerProduct(_ functional: [CubicExtension], _ combination: [CubicExtension]) -> CubicExtension {
    ParallelSum.ranges(count: functional.count) { (CubicSums.dot(functional, combination, $0), .zero) }.0
  }

  // MARK: - u

  /// All u, all c, and what ⟨c, u⟩ and u(z) must be. The order of messages and challenges carries the soundness:
  /// values, then all P_b(z) and mask(z), then β_a, then all μ, then β.
  private func combine(
    _ channel: inout ProverChannel
  ) throws -> (
    combinations: [[CubicExtension]], functionals: [[CubicExtension]], targets: [OpeningLayout.Targets]
  ) {
    channel.transcript.absorb(OpeningLabel.parameters, bytes: parameters.bytes)
    for claim in claims { channel.transcript.absorb(OpeningLabel.value, .cubic, FieldEncoding.bytes([claim.value])) }
    let sums = try treeSums()
    var masks = try masks()
    let functionals = claims.map(functionalTable)

    var pinValues = claims.map { _ in [(others: [CubicExtension], mask: CubicExtension)]() }
    for index in claims.indices {
      for (number, pin) in layout.pins[index].enumerated() {
        var others: [CubicExtension] = []
        for tree in pin.others {
          let value = deviation.treeValue(
            ParallelSum.evaluate(sums[index][tree] ?? [], at: pin.point), claim: index, pin: number, tree: tree)
          channel.send(OpeningLabel.treeValue, value)
          others.append(value)
        }
        let mask = deviation.maskPin(
          ParallelSum.evaluate(masks[index], at: pin.point), claim: index, pin: number)
        channel.send(OpeningLabel.maskPin, mask)
        pinValues[index].append((others, mask))
      }
    }
    let pinBetas = claims.indices.map { index in
      layout.pins[index].indices.map { channel.transcript.challenge(OpeningLabel.pinBeta(claim: index, pin: $0)) }
    }

    var maskValues: [CubicExtension] = []
    for index in claims.indices {
      var value = Self.innerProduct(functionals[index], masks[index])
      for (pin, beta) in zip(layout.pins[index], pinBetas[index]) {
        value += beta * Self.innerProduct(functionals[index], sums[index][pin.tree] ?? [])
      }
      value = deviation.maskValue(value, claim: index)
      channel.send(OpeningLabel.maskValue, value)
      maskValues.append(value)
    }
    // One β per claimed value: a common one would let v1 + δ, v2 - δ pass (docs/protocol.md section 11, item 14).
    let betas = channel.transcript.challenges(OpeningLabel.beta, claims.count)

    var combinations: [[CubicExtension]] = []
    var targets: [OpeningLayout.Targets] = []
    for index in claims.indices {
      let beta = betas[index]
      let parts = sums[index].compactMap { tree, sum in
        let own = layout.pins[index].firstIndex { $0.tree == tree }.map { pinBetas[index][$0] }
        return (sum, beta + (own ?? .zero))
      }
      // u takes the place of the mask.
      var combination: [CubicExtension] = []
      swap(&combination, &masks[index])
      for (sum, factor) in parts { ParallelMap.update(&combination) { i, value in value + sum[i] * factor } }
      combinations.append(combination)
      targets.append(
        OpeningLayout.Targets(
          functional: beta * claims[index].value + maskValues[index],
          pins: zip(layout.pins[index], pinValues[index]).map { pin, sent in
            layout.pinTarget(
              claim: index, pin: pin, own: trees[pin.tree].pins?.combined(claims[index].weights[pin.tree]) ?? .zero,
              others: sent.others, mask: sent.mask, beta: beta, pinBetas: pinBetas[index])
          }))
    }
    deviation.combinations(
      &combinations, of: CombinedClaims(functionals: functionals, targets: targets, layout: layout))
    return (combinations, functionals, targets)
  }

  /// The masks of all claims as polynomials over K: tailOffset + tailCount coefficients each.
  private func masks() throws -> [[CubicExtension]] {
    var result: [[CubicExtension]] = []
    for (index, claim) in claims.enumerated() {
      let tree = trees[claim.mask.tree]
      let rows = (0..<3).map { claim.mask.firstRow + $0 }
      var sum = RowSum(tailOffset: layout.tailOffsets[index], tailCount: layout.tailCounts[index])
      sum.add(
        messages: try rows.map { try tree.rows.message($0) },
        tails: rows.map { tree.randomness.tail(row: $0, shape: tree.shapes[$0]) }, weights: CubicExtension.basis)
      result.append(sum.coefficients)
    }
    return result
  }

  /// P_b = Σ weight·row of every claim and every tree that it weighs: one pass over the rows of each tree.
  private func treeSums() throws -> [[Int: [CubicExtension]]] {
    var result = claims.map { _ in [Int: [CubicExtension]]() }
    for (treeIndex, tree) in trees.enumerated() {
      let rows = deviation.rows(tree.rows, ofTree: treeIndex)
      let users = claims.indices.filter { !claims[$0].weights[treeIndex].isEmpty }
      let sums = try tree.sums(
        users.map { index in
          RowWeights(
            weights: claims[index].weights[treeIndex], tailOffset: layout.tailOffsets[index],
            tailCount: layout.tailCounts[index])
        }, replaced: rows)
      for (index, sum) in zip(users, sums) { result[index][treeIndex] = sum }
    }
    ReusedMemory.release()
    return result
  }

  // MARK: - Queries

  /// Proof of work, then distinct ascending positions.
  func positions(
    _ count: Int, logBound: Int, _ grindingBits: Int, layer: Int, _ channel: inout ProverChannel
  ) -> [Int] {
    if grindingBits > 0 {
      let work = ProofOfWork(&channel.transcript, bits: grindingBits)
      channel.send(OpeningLabel.nonce, nonce: deviation.nonce(for: work, layer: layer) ?? work.solve())
    }
    let positions = channel.transcript.positions(OpeningLabel.positions, count: count, logBound: logBound)
    deviation.opens(positions, layer: layer)
    return positions
  }

  func openTrees(at positions: [Int], _ channel: inout ProverChannel) throws {
    for index in layout.openedTrees {
      let tree = trees[index]
      var bytes: [UInt8] = []
      for value in try tree.values(at: positions) { bytes.append(littleEndian: value) }
      channel.hint(OpeningLabel.rows(tree.label), bytes)
      if !TableauReference.isPublic(tree.shapes) {
        channel.hint(OpeningLabel.salts(tree.label), tree.randomness.salts(at: positions))
      }
      channel.hint(OpeningLabel.paths(tree.label), tree.tree.multiproof(positions))
    }
  }
}

/// A weighted sum of rows as a polynomial over K.
struct RowSum {
  let tailOffset: Int
  /// Coefficients of the messages, and behind them those of the tails.
  private(set) var coefficients: [CubicExtension]

  init(tailOffset: Int, tailCount: Int) {
    self.tailOffset = tailOffset
    coefficients = LargeArray.zeros(count: tailOffset + tailCount)
  }

  /// Messages have at most `tailOffset` entries.
  mutating func add(messages: [RowMessage], tails: [[UInt64]], weights: [CubicExtension]) {
    precondition(messages.allSatisfy { $0.count <= tailOffset }, "a message reaches into the tails")
    RowCombination.accumulate(rows: messages, weights: weights, into: &coefficients)
    for (tail, weight) in zip(tails, weights) {
      for (i, value) in tail.enumerated() { coefficients[tailOffset + i] += weight * Goldilocks(reducing: value) }
    }
  }
}
