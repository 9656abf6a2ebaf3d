// SPDX-License-Identifier: Apache-2.0

import DriftProofLinearAlgebra
import Testing

/// Expected residuals are from numpy.linalg.svd on the same seeded matrices.
@Suite struct LowRankTests {
  @Test(arguments: [
    (40, 30, [(1, 18.872053438430598), (3, 16.79138454775932), (8, 12.073383015131201)]),
    (30, 40, [(1, 18.979540959798058), (3, 17.17560602186801), (8, 13.013664859567289)]),
  ])
  func smallMatricesAreExact(rows: Int, columns: Int, expected: [(Int, Double)]) throws {
    let matrix = Matrix(random: rows, columns, seed: 7)
    for (rank, residual) in expected {
      let (left, right) = try LowRank.approximate(matrix, rank: rank)
      #expect(isClose(LowRank.residualNorm(matrix, left: left, right: right), residual, within: 1e-12))
    }
  }

  @Test(arguments: [(3, 248.68067444589275), (5, 3.3177702820407893), (8, 3.283918209337444)])
  func largeMatricesAreNearTheOptimum(rank: Int, expected: Double) throws {
    let matrix = try lowRank(600, 560, rank: 5, noise: 0.01)
    let (left, right) = try LowRank.approximate(matrix, rank: rank)
    let residual = LowRank.residualNorm(matrix, left: left, right: right)
    #expect(residual >= expected * (1 - 1e-9))
    #expect(residual <= expected * 1.01)
  }

  @Test func aFlatSpectrumIsNearTheOptimum() throws {
    let matrix = Matrix(random: 600, 560, seed: 3)
    let (left, right) = try LowRank.approximate(matrix, rank: 8)
    #expect(isClose(LowRank.residualNorm(matrix, left: left, right: right), 325.820197103964, within: 0.01))
  }

  @Test func aResidualOfAMillionthKeepsItsDigits() throws {
    let matrix = try lowRank(600, 560, rank: 5, noise: 1e-6)
    let (left, right) = try LowRank.approximate(matrix, rank: 5)
    #expect(
      isClose(LowRank.residualNorm(matrix, left: left, right: right), 0.00033177700569680707, within: 1e-4))
  }

  @Test(arguments: [40, 530])
  func factorsAreBalanced(size: Int) throws {
    let (left, right) = try LowRank.approximate(try lowRank(size, size + 7, rank: 3), rank: 5)
    #expect(left.rows == size && left.columns == 5 && right.rows == size + 7 && right.columns == 5)
    let norms = { (matrix: Matrix) in
      (0..<5).map { k in
        stride(from: k, to: matrix.values.count, by: 5).reduce(0.0) {
          $0 + matrix.values[$1] * matrix.values[$1]
        }
      }
    }
    let (u, v) = (norms(left), norms(right))
    for k in 0..<3 { #expect(isClose(u[k], v[k], within: 1e-9) && u[k] > 0) }
    for k in 3..<5 { #expect(u[k] < 1e-9 * u[0] && v[k] < 1e-9 * u[0]) }
  }

  @Test func theSameInputGivesTheSameFactors() throws {
    let matrix = try lowRank(520, 520, rank: 2, noise: 0.1)
    let first = try LowRank.approximate(matrix, rank: 3)
    let second = try LowRank.approximate(matrix, rank: 3)
    #expect(first.left == second.left && first.right == second.right)
  }

  @Test(arguments: [(1, 9), (9, 1), (1, 1), (3, 5), (1, 700), (700, 1)])
  func ranksPastTheShapeArePaddedWithZeros(rows: Int, columns: Int) throws {
    let matrix = Matrix(random: rows, columns, seed: 4)
    let (left, right) = try LowRank.approximate(matrix, rank: 6)
    #expect(left.values.count == rows * 6 && right.values.count == columns * 6)
    #expect(LowRank.residualNorm(matrix, left: left, right: right) < 1e-13 * Double(rows * columns))
  }

  @Test(arguments: [(4, 6), (520, 530), (0, 3), (3, 0)])
  func zeroAndEmptyMatrices(rows: Int, columns: Int) throws {
    let matrix = Matrix(zeros: rows, columns)
    let (left, right) = try LowRank.approximate(matrix, rank: 2)
    #expect(left == Matrix(zeros: rows, 2))
    #expect(right == Matrix(zeros: columns, 2))
  }

  @Test func badParametersAreRefused() throws {
    #expect(throws: LinearAlgebraError.self) { try LowRank.approximate(Matrix(zeros: 2, 2), rank: -1) }
    #expect(throws: LinearAlgebraError.shapeMismatch(rows: 2, columns: 2, count: 3)) {
      try Matrix(rows: 2, columns: 2, values: [1, 2, 3])
    }
    #expect(throws: LinearAlgebraError.integerOverflow) {
      try IntegerMatrix(rows: 1, columns: 1, values: [Int64.min])
    }
  }

  @Test func theGeneratorIsSplitMix64() {
    var generator = SplitMix64(seed: 1)
    #expect(generator.next() == 0x910A_2DEC_8902_5CC1)
    let scaled = Matrix(random: 1, 3, seed: 1).values.map { ($0 * 1e8).rounded() }
    #expect(scaled == [-86_687_685, -50_843_649, -5_799_449])
  }
}
