import Field
import Kernels
import Transcript

extension OpeningProver {
  /// Sumcheck for Σ_g χ^g·⟨c_g, u_g⟩ = Σ_g χ^g·target_g, interleaved with the folding of all u_g by the same challenges.
  /// Sends layer roots, rounds and the final coefficients; returns the layers for the query phase.
  func fold(
    combinations: [[CubicExtension]], functionals: [[CubicExtension]], targets: [CubicExtension],
    channel: inout ProverChannel
  ) -> [FoldingLayer] {
    var polynomials = combinations
    var tables = functionals
    var layers: [FoldingLayer] = []
    var folds = 0
    for (index, shape) in layout.plan.layers.enumerated() {
      let layer = FoldingLayer(
        index: index, shape: shape, logBlowup: parameters.logBlowup, foldsBefore: folds, polynomials: polynomials,
        tampering: tampering, claims: layout.foldedClaims)
      channel.send(OpeningLabel.root, digest: layer.root)
      layers.append(layer)
      if index == 0 {
        // χ weighs the claims; it enters the functionals, so that rounds need no weights of their own.
        let chi = channel.transcript.challenge(OpeningLabel.chi)
        for (power, claim) in zip(chi.powers(tables.count), tables.indices) where claim > 0 {
          for i in tables[claim].indices { tables[claim][i] *= power }
        }
      }
      for _ in 0..<shape.folds {
        var values = Self.round(polynomials: polynomials, tables: tables)
        tampering?.round?(folds, &values)
        channel.send(OpeningLabel.round, values)
        let r = channel.transcript.challenge(OpeningLabel.fold)
        for claim in polynomials.indices {
          Folding.fold(&polynomials[claim], r)
          Folding.fold(&tables[claim], r)
        }
        folds += 1
      }
    }
    for index in polynomials.indices {
      tampering?.final?(layout.foldedClaims[index], &polynomials[index])
      channel.send(OpeningLabel.final, polynomials[index])
    }
    return layers
  }

  /// p(1) and p(2) of Σ_g Σ_x c_g(X, x)·u_g(X, x); p(0) follows from the running claim.
  private static func round(polynomials: [[CubicExtension]], tables: [[CubicExtension]]) -> [CubicExtension] {
    var result = [CubicExtension.zero, .zero]
    for (u, c) in zip(polynomials, tables) {
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

/// One committed layer: the codewords of all folded combinations, 2^folds consecutive positions per leaf, claim-major.
struct FoldingLayer {
  let folds: Int
  private let format: LeafFormat
  private let tree: MerkleTree
  /// Leaf-major, `stride` words per leaf, zero-padded to whole hash blocks.
  private let words: AlignedBuffer<UInt64>
  private let stride: Int

  var root: [UInt8] { tree.root }

  /// `polynomials`: 2^shape.logLength coefficients each. `foldsBefore`: foldings since the rows, which square the domain.
  init(
    index: Int, shape: FoldingPlan.Layer, logBlowup: Int, foldsBefore: Int, polynomials: [[CubicExtension]],
    tampering: OpeningTampering?, claims: [Int]
  ) {
    let logLeaves = shape.logLength + logBlowup - shape.folds
    folds = shape.folds
    let format = LeafFormat(
      .layer, label: OpeningLabel.layerTree(index), words: 3 * polynomials.count << shape.folds, logLeaves: logLeaves)
    self.format = format
    let stride = 8 * format.blocks
    self.stride = stride
    let words = AlignedBuffer<UInt64>(count: stride << logLeaves)
    self.words = words
    Self.encode(polynomials, shape: shape, logBlowup: logBlowup, foldsBefore: foldsBefore, words: words, stride: stride)
    if let layer = tampering?.layer {
      for (g, claim) in claims.enumerated() {
        Self.replace(g, words: words, stride: stride, folds: shape.folds, count: 1 << (shape.logLength + logBlowup)) {
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
    _ polynomials: [[CubicExtension]], shape: FoldingPlan.Layer, logBlowup: Int, foldsBefore: Int,
    words: AlignedBuffer<UInt64>, stride: Int
  ) {
    // Lane 3g + i is coordinate i of polynomial g.
    var lanes: [RowMessage] = []
    for polynomial in polynomials {
      lanes.append(.field(polynomial.map(\.c0.value)))
      lanes.append(.field(polynomial.map(\.c1.value)))
      lanes.append(.field(polynomial.map(\.c2.value)))
    }
    let allLanes = lanes
    let domain = CodeDomain(logSize: shape.logLength + logBlowup, folds: foldsBefore)
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
