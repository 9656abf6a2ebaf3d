// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCommitment
import DriftProofField
import DriftProofKernels
import DriftProofTranscript

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
    index: Int, shape: FoldingPlan.Layer, polynomials: [[CubicExtension]], deviation: any OpeningDeviation,
    claims: [Int]
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
    deviation.codewords(
      LayerWords(words: words, stride: stride, folds: shape.folds, logDomain: shape.logDomain), layer: index,
      claims: claims)
    tree = MerkleTree(depth: logLeaves) { digests in
      Self.hash(words, stride: stride, format: format, leaves: 1 << logLeaves, digests: digests)
    }
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
            let word = LayerWords.index(g, position: position, folds: shape.folds, stride: stride) + coordinate
            words.pointer[word] = blocks.pointer[8 * i + lane]
          }
        }
      }
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

/// The words of a layer's codewords before they are hashed.
package struct LayerWords {
  /// Leaf-major, `stride` words per leaf.
  let words: AlignedBuffer<UInt64>
  let stride: Int
  let folds: Int
  let logDomain: Int

  /// Positions of each codeword.
  package var positions: Range<Int> { 0..<1 << logDomain }

  /// Word index of coordinate 0 of codeword `g` at a position.
  @inline(__always)
  static func index(_ g: Int, position: Int, folds: Int, stride: Int) -> Int {
    (position >> folds) * stride + 3 * (g << folds + position & ((1 << folds) - 1))
  }

  /// Codeword `g` at a position.
  package subscript(g: Int, position: Int) -> CubicExtension {
    get {
      let word = Self.index(g, position: position, folds: folds, stride: stride)
      return CubicExtension(
        Goldilocks(reducing: words[word]), Goldilocks(reducing: words[word + 1]), Goldilocks(reducing: words[word + 2]))
    }
    nonmutating set {
      let word = Self.index(g, position: position, folds: folds, stride: stride)
      words[word] = newValue.c0.value
      words[word + 1] = newValue.c1.value
      words[word + 2] = newValue.c2.value
    }
  }
}
