// SPDX-License-Identifier: Apache-2.0

import DriftProofField
import DriftProofKernels

/// Powers of a point as weights of coefficients: 1, x, x², …, 2^logCount of them, times `scale`.
struct PowerTables: Sendable {
  /// A power is the product of two of them.
  private let low: [CubicExtension]
  private let high: [CubicExtension]
  private let logLow: Int

  init(_ x: CubicExtension, logCount: Int, scale: CubicExtension) {
    logLow = min(logCount, 12)
    low = x.powers(1 << logLow)
    var scales = (low[low.count - 1] * x).powers(1 << (logCount - logLow))
    for i in scales.indices { scales[i] *= scale }
    high = scales
  }

  @inline(__always)
  subscript(index: Int) -> CubicExtension { high[index >> logLow] * low[index & (low.count - 1)] }

  /// All of them.
  static func table(_ x: CubicExtension, logCount: Int, scale: CubicExtension) -> [CubicExtension] {
    let powers = PowerTables(x, logCount: logCount, scale: scale)
    return ParallelMap.of(count: 1 << logCount) { powers[$0] }
  }

  /// target[i] += Σ_j scales[j]·points[j]^i. The points' low powers are rows of a weighted sum, the same for all
  /// blocks.
  static func accumulate(_ points: [Goldilocks], scales: [CubicExtension], into target: inout [CubicExtension]) {
    let size = min(target.count, 1 << 12)
    let rows = points.map { point in
      var powers: [UInt64] = []
      powers.reserveCapacity(size)
      var power = Goldilocks.one
      for _ in 0..<size {
        powers.append(power.value)
        power *= point
      }
      return RowMessage.field(powers)
    }
    let steps = points.map { $0.power(UInt64(size)) }
    var scales = scales
    for start in stride(from: 0, to: target.count, by: size) {
      var block = Array(target[start..<start + size])
      RowCombination.accumulate(rows: rows, weights: scales, into: &block)
      target.replaceSubrange(start..<start + size, with: block)
      for j in scales.indices { scales[j] = scales[j] * steps[j] }
    }
  }
}
