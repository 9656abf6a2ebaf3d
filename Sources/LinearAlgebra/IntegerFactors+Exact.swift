// SPDX-License-Identifier: Apache-2.0

extension IntegerFactors {
  /// Integer factors with Delta = U V^T exactly, if the drift has rank at most `rank`; nil if the rank is larger, if an
  /// entry or a block of the factors breaks the bounds, or if the numbers are too large for the reduction.
  ///
  /// V is an LLL-reduced basis of the lattice that the rows of the drift span, U the integer coordinates of the rows.
  /// Floating point only proposes: the equality is checked in exact integers at the end. Columns past the rank of the
  /// drift are zero.
  /// A rank that restricts nothing needs no search (``trivial(_:rank:scaleBits:)``), unless the drift is too large for it.
  /// - Parameter search: counts and bounds the work.
  /// - Throws: `lapack`, `invalidParameter` for a rank outside 1...16384, `searchTooLong`.
  package static func exact(
    _ drift: IntegerMatrix, rank: Int, search: ExactSearch = ExactSearch()
  ) throws(LinearAlgebraError) -> IntegerFactors? {
    guard (1...blockLength).contains(rank) else { throw .invalidParameter("rank \(rank) is outside 1...16384") }
    let zero = IntegerFactors(zero: drift, rank: rank)
    guard drift.maximumMagnitude > 0 else { return zero }
    if let factors = trivial(drift, rank: rank) { return factors }
    var search = search
    guard let (spectrum, actual) = try exactSpectrum(drift, rank: rank) else { return nil }
    // Independent rows first, and a few columns on which the rows are told apart.
    let rowOrder = try Kernel.pivotRows(spectrum.left.values, rows: drift.rows, columns: spectrum.sigma.count).order
    var picked = try Kernel.pivotRows(spectrum.right.values, rows: drift.columns, columns: spectrum.sigma.count).order
    picked = Array(picked.prefix(actual)) + spread(drift.columns, max(128, 4 * actual))
    let columns = Array(Set(picked)).sorted()
    var lattice = Lattice()
    let firstRows = rowOrder.prefix(actual)
    for row in firstRows { lattice.append(columns.map { drift[row * drift.columns + $0] }) }
    guard try lattice.reduce(&search) else { return nil }
    guard let coordinates = try coordinates(of: drift, columns: columns, in: &lattice, &search) else { return nil }
    let u = Matrix(unchecked: coordinates, rows: drift.rows, columns: actual)
    var weights = Matrix(zeros: drift.rows, actual)
    Kernel.multiply(drift.rows, actual, actual, u.values, try pseudoInverseGram(u), into: &weights.values)
    var v = LowRank.transposedProduct(drift, weights)
    for index in v.values.indices { v.values[index].round() }
    return try? verified(drift, u, v, rank: rank)
  }

  /// The space of the rows and its dimension; nil if that is above `rank`.
  private static func exactSpectrum(
    _ drift: IntegerMatrix, rank: Int
  ) throws(LinearAlgebraError) -> (spectrum: TruncatedSVD, actual: Int)? {
    func explained(_ spectrum: TruncatedSVD) -> (TruncatedSVD, Int)? {
      let top = spectrum.sigma.first ?? 0
      let actual = spectrum.sigma.count { $0 > 1e-11 * top }
      let (left, right) = spectrum.balanced(rank: actual)
      return LowRank.residualNorm(drift, left: left, right: right) <= 1e-9 * top ? (spectrum, actual) : nil
    }
    if let kept = FactorSearch.worthwhile(drift, rank: rank) {
      let quick = try RangeFinder(rowsOf: drift, rank: kept).spectrum(following: 1)
      // The drift's own value at this place is no smaller.
      if quick.sigma.count > kept, quick.sigma[kept] > 1e-8 * (quick.sigma.first ?? 0) { return nil }
      if let found = explained(quick.prefix(kept)) { return found }
    }
    return explained(try LowRank.decompose(drift, rank: rank))
  }

  private static func verified(
    _ drift: IntegerMatrix, _ u: Matrix, _ v: Matrix, rank: Int
  ) throws(LinearAlgebraError) -> IntegerFactors? {
    let ones = [Double](repeating: 1, count: u.columns)
    let factors = try IntegerFactors(
      left: u.columnPrefix(u.columns, scales: ones, padded: rank),
      right: v.columnPrefix(v.columns, scales: ones, padded: rank))
    return try factors.residual(drift, scaleBits: 0).maximum == 0 ? factors : nil
  }

  private init(zero drift: IntegerMatrix, rank: Int) {
    self.init(
      rows: drift.rows, columns: drift.columns, rank: rank, left: [Int32](repeating: 0, count: drift.rows * rank),
      right: [Int32](repeating: 0, count: drift.columns * rank))
  }

  /// `count` indices spread over 0..<limit.
  private static func spread(_ limit: Int, _ count: Int) -> [Int] {
    count >= limit ? Array(0..<limit) : (0..<count).map { $0 * limit / count }
  }

  /// Coordinates (rows x dimension) of all rows, after the lattice has been enlarged to hold them; nil on failure.
  private static func coordinates(
    of drift: IntegerMatrix, columns: [Int], in lattice: inout Lattice, _ search: inout ExactSearch
  ) throws(LinearAlgebraError) -> [Double]? {
    let dimension = lattice.basis.count
    var result: [Double] = []
    result.reserveCapacity(drift.rows * dimension)
    var row = 0
    var dual = try lattice.dual(&search)
    // Every enlargement at least halves the determinant, which is below 2^(64 * dimension).
    var enlargements = 0
    while row < drift.rows {
      let vector = columns.map { drift[row * drift.columns + $0] }
      let position = try lattice.locate(vector, dual: dual, &search)
      if position.inside {
        result += position.rounded
        row += 1
        continue
      }
      enlargements += 1
      guard enlargements <= 64 * dimension, try lattice.enlarge(by: vector, at: position, &search) else { return nil }
      dual = try lattice.dual(&search)
      // The basis has changed: all coordinates are taken again.
      result.removeAll(keepingCapacity: true)
      row = 0
    }
    return result
  }
}
