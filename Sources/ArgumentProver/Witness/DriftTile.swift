// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofField
import DriftProofKernels

/// One E-tile: a tableau row as an E-set sees it.
struct DriftTile: Sendable {
  /// E-tile index.
  var index: Int
  /// Tableau row that it shows.
  var row: Int
  var exact: Bool
  /// L integers. An honest prover's are narrow; field elements of any size are a cheating prover's.
  var entries: RowMessage
}

/// Sums over the entries of a tile, or over some of its positions.
extension RowMessage {
  var isZero: Bool {
    if case .zero = self { true } else { false }
  }

  func element(_ index: Int) -> Goldilocks {
    switch self {
    case .zero: .zero
    case .narrow(let values): Goldilocks(Int(values[index]))
    case .field(let values): Goldilocks(reducing: values[index])
    }
  }

  /// sums[x] += Σ_c weights[c]·E(c, x) over some chunks of the tile, one weight each.
  func accumulateChunks(_ chunks: Range<Int>, weights: [CubicExtension], into sums: inout [CubicExtension]) {
    let positions = chunks.lowerBound << Limits.logChunk..<chunks.upperBound << Limits.logChunk
    switch self {
    case .zero: return
    case .narrow(let values):
      RowCombination.accumulateNarrow(
        values, range: positions, chunkSize: Limits.chunk, weights: weights, into: &sums)
    case .field(let values):
      for index in positions {
        sums[index & (Limits.chunk - 1)] +=
          weights[index >> Limits.logChunk - chunks.lowerBound] * Goldilocks(reducing: values[index])
      }
    }
  }

  /// The upper triangle, row by row, of Σ_groups E(b)·E(c) over groups of 2^log entries of a range.
  func gram(_ range: Range<Int>, log: Int) -> [UInt64] {
    let width = 1 << log
    switch self {
    case .zero: return [UInt64](repeating: 0, count: width * (width + 1) / 2)
    case .narrow(let values):
      return GramKernel.gram(values, range: range, log: log).map { Goldilocks($0).value }
    case .field(let values):
      var sums = [Goldilocks](repeating: .zero, count: width * (width + 1) / 2)
      for start in stride(from: range.lowerBound, to: range.upperBound, by: width) {
        let group = values[start..<start + width].map { Goldilocks(reducing: $0) }
        guard group.contains(where: { $0 != .zero }) else { continue }
        var next = 0
        for b in 0..<width {
          for c in b..<width {
            sums[next] += group[b] * group[c]
            next += 1
          }
        }
      }
      return sums.map(\.value)
    }
  }

  /// The first position variables bound: Σ_b weights[b]·E(g·weights.count + b) for the groups g of a range.
  func folded(_ range: Range<Int>, weights: [CubicExtension]) -> [CubicExtension] {
    let log = weights.count.trailingZeroBitCount
    var table: [CubicExtension]
    switch self {
    case .zero: return [CubicExtension](repeating: .zero, count: range.count >> log)
    case .narrow(let values):
      table = LargeArray.unwritten(count: range.count >> log)
      GramKernel.fold(values, range: range, weights: weights, into: &table, at: 0)
    case .field(let values):
      table = [CubicExtension](repeating: .zero, count: range.count >> log)
      for (offset, index) in range.enumerated() {
        table[offset >> log] += weights[offset & (weights.count - 1)] * Goldilocks(reducing: values[index])
      }
    }
    return table
  }

  /// Σ E² over some positions without any reduction; centred values for field elements, each square at most 2^100.
  func exactSquareSum(_ range: Range<Int>) -> UInt128 {
    switch self {
    case .zero: 0
    case .narrow(let values): IntegerSquares.sum(values, range)
    case .field(let values):
      values[range].reduce(UInt128(0)) {
        let value = UInt128(Goldilocks(reducing: $1).centred.magnitude)
        return $0 + min(value * value, 1 << 100)
      }
    }
  }

  /// Σ E² over some positions; modulo p for a cheating prover's field elements.
  func squareSum(_ range: Range<Int>) -> UInt64 {
    switch self {
    case .zero: 0
    case .narrow(let values): UInt64(truncatingIfNeeded: IntegerSquares.sum(values, range))
    case .field(let values):
      values[range].reduce(Goldilocks.zero) { $0 + Goldilocks(reducing: $1) * Goldilocks(reducing: $1) }.value
    }
  }
}
