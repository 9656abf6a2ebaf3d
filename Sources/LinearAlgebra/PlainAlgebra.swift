// SPDX-License-Identifier: Apache-2.0

import DriftProofKernels

/// What ``Kernel`` asks of LAPACK, by itself: slower, and of the same accuracy. Columns of a matrix are stretches of an array
/// here, one after the other.
enum PlainAlgebra {
  static func factorise(_ y: inout [Double], rows: Int, columns: Int, orthonormal: Bool) -> [Double] {
    var stretches = transposed(y, rows: rows, columns: columns)
    let reflections = Reflections(&stretches, count: columns, length: rows)
    if orthonormal {
      y = transposed(reflections.orthonormal(stretches), rows: columns, columns: rows)
    }
    return reflections.triangle(stretches)
  }

  static func factoriseWide(_ a: inout [Double], rows: Int, columns: Int) -> [Double] {
    let reflections = Reflections(&a, count: rows, length: columns)
    return transposed(reflections.triangle(a), rows: rows, columns: rows)
  }

  static func pivotRows(_ matrix: [Double], rows: Int, columns: Int) -> (order: [Int], diagonal: [Double]) {
    var stretches = matrix
    let reflections = Reflections(&stretches, count: rows, length: columns, pivoting: true)
    return (Array(reflections.order.prefix(reflections.diagonal.count)), reflections.diagonal.map { abs($0) })
  }

  /// One-sided Jacobi rotations of the triangle of a factorisation with pivots, whose rows are nearly orthogonal already.
  static func singularValues(
    _ matrix: [Double], size: Int
  ) throws(LinearAlgebraError) -> (left: [Double], sigma: [Double], rightTransposed: [Double]) {
    var stretches = transposed(matrix, rows: size, columns: size)
    let reflections = Reflections(&stretches, count: size, length: size, pivoting: true)
    var rows = reflections.triangle(stretches)
    try orthogonalise(&rows, size: size)
    let norms = (0..<size).map { Stretch.dot(rows, $0 * size, rows, $0 * size, size).squareRoot() }
    let falling = (0..<size).sorted { norms[$0] > norms[$1] }
    let sigma = falling.map { norms[$0] }
    var rightTransposed = [Double](repeating: 0, count: size * size)
    for (place, row) in falling.enumerated() where norms[row] > 0 {
      for k in 0..<size {
        rightTransposed[place * size + reflections.order[k]] = rows[row * size + k] / norms[row]
      }
    }
    // Of a vanishing value's column nothing is left but rounding; it is zero.
    var left = [Double](repeating: 0, count: size * size)
    MatrixProduct.multiply(size, size, size, matrix, rightTransposed, bTransposed: true, into: &left)
    let floor = (sigma.first ?? 0) * 1e-15
    for row in 0..<size {
      for k in 0..<size { left[row * size + k] = sigma[k] > floor ? left[row * size + k] / sigma[k] : 0 }
    }
    return (left, sigma, rightTransposed)
  }

  /// The eigenvectors of a positive semidefinite matrix are its singular vectors.
  static func eigen(
    _ matrix: [Double], size: Int
  ) throws(LinearAlgebraError) -> (values: [Double], vectors: [Double]) {
    let (_, sigma, rows) = try singularValues(matrix, size: size)
    return (
      sigma.reversed(),
      (0..<size).reversed().flatMap { rows[$0 * size..<($0 + 1) * size] }
    )
  }

  /// Rotates pairs of rows until all are orthogonal.
  private static func orthogonalise(_ rows: inout [Double], size: Int) throws(LinearAlgebraError) {
    let tolerance = 1e-15 * Double(size).squareRoot()
    for _ in 0..<sweeps {
      var isDone = true
      var squares = (0..<size).map { Stretch.dot(rows, $0 * size, rows, $0 * size, size) }
      for i in 0..<size {
        for j in i + 1..<max(size, i + 1) {
          let (a, b) = (squares[i], squares[j])
          let product = Stretch.dot(rows, i * size, rows, j * size, size)
          guard abs(product) > tolerance * a.squareRoot() * b.squareRoot() else { continue }
          isDone = false
          let slope = (b - a) / (2 * product)
          let tangent = (slope < 0 ? -1 : 1) / (abs(slope) + (1 + slope * slope).squareRoot())
          let cosine = 1 / (1 + tangent * tangent).squareRoot()
          Stretch.rotate(&rows, i * size, j * size, size, cosine: cosine, sine: cosine * tangent)
          squares[i] = max(0, a - tangent * product)
          squares[j] = b + tangent * product
        }
      }
      if isDone { return }
    }
    throw .lapack(routine: "rotations", info: sweeps)
  }

  /// About six are needed, whatever the size.
  private static let sweeps = 60

  private static func transposed(_ values: [Double], rows: Int, columns: Int) -> [Double] {
    var result = [Double](repeating: 0, count: rows * columns)
    Stretch.transpose(values, rows: rows, columns: columns, into: &result)
    return result
  }
}

/// Householder's reflections, which make a triangle of the columns; the vectors of the reflections stay in the columns.
private struct Reflections {
  let count: Int
  let length: Int
  /// The column that came at each place.
  private(set) var order: [Int]
  /// Of the triangle.
  private(set) var diagonal: [Double] = []
  private var factors: [Double] = []

  /// - Parameter pivoting: take the column of which most is left next.
  init(_ columns: inout [Double], count: Int, length: Int, pivoting: Bool = false) {
    self.count = count
    self.length = length
    order = Array(0..<count)
    for step in 0..<min(count, length) {
      if pivoting { pivot(columns, from: step) }
      let start = order[step] * length + step
      let rest = Stretch.dot(columns, start + 1, columns, start + 1, length - step - 1)
      let head = columns[start]
      guard rest > 0 else {
        diagonal.append(head)
        factors.append(0)
        continue
      }
      let norm = (head * head + rest).squareRoot()
      let corner = head > 0 ? -norm : norm
      columns[start] = head - corner
      // 2 / |v|^2
      let factor = 2 / (columns[start] * columns[start] + rest)
      diagonal.append(corner)
      factors.append(factor)
      for other in step + 1..<max(count, step + 1) {
        let target = order[other] * length + step
        let product = factor * Stretch.dot(columns, start, columns, target, length - step)
        Stretch.add(&columns, from: start, times: -product, to: target, length - step)
      }
    }
  }

  private mutating func pivot(_ columns: [Double], from step: Int) {
    var (best, largest) = (step, -1.0)
    for place in step..<count {
      let start = order[place] * length + step
      let square = Stretch.dot(columns, start, columns, start, length - step)
      if square > largest { (best, largest) = (place, square) }
    }
    order.swapAt(step, best)
  }

  /// The triangle, count x count, row-major, columns in their order.
  func triangle(_ columns: [Double]) -> [Double] {
    var result = [Double](repeating: 0, count: count * count)
    for row in 0..<diagonal.count {
      result[row * count + row] = diagonal[row]
      for place in row + 1..<max(count, row + 1) { result[row * count + place] = columns[order[place] * length + row] }
    }
    return result
  }

  /// The orthonormal columns, without pivots.
  func orthonormal(_ columns: [Double]) -> [Double] {
    var result = [Double](repeating: 0, count: count * length)
    for place in 0..<count { result[place * length + place] = 1 }
    for step in (0..<factors.count).reversed() where factors[step] > 0 {
      let start = step * length + step
      for place in step..<count {
        let target = place * length + step
        let product = factors[step] * Stretch.dot(columns, start, result, target, length - step)
        Stretch.add(&result, columns, from: start, times: -product, to: target, length - step)
      }
    }
    return result
  }
}
