// SPDX-License-Identifier: Apache-2.0

/// Sparse parts of a drift: which entries, rows or columns a policy should leave free.
package enum Sparse {
  /// What a support consists of.
  package enum Form: Sendable, Equatable {
    case entries(Int)
    case rows(Int)
    case columns(Int)
  }

  /// A support and what remains outside of it.
  package struct Decomposition: Sendable {
    /// Sorted, unique: row * columns + column of entries, or row or column numbers. At most as many as asked for; fewer
    /// where the rest is already zero.
    package let support: [Int]
    /// Frobenius norm, in drift units, of drift - low rank outside the support.
    package let residual: Double
    /// Low-rank passes that were made over the drift.
    package let iterations: Int
    let form: Form
    let left: Matrix
    let right: Matrix

    /// The drift with the support replaced by the nearest integers of the low-rank part (zero for rows, columns and
    /// without a rank): what integer factors should be fitted to, so that the support does not bend them. A drift that
    /// is stored in 32 bits stays so, replaced entries are clamped to them.
    package func cleaned(_ drift: IntegerMatrix) -> IntegerMatrix {
      let masked = Masked(drift: drift, support: support, form: form, left: left, right: right)
      switch drift.storage {
      case .narrow(var values):
        for (index, value) in masked.replacements() { values[index] = Int32(clamping: value) }
        return IntegerMatrix(unchecked: .narrow(values), rows: drift.rows, columns: drift.columns)
      case .wide(var values):
        for (index, value) in masked.replacements() { values[index] = value }
        return IntegerMatrix(unchecked: .wide(values), rows: drift.rows, columns: drift.columns)
      }
    }
  }

  /// Greedy decomposition (GoDec) into low rank and sparse: the support is where the residual energy is largest given
  /// the low-rank part, which is fitted to the drift without the support; repeated until the residual shrinks by less
  /// than 0.1 %, at most 10 times. Two beginnings are tried, the support of the raw drift (right for large outliers) and
  /// that of its low-rank residual (right for small ones), and the better is followed.
  ///
  /// Ties go to the smaller index, so the result is a function of the input.
  /// - Parameter rank: nil or 0: no low-rank part, simply the largest entries, rows or columns.
  /// - Throws: `invalidParameter` for negative numbers, `lapack`.
  package static func decompose(
    _ drift: IntegerMatrix, rank: Int?, form: Form
  ) throws(LinearAlgebraError) -> Decomposition {
    let size =
      switch form {
      case .entries(let count), .rows(let count), .columns(let count): count
      }
    let rank = rank ?? 0
    guard size >= 0, rank >= 0 else { throw .invalidParameter("negative size \(size) or rank \(rank)") }
    let none = TruncatedSVD(empty: drift.rows, drift.columns)
    var raw = choose(drift, none, form, iterations: 0)
    if rank == 0 || raw.residual == 0 { return raw }
    var fitted = choose(drift, try LowRank.decompose(drift, rank: rank, iterations: 2), form, iterations: 1)
    raw = try refine(drift, raw, rank: rank)
    raw = try refine(drift, raw, rank: rank)
    fitted = try refine(drift, fitted, rank: rank)
    var best = raw.residual < fitted.residual ? raw : fitted
    for iteration in 4...10 {
      let next = try refine(drift, best, rank: rank)
      let stalled = next.residual > 0.999 * best.residual
      if next.residual < best.residual { best = next }
      if stalled || best.residual == 0 {
        return Decomposition(
          support: best.support, residual: best.residual, iterations: iteration, form: form, left: best.left,
          right: best.right)
      }
    }
    return best
  }

  private static func refine(
    _ drift: IntegerMatrix, _ current: Decomposition, rank: Int
  ) throws(LinearAlgebraError) -> Decomposition {
    let masked = Masked(
      drift: drift, support: current.support, form: current.form, left: current.left, right: current.right)
    let warm = current.right.columns > 0 ? current.right : nil
    let spectrum = try LowRank.decompose(masked, rank: rank, start: warm, iterations: warm == nil ? 2 : 1)
    return choose(drift, spectrum, current.form, iterations: current.iterations + 1)
  }

  /// The support of largest residual energy given the low-rank part.
  private static func choose(
    _ drift: IntegerMatrix, _ spectrum: TruncatedSVD, _ form: Form, iterations: Int
  ) -> Decomposition {
    let (left, right) = spectrum.balanced(rank: spectrum.sigma.count)
    let support: [Int]
    let rest: Double
    switch form {
    case .entries(let count):
      (support, rest) = largestEntries(drift, left, right, count)
    case .rows(let count):
      // A row of the support is not in the fit: its distance from the row space is what counts.
      let energies = lineEnergies(drift, LowRank.product(drift, spectrum.right), spectrum.right).rows
      (support, rest) = largest(energies, count)
    case .columns(let count):
      let energies = lineEnergies(drift, spectrum.left, LowRank.transposedProduct(drift, spectrum.left)).columns
      (support, rest) = largest(energies, count)
    }
    return Decomposition(
      support: support, residual: rest.squareRoot(), iterations: iterations, form: form, left: left, right: right)
  }

  /// Energies of drift - left * right^T by row and by column; below rounding (1e-24 of the drift) they count as zero.
  private static func lineEnergies(
    _ drift: IntegerMatrix, _ left: Matrix, _ right: Matrix
  ) -> (rows: [Double], columns: [Double]) {
    var rows = [Double](repeating: 0, count: drift.rows)
    var columns = [Double](repeating: 0, count: drift.columns)
    LowRank.forEachResidualBlock(drift, left: left, right: right) { range, block in
      for row in range {
        let first = (row - range.lowerBound) * drift.columns
        rows[row] = Kernel.sumOfSquares(block, from: first, count: drift.columns)
        Kernel.addSquares(block, from: first, to: &columns)
      }
    }
    let peak = Double(drift.maximumMagnitude)
    let floor = left.columns == 0 ? 0 : 1e-24 * peak * peak
    let clean = { (energies: [Double], length: Int) in energies.map { $0 > floor * Double(length) ? $0 : 0 } }
    return (clean(rows, drift.columns), clean(columns, drift.rows))
  }

  /// Indices of the largest `count` positive energies, and the sum of the others.
  static func largest(_ energies: [Double], _ count: Int) -> (support: [Int], rest: Double) {
    let order = energies.indices.sorted { energies[$0] != energies[$1] ? energies[$0] > energies[$1] : $0 < $1 }
    let support = order.prefix(count).filter { energies[$0] > 0 }.sorted()
    return (support, order.dropFirst(count).reduce(0) { $0 + energies[$1] })
  }

  /// The same for the entries of drift - left * right^T, in two passes: a histogram over exponent and leading mantissa
  /// bits finds the bucket of the threshold, and only that bucket is sorted.
  private static func largestEntries(
    _ drift: IntegerMatrix, _ left: Matrix, _ right: Matrix, _ count: Int
  ) -> (support: [Int], rest: Double) {
    let floor = left.columns == 0 ? 0 : 1e-12 * Double(drift.maximumMagnitude)
    var histogram = [Int](repeating: 0, count: 1 << 15)
    var energy = 0.0
    LowRank.forEachResidualBlock(drift, left: left, right: right) { rows, block in
      energy += Kernel.sumOfSquares(block, count: rows.count * drift.columns)
      Kernel.countMagnitudes(block, count: rows.count * drift.columns, above: floor, in: &histogram)
    }
    var threshold = histogram.count - 1
    var above = 0
    while threshold > 0, above + histogram[threshold] <= count {
      above += histogram[threshold]
      threshold -= 1
    }
    var support: [Int] = []
    var candidates: [(magnitude: Double, index: Int)] = []
    var covered = 0.0
    LowRank.forEachResidualBlock(drift, left: left, right: right) { rows, block in
      let first = rows.lowerBound * drift.columns
      Kernel.forEachMagnitude(block, count: rows.count * drift.columns, bucketsFrom: threshold, above: floor) {
        if Kernel.bucket($1) > threshold {
          support.append(first + $0)
          covered += $1 * $1
        } else {
          candidates.append(($1, first + $0))
        }
      }
    }
    candidates.sort { $0.magnitude != $1.magnitude ? $0.magnitude > $1.magnitude : $0.index < $1.index }
    for candidate in candidates.prefix(max(0, count - support.count)) {
      support.append(candidate.index)
      covered += candidate.magnitude * candidate.magnitude
    }
    let rest = energy - covered
    // Differences below rounding are nothing: every remaining entry is at most the floor.
    return (support.sorted(), rest <= 1e-14 * energy ? 0 : rest)
  }
}

/// A drift whose support is replaced: entries by the low-rank part, rows and columns by zero.
struct Masked: RowSource {
  let drift: IntegerMatrix
  /// Sorted.
  let support: [Int]
  let form: Sparse.Form
  let left: Matrix
  let right: Matrix

  var rows: Int { drift.rows }
  var columns: Int { drift.columns }

  func copyRows(_ range: Range<Int>, into block: inout [Double]) {
    drift.copyRows(range, into: &block)
    switch form {
    case .entries:
      let first = range.lowerBound * columns
      for index in support[position(first)..<position(range.upperBound * columns)] {
        let (row, column) = index.quotientAndRemainder(dividingBy: columns)
        block[index - first] = fitted(row, column)
      }
    case .rows:
      for row in support[position(range.lowerBound)..<position(range.upperBound)] {
        for column in 0..<columns { block[(row - range.lowerBound) * columns + column] = 0 }
      }
    case .columns:
      for row in 0..<range.count {
        for column in support { block[row * columns + column] = 0 }
      }
    }
  }

  /// Row-major indices that are replaced, with the integers that replace them.
  func replacements() -> [(index: Int, value: Int64)] {
    switch form {
    case .entries:
      support.map { ($0, Int64(fitted($0 / columns, $0 % columns).rounded())) }
    case .rows:
      support.flatMap { row in (0..<columns).map { (row * columns + $0, 0) } }
    case .columns:
      support.flatMap { column in (0..<rows).map { ($0 * columns + column, 0) } }
    }
  }

  private func fitted(_ row: Int, _ column: Int) -> Double {
    var value = 0.0
    for k in 0..<left.columns { value += left[row, k] * right[column, k] }
    return value
  }

  /// Number of support indices below the bound.
  private func position(_ bound: Int) -> Int {
    var low = 0
    var high = support.count
    while low < high {
      let middle = (low + high) / 2
      if support[middle] < bound { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
