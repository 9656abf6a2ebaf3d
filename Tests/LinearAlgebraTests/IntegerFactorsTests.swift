// SPDX-License-Identifier: Apache-2.0

import DriftProofLinearAlgebra
import Testing

@Suite struct IntegerFactorsTests {
  /// E entry by entry, in wide integers.
  private func recompute(
    _ drift: IntegerMatrix, _ factors: IntegerFactors, _ scaleBits: Int
  ) -> IntegerFactors.Residual {
    var result = IntegerFactors.Residual(sumOfSquares: 0, maximum: 0)
    let rank = factors.rank
    for row in 0..<drift.rows {
      for column in 0..<drift.columns {
        var entry = Int128(drift[row * drift.columns + column]) << Int128(scaleBits)
        for k in 0..<rank {
          entry -= Int128(factors.left[row * rank + k]) * Int128(factors.right[column * rank + k])
        }
        result.maximum = max(result.maximum, UInt64(entry.magnitude))
        result.sumOfSquares += entry.magnitude * entry.magnitude
      }
    }
    return result
  }

  private func checkBounds(_ factors: IntegerFactors) {
    #expect(IntegerFactors.largestBlock(factors.left, rank: factors.rank) <= IntegerFactors.blockBound)
    #expect(IntegerFactors.largestBlock(factors.right, rank: factors.rank) <= IntegerFactors.blockBound)
  }

  @Test(arguments: [(60, 50, 0), (60, 50, 9), (50, 70, 20), (1, 40, 6), (40, 1, 6)])
  func theReportedResidualIsRecomputed(rows: Int, columns: Int, scaleBits: Int) throws {
    let drift = try rounded(lowRank(rows, columns, rank: 3, noise: 1e-4), scale: 1e6)
    let (factors, residual) = try IntegerFactors.quantise(drift, rank: 3, scaleBits: scaleBits)
    #expect(factors.left.count == rows * 3 && factors.right.count == columns * 3)
    #expect(recompute(drift, factors, scaleBits) == residual)
    let entries = try factors.residualRows(drift, scaleBits: scaleBits, rows: 0..<rows)
    #expect(entries.reduce(UInt64(0)) { max($0, $1.magnitude) } == residual.maximum)
    checkBounds(factors)
  }

  @Test func largeNumbersTakeTheExactPath() throws {
    // One entry of 2^50: eight products of such a size might leave the 53 bits of a Double.
    let small = try rounded(lowRank(30, 20, rank: 2, noise: 1e-1), scale: 0x1p44)
    var values = (0..<600).map { small[$0] }
    values[77] = 1 << 50
    let drift = try IntegerMatrix(rows: 30, columns: 20, values: values)
    let (factors, residual) = try IntegerFactors.quantise(drift, rank: 8, scaleBits: 0)
    #expect(recompute(drift, factors, 0) == residual)
    #expect(residual.maximum > 1 << 32)
    checkBounds(factors)
  }

  @Test func theErrorIsThatOfRounding() throws {
    let (rows, columns, rank, scaleBits) = (300, 200, 4, 12)
    let drift = try rounded(lowRank(rows, columns, rank: rank), scale: 0x1p21)
    let (left, right) = try LowRank.approximate(drift, rank: rank)
    let real = LowRank.residualNorm(drift, left: left, right: right) * 4096
    let (factors, residual) = try IntegerFactors.quantise(drift, rank: rank, scaleBits: scaleBits)
    let squares = { (entries: [Int32]) in entries.reduce(0.0) { $0 + Double($1) * Double($1) } }
    // Independent uniform errors on both sides.
    let expected =
      (Double(rows) * squares(factors.right) + Double(columns) * squares(factors.left)) / 12 + real * real
    #expect(isClose(Double(residual.sumOfSquares), expected, within: 0.1))
    // Equal root mean squares on both sides.
    #expect(isClose(squares(factors.left) / Double(rows), squares(factors.right) / Double(columns), within: 0.01))
  }

  @Test func scaleMovesToTheOtherFactorWhereABlockIsFull() throws {
    // Equal root mean squares would put 4.6 * 2^50 into the only block of V.
    var values = [Int64](repeating: 0, count: 3 * 64)
    for column in 0..<64 { values[column] = 1 << 47 }
    let drift = try IntegerMatrix(rows: 3, columns: 64, values: values)
    let (factors, residual) = try IntegerFactors.quantise(drift, rank: 1, scaleBits: 0)
    checkBounds(factors)
    #expect(Double(residual.maximum) < 0x1p26)
    #expect(try IntegerFactors.largestScaleBits(drift, rank: 1) == 0)
    #expect(throws: LinearAlgebraError.factorBoundExceeded) {
      try IntegerFactors.quantise(drift, rank: 1, scaleBits: 1)
    }
    #expect(throws: LinearAlgebraError.integerOverflow) {
      try IntegerFactors.quantise(drift, rank: 1, scaleBits: 15)
    }
  }

  @Test(arguments: [1, 2, 5])
  func theLargestScaleIsUsable(rank: Int) throws {
    let drift = try rounded(lowRank(200, 60, rank: 2, noise: 1e-3), scale: 0x1p20)
    let scaleBits = try #require(try IntegerFactors.largestScaleBits(drift, rank: rank))
    let (factors, _) = try IntegerFactors.quantise(drift, rank: rank, scaleBits: scaleBits)
    checkBounds(factors)
    #expect(throws: LinearAlgebraError.factorBoundExceeded) {
      try IntegerFactors.quantise(drift, rank: rank, scaleBits: scaleBits + 1)
    }
  }

  @Test func zeroDrift() throws {
    let drift = try IntegerMatrix(rows: 5, columns: 4, values: [Int32](repeating: 0, count: 20))
    let (factors, residual) = try IntegerFactors.quantise(drift, rank: 7, scaleBits: 3)
    #expect(factors.left.allSatisfy { $0 == 0 } && factors.right.allSatisfy { $0 == 0 })
    #expect(residual == IntegerFactors.Residual(sumOfSquares: 0, maximum: 0))
    #expect(try IntegerFactors.exact(drift, rank: 2)?.left == [Int32](repeating: 0, count: 10))
  }

  @Test(arguments: [
    (60, 50, 1, 1), (60, 50, 3, 5), (50, 60, 8, 8), (300, 200, 8, 8), (1, 9, 1, 2), (9, 1, 1, 1), (40, 20, 16, 16),
  ])
  func exactFactorsOfIntegerProducts(rows: Int, columns: Int, actual: Int, rank: Int) throws {
    let drift = try integerProduct(rows, columns, rank: actual, range: 1 << 9, seed: 11)
    let factors = try #require(try IntegerFactors.exact(drift, rank: rank))
    #expect(factors.rank == rank && factors.left.count == rows * rank && factors.right.count == columns * rank)
    #expect(recompute(drift, factors, 0).maximum == 0)
    checkBounds(factors)
  }

  /// Full rank, more rows than columns and the reverse: no search.
  @Test(arguments: [(300, 40, 40), (40, 300, 40), (40, 300, 64), (30, 30, 30), (1, 50, 1)])
  func aRankThatRestrictsNothingTakesTheDriftItself(rows: Int, columns: Int, rank: Int) throws {
    let drift = try rounded(lowRank(rows, columns, rank: min(rows, columns), noise: 1), scale: 0x1p12)
    let factors = try #require(IntegerFactors.trivial(drift, rank: rank, scaleBits: 3))
    #expect(factors.rank == rank && factors.left.count == rows * rank && factors.right.count == columns * rank)
    #expect(recompute(drift, factors, 3).maximum == 0)
    checkBounds(factors)
    // Nothing is left for a search.
    #expect(try IntegerFactors.exact(drift, rank: rank, search: ExactSearch(limit: 0)) != nil)
    #expect(IntegerFactors.trivial(drift, rank: min(rows, columns) - 1) == nil)
  }

  @Test func factorsKeepTheirLimits_when_theDriftIsOneOfThem() throws {
    func trivial(_ value: Int64, _ count: Int, scaleBits: Int = 0) throws -> IntegerFactors? {
      let values = [Int64](repeating: value, count: count)
      return IntegerFactors.trivial(
        try IntegerMatrix(rows: 1, columns: count, values: values), rank: 1, scaleBits: scaleBits)
    }
    // A block of 2^14 entries has a sum of squares up to 2^51; entries lie below 2^31.
    #expect(try trivial(1 << 18, 1 << 14) != nil)
    #expect(try trivial(1 << 19, 1 << 14) == nil)
    #expect(try trivial(1 << 17, 1 << 14, scaleBits: 1) != nil)
    #expect(try trivial(1 << 18, 1 << 14, scaleBits: 1) == nil)
    #expect(try trivial(1 << 31, 1) == nil)
  }

  @Test func aLongSearchIsGivenUp() throws {
    let drift = try integerProduct(300, 200, rank: 8, range: 1 << 9, seed: 11)
    #expect(throws: LinearAlgebraError.searchTooLong(multiplications: 1000)) {
      try IntegerFactors.exact(drift, rank: 8, search: ExactSearch(limit: 1000))
    }
    #expect(try IntegerFactors.exact(drift, rank: 8) != nil)
    // The way to the limit is reported.
    var fractions: [Double] = []
    let limit = 1 << 16
    #expect(throws: LinearAlgebraError.searchTooLong(multiplications: limit)) {
      try IntegerFactors.exact(drift, rank: 8, search: ExactSearch(limit: limit) { fractions.append($0) })
    }
    #expect(!fractions.isEmpty && fractions == fractions.sorted() && fractions.allSatisfy { $0 > 0 && $0 <= 1 })
  }

  @Test func higherRankHasNoExactFactors() throws {
    let drift = try integerProduct(30, 30, rank: 4, range: 100, seed: 12)
    #expect(try IntegerFactors.exact(drift, rank: 3) == nil)
    var values = (0..<900).map { drift[$0] }
    values[17] += 1
    let disturbed = try IntegerMatrix(rows: 30, columns: 30, values: values)
    #expect(try IntegerFactors.exact(disturbed, rank: 4) == nil)
    #expect(try IntegerFactors.exact(disturbed, rank: 5) != nil)
  }

  @Test func rowsThatShareAFractionalGeneratorAreInOneLattice() throws {
    // Rows 2 g, 3 g and 5 h span the lattice of g and 5 h; 6 g + 5 h is in it, g + h is not.
    let drift = try IntegerMatrix(
      rows: 4, columns: 3, values: [Int32]([2, 4, 6, 3, 6, 9, 5, 0, -5, 11, 12, 13]))
    let factors = try #require(try IntegerFactors.exact(drift, rank: 2))
    #expect(recompute(drift, factors, 0).maximum == 0)
  }

  @Test func badParametersAreRefused() throws {
    let drift = try IntegerMatrix(rows: 1, columns: 1, values: [Int32(1)])
    #expect(throws: LinearAlgebraError.self) { try IntegerFactors.quantise(drift, rank: 0, scaleBits: 0) }
    #expect(throws: LinearAlgebraError.self) { try IntegerFactors.quantise(drift, rank: 1, scaleBits: 41) }
    #expect(throws: LinearAlgebraError.self) { try IntegerFactors.exact(drift, rank: 0) }
  }
}
