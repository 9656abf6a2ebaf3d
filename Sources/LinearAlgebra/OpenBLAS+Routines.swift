// SPDX-License-Identifier: Apache-2.0

/// The routines as ``Kernel`` wants them; it has checked the shapes. A row-major n x l array is the column-major l x n
/// matrix that LAPACK sees, so an LQ factorisation there is a QR factorisation here, and nothing is ever transposed in memory.
extension OpenBLAS {
  private static var rowMajor: Int32 { 101 }

  func multiply(
    _ m: Int, _ n: Int, _ k: Int, alpha: Double, _ a: [Double], aOffset: Int, aTransposed: Bool,
    _ b: [Double], bOffset: Int, bTransposed: Bool, beta: Double, into c: inout [Double], cOffset: Int
  ) {
    let order = { (isTransposed: Bool) -> Int32 in isTransposed ? 112 : 111 }
    a.withUnsafeBufferPointer { a in
      b.withUnsafeBufferPointer { b in
        c.withUnsafeMutableBufferPointer { c in
          guard let a = a.baseAddress, let b = b.baseAddress, let c = c.baseAddress else { return }
          dgemm(
            Self.rowMajor, order(aTransposed), order(bTransposed), Int32(m), Int32(n), Int32(k), alpha, a + aOffset,
            Int32(max(1, aTransposed ? m : k)), b + bOffset, Int32(max(1, bTransposed ? k : n)), beta, c + cOffset,
            Int32(n))
        }
      }
    }
  }

  func factorise(
    _ y: inout [Double], rows: Int, columns: Int, orthonormal: Bool
  ) throws(LinearAlgebraError) -> [Double] {
    var height = Int32(columns)
    var width = Int32(rows)
    var tau = [Double](repeating: 0, count: columns)
    var info: Int32 = 0
    var workCount = Int32(128 * columns)
    var work = [Double](repeating: 0, count: 128 * columns)
    dgelqf(&height, &width, &y, &height, &tau, &work, &workCount, &info)
    guard info == 0 else { throw .lapack(routine: "dgelqf", info: Int(info)) }
    var triangle = [Double](repeating: 0, count: columns * columns)
    for row in 0..<columns {
      for column in row..<columns { triangle[row * columns + column] = y[row * columns + column] }
    }
    if orthonormal {
      dorglq(&height, &width, &height, &y, &height, &tau, &work, &workCount, &info)
      guard info == 0 else { throw .lapack(routine: "dorglq", info: Int(info)) }
    }
    return triangle
  }

  func factoriseWide(_ a: inout [Double], rows: Int, columns: Int) throws(LinearAlgebraError) -> [Double] {
    var height = Int32(columns)
    var width = Int32(rows)
    var tau = [Double](repeating: 0, count: rows)
    var info: Int32 = 0
    var workCount = Int32(128 * rows)
    var work = [Double](repeating: 0, count: 128 * rows)
    dgeqrf(&height, &width, &a, &height, &tau, &work, &workCount, &info)
    guard info == 0 else { throw .lapack(routine: "dgeqrf", info: Int(info)) }
    var triangle = [Double](repeating: 0, count: rows * rows)
    for row in 0..<rows {
      for column in 0...row { triangle[row * rows + column] = a[row * columns + column] }
    }
    return triangle
  }

  func singularValues(
    _ matrix: [Double], size: Int
  ) throws(LinearAlgebraError) -> (left: [Double], sigma: [Double], rightTransposed: [Double]) {
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
    dgesdd(&job, &n, &n, &a, &n, &sigma, &u, &n, &vt, &n, &work, &workCount, &integerWork, &info, 1)
    guard info == 0 else { throw .lapack(routine: "dgesdd", info: Int(info)) }
    return (vt, sigma, u)
  }

  func eigen(
    _ matrix: [Double], size: Int
  ) throws(LinearAlgebraError) -> (values: [Double], vectors: [Double]) {
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
    dsyevd(
      &job, &triangle, &n, &a, &n, &values, &work, &workCount, &integerWork, &integerCount, &info, 1, 1)
    guard info == 0 else { throw .lapack(routine: "dsyevd", info: Int(info)) }
    return (values, a)
  }

  func pivotRows(
    _ matrix: [Double], rows: Int, columns: Int
  ) throws(LinearAlgebraError) -> (order: [Int], diagonal: [Double]) {
    var a = matrix
    var height = Int32(columns)
    var width = Int32(rows)
    var pivots = [Int32](repeating: 0, count: rows)
    let short = min(rows, columns)
    var tau = [Double](repeating: 0, count: short)
    var workCount = Int32(2 * rows + 64 * (rows + 1))
    var work = [Double](repeating: 0, count: Int(workCount))
    var info: Int32 = 0
    dgeqp3(&height, &width, &a, &height, &pivots, &tau, &work, &workCount, &info)
    guard info == 0 else { throw .lapack(routine: "dgeqp3", info: Int(info)) }
    return ((0..<short).map { Int(pivots[$0]) - 1 }, (0..<short).map { abs(a[$0 * columns + $0]) })
  }
}
