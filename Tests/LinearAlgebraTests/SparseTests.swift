// SPDX-License-Identifier: Apache-2.0

import DriftProofLinearAlgebra
import Testing

@Suite struct SparseTests {
  /// A rank-3 drift of standard deviation about 580 with noise up to 5, and a planted support.
  private func planted(_ rows: Int, _ columns: Int, at support: [Int], size: Int64) throws -> IntegerMatrix {
    let base = try rounded(lowRank(rows, columns, rank: 3, noise: 0.005), scale: 1000)
    var values = (0..<rows * columns).map { base[$0] }
    for (position, index) in support.enumerated() { values[index] += position.isMultiple(of: 2) ? size : -size }
    return try IntegerMatrix(rows: rows, columns: columns, values: values)
  }

  @Test(arguments: [100, 3000, 100_000] as [Int64])
  func plantedEntriesAreFound(size: Int64) throws {
    var generator = SplitMix64(seed: 21)
    var support: Set<Int> = []
    while support.count < 60 { support.insert(Int.random(in: 0..<120 * 90, using: &generator)) }
    let expected = support.sorted()
    let drift = try planted(120, 90, at: expected, size: size)
    let found = try Sparse.decompose(drift, rank: 3, form: .entries(60))
    #expect(found.support == expected)
    #expect(found.residual < 400)
    // Without the planted entries the rest is of rank 3 again.
    let cleaned = found.cleaned(drift)
    let (left, right) = try LowRank.approximate(cleaned, rank: 3)
    #expect(LowRank.residualNorm(cleaned, left: left, right: right) < 400)
  }

  @Test func plantedLinesAreFound() throws {
    let (rows, columns) = (100, 80)
    let noise = Matrix(random: rows, columns, seed: 31)
    let base = try rounded(lowRank(rows, columns, rank: 2, noise: 0.002), scale: 1000)
    let chosenRows = [3, 17, 50, 99]
    let chosenColumns = [0, 41, 79]
    var byRow = (0..<rows * columns).map { base[$0] }
    var byColumn = byRow
    for column in 0..<columns {
      for row in chosenRows { byRow[row * columns + column] = Int64(2000 * noise.values[row * columns + column]) }
    }
    for row in 0..<rows {
      for column in chosenColumns {
        byColumn[row * columns + column] += Int64(30 * noise.values[row * columns + column])
      }
    }
    let first = try IntegerMatrix(rows: rows, columns: columns, values: byRow)
    #expect(try Sparse.decompose(first, rank: 2, form: .rows(4)).support == chosenRows)
    let second = try IntegerMatrix(rows: rows, columns: columns, values: byColumn)
    #expect(try Sparse.decompose(second, rank: 2, form: .columns(3)).support == chosenColumns)
    #expect(try Sparse.decompose(second, rank: 2, form: .columns(3)).cleaned(second)[41] == 0)
  }

  @Test func withoutARankTheLargestAreTaken() throws {
    let drift = try IntegerMatrix(
      rows: 3, columns: 4, values: [Int32]([0, 5, 0, -9, 0, 0, 0, 0, 5, 0, 1, 5]))
    let take = { (form: Sparse.Form) in try Sparse.decompose(drift, rank: nil, form: form) }
    #expect(try take(.entries(1)).support == [3])
    // Equal magnitudes go by index.
    #expect(try take(.entries(3)).support == [1, 3, 8])
    #expect(try take(.entries(3)).residual == Double(26).squareRoot())
    #expect(try take(.entries(0)).support == [])
    // Zeros are never part of a support.
    #expect(try take(.entries(99)).support == [1, 3, 8, 10, 11])
    #expect(try take(.entries(5)).residual == 0)
    #expect(try take(.rows(1)).support == [0])
    #expect(try take(.rows(3)).support == [0, 2])
    #expect(try take(.rows(2)).residual == 0)
    #expect(try take(.columns(2)).support == [0, 3])
    #expect(try take(.columns(4)).support == [0, 1, 2, 3])
    #expect(throws: LinearAlgebraError.self) { try take(.rows(-1)) }
  }

  @Test func aZeroDriftHasNoSupport() throws {
    let drift = try IntegerMatrix(rows: 3, columns: 4, values: [Int32](repeating: 0, count: 12))
    #expect(try Sparse.decompose(drift, rank: 2, form: .entries(5)).support == [])
    #expect(try Sparse.decompose(drift, rank: 2, form: .rows(1)).support == [])
  }
}
