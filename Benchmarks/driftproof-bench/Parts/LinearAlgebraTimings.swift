// SPDX-License-Identifier: Apache-2.0

import Foundation
import DriftProofLinearAlgebra

/// `linear-algebra`: times and accuracies of ranks, integer factors and sparse parts at full size.
enum LinearAlgebraTimings {
  static func run() throws {
    try rankEight()
    try exact()
  }

  /// Rank 8 of the given standard deviation plus rounding noise, 4096 × 4096.
  private static func drift(deviation: Double, noise: Double, size: Int = 4096) throws -> IntegerMatrix {
    let (u, v) = (Matrix(random: size, 8, seed: 1), Matrix(random: size, 8, seed: 2))
    let scale = deviation * (9.0 / 8).squareRoot()
    var generator = SplitMix64(seed: 5)
    var values = [Int32](repeating: 0, count: size * size)
    for row in 0..<size {
      for column in 0..<size {
        var sum = 0.0
        for k in 0..<8 { sum += u.values[row * 8 + k] * v.values[column * 8 + k] }
        values[row * size + column] = Int32((sum * scale + noise * generator.nextSigned()).rounded())
      }
    }
    return try IntegerMatrix(rows: size, columns: size, values: values)
  }

  private static func rankEight() throws {
    let drift = try drift(deviation: 0x1p21, noise: 2)
    let (left, right) = try Timing.once("approximate") { try LowRank.approximate(drift, rank: 8) }
    let norm = 4096.0 * 0x1p21
    print("relative residual", LowRank.residualNorm(drift, left: left, right: right) / norm)
    _ = try Timing.once("statistics") { try DriftStatistics.measure(drift, fractionBits: 24, baseNorm: 1) }
    print("largest scale", try IntegerFactors.largestScaleBits(drift, rank: 8) ?? -1)
    for scaleBits in [0, 6, 12, 17] {
      let (factors, residual) = try Timing.once("quantise \(scaleBits)") {
        try IntegerFactors.quantise(drift, rank: 8, scaleBits: scaleBits)
      }
      let error = Double(residual.sumOfSquares).squareRoot() / 4096 / Double(1 << scaleBits)
      let blocks = [factors.left, factors.right].map { Double(IntegerFactors.largestBlock($0, rank: 8)) / 0x1p51 }
      print("  rms E in drift units", error, "relative", error / 0x1p21, "max", residual.maximum, "blocks", blocks)
    }
    let found = try Timing.once("sparse") { try Sparse.decompose(drift, rank: 8, form: .entries(500)) }
    print("  iterations", found.iterations, "residual", found.residual)
    _ = try Timing.once("sparse rows") { try Sparse.decompose(drift, rank: 8, form: .rows(20)) }
  }

  private static func exact() throws {
    for (size, rank, range) in [(4096, 8, 1 << 9), (1024, 32, 1 << 8), (2048, 16, 1 << 12)] as [(Int, Int, Int64)] {
      let product = try product(size, rank: rank, range: range)
      let factors = try Timing.once("exact \(size) rank \(rank)") { try IntegerFactors.exact(product, rank: rank) }
      print("  found", factors != nil, factors.map { IntegerFactors.largestBlock($0.left, rank: rank) } ?? 0)
    }
  }

  /// Of two random integer factors with entries in -range..<range.
  private static func product(_ size: Int, rank: Int, range: Int64) throws -> IntegerMatrix {
    var generator = SplitMix64(seed: 3)
    let left = (0..<size * rank).map { _ in Int64.random(in: -range..<range, using: &generator) }
    let right = (0..<size * rank).map { _ in Int64.random(in: -range..<range, using: &generator) }
    var values = [Int64](repeating: 0, count: size * size)
    for row in 0..<size {
      for column in 0..<size {
        var sum: Int64 = 0
        for k in 0..<rank { sum += left[row * rank + k] * right[column * rank + k] }
        values[row * size + column] = sum
      }
    }
    return try IntegerMatrix(rows: size, columns: size, values: values)
  }
}
