// SPDX-License-Identifier: Apache-2.0

extension IntegerFactors {
  /// Integer factors of 2^s·scale·left·rightᵀ, given as real ones of any balance, such as an adapter's: the rounding error
  /// is that of ``quantise(_:rank:scaleBits:)``.
  /// - Parameters:
  ///   - left: rows × r, row-major.
  ///   - right: columns × r, row-major; r ≤ rank, rows and columns.
  ///   - rank: of the result; columns past r are zero.
  /// - Returns: nil where r is larger than the rank, or than the matrix has.
  /// - Throws: as `quantise`.
  package static func quantise(
    left: [Double], right: [Double], inner: Int, rows: Int, columns: Int, rank: Int, scale: Double
  ) throws(LinearAlgebraError) -> IntegerFactors? {
    guard (1...min(rank, rows, columns)).contains(inner), rank <= blockLength, left.count == rows * inner,
      right.count == columns * inner
    else { return nil }
    // left·rightᵀ = (Q1·R1)·(Q2·R2)ᵀ = Q1·(R1·R2ᵀ)·Q2ᵀ, whose small square matrix has the singular values of all.
    var (first, second) = (left, right)
    let firstTriangle = try Kernel.factorise(&first, rows: rows, columns: inner, orthonormal: true)
    let secondTriangle = try Kernel.factorise(&second, rows: columns, columns: inner, orthonormal: true)
    var core = [Double](repeating: 0, count: inner * inner)
    Kernel.multiply(inner, inner, inner, firstTriangle, secondTriangle, bTransposed: true, into: &core)
    let small = try Kernel.singularValues(core, size: inner)
    var leftWeights = [Double](repeating: 0, count: inner * inner)
    var rightWeights = leftWeights
    for k in 0..<inner {
      let root = small.sigma[k].squareRoot()
      for i in 0..<inner {
        leftWeights[i * inner + k] = small.left[i * inner + k] * root
        rightWeights[i * inner + k] = small.rightTransposed[k * inner + i] * root
      }
    }
    let ones = [Double](repeating: 1, count: inner)
    func balanced(_ basis: [Double], _ weights: [Double], _ length: Int) -> Matrix {
      var result = Matrix(zeros: length, inner)
      Kernel.multiply(length, inner, inner, basis, weights, into: &result.values)
      return result.columnPrefix(inner, scales: ones, padded: rank)
    }
    var (u, v) = (balanced(first, leftWeights, rows), balanced(second, rightWeights, columns))
    let leftScale = try leftScale(u, v, scale: scale)
    for index in u.values.indices { u.values[index] = (u.values[index] * leftScale).rounded() }
    for index in v.values.indices { v.values[index] = (v.values[index] * scale / leftScale).rounded() }
    return try IntegerFactors(left: u, right: v)
  }
}
