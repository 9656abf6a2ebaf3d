// SPDX-License-Identifier: Apache-2.0

import DriftProofLinearAlgebra
import Testing

/// The search that stops where factors are good enough.
@Suite struct FactorSearchTests {
  /// What an honest low rank with rounding looks like: one step finds nearly the best factors.
  @Test(arguments: [(300, 400), (400, 300), (600, 560)])
  func theFirstStepIsEnoughForLowRankAndNoise(rows: Int, columns: Int) throws {
    let drift = try rounded(lowRank(rows, columns, rank: 4, noise: 0.01), scale: 0x1p12)
    let best = try IntegerFactors.quantise(drift, rank: 4, scaleBits: 6)
    var asked = 0
    let (factors, residual) = try IntegerFactors.quantise(drift, rank: 4, scaleBits: 6) { factors, found in
      asked += 1
      #expect(factors.rank == 4 && Double(found.sumOfSquares) <= 1.001 * Double(best.residual.sumOfSquares))
      return true
    }
    #expect(asked == 1)
    #expect(try factors.residual(drift, scaleBits: 6) == residual)
  }

  /// In a flat spectrum one step leaves more than the thorough search: where that matters, its factors are taken.
  @Test(arguments: [(300, 310), (600, 560)])
  func theThoroughSearchFollowsWhereItMatters(rows: Int, columns: Int) throws {
    let drift = try rounded(Matrix(random: rows, columns, seed: 3), scale: 0x1p12)
    let best = try IntegerFactors.quantise(drift, rank: 8, scaleBits: 4)
    var first: IntegerFactors.Residual?
    let (factors, residual) = try IntegerFactors.quantise(drift, rank: 8, scaleBits: 4) { _, found in
      first = first ?? found
      return found.sumOfSquares <= best.residual.sumOfSquares
    }
    #expect(try #require(first).sumOfSquares > best.residual.sumOfSquares)
    // Bit by bit: a range finder goes on from where it was.
    #expect(factors == best.factors && residual == best.residual)
  }

  /// Ranks near the shorter side have nothing to gain from a first step.
  @Test func ranksNearTheSizeAreDecomposedAtOnce() throws {
    let drift = try rounded(lowRank(60, 50, rank: 20, noise: 0.1), scale: 0x1p12)
    var asked = 0
    let (factors, _) = try IntegerFactors.quantise(drift, rank: 20, scaleBits: 4) { _, _ in
      asked += 1
      return true
    }
    #expect(asked == 0)
    #expect(try factors == IntegerFactors.quantise(drift, rank: 20, scaleBits: 4).factors)
  }

  /// Exact factors by way of the row space, with singular values far apart, in rows and columns of any order.
  @Test(arguments: [(120, 110, 1), (110, 120, 1000), (520, 514, 1)])
  func exactFactorsOfValuesFarApart(rows: Int, columns: Int, ratio: Int64) throws {
    let large = try integerProduct(rows, columns, rank: 3, range: 8, seed: 5)
    let small = try integerProduct(rows, columns, rank: 2, range: 3, seed: 6)
    let drift = try IntegerMatrix(
      rows: rows, columns: columns, values: (0..<rows * columns).map { ratio * large[$0] + small[$0] })
    let factors = try #require(try IntegerFactors.exact(drift, rank: 8))
    #expect(try factors.residual(drift, scaleBits: 0).maximum == 0)
    #expect(try IntegerFactors.exact(drift, rank: 4) == nil)
  }
}
