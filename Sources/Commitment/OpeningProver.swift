import Field
import Kernels
import Transcript

/// The prover of the opening argument; docs/protocol.md section 6. Its steps mirror ``OpeningVerifier``.
struct OpeningProver {
  let parameters: CodeParameters
  let trees: [CommittedTableau]
  let claims: [OpeningClaim]
  let tampering: OpeningTampering?
  let layout: OpeningLayout

  init(
    parameters: CodeParameters, trees: [CommittedTableau], claims: [OpeningClaim], tampering: OpeningTampering?
  ) throws {
    self.parameters = parameters
    self.trees = trees
    self.claims = claims
    self.tampering = tampering
    layout = try OpeningLayout(parameters, shapes: trees.map(\.shapes), claims: claims)
  }

  func prove(_ channel: inout ProverChannel) throws {
    let functionals = claims.map(functionalTable)
    var combinations = try masks()

    // All values and all μ before any β: otherwise a later value could depend on an earlier challenge.
    channel.transcript.absorb(OpeningLabel.parameters, bytes: parameters.bytes)
    for claim in claims { channel.transcript.absorb(OpeningLabel.value, .cubic, FieldEncoding.bytes([claim.value])) }
    var maskValues: [CubicExtension] = []
    for index in claims.indices {
      var value = Self.innerProduct(functionals[index], combinations[index])
      tampering?.maskValue?(index, &value)
      channel.send(OpeningLabel.maskValue, value)
      maskValues.append(value)
    }
    // One β per claimed value: a common one would let v1 + δ, v2 - δ pass (docs/protocol.md section 11, item 14).
    let betas = channel.transcript.challenges(OpeningLabel.beta, claims.count)
    try accumulate(betas, into: &combinations)
    let targets = claims.indices.map { betas[$0] * claims[$0].value + maskValues[$0] }
    deviate(&combinations, functionals: functionals, targets: targets)

    for index in claims.indices {
      if case .clear = claims[index].functional {
        channel.send(OpeningLabel.clear, combinations[index])
      } else {
        channel.send(OpeningLabel.high, Array(combinations[index][parameters.length...]))
      }
    }

    let folded = layout.foldedClaims
    let layers =
      folded.isEmpty
      ? []
      : fold(
        combinations: folded.map { Array(combinations[$0][..<parameters.length]) },
        functionals: folded.map { functionals[$0] }, targets: folded.map { targets[$0] }, channel: &channel)

    if parameters.grindingBits > 0 {
      let work = ProofOfWork(&channel.transcript, bits: parameters.grindingBits)
      channel.send(OpeningLabel.nonce, nonce: tampering?.nonce ?? work.solve())
    }
    let positions = channel.transcript.positions(
      OpeningLabel.positions, count: parameters.queries, logBound: parameters.logDomain)
    for index in layout.openedTrees { try open(trees[index], at: positions, channel: &channel) }
    var current = positions
    for layer in layers {
      current = Self.ascendingLeaves(current, folds: layer.folds)
      layer.open(current, channel: &channel)
    }
  }

  /// The leaves that hold some ascending positions.
  private static func ascendingLeaves(_ positions: [Int], folds: Int) -> [Int] {
    var result: [Int] = []
    for position in positions where result.last != position >> folds { result.append(position >> folds) }
    return result
  }

  private func functionalTable(_ claim: OpeningClaim) -> [CubicExtension] {
    switch claim.functional {
    case .equality(let point): Multilinear.equality(point)
    case .clear(let weights): weights
    }
  }

  /// ⟨c, u⟩: over the message coefficients only, c has no entries for the tail.
  private static func innerProduct(_ functional: [CubicExtension], _ combination: [CubicExtension]) -> CubicExtension {
    ParallelSum.of(count: functional.count) { i in functional[i] * combination[i] }
  }

  // MARK: - u

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

  /// Adds β_g·Σ weight·row to every mask: one pass over the rows of each tree that a claim weighs.
  private func accumulate(_ betas: [CubicExtension], into combinations: inout [[CubicExtension]]) throws {
    var sums: [RowSum] = []
    for index in claims.indices {
      sums.append(RowSum(tailOffset: layout.tailOffsets[index], coefficients: combinations[index]))
      combinations[index] = []
    }
    for (treeIndex, tree) in trees.enumerated() {
      let rows = tampering?.claimedRows[treeIndex] ?? tree.rows
      let users = claims.indices.filter { !claims[$0].weights[treeIndex].isEmpty }
      let needed = tree.shapes.indices.filter { row in
        users.contains { claims[$0].weights[treeIndex][row] != .zero }
      }
      for start in stride(from: 0, to: needed.count, by: 8) {
        let batch = Array(needed[start..<min(start + 8, needed.count)])
        let messages = try batch.map { try rows.message($0) }
        let tails = batch.map { tree.randomness.tail(row: $0, shape: tree.shapes[$0]) }
        for index in users {
          // A claim sees only the rows that it weighs: others may have another shape.
          let own = batch.indices.filter { claims[index].weights[treeIndex][batch[$0]] != .zero }
          if own.isEmpty { continue }
          sums[index].add(
            messages: own.map { messages[$0] }, tails: own.map { tails[$0] },
            weights: own.map { betas[index] * claims[index].weights[treeIndex][batch[$0]] })
        }
      }
    }
    for index in claims.indices { combinations[index] = sums[index].coefficients }
  }

  private func deviate(
    _ combinations: inout [[CubicExtension]], functionals: [[CubicExtension]], targets: [CubicExtension]
  ) {
    guard let tampering else { return }
    for index in claims.indices {
      tampering.combination?(index, &combinations[index])
      if tampering.persist, let entry = functionals[index].firstIndex(where: { $0 != .zero }) {
        let missing = targets[index] - Self.innerProduct(functionals[index], combinations[index])
        combinations[index][entry] += missing * functionals[index][entry].inverse
      }
    }
  }

  // MARK: - Queries

  private func open(_ tree: CommittedTableau, at positions: [Int], channel: inout ProverChannel) throws {
    var bytes: [UInt8] = []
    for value in try tree.values(at: positions) { bytes.append(littleEndian: value) }
    channel.hint(OpeningLabel.rows(tree.label), bytes)
    channel.hint(OpeningLabel.salts(tree.label), tree.randomness.salts(at: positions))
    channel.hint(OpeningLabel.paths(tree.label), tree.tree.multiproof(positions))
  }
}

/// A weighted sum of rows as a polynomial over K.
struct RowSum {
  let tailOffset: Int
  private var low: [CubicExtension]
  private var high: [CubicExtension]

  init(tailOffset: Int, tailCount: Int) {
    self.tailOffset = tailOffset
    low = [CubicExtension](repeating: .zero, count: tailOffset)
    high = [CubicExtension](repeating: .zero, count: tailCount)
  }

  init(tailOffset: Int, coefficients: [CubicExtension]) {
    self.tailOffset = tailOffset
    low = Array(coefficients[..<tailOffset])
    high = Array(coefficients[tailOffset...])
  }

  var coefficients: [CubicExtension] { low + high }

  mutating func add(messages: [RowMessage], tails: [[UInt64]], weights: [CubicExtension]) {
    RowCombination.accumulate(rows: messages, weights: weights, into: &low)
    for (tail, weight) in zip(tails, weights) {
      for (i, value) in tail.enumerated() { high[i] += weight * Goldilocks(reducing: value) }
    }
  }
}
