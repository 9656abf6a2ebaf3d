// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofField
import DriftProofKernels

/// What the first pass over R-space accumulates on each core: with ω the weights of chunks, for every group y of 2^4
/// neighbours inside a chunk Σ_c ω(c)·(E_i·E_k + a_i·a_k), and for every position Σ_c ω(c)·a.
struct EntryPairs: Sendable {
  /// Groups that are worked on at a time, so that their sums stay in the cache.
  private static let logBlock = 5
  /// Chunks that are weighed in one call.
  private static let batch = 32
  private static let groups = Limits.chunk >> PairProducts.logWidth

  /// By block of groups; pair by pair, group by group inside.
  private var sums: [[CubicExtension]]
  /// By position of a chunk.
  private(set) var columns = [CubicExtension](repeating: .zero, count: Limits.chunk)

  init() {
    let own = [CubicExtension](repeating: .zero, count: PairProducts.pairs << Self.logBlock)
    sums = [[CubicExtension]](repeating: own, count: Self.groups >> Self.logBlock)
  }

  mutating func add(_ other: EntryPairs) {
    for block in sums.indices { for i in sums[block].indices { sums[block][i] += other.sums[block][i] } }
    for x in columns.indices { columns[x] += other.columns[x] }
  }

  /// Some chunks of a tile, with their weights.
  mutating func add(_ entries: RowMessage, _ roots: RowMessage, chunks: Range<Int>, weights: [CubicExtension]) {
    roots.accumulateChunks(chunks, weights: weights, into: &columns)
    switch (entries, roots) {
    case (.zero, .narrow(let a)): add(nil, a, chunks: chunks, weights: weights)
    case (.narrow(let e), .narrow(let a)): add(e, a, chunks: chunks, weights: weights)
    default: addElements(entries, roots, chunks: chunks, weights: weights)
    }
  }

  private mutating func add(
    _ entries: [Int32]?, _ roots: [Int32], chunks: Range<Int>, weights: [CubicExtension]
  ) {
    let groups = 1 << Self.logBlock
    let length = PairProducts.pairs * groups
    let high = Goldilocks(1 << PairProducts.logPart)
    let size = min(Self.batch, chunks.count)
    var (lowRows, highRows) = ([Int32](repeating: 0, count: size * length), [Int32](repeating: 0, count: size * length))
    for first in stride(from: chunks.lowerBound, to: chunks.upperBound, by: Self.batch) {
      let own = first..<min(first + Self.batch, chunks.upperBound)
      let low = Array(weights[own.lowerBound - chunks.lowerBound..<own.upperBound - chunks.lowerBound])
      for block in sums.indices {
        for (row, chunk) in own.enumerated() {
          PairProducts.fill(
            entries, roots, start: chunk << Limits.logChunk + block << (Self.logBlock + PairProducts.logWidth),
            groups: groups, low: &lowRows, high: &highRows, at: row * length)
        }
        let used = 0..<own.count * length
        RowCombination.accumulateNarrow(lowRows, range: used, chunkSize: length, weights: low, into: &sums[block])
        RowCombination.accumulateNarrow(
          highRows, range: used, chunkSize: length, weights: low.map { $0 * high }, into: &sums[block])
      }
    }
  }

  /// The same of field elements, a cheating prover's.
  private mutating func addElements(
    _ entries: RowMessage, _ roots: RowMessage, chunks: Range<Int>, weights: [CubicExtension]
  ) {
    let groups = 1 << Self.logBlock
    for (chunk, weight) in zip(chunks, weights) {
      for group in 0..<Self.groups {
        let start = chunk << Limits.logChunk + group << PairProducts.logWidth
        let e = (0..<PairProducts.width).map { entries.element(start + $0) }
        let a = (0..<PairProducts.width).map { roots.element(start + $0) }
        var place = group & (groups - 1)
        for i in 0..<PairProducts.width {
          for k in i..<PairProducts.width {
            sums[group >> Self.logBlock][place] += weight * (e[i] * e[k] + a[i] * a[k])
            place += groups
          }
        }
      }
    }
  }

  /// By group: the symmetric matrix of 2^4 × 2^4.
  var matrices: [[CubicExtension]] {
    let width = PairProducts.width
    return (0..<Self.groups).map { group in
      var matrix = [CubicExtension](repeating: .zero, count: width * width)
      var place = group & (1 << Self.logBlock - 1)
      for i in 0..<width {
        for k in i..<width {
          let value = sums[group >> Self.logBlock][place]
          matrix[i * width + k] = value
          matrix[k * width + i] = value
          place += 1 << Self.logBlock
        }
      }
      return matrix
    }
  }
}
