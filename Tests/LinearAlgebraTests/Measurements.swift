import Foundation
import LinearAlgebra
import Testing

/// Times and accuracies at full size, for a release build: DRIFTPROOF_MEASURE=1 swift test -c release.
@Suite(.serialized, .enabled(if: ProcessInfo.processInfo.environment["DRIFTPROOF_MEASURE"] != nil))
struct Measurements {
  private func timed<Result>(_ name: String, _ body: () throws -> Result) rethrows -> Result {
    let clock = ContinuousClock()
    let start = clock.now
    let result = try body()
    print(name, clock.now - start)
    return result
  }

  /// Rank 8 of the given standard deviation plus rounding noise, 4096 x 4096.
  private func drift(deviation: Double, noise: Double, size: Int = 4096) throws -> IntegerMatrix {
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

  @Test func rankEight() throws {
    let drift = try drift(deviation: 0x1p21, noise: 2)
    let (left, right) = try timed("approximate") { try LowRank.approximate(drift, rank: 8) }
    let norm = 4096.0 * 0x1p21
    print("relative residual", LowRank.residualNorm(drift, left: left, right: right) / norm)
    _ = try timed("statistics") { try DriftStatistics.measure(drift, fractionBits: 24, baseNorm: 1) }
    print("largest scale", try IntegerFactors.largestScaleBits(drift, rank: 8) ?? -1)
    for scaleBits in [0, 6, 12, 17] {
      let (factors, residual) = try timed("quantise \(scaleBits)") {
        try IntegerFactors.quantise(drift, rank: 8, scaleBits: scaleBits)
      }
      let error = Double(residual.sumOfSquares).squareRoot() / 4096 / Double(1 << scaleBits)
      let blocks = [factors.left, factors.right].map { Double(IntegerFactors.largestBlock($0, rank: 8)) / 0x1p51 }
      print("  rms E in drift units", error, "relative", error / 0x1p21, "max", residual.maximum, "blocks", blocks)
    }
    let found = try timed("sparse") { try Sparse.decompose(drift, rank: 8, form: .entries(500)) }
    print("  iterations", found.iterations, "residual", found.residual)
    _ = try timed("sparse rows") { try Sparse.decompose(drift, rank: 8, form: .rows(20)) }
  }

  @Test func exact() throws {
    for (size, rank, range) in [(4096, 8, 1 << 9), (1024, 32, 1 << 8), (2048, 16, 1 << 12)] as [(Int, Int, Int64)] {
      let product = try integerProduct(size, size, rank: rank, range: range, seed: 3)
      let factors = try timed("exact \(size) rank \(rank)") { try IntegerFactors.exact(product, rank: rank) }
      print("  found", factors != nil, factors.map { IntegerFactors.largestBlock($0.left, rank: rank) } ?? 0)
    }
  }
}
