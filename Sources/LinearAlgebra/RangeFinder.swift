// SPDX-License-Identifier: Apache-2.0

/// A subspace that holds most of what the rows of a matrix span: that of the largest singular values of A, or nearly so.
///
/// It begins with random directions of a fixed seed, the same for the same matrix, and turns towards the leading ones with
/// every application of A^T A. Some more directions than the rank are followed: the last ones turn slowest.
struct RangeFinder<Source: RowSource> {
  private let source: Source
  private let kept: Int
  /// columns x width, orthonormal columns.
  private var basis: Matrix

  private static var seed: UInt64 { 0xD21F }

  /// Directions that are followed for a rank.
  static func width(_ source: Source, rank: Int) -> Int {
    min(rank + max(10, rank / 4), source.rows, source.columns)
  }

  /// - Parameters:
  ///   - rank: 1...min(rows, columns).
  ///   - start: columns x any; a guess of the right singular vectors.
  init(_ source: Source, rank: Int, start: Matrix? = nil) throws(LinearAlgebraError) {
    self.source = source
    kept = rank
    basis = Matrix(random: source.columns, Self.width(source, rank: rank), seed: Self.seed)
    if let start {
      for row in 0..<source.columns {
        for column in 0..<min(start.columns, kept) { basis[row, column] = start[row, column] }
      }
    }
    try orthonormalise()
  }

  /// The space of random combinations of the rows. Of a matrix of that rank it is the space of all rows, to rounding, since
  /// no singular value is squared.
  init(rowsOf source: Source, rank: Int) throws(LinearAlgebraError) {
    self.source = source
    kept = rank
    let mixed = Matrix(random: source.rows, Self.width(source, rank: rank), seed: Self.seed)
    basis = LowRank.transposedProduct(source, mixed)
    try orthonormalise()
  }

  private mutating func orthonormalise() throws(LinearAlgebraError) {
    _ = try Kernel.factorise(&basis.values, rows: basis.rows, columns: basis.columns, orthonormal: true)
  }

  /// Applies A^T A, with orthonormal columns again after each time: one pass over the matrix each.
  mutating func iterate(_ count: Int) throws(LinearAlgebraError) {
    for _ in 0..<count {
      basis = normalProduct(basis)
      try orthonormalise()
    }
  }

  /// The singular value decomposition of A inside of the subspace: one pass. No value is above the one of A at its place,
  /// but for rounding.
  /// - Parameter following: values beyond those of the rank, as far as the width reaches.
  func spectrum(following: Int = 0) throws(LinearAlgebraError) -> TruncatedSVD {
    let width = basis.columns
    let count = min(kept + following, width)
    let image = LowRank.product(source, basis)
    var scratch = image.values
    let triangle = try Kernel.factorise(&scratch, rows: source.rows, columns: width, orthonormal: false)
    let small = try Kernel.singularValues(triangle, size: width)
    return TruncatedSVD(
      left: image.times(transposedRows: small.rightTransposed, count),
      right: basis.times(transposedRows: small.rightTransposed, count), sigma: Array(small.sigma.prefix(count)),
      scaled: .left)
  }

  /// A^T * (A * x) in one pass over A.
  private func normalProduct(_ x: Matrix) -> Matrix {
    var result = Matrix(zeros: source.columns, x.columns)
    var image = [Double](repeating: 0, count: (source.blocks.first?.count ?? 0) * x.columns)
    BlockMemory.with(count: source.blockCount) { block in
      for rows in source.blocks {
        source.copyRows(rows, into: &block)
        Kernel.multiply(rows.count, x.columns, source.columns, block, x.values, into: &image)
        Kernel.multiply(
          source.columns, x.columns, rows.count, block, aTransposed: true, image, beta: 1, into: &result.values)
      }
    }
    return result
  }
}

extension Matrix {
  /// self * w^T for the first `kept` rows of the square row-major w.
  fileprivate func times(transposedRows w: [Double], _ kept: Int) -> Matrix {
    var result = Matrix(zeros: rows, kept)
    Kernel.multiply(rows, kept, columns, values, w, bTransposed: true, into: &result.values)
    return result
  }
}
