// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofField
import DriftProofKernels

/// What the first pass of the bounds stage over E accumulates, on each core.
struct FirstSums: Sendable {
  private let log: Int
  /// The upper triangle of Σ wS·(Gram matrix), row by row.
  private var triangle: [CubicExtension]
  /// Σ_chunks w(chunk)·E(chunk, ·) over inexact and over exact tiles; empty where there are none.
  private(set) var columns: [[CubicExtension]]
  /// ``OrthonormalTerm``'s sums.
  var orthonormal: [CubicExtension]

  /// Gram matrices that are weighted in one call.
  private static let batch = 32

  init(log: Int, kinds: [Bool], orthonormal: Int = 0) {
    self.log = log
    self.orthonormal = [CubicExtension](repeating: .zero, count: orthonormal)
    triangle = [CubicExtension](repeating: .zero, count: 1 << log * (1 << log + 1) / 2)
    columns = kinds.map { [CubicExtension](repeating: .zero, count: $0 ? Limits.chunk : 0) }
  }

  /// Some chunks of a tile, with the ranges of equal weights of E² in the whole tile.
  mutating func add(
    _ entries: RowMessage, chunks: Range<Int>, exact: Bool, chunkWeights: [CubicExtension],
    squares: some Sequence<(Range<Int>, CubicExtension)>
  ) {
    if entries.isZero || chunks.isEmpty { return }
    entries.accumulateChunks(chunks, weights: chunkWeights, into: &columns[exact ? 1 : 0])
    let own = chunks.lowerBound << Limits.logChunk..<chunks.upperBound << Limits.logChunk
    var (rows, weights): ([RowMessage], [CubicExtension]) = ([], [])
    for (range, weight) in squares where own.contains(range.lowerBound) {
      rows.append(.field(entries.gram(range, log: log)))
      weights.append(weight)
      if rows.count == Self.batch {
        RowCombination.accumulate(rows: rows, weights: weights, into: &triangle)
        (rows, weights) = ([], [])
      }
    }
    if !rows.isEmpty { RowCombination.accumulate(rows: rows, weights: weights, into: &triangle) }
  }

  mutating func add(_ other: FirstSums) {
    for i in triangle.indices { triangle[i] += other.triangle[i] }
    for kind in columns.indices {
      for x in columns[kind].indices { columns[kind][x] += other.columns[kind][x] }
    }
    for i in orthonormal.indices { orthonormal[i] += other.orthonormal[i] }
  }

  var matrix: [[CubicExtension]] {
    let width = 1 << log
    var result = [[CubicExtension]](repeating: [CubicExtension](repeating: .zero, count: width), count: width)
    var next = 0
    for b in 0..<width {
      for c in b..<width {
        result[b][c] = triangle[next]
        result[c][b] = triangle[next]
        next += 1
      }
    }
    return result
  }
}

/// Σ w·E over the positions of a chunk, E summed over all chunks.
struct ColumnSums {
  var weights: [CubicExtension]
  var entries: [CubicExtension]

  mutating func scale(_ factor: CubicExtension) { for x in entries.indices { entries[x] *= factor } }

  mutating func fold(_ r: CubicExtension) {
    if weights.isEmpty { return }
    Folding.fold(&weights, r)
    Folding.fold(&entries, r)
  }

  /// Coefficients of the round's polynomial.
  var round: [CubicExtension] {
    let sums = parallelSum(count: weights.count / 2, width: 3) { range, out in
      for pair in range {
        let (w0, w1, e0, e1) = (weights[2 * pair], weights[2 * pair + 1], entries[2 * pair], entries[2 * pair + 1])
        out[0] += w0 * e0
        out[1] += w1 * e1
        out[2] += (w1 - w0) * (e1 - e0)
      }
    }
    return [sums[0], sums[1] - sums[0] - sums[2], sums[2]]
  }
}

/// Coefficients of Σ (w0 + X·(w1 - w0))·(e0 + X·(e1 - e0))² but for that of X.
struct SquareSums {
  var constant = CubicExtension.zero
  var square = CubicExtension.zero
  var cube = CubicExtension.zero

  /// - Parameters:
  ///   - pairs: of neighbours in `table`.
  ///   - logGranule: log2 of the pairs that share a weight; negative when every entry has a weight of its own.
  mutating func add(_ table: [CubicExtension], pairs: Range<Int>, weights: [CubicExtension], logGranule: Int) {
    guard logGranule >= 0 else {
      for pair in pairs {
        let (w, dw) = (weights[2 * pair], weights[2 * pair + 1] - weights[2 * pair])
        let e = table[2 * pair]
        let step = table[2 * pair + 1] - e
        let (ee, ss) = (e.squared, step.squared)
        constant += w * ee
        square += w * ss
        if dw == .zero { continue }
        let es = e * step
        square += dw * (es + es)
        cube += dw * ss
      }
      return
    }
    var first = pairs.lowerBound
    while first < pairs.upperBound {
      let end = min(pairs.upperBound, (first >> logGranule + 1) << logGranule)
      let weight = weights[first >> logGranule]
      if weight != .zero {
        let (low, step) = SquarePairs.sums(table, pairs: first..<end)
        constant += weight * low
        square += weight * step
      }
      first = end
    }
  }
}

/// Values with their own weights: Σ (squares·values + linear)·values.
struct DenseTile {
  var values: [CubicExtension] = []
  var squares: [CubicExtension] = []
  var linear: [CubicExtension] = []

  /// Values of the round's polynomial at 0...degree.
  func round(_ degree: Int) -> [CubicExtension] {
    var sums = [CubicExtension](repeating: .zero, count: degree + 1)
    for pair in 0..<values.count / 2 {
      var (e, s, l) = (values[2 * pair], squares[2 * pair], linear[2 * pair])
      let (de, ds, dl) = (values[2 * pair + 1] - e, squares[2 * pair + 1] - s, linear[2 * pair + 1] - l)
      for x in 0...degree {
        sums[x] += (s * e + l) * e
        e += de
        s += ds
        l += dl
      }
    }
    return sums
  }

  mutating func fold(_ r: CubicExtension) {
    Multilinear.fold(&values, r)
    Multilinear.fold(&squares, r)
    Multilinear.fold(&linear, r)
  }
}
