// SPDX-License-Identifier: Apache-2.0

/// Approximations of low rank.
package enum LowRank {
  /// Balanced factors of rank `rank` with left * right^T close to the best approximation of that rank: column k of
  /// either has norm sqrt(sigma_k); columns fall in norm and are zero past min(rows, columns).
  ///
  /// With min(rows, columns) <= 512 and at most 2^21 entries by a singular value decomposition (exact to rounding),
  /// otherwise by a randomised range finder with fixed seed (residual within 1 % of the optimum), all in `Double`.
  /// - Parameter rank: 0 and more.
  /// - Returns: left, rows x rank, and right, columns x rank.
  package static func approximate(
    _ matrix: Matrix, rank: Int
  ) throws(LinearAlgebraError) -> (left: Matrix, right: Matrix) {
    try decompose(matrix, rank: rank).balanced(rank: rank)
  }

  /// The same for an integer matrix, which is converted block by block.
  package static func approximate(
    _ matrix: IntegerMatrix, rank: Int
  ) throws(LinearAlgebraError) -> (left: Matrix, right: Matrix) {
    try decompose(matrix, rank: rank).balanced(rank: rank)
  }

  /// Frobenius norm of matrix - left * right^T, from the differences themselves: no cancellation of squares.
  package static func residualNorm(_ matrix: Matrix, left: Matrix, right: Matrix) -> Double {
    residualEnergy(matrix, left: left, right: right).squareRoot()
  }

  /// Frobenius norm of matrix - left * right^T in units of the matrix.
  package static func residualNorm(_ matrix: IntegerMatrix, left: Matrix, right: Matrix) -> Double {
    residualEnergy(matrix, left: left, right: right).squareRoot()
  }

  /// Square of `residualNorm`.
  static func residualEnergy(_ source: some RowSource, left: Matrix, right: Matrix) -> Double {
    var energy = 0.0
    forEachResidualBlock(source, left: left, right: right) { rows, block in
      energy += Kernel.sumOfSquares(block, count: rows.count * source.columns)
    }
    return energy
  }

  /// Calls `body` with each row range and the entries of source - left * right^T in it, at the front of the array.
  static func forEachResidualBlock(
    _ source: some RowSource, left: Matrix, right: Matrix, _ body: (Range<Int>, [Double]) -> Void
  ) {
    precondition(left.rows == source.rows && right.rows == source.columns && left.columns == right.columns)
    let rank = left.columns
    BlockMemory.with(count: source.blockCount) { block in
      for rows in source.blocks {
        source.copyRows(rows, into: &block)
        if rank > 0 {
          Kernel.multiply(
            rows.count, source.columns, rank, alpha: -1, left.values, aOffset: rows.lowerBound * rank, right.values,
            bTransposed: true, beta: 1, into: &block)
        }
        body(rows, block)
      }
    }
  }

  /// The leading part of a singular value decomposition.
  /// - Parameters:
  ///   - start: columns x any; a guess of the right singular vectors, which saves power iterations.
  ///   - iterations: see ``RangeFinder``; 3, for ranks above 32 5, where the spectrum of noise falls too slowly for three.
  static func decompose(
    _ source: some RowSource, rank: Int, start: Matrix? = nil, iterations: Int? = nil
  ) throws(LinearAlgebraError) -> TruncatedSVD {
    guard rank >= 0 else { throw .invalidParameter("rank \(rank) is negative") }
    let kept = min(rank, source.rows, source.columns)
    if kept == 0 { return TruncatedSVD(empty: source.rows, source.columns) }
    if isSmall(source), start == nil { return try exact(source, rank: kept) }
    var finder = try RangeFinder(source, rank: kept, start: start)
    try finder.iterate(iterations ?? thoroughIterations(kept))
    return try finder.spectrum()
  }

  /// Whether a whole decomposition takes no longer than a part of a second; those of vocabulary tables would.
  static func isSmall(_ source: some RowSource) -> Bool {
    min(source.rows, source.columns) <= 512 && source.rows * source.columns <= 1 << 21
  }

  static func thoroughIterations(_ rank: Int) -> Int { rank > 32 ? 5 : 3 }

  static func exact(_ source: some RowSource, rank: Int) throws(LinearAlgebraError) -> TruncatedSVD {
    let (rows, columns) = (source.rows, source.columns)
    var scratch = [Double](repeating: 0, count: rows * columns)
    source.copyRows(0..<rows, into: &scratch)
    if columns <= rows {
      let triangle = try Kernel.factorise(&scratch, rows: rows, columns: columns, orthonormal: false)
      let small = try Kernel.singularValues(triangle, size: columns)
      var right = Matrix(zeros: columns, rank)
      for row in 0..<columns {
        for column in 0..<rank { right[row, column] = small.rightTransposed[column * columns + row] }
      }
      return TruncatedSVD(
        left: product(source, right), right: right, sigma: Array(small.sigma.prefix(rank)), scaled: .left)
    }
    let triangle = try Kernel.factoriseWide(&scratch, rows: rows, columns: columns)
    let small = try Kernel.singularValues(triangle, size: rows)
    let square = Matrix(unchecked: small.left, rows: rows, columns: rows)
    let left = square.columnPrefix(rank, scales: [Double](repeating: 1, count: rank), padded: rank)
    return TruncatedSVD(
      left: left, right: transposedProduct(source, left), sigma: Array(small.sigma.prefix(rank)), scaled: .right)
  }

  /// A * x, rows x width.
  static func product(_ source: some RowSource, _ x: Matrix) -> Matrix {
    var result = Matrix(zeros: source.rows, x.columns)
    BlockMemory.with(count: source.blockCount) { block in
      for rows in source.blocks {
        source.copyRows(rows, into: &block)
        Kernel.multiply(
          rows.count, x.columns, source.columns, block, x.values, into: &result.values,
          cOffset: rows.lowerBound * x.columns)
      }
    }
    return result
  }

  /// A^T * y, columns x width.
  static func transposedProduct(_ source: some RowSource, _ y: Matrix) -> Matrix {
    var result = Matrix(zeros: source.columns, y.columns)
    BlockMemory.with(count: source.blockCount) { block in
      for rows in source.blocks {
        source.copyRows(rows, into: &block)
        Kernel.multiply(
          source.columns, y.columns, rows.count, block, aTransposed: true, y.values,
          bOffset: rows.lowerBound * y.columns, beta: 1, into: &result.values)
      }
    }
    return result
  }
}

/// A ~ left * diag(sigma) * right^T with orthonormal columns; those of vanishing sigma are zero.
struct TruncatedSVD: Sendable {
  enum Side { case left, right }

  /// rows x kept.
  let left: Matrix
  /// columns x kept.
  let right: Matrix
  /// Falling; 0 where below 1e-15 of the first.
  let sigma: [Double]

  init(empty rows: Int, _ columns: Int) {
    left = Matrix(zeros: rows, 0)
    right = Matrix(zeros: columns, 0)
    sigma = []
  }

  /// - Parameter scaled: the side whose columns come with norm sigma.
  init(left: Matrix, right: Matrix, sigma: [Double], scaled: Side) {
    let floor = (sigma.first ?? 0) * 1e-15
    let inverse = sigma.map { $0 > floor ? 1 / $0 : 0 }
    let unit = inverse.map { $0 > 0 ? 1.0 : 0 }
    let count = sigma.count
    self.left = left.columnPrefix(count, scales: scaled == .left ? inverse : unit, padded: count)
    self.right = right.columnPrefix(count, scales: scaled == .right ? inverse : unit, padded: count)
    self.sigma = sigma.map { $0 > floor ? $0 : 0 }
  }

  /// The first values only.
  func prefix(_ count: Int) -> TruncatedSVD {
    let kept = min(count, sigma.count)
    let ones = [Double](repeating: 1, count: kept)
    // The columns are scaled already.
    return TruncatedSVD(
      unitLeft: left.columnPrefix(kept, scales: ones, padded: kept),
      unitRight: right.columnPrefix(kept, scales: ones, padded: kept), sigma: Array(sigma.prefix(kept)))
  }

  private init(unitLeft: Matrix, unitRight: Matrix, sigma: [Double]) {
    left = unitLeft
    right = unitRight
    self.sigma = sigma
  }

  /// Factors of the first `rank` columns, each column of norm sqrt(sigma_k).
  func balanced(rank: Int) -> (left: Matrix, right: Matrix) {
    let kept = min(rank, sigma.count)
    let roots = sigma.prefix(kept).map { $0.squareRoot() }
    return (
      left.columnPrefix(kept, scales: roots, padded: rank), right.columnPrefix(kept, scales: roots, padded: rank)
    )
  }
}
