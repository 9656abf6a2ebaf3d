import Field
import Kernels
import Synchronization

/// One E-tile as the prover holds it.
struct DriftTile: Sendable {
  /// E-tile index.
  var index: Int
  /// Tableau row that it shows.
  var row: Int
  var exact: Bool
  /// log2 of the positions over which the weight of E² is constant: a chunk, or 16 in a tile that tensors share.
  var logGranule: Int
  /// L integers. An honest prover's are narrow; field elements of any size are a cheating prover's.
  var entries: RowMessage

  var isZero: Bool {
    if case .zero = entries { true } else { false }
  }

  func entry(_ index: Int) -> Goldilocks {
    switch entries {
    case .zero: .zero
    case .narrow(let values): Goldilocks(Int(values[index]))
    case .field(let values): Goldilocks(reducing: values[index])
    }
  }
}

func parallelMap<T: Sendable>(_ count: Int, _ body: @Sendable (Int) -> T) -> [T] {
  let results = Mutex([T?](repeating: nil, count: count))
  Parallel.forEach(count) { index in
    let value = body(index)
    results.withLock { $0[index] = value }
  }
  return results.withLock { $0.compactMap { $0 } }
}

extension DriftTile {
  /// sums[x] += Σ_c weights[c]·E(c, x) over the chunks of the tile.
  func accumulateChunks(weights: [CubicExtension], into sums: inout [CubicExtension]) {
    switch entries {
    case .zero: return
    case .narrow(let values):
      RowCombination.accumulateNarrow(values, chunkSize: Limits.chunk, weights: weights, into: &sums)
    case .field(let values):
      for (index, value) in values.enumerated() {
        sums[index & (Limits.chunk - 1)] += weights[index >> Limits.logChunk] * Goldilocks(reducing: value)
      }
    }
  }

  /// out += Σ_granules weight·(upper triangle of the granule's 16 × 16 Gram matrix, row by row).
  func accumulateGram(weights: [CubicExtension], into out: inout [CubicExtension]) {
    let granule = 1 << logGranule
    for (index, weight) in weights.enumerated() where weight != .zero {
      let range = index * granule..<(index + 1) * granule
      switch entries {
      case .zero: return
      case .narrow(let values):
        let products = GramKernel.gram16(values, range: range)
        for i in 0..<136 where products[i] != 0 { out[i] += weight * Goldilocks(products[i]) }
      case .field(let values):
        for start in stride(from: range.lowerBound, to: range.upperBound, by: 16) {
          var next = 0
          for b in 0..<16 {
            for c in b..<16 {
              out[next] += weight * (Goldilocks(reducing: values[start + b]) * Goldilocks(reducing: values[start + c]))
              next += 1
            }
          }
        }
      }
    }
  }

  /// The first four position variables bound: `count` = L/16 values Σ_b weights[b]·E(16g + b).
  func folded(weights: [CubicExtension], count: Int) -> [CubicExtension] {
    var table = [CubicExtension](repeating: .zero, count: count)
    switch entries {
    case .zero: break
    case .narrow(let values):
      GramKernel.fold16(values, range: 0..<values.count, weights: weights, into: &table, at: 0)
    case .field(let values):
      for (index, value) in values.enumerated() {
        table[index >> 4] += weights[index & 15] * Goldilocks(reducing: value)
      }
    }
    return table
  }
}
