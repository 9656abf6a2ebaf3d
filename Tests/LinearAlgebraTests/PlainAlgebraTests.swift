// SPDX-License-Identifier: Apache-2.0

import DriftProofLinearAlgebra
import Testing

/// The fits of a machine without OpenBLAS beside those with it. `DRIFTPROOF_OPENBLAS=none` runs all other tests of this
/// target without it, too; then both sides here are the same.
@Suite struct PlainAlgebraTests {
  private func both<Result>(_ body: () throws -> Result) rethrows -> (plain: Result, library: Result) {
    (try AlgebraLibrary.$isPlain.withValue(true) { try body() }, try body())
  }

  @Test func aTaskCanForbidTheLibrary() {
    #expect(!AlgebraLibrary.$isPlain.withValue(true) { AlgebraLibrary.hasOpenBLAS })
  }

  /// Tall, wide and square by whole decompositions, the last two by a range finder.
  @Test(arguments: [(40, 30), (30, 40), (200, 200), (500, 130), (600, 560), (1, 9), (9, 1)])
  func approximationsAgree(rows: Int, columns: Int) throws {
    let matrix = try lowRank(rows, columns, rank: 5, noise: 0.05)
    for rank in [1, 3, 5, 8] {
      let (plain, library) = try both { try LowRank.approximate(matrix, rank: rank) }
      let (mine, theirs) = (
        LowRank.residualNorm(matrix, left: plain.left, right: plain.right),
        LowRank.residualNorm(matrix, left: library.left, right: library.right)
      )
      #expect(abs(mine - theirs) <= 1e-11 * Double(rows * columns))
      // The products agree; the factors may differ in signs.
      var difference = 0.0
      for i in stride(from: 0, to: rows, by: 7) {
        for j in stride(from: 0, to: columns, by: 5) {
          let entries = [plain, library].map { factors in
            (0..<rank).reduce(0.0) { $0 + factors.left[i, $1] * factors.right[j, $1] }
          }
          difference = max(difference, abs(entries[0] - entries[1]))
        }
      }
      #expect(difference < 1e-3)
      if rank == 5 { #expect(difference < 1e-6) }
    }
  }

  /// A residual of a millionth, and singular values over twelve orders of magnitude.
  @Test func smallValuesKeepTheirDigits() throws {
    var matrix = Matrix(zeros: 60, 60)
    let turn = try lowRank(60, 60, rank: 60)
    for k in 0..<60 {
      for j in 0..<60 { matrix[k, j] = turn[k, j] * 10.0.power(-k / 5) }
    }
    let (plain, library) = try both { try LowRank.approximate(matrix, rank: 50) }
    let (mine, theirs) = (
      LowRank.residualNorm(matrix, left: plain.left, right: plain.right),
      LowRank.residualNorm(matrix, left: library.left, right: library.right)
    )
    let norm = LowRank.residualNorm(matrix, left: Matrix(zeros: 60, 0), right: Matrix(zeros: 60, 0))
    #expect(abs(mine - theirs) < 1e-13 * norm)
  }

  @Test func roundedFactorsAreAsGood() throws {
    let drift = try rounded(try lowRank(300, 260, rank: 4, noise: 0.01), scale: 4096)
    let (plain, library) = try both { try IntegerFactors.quantise(drift, rank: 4, scaleBits: 10) }
    #expect(plain.residual.sumOfSquares > 0)
    #expect(isClose(Double(plain.residual.sumOfSquares), Double(library.residual.sumOfSquares), within: 0.01))
    // Exact integers, which must be those of the slow loop.
    let rows = try plain.factors.residualRows(drift, scaleBits: 10, rows: 0..<300)
    let sum = rows.reduce(UInt128(0)) { $0 + UInt128($1.magnitude) * UInt128($1.magnitude) }
    #expect(sum == plain.residual.sumOfSquares)
  }

  @Test func exactFactorsAreFound() throws {
    let drift = try integerProduct(90, 70, rank: 3, range: 20, seed: 9)
    let factors = try AlgebraLibrary.$isPlain.withValue(true) { try IntegerFactors.exact(drift, rank: 3) }
    let residual = try #require(factors).residual(drift, scaleBits: 0)
    #expect(residual.sumOfSquares == 0)
    let none = try AlgebraLibrary.$isPlain.withValue(true) { try IntegerFactors.exact(drift, rank: 2) }
    #expect(none == nil)
  }

  /// Of an adapter: both sides of the small decomposition are used.
  @Test func givenFactorsAreBalanced() throws {
    let (left, right) = (Matrix(random: 50, 4, seed: 5), Matrix(random: 80, 4, seed: 6))
    let drift = try rounded(try Matrix(rows: 50, columns: 80, values: product(left, right)), scale: 0x1p20)
    let (plain, library) = try both {
      try #require(
        try IntegerFactors.quantise(
          left: left.values, right: right.values, inner: 4, rows: 50, columns: 80, rank: 6, scale: 0x1p30))
    }
    let (mine, theirs) = (try plain.residual(drift, scaleBits: 10), try library.residual(drift, scaleBits: 10))
    #expect(isClose(Double(mine.sumOfSquares), Double(theirs.sumOfSquares), within: 0.05))
  }

  private func product(_ left: Matrix, _ right: Matrix) -> [Double] {
    (0..<left.rows).flatMap { i in
      (0..<right.rows).map { j in (0..<left.columns).reduce(0.0) { $0 + left[i, $1] * right[j, $1] } }
    }
  }

  @Test func statisticsAgree() throws {
    let drift = try rounded(try lowRank(300, 200, rank: 4, noise: 0.001), scale: 0x1p20)
    let (plain, library) = try both { try DriftStatistics.measure(drift, fractionBits: 20, baseNorm: 100) }
    #expect(plain.rank == 4 && library.rank == 4)
    #expect(plain.changedEntries == library.changedEntries)
    for (mine, theirs) in zip(plain.singularValues, library.singularValues) {
      #expect(isClose(mine, theirs, within: 1e-9))
    }
    for (mine, theirs) in zip(plain.residuals, library.residuals) { #expect(isClose(mine, theirs, within: 1e-9)) }
  }
}

extension Double {
  fileprivate func power(_ exponent: Int) -> Double {
    (0..<exponent.magnitude).reduce(1) { value, _ in exponent < 0 ? value / self : value * self }
  }
}
