// SPDX-License-Identifier: Apache-2.0

import DriftProofKernels

/// The arithmetic on arrays that everything in this module is made of: products and factorisations, by OpenBLAS or by
/// ``PlainAlgebra``, with their shapes checked, and element loops. All matrices are row-major and contiguous.
enum Kernel {
  /// c = alpha * op(a) * op(b) + beta * c, with op(a) m x k, op(b) k x n and c m x n, each starting at its offset.
  static func multiply(
    _ m: Int, _ n: Int, _ k: Int, alpha: Double = 1,
    _ a: [Double], aOffset: Int = 0, aTransposed: Bool = false,
    _ b: [Double], bOffset: Int = 0, bTransposed: Bool = false,
    beta: Double = 0, into c: inout [Double], cOffset: Int = 0
  ) {
    guard m > 0, n > 0 else { return }
    precondition(aOffset >= 0 && aOffset + m * k <= a.count, "a is too short")
    precondition(bOffset >= 0 && bOffset + k * n <= b.count, "b is too short")
    precondition(cOffset >= 0 && cOffset + m * n <= c.count, "c is too short")
    if let library = AlgebraLibrary.openBLAS {
      library.multiply(
        m, n, k, alpha: alpha, a, aOffset: aOffset, aTransposed: aTransposed, b, bOffset: bOffset,
        bTransposed: bTransposed, beta: beta, into: &c, cOffset: cOffset)
    } else {
      AlgebraLibrary.count(m * n * k)
      MatrixProduct.multiply(
        m, n, k, alpha: alpha, a, aOffset: aOffset, aTransposed: aTransposed, b, bOffset: bOffset,
        bTransposed: bTransposed, beta: beta, into: &c, cOffset: cOffset, workers: AlgebraLibrary.workers)
    }
  }

  /// Sum of the squares of the first `count` entries.
  static func sumOfSquares(_ values: [Double], from first: Int = 0, count: Int) -> Double {
    Stretch.dot(values, first, values, first, count)
  }

  /// Triangular factor R (columns x columns, upper, row-major) of y = Q R, for y of rows x columns, rows >= columns.
  /// With `orthonormal` y becomes Q, otherwise its content is scratch afterwards.
  static func factorise(
    _ y: inout [Double], rows: Int, columns: Int, orthonormal: Bool
  ) throws(LinearAlgebraError) -> [Double] {
    precondition(rows >= columns && y.count == rows * columns, "a tall matrix is wanted")
    guard columns > 0 else { return [] }
    if let library = AlgebraLibrary.openBLAS {
      return try library.factorise(&y, rows: rows, columns: columns, orthonormal: orthonormal)
    }
    AlgebraLibrary.count(rows * columns * columns * (orthonormal ? 2 : 1))
    return PlainAlgebra.factorise(&y, rows: rows, columns: columns, orthonormal: orthonormal)
  }

  /// Lower triangular factor L (rows x rows, row-major) of a = L Q, for a of rows x columns, rows <= columns.
  /// The content of a is scratch afterwards.
  static func factoriseWide(_ a: inout [Double], rows: Int, columns: Int) throws(LinearAlgebraError) -> [Double] {
    precondition(rows <= columns && a.count == rows * columns, "a wide matrix is wanted")
    guard rows > 0 else { return [] }
    if let library = AlgebraLibrary.openBLAS { return try library.factoriseWide(&a, rows: rows, columns: columns) }
    AlgebraLibrary.count(rows * rows * columns)
    return PlainAlgebra.factoriseWide(&a, rows: rows, columns: columns)
  }

  /// a = left * diag(sigma) * rightTransposed for a square a of size n; sigma falls. Vectors of values that vanish beside the
  /// first, below 1e-15 of it, may be zero.
  static func singularValues(
    _ matrix: [Double], size: Int
  ) throws(LinearAlgebraError) -> (left: [Double], sigma: [Double], rightTransposed: [Double]) {
    guard size > 0 else { return ([], [], []) }
    precondition(matrix.count == size * size, "a square matrix is wanted")
    if let library = AlgebraLibrary.openBLAS { return try library.singularValues(matrix, size: size) }
    AlgebraLibrary.count(20 * size * size * size)
    return try PlainAlgebra.singularValues(matrix, size: size)
  }

  /// Eigenvalues (rising) and eigenvectors (row k of `vectors` belongs to value k) of a positive semidefinite matrix;
  /// vectors of vanishing values may be zero.
  static func eigen(
    _ matrix: [Double], size: Int
  ) throws(LinearAlgebraError) -> (values: [Double], vectors: [Double]) {
    guard size > 0 else { return ([], []) }
    precondition(matrix.count == size * size, "a square matrix is wanted")
    if let library = AlgebraLibrary.openBLAS { return try library.eigen(matrix, size: size) }
    AlgebraLibrary.count(20 * size * size * size)
    return try PlainAlgebra.eigen(matrix, size: size)
  }

  /// Rows of `matrix` (rows x columns) in the order of QR with pivoting of its transpose: most independent row first;
  /// min(rows, columns) of them, with |R_kk|.
  static func pivotRows(
    _ matrix: [Double], rows: Int, columns: Int
  ) throws(LinearAlgebraError) -> (order: [Int], diagonal: [Double]) {
    guard rows > 0, columns > 0 else { return ([], []) }
    precondition(matrix.count == rows * columns, "the shape does not fit")
    if let library = AlgebraLibrary.openBLAS { return try library.pivotRows(matrix, rows: rows, columns: columns) }
    AlgebraLibrary.count(2 * rows * columns * min(rows, columns))
    return PlainAlgebra.pivotRows(matrix, rows: rows, columns: columns)
  }

  /// Copies `count` entries from `first` to the front of `target`.
  static func copy(_ values: [Double], from first: Int, count: Int, into target: inout [Double]) {
    precondition(first >= 0 && first + count <= values.count && count <= target.count, "out of range")
    values.withUnsafeBufferPointer { values in
      target.withUnsafeMutableBufferPointer { target in
        guard let source = values.baseAddress, let target = target.baseAddress else { return }
        target.update(from: source + first, count: count)
      }
    }
  }

  /// Converts `count` integers from `first` to the front of `target`; exact below 2^53.
  static func widen<Value: FixedWidthInteger>(
    _ values: [Value], from first: Int, count: Int, into target: inout [Double]
  ) {
    precondition(first >= 0 && first + count <= values.count && count <= target.count, "out of range")
    values.withUnsafeBufferPointer { values in
      target.withUnsafeMutableBufferPointer { target in
        for index in 0..<count { target[index] = Double(values[first + index]) }
      }
    }
  }

  /// Largest magnitude, 0 for none.
  static func maximumMagnitude<Value: FixedWidthInteger & SignedInteger>(_ values: [Value]) -> UInt64 {
    var low: Value = 0
    var high: Value = 0
    values.withUnsafeBufferPointer { values in
      for value in values {
        low = min(low, value)
        high = max(high, value)
      }
    }
    return max(UInt64(low.magnitude), UInt64(high.magnitude))
  }

  /// Largest magnitude of the first `count` entries.
  static func maximumMagnitude(_ values: [Double], from first: Int = 0, count: Int) -> Double {
    precondition(first >= 0 && first + count <= values.count, "out of range")
    return values.withUnsafeBufferPointer { values in
      var high = 0.0
      for index in first..<first + count { high = max(high, abs(values[index])) }
      return high
    }
  }

  /// Adds the squares of `target.count` entries from `first` to the target.
  static func addSquares(_ values: [Double], from first: Int, to target: inout [Double]) {
    let count = target.count
    precondition(first >= 0 && first + count <= values.count, "out of range")
    values.withUnsafeBufferPointer { values in
      target.withUnsafeMutableBufferPointer { target in
        for index in 0..<count { target[index] += values[first + index] * values[first + index] }
      }
    }
  }

  /// Bucket 0..<2^15 of a magnitude: exponent and four leading mantissa bits; rises with the magnitude.
  static func bucket(_ magnitude: Double) -> Int { Int(truncatingIfNeeded: magnitude.bitPattern >> 48) & 0x7FFF }

  /// Counts the first `count` magnitudes above the floor by bucket.
  static func countMagnitudes(_ values: [Double], count: Int, above floor: Double, in histogram: inout [Int]) {
    precondition(count <= values.count && histogram.count == 1 << 15, "out of range")
    values.withUnsafeBufferPointer { values in
      histogram.withUnsafeMutableBufferPointer { histogram in
        for index in 0..<count where abs(values[index]) > floor { histogram[bucket(abs(values[index]))] += 1 }
      }
    }
  }

  /// Calls `body` with position and magnitude of those of the first `count` entries that are above the floor and in a
  /// bucket from `first`.
  static func forEachMagnitude(
    _ values: [Double], count: Int, bucketsFrom first: Int, above floor: Double, _ body: (Int, Double) -> Void
  ) {
    precondition(count <= values.count, "out of range")
    values.withUnsafeBufferPointer { values in
      for index in 0..<count {
        let magnitude = abs(values[index])
        if magnitude > floor, bucket(magnitude) >= first { body(index, magnitude) }
      }
    }
  }

  /// Number of non-zero entries.
  static func countNonzero(_ values: [Double], from first: Int, count: Int) -> Int {
    precondition(first >= 0 && first + count <= values.count, "out of range")
    return values.withUnsafeBufferPointer { values in
      var changed = 0
      for index in first..<first + count where values[index] != 0 { changed += 1 }
      return changed
    }
  }
}
