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
  private let codewords: LayerCodewords

  var root: [UInt8] { tree.root }

  /// `polynomials`: 2^shape.logLength coefficients each.
  init(
    index: Int, shape: FoldingPlan.Layer, polynomials: [[CubicExtension]], deviation: any OpeningDeviation,
    claims: [Int]
  ) {
    let format = LeafFormat(
      .layer, label: OpeningLabel.layerTree(index), words: 3 * polynomials.count << shape.folds,
      logLeaves: shape.logLeaves)
    var codewords = LayerCodewords(polynomials: polynomials, shape: shape)
    let honest = codewords
    if let altered = deviation.codewords(layer: index, claims: claims, honest: { honest.all() }) {
      codewords.altered = altered
    }
    let (source, words) = (codewords, LeafWords(codewords: polynomials.count, folds: shape.folds))
    self.format = format
    self.codewords = codewords
    tree = MerkleTree(depth: shape.logLeaves) { digests in
      source.forEachCoset { coset, blocks in
        Self.hash(blocks, words, format, first: coset * source.leavesPerCoset, count: source.leavesPerCoset, digests)
      }
    }
  }

  /// Hashes the leaves of a coset. `digests` is still zero there and serves as ``LeafFormat/noSalt`` until it is filled.
  private static func hash(
    _ coset: [AlignedBuffer<UInt64>], _ words: LeafWords, _ format: LeafFormat, first: Int, count: Int,
    _ digests: AlignedBuffer<UInt8>
  ) {
    let chunk = min(count, 1 << 10)
    let pool = BufferPool(count: 8 * chunk)
    Parallel.forEach(count / chunk) { index in
      let start = first + index * chunk
      LeafHashing.begin(states: digests, first: start, count: chunk, header: format.header, salts: digests)
      pool.withBuffer { blocks in
        for block in 0..<format.blocks {
          for leaf in 0..<chunk {
            words.copy(8 * block..<8 * block + 8, ofLeaf: index * chunk + leaf, coset, to: blocks.pointer + 8 * leaf)
          }
          LeafHashing.absorb(states: digests, first: start, blocks: blocks, count: chunk)
        }
      }
      LeafHashing.finish(
        states: digests, first: start, count: chunk, totalBytes: format.totalBytes, digests: digests)
    }
  }

  /// `leaves`: distinct, ascending.
  func open(_ leaves: [Int], channel: inout ProverChannel) {
    let folds = codewords.shape.folds
    let lanes = codewords.values(at: leaves.flatMap { $0 << folds..<($0 + 1) << folds })
    var bytes: [UInt8] = []
    for leaf in leaves.indices {
      for first in stride(from: 0, to: lanes.count, by: 3) {
        for position in leaf << folds..<(leaf + 1) << folds {
          for lane in first..<first + 3 { bytes.append(littleEndian: lanes[lane][position].value) }
        }
      }
    }
    let name = format.label
    channel.hint(OpeningLabel.rows(name), bytes)
    channel.hint(OpeningLabel.paths(name), tree.multiproof(leaves))
  }
}

/// Where the words of a leaf stand in an encoded coset.
private struct LeafWords: Sendable {
  private let folds: Int
  /// Of each word: which block of eight lanes, and where in it, counted from the leaf's first position.
  private let places: [(block: Int, offset: Int)]

  init(codewords: Int, folds: Int) {
    self.folds = folds
    places = (0..<codewords).flatMap { g in
      (0..<1 << folds).flatMap { position in
        (0..<3).map { coordinate in
          let lane = 3 * g + coordinate
          return (lane / Encoder.lanes, Encoder.lanes * position + lane % Encoder.lanes)
        }
      }
    }
  }

  /// Copies words of a leaf, zeros behind the last one.
  func copy(
    _ range: Range<Int>, ofLeaf leaf: Int, _ coset: [AlignedBuffer<UInt64>], to target: UnsafeMutablePointer<UInt64>
  ) {
    let start = Encoder.lanes * leaf << folds
    for word in range {
      guard word < places.count else {
        target[word - range.lowerBound] = 0
        continue
      }
      let place = places[word]
      target[word - range.lowerBound] = coset[place.block].pointer[start + place.offset]
    }
  }
}
