// SPDX-License-Identifier: Apache-2.0

import DriftProofKernels
import Testing

@Suite struct MatrixProductTests {
  private static func numbers(_ count: Int, seed: UInt64) -> [Double] {
    var state = seed
    return (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(Int64(bitPattern: state) >> 33)
    }
  }

  /// Integers so small that every sum of their products is exact.
  private static func small(_ count: Int, seed: UInt64) -> [Double] {
    numbers(count, seed: seed).map { ($0 / 0x1p12).rounded() }
  }

  /// Shapes around the widths of groups, strips and blocks, against the sums themselves: exact, whatever their order.
  @Test(
    arguments: [
      (1, 1, 1), (3, 5, 7), (2, 8, 1), (40, 18, 129), (7, 33, 128), (5, 127, 3), (4, 129, 260), (130, 31, 16),
    ], KernelPath.allCases)
  func productsAreExactOnIntegers(shape: (Int, Int, Int), path: KernelPath) {
    let (m, n, k) = shape
    let (a, b, c) = (Self.small(m * k + 3, seed: 1), Self.small(k * n + 2, seed: 2), Self.small(m * n + 1, seed: 3))
    for (aTransposed, bTransposed) in [(false, false), (false, true), (true, false), (true, true)] {
      for (alpha, beta) in [(1.0, 0.0), (-1, 1), (2, 4)] {
        var expected = c
        for i in 0..<m {
          for j in 0..<n {
            var sum = 0.0
            for x in 0..<k {
              sum += a[3 + (aTransposed ? x * m + i : i * k + x)] * b[2 + (bTransposed ? j * k + x : x * n + j)]
            }
            expected[1 + i * n + j] = alpha * sum + beta * c[1 + i * n + j]
          }
        }
        for workers in [1, 3] {
          var result = c
          MatrixProduct.multiply(
            m, n, k, alpha: alpha, a, aOffset: 3, aTransposed: aTransposed, b, bOffset: 2, bTransposed: bTransposed,
            beta: beta, into: &result, cOffset: 1, workers: workers, path: path)
          #expect(result == expected)
        }
      }
    }
  }

  /// What stood in c does not count with beta 0, not even what is no number; without a depth there is only beta.
  @Test func nothingIsReadThatDoesNotCount() {
    var c = [Double.nan, .nan]
    MatrixProduct.multiply(1, 2, 1, [3], [5, 7], into: &c)
    #expect(c == [15, 21])
    MatrixProduct.multiply(1, 2, 0, [], [], beta: 2, into: &c)
    #expect(c == [30, 42])
    MatrixProduct.multiply(0, 2, 1, [], [5, 7], into: &c)
    #expect(c == [30, 42])
  }

  /// Large enough that threads share it.
  @Test(arguments: [(700, 24, 90), (24, 700, 90)])
  func threadsDoNotChangeTheResult(m: Int, n: Int, k: Int) {
    let (a, b) = (Self.numbers(m * k, seed: 4), Self.numbers(k * n, seed: 5))
    var (alone, shared) = ([Double](repeating: 0, count: m * n), [Double](repeating: 0, count: m * n))
    MatrixProduct.multiply(m, n, k, a, aTransposed: true, b, into: &alone, workers: 1)
    MatrixProduct.multiply(m, n, k, a, aTransposed: true, b, into: &shared, workers: 5)
    #expect(alone == shared)
    MatrixProduct.multiply(m, n, k, a, b, into: &alone, workers: 1)
    MatrixProduct.multiply(m, n, k, a, b, into: &shared, workers: 4)
    #expect(alone == shared)
  }
}
