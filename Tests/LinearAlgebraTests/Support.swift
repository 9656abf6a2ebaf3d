// SPDX-License-Identifier: Apache-2.0

import DriftProofLinearAlgebra

/// left * right^T of two seeded random matrices, plus noise uniform in [-level, level).
func lowRank(_ rows: Int, _ columns: Int, rank: Int, noise level: Double = 0) throws -> Matrix {
  let left = Matrix(random: rows, rank, seed: 1)
  let right = Matrix(random: columns, rank, seed: 2)
  let noise = Matrix(random: rows, columns, seed: 3)
  var values = noise.values
  for row in 0..<rows {
    for column in 0..<columns {
      var sum = 0.0
      for k in 0..<rank { sum += left.values[row * rank + k] * right.values[column * rank + k] }
      values[row * columns + column] = sum + level * values[row * columns + column]
    }
  }
  return try Matrix(rows: rows, columns: columns, values: values)
}

/// round(scale * matrix).
func rounded(_ matrix: Matrix, scale: Double = 1) throws -> IntegerMatrix {
  try IntegerMatrix(
    rows: matrix.rows, columns: matrix.columns, values: matrix.values.map { Int64(($0 * scale).rounded()) })
}

/// Exact integer product of two seeded integer factors with entries in -range..<range.
func integerProduct(_ rows: Int, _ columns: Int, rank: Int, range: Int64, seed: UInt64) throws -> IntegerMatrix {
  var generator = SplitMix64(seed: seed)
  let left = (0..<rows * rank).map { _ in Int64.random(in: -range..<range, using: &generator) }
  let right = (0..<columns * rank).map { _ in Int64.random(in: -range..<range, using: &generator) }
  var values = [Int64](repeating: 0, count: rows * columns)
  for row in 0..<rows {
    for column in 0..<columns {
      for k in 0..<rank { values[row * columns + column] += left[row * rank + k] * right[column * rank + k] }
    }
  }
  return try IntegerMatrix(rows: rows, columns: columns, values: values)
}

func isClose(_ a: Double, _ b: Double, within relative: Double) -> Bool {
  abs(a - b) <= relative * max(abs(a), abs(b))
}
