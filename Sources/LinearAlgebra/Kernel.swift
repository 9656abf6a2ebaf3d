// SPDX-License-Identifier: Apache-2.0

import CDriftProofOpenBLAS

/// The only place with unsafe pointers: bounds-checked wrappers of BLAS and LAPACK, and element loops over arrays.
/// All matrices are row-major and contiguous. A row-major n x l array is the column-major l x n matrix that LAPACK sees,
/// so an LQ factorisation there is a QR factorisation here, and nothing is ever transposed in memory.
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
    a.withUnsafeBufferPointer { a in
      b.withUnsafeBufferPointer { b in
        c.withUnsafeMutableBufferPointer { c in
          guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress else { return }
          cblas_dgemm(
            CblasRowMajor, aTransposed ? CblasTrans : CblasNoTrans, bTransposed ? CblasTrans : CblasNoTrans,
            Int32(m), Int32(n), Int32(k), alpha, a + aOffset, Int32(max(1, aTransposed ? m : k)), b + bOffset,
            Int32(max(1, bTransposed ? k : n)), beta, c + cOffset, Int32(n))
        }
      }
    }
  }

  /// Sum of the squares of the first `count` entries.
  static func sumOfSquares(_ values: [Double], from first: Int = 0, count: Int) -> Double {
    guard count > 0 else { return 0 }
    precondition(first >= 0 && first + count <= values.count, "values is too short")
    return values.withUnsafeBufferPointer { values in
      values.baseAddress.map { cblas_ddot(Int32(count), $0 + first, 1, $0 + first, 1) } ?? 0
    }
  }

  /// Triangular factor R (columns x columns, upper, row-major) of y = Q R, for y of rows x columns, rows >= columns.
  /// With `orthonormal` y becomes Q, otherwise its content is scratch afterwards.
  static func factorise(
    _ y: inout [Double], rows: Int, columns: Int, orthonormal: Bool
  ) throws(LinearAlgebraError) -> [Double] {
    precondition(rows >= columns && y.count == rows * columns, "a tall matrix is wanted")
    guard columns > 0 else { return [] }
    var height = Int32(columns)
    var width = Int32(rows)
    var tau = [Double](repeating: 0, count: columns)
    var info: Int32 = 0
    var workCount = Int32(128 * columns)
    var work = [Double](repeating: 0, count: 128 * columns)
    dgelqf_(&height, &width, &y, &height, &tau, &work, &workCount, &info)
    guard info == 0 else { throw .lapack(routine: "dgelqf", info: Int(info)) }
    var triangle = [Double](repeating: 0, count: columns * columns)
    for row in 0..<columns {
      for column in row..<columns { triangle[row * columns + column] = y[row * columns + column] }
    }
    if orthonormal {
      dorglq_(&height, &width, &height, &y, &height, &tau, &work, &workCount, &info)
      guard info == 0 else { throw .lapack(routine: "dorglq", info: Int(info)) }
    }
    return triangle
  }

  /// Lower triangular factor L (rows x rows, row-major) of a = L Q, for a of rows x columns, rows <= columns.
  /// The content of a is scratch afterwards.
  static func factoriseWide(_ a: inout [Double], rows: Int, columns: Int) throws(LinearAlgebraError) -> [Double] {
    precondition(rows <= columns && a.count == rows * columns, "a wide matrix is wanted")
    guard rows > 0 else { return [] }
    var height = Int32(columns)
    var width = Int32(rows)
    var tau = [Double](repeating: 0, count: rows)
    var info: Int32 = 0
    var workCount = Int32(128 * rows)
    var work = [Double](repeating: 0, count: 128 * rows)
    dgeqrf_(&height, &width, &a, &height, &tau, &work, &workCount, &info)
    guard info == 0 else { throw .lapack(routine: "dgeqrf", info: Int(info)) }
    var triangle = [Double](repeating: 0, count: rows * rows)
    for row in 0..<rows {
      for column in 0...row { triangle[row * rows + column] = a[row * columns + column] }
    }
    return triangle
  }

  /// a = left * diag(sigma) * rightTransposed for a square a of size n; sigma falls.
  static func singularValues(
    _ matrix: [Double], size: Int
  ) throws(LinearAlgebraError) -> (left: [Double], sigma: [Double], rightTransposed: [Double]) {
    guard size > 0 else { return ([], [], []) }
    precondition(matrix.count == size * size, "a square matrix is wanted")
    var a = matrix
    var n = Int32(size)
    var sigma = [Double](repeating: 0, count: size)
    var u = [Double](repeating: 0, count: size * size)
    var vt = u
    var workCount = Int32(4 * size * size + 64 * size)
    var work = [Double](repeating: 0, count: Int(workCount))
    var integerWork = [Int32](repeating: 0, count: 8 * size)
    var info: Int32 = 0
    var job = CChar(UInt8(ascii: "A"))
    dgesdd_(&job, &n, &n, &a, &n, &sigma, &u, &n, &vt, &n, &work, &workCount, &integerWork, &info, 1)
    guard info == 0 else { throw .lapack(routine: "dgesdd", info: Int(info)) }
    return (vt, sigma, u)
  }

  /// Eigenvalues (rising) and eigenvectors (row k of `vectors` belongs to value k) of a symmetric matrix.
  static func eigen(
    _ matrix: [Double], size: Int
  ) throws(LinearAlgebraError) -> (values: [Double], vectors: [Double]) {
    guard size > 0 else { return ([], []) }
    precondition(matrix.count == size * size, "a square matrix is wanted")
    var a = matrix
    var n = Int32(size)
    var values = [Double](repeating: 0, count: size)
    var workCount = Int32(1 + 6 * size + 2 * size * size)
    var work = [Double](repeating: 0, count: Int(workCount))
    var integerCount = Int32(3 + 5 * size)
    var integerWork = [Int32](repeating: 0, count: Int(integerCount))
    var info: Int32 = 0
    var job = CChar(UInt8(ascii: "V"))
    var triangle = CChar(UInt8(ascii: "U"))
    dsyevd_(
      &job, &triangle, &n, &a, &n, &values, &work, &workCount, &integerWork, &integerCount, &info, 1, 1)
    guard info == 0 else { throw .lapack(routine: "dsyevd", info: Int(info)) }
    return (values, a)
  }

  /// Rows of `matrix` (rows x columns) in the order of QR with pivoting of its transpose: most independent row first;
  /// min(rows, columns) of them, with |R_kk|.
  static func pivotRows(
    _ matrix: [Double], rows: Int, columns: Int
  ) throws(LinearAlgebraError) -> (order: [Int], diagonal: [Double]) {
    guard rows > 0, columns > 0 else { return ([], []) }
    precondition(matrix.count == rows * columns, "the shape does not fit")
    var a = matrix
    var height = Int32(columns)
    var width = Int32(rows)
    var pivots = [Int32](repeating: 0, count: rows)
    let short = min(rows, columns)
    var tau = [Double](repeating: 0, count: short)
    var workCount = Int32(2 * rows + 64 * (rows + 1))
    var work = [Double](repeating: 0, count: Int(workCount))
    var info: Int32 = 0
    dgeqp3_(&height, &width, &a, &height, &pivots, &tau, &work, &workCount, &info)
    guard info == 0 else { throw .lapack(routine: "dgeqp3", info: Int(info)) }
    return ((0..<short).map { Int(pivots[$0]) - 1 }, (0..<short).map { abs(a[$0 * columns + $0]) })
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

  /// Multiplies the first `count` entries.
  static func scale(_ values: inout [Double], by factor: Double, count: Int) {
    precondition(count <= values.count, "out of range")
    if factor != 1 { cblas_dscal(Int32(count), factor, &values, 1) }
  }

  /// Exact sum of squares of entries that are integers of magnitude at most 2^24; `count` at most 2^15.
  static func integerSumOfSquares(_ values: [Double], from first: Int, count: Int) -> UInt64 {
    precondition(first >= 0 && first + count <= values.count && count <= 1 << 15, "out of range")
    return values.withUnsafeBufferPointer { values in
      var sum: UInt64 = 0
      for index in first..<first + count {
        let value = Int64(values[index])
        sum &+= UInt64(bitPattern: value &* value)
      }
      return sum
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
