import Core
import Field
import Kernels
import Transcript

extension OpeningProver {
  /// Sumcheck for all linear claims on the low parts of all u, interleaved with their folding by the same challenges; every
  /// layer after the first adds the claims that tie it to the one before. Sends everything from the first layer's root
  /// to the last opened leaf.
  func fold(
    combinations: [[CubicExtension]], functionals: [[CubicExtension]], targets: [OpeningLayout.Targets],
    channel: inout ProverChannel
  ) throws {
    let folded = layout.foldedClaims
    let layers = layout.plan.layers
    var polynomials = folded.map { Array(combinations[$0][..<parameters.length]) }
    var current = FoldingLayer(
      index: 0, shape: layers[0], polynomials: polynomials, tampering: tampering, claims: folded)
    channel.send(OpeningLabel.root, digest: current.root)
    var weights = weights(functionals, chi: channel.transcript.challenge(OpeningLabel.chi))
    var round = 0
    for (index, shape) in layers.enumerated() {
      for _ in 0..<shape.folds {
        var values = Self.round(polynomials: polynomials, weights: weights)
        tampering?.round?(round, &values)
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
          tampering?.final?(folded[g], &polynomials[g], weights[g])
          channel.send(OpeningLabel.final, polynomials[g])
        }
      } else {
        for g in polynomials.indices { tampering?.polynomial?(index + 1, folded[g], &polynomials[g], weights[g]) }
        next = FoldingLayer(
          index: index + 1, shape: layers[index + 1], polynomials: polynomials, tampering: tampering, claims: folded)
        channel.send(OpeningLabel.root, digest: next.root)
        point = OutOfDomain.point(OpeningLabel.outOfDomainPoint, &channel.transcript)
        for g in polynomials.indices {
          var answer = ParallelSum.evaluate(polynomials[g], at: point)
          tampering?.outOfDomain?(index + 1, folded[g], &answer)
          channel.send(OpeningLabel.outOfDomain, answer)
        }
      }
      let leaves = try open(current, shape: shape, isFirst: index == 0, &channel)
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
    _ layer: FoldingLayer, shape: FoldingPlan.Layer, isFirst: Bool, _ channel: inout ProverChannel
  ) throws -> [Int] {
    let positions = positions(
      shape.queries, logBound: isFirst ? shape.logDomain : shape.logLeaves, shape.grindingBits, &channel)
    if isFirst { try openTrees(at: positions, &channel) }
    let leaves = isFirst ? shape.leaves(of: positions) : positions
    layer.open(leaves, channel: &channel)
    return leaves
  }

  /// Per folded claim: χ^j·eq + Σ χ^(j+1+a)·(powers of z_a), one power of χ for every target.
  private func weights(_ functionals: [[CubicExtension]], chi: CubicExtension) -> [[CubicExtension]] {
    var powers = chi.powers(layout.constraintCount)[...]
    return layout.foldedClaims.map { index in
      let own = powers.removeFirst()
      let functional = functionals[index]
      let pins = layout.pins[index].map { pin in
        PowerWeights.table(pin.point, logCount: parameters.logLength, scale: powers.removeFirst())
      }
      return ParallelMap.of(count: parameters.length) { i in pins.reduce(functional[i] * own) { $0 + $1[i] } }
    }
  }

  /// Adds the claims f_g(z) and f_g(x_j) with the powers of γ from 1 on, claim by claim, z before the x_j.
  private static func add(
    gamma: CubicExtension, point: CubicExtension, leafPoints: [Goldilocks], logLength: Int,
    to weights: inout [[CubicExtension]]
  ) {
    var sum = PowerWeights.table(point, logCount: logLength, scale: gamma)
    let powers = gamma.powers(leafPoints.count + 2)
    PowerWeights.accumulate(leafPoints, scales: Array(powers[2...]), into: &sum)
    let terms = sum
    let step = powers[leafPoints.count + 1]
    var scale = CubicExtension.one
    for g in weights.indices {
      let (own, factor) = (weights[g], scale)
      weights[g] = ParallelMap.of(count: own.count) { i in own[i] + terms[i] * factor }
      scale *= step
    }
  }

  /// p(1) and p(2) of Σ_g Σ_x w_g(X, x)·u_g(X, x); p(0) follows from the running claim.
  private static func round(polynomials: [[CubicExtension]], weights: [[CubicExtension]]) -> [CubicExtension] {
    var result = [CubicExtension.zero, .zero]
    for (u, c) in zip(polynomials, weights) {
      let (one, two) = ParallelSum.pair(count: u.count / 2) { i in
        let (u0, u1, c0, c1) = (u[2 * i], u[2 * i + 1], c[2 * i], c[2 * i + 1])
        return (u1 * c1, (u1 + u1 - u0) * (c1 + c1 - c0))
      }
      result[0] += one
      result[1] += two
    }
    return result
  }
}

extension FoldingPlan.Layer {
  var domain: CodeDomain { CodeDomain(logSize: logDomain, folds: 0) }

  /// The leaves that hold some ascending positions.
  func leaves(of positions: [Int]) -> [Int] {
    var result: [Int] = []
    for position in positions where result.last != position >> folds { result.append(position >> folds) }
    return result
  }

  /// η^(2^folds) of each leaf: where the folded polynomial's value follows from the leaf.
  func leafPoints(_ leaves: [Int]) -> [Goldilocks] {
    let folded = CodeDomain(logSize: logLeaves, folds: folds)
    return leaves.map(folded.point)
  }
}

/// One committed layer: the codewords of all folded combinations, 2^folds consecutive positions per leaf, claim-major.
struct FoldingLayer {
  private let format: LeafFormat
  private let tree: MerkleTree
  /// Leaf-major, `stride` words per leaf, zero-padded to whole hash blocks.
  private let words: AlignedBuffer<UInt64>
  private let stride: Int

  var root: [UInt8] { tree.root }

  /// `polynomials`: 2^shape.logLength coefficients each.
  init(
    index: Int, shape: FoldingPlan.Layer, polynomials: [[CubicExtension]], tampering: OpeningTampering?, claims: [Int]
  ) {
    let logLeaves = shape.logLeaves
    let format = LeafFormat(
      .layer, label: OpeningLabel.layerTree(index), words: 3 * polynomials.count << shape.folds, logLeaves: logLeaves)
    self.format = format
    let stride = 8 * format.blocks
    self.stride = stride
    let words = AlignedBuffer<UInt64>(count: stride << logLeaves)
    self.words = words
    Self.encode(polynomials, shape: shape, words: words, stride: stride)
    if let layer = tampering?.layer {
      for (g, claim) in claims.enumerated() {
        Self.replace(g, words: words, stride: stride, folds: shape.folds, count: 1 << shape.logDomain) {
          layer(index, claim, &$0)
        }
      }
    }
    tree = MerkleTree(depth: logLeaves) { digests in
      Self.hash(words, stride: stride, format: format, leaves: 1 << logLeaves, digests: digests)
    }
  }

  /// Word index of coordinate 0 of codeword `g` at a position.
  @inline(__always)
  private static func wordIndex(_ g: Int, position: Int, folds: Int, stride: Int) -> Int {
    (position >> folds) * stride + 3 * (g << folds + position & ((1 << folds) - 1))
  }

  private static func encode(
    _ polynomials: [[CubicExtension]], shape: FoldingPlan.Layer, words: AlignedBuffer<UInt64>, stride: Int
  ) {
    // Lane 3g + i is coordinate i of polynomial g.
    var lanes: [RowMessage] = []
    for polynomial in polynomials {
      lanes.append(.field(polynomial.map(\.c0.value)))
      lanes.append(.field(polynomial.map(\.c1.value)))
      lanes.append(.field(polynomial.map(\.c2.value)))
    }
    let allLanes = lanes
    let domain = shape.domain
    let logBlowup = shape.logInverseRate
    let pool = BufferPool(count: 8 << shape.logLength)
    let batches = (lanes.count + 7) / 8
    Parallel.forEach(batches << logBlowup) { task in
      let coset = task & ((1 << logBlowup) - 1)
      let first = 8 * (task >> logBlowup)
      var batch = Array(allLanes[first..<min(first + 8, allLanes.count)])
      let used = batch.count
      while batch.count < 8 { batch.append(.zero) }
      pool.withBuffer { blocks in
        Encoder.encode(
          rows: batch, tails: [[UInt64]](repeating: [], count: 8), tailOffsets: [Int](repeating: 0, count: 8),
          logLength: shape.logLength, shift: domain.cosetShift(coset, logLength: shape.logLength), into: blocks)
        for i in 0..<1 << shape.logLength {
          let position = coset << shape.logLength + i
          for lane in 0..<used {
            let (g, coordinate) = (first + lane).quotientAndRemainder(dividingBy: 3)
            let word = wordIndex(g, position: position, folds: shape.folds, stride: stride) + coordinate
            words.pointer[word] = blocks.pointer[8 * i + lane]
          }
        }
      }
    }
  }

  private static func replace(
    _ g: Int, words: AlignedBuffer<UInt64>, stride: Int, folds: Int, count: Int,
    _ change: (inout [CubicExtension]) -> Void
  ) {
    var codeword = (0..<count).map { position in
      let word = wordIndex(g, position: position, folds: folds, stride: stride)
      return CubicExtension(
        Goldilocks(reducing: words[word]), Goldilocks(reducing: words[word + 1]), Goldilocks(reducing: words[word + 2]))
    }
    change(&codeword)
    for (position, value) in codeword.enumerated() {
      let word = wordIndex(g, position: position, folds: folds, stride: stride)
      words[word] = value.c0.value
      words[word + 1] = value.c1.value
      words[word + 2] = value.c2.value
    }
  }

  /// `digests` is still zero and serves as ``LeafFormat/noSalt`` until it is filled.
  private static func hash(
    _ words: AlignedBuffer<UInt64>, stride: Int, format: LeafFormat, leaves: Int, digests: AlignedBuffer<UInt8>
  ) {
    let states = AlignedBuffer<UInt32>(count: 8 * leaves)
    let chunk = min(leaves, 1 << 10)
    let pool = BufferPool(count: 8 * chunk)
    Parallel.forEach(leaves / chunk) { index in
      let first = index * chunk
      LeafHashing.begin(states: states, first: first, count: chunk, header: format.header, salts: digests)
      pool.withBuffer { blocks in
        for block in 0..<format.blocks {
          for leaf in 0..<chunk {
            let source = (first + leaf) * stride + 8 * block
            (blocks.pointer + 8 * leaf).update(from: words.pointer + source, count: 8)
          }
          LeafHashing.absorb(states: states, first: first, blocks: blocks, count: chunk)
        }
      }
      LeafHashing.finish(
        states: states, first: first, count: chunk, totalBytes: format.totalBytes, digests: digests)
    }
  }

  /// `leaves`: distinct, ascending.
  func open(_ leaves: [Int], channel: inout ProverChannel) {
    var bytes: [UInt8] = []
    for leaf in leaves {
      for word in 0..<format.words { bytes.append(littleEndian: words[leaf * stride + word]) }
    }
    let name = format.label
    channel.hint(OpeningLabel.rows(name), bytes)
    channel.hint(OpeningLabel.paths(name), tree.multiproof(leaves))
  }
}
