// SPDX-License-Identifier: Apache-2.0

/// Integer factors of a drift: 2^s * Delta = U V^T + E, all integers.
package struct IntegerFactors: Sendable, Equatable {
  /// Bound of the sum of squares over an aligned block of `blockLength` entries of U or V.
  package static let blockBound: UInt64 = 1 << 51
  /// Entries per aligned block, counted in (row, k) order with k padded to a power of two.
  package static let blockLength = 1 << 14

  package let rows: Int
  package let columns: Int
  package let rank: Int
  /// rows * rank entries, (row, k) order, magnitudes below 2^31.
  package let left: [Int32]
  /// columns * rank entries, (column, k) order, magnitudes below 2^31.
  package let right: [Int32]

  /// Factors whose entries and blocks keep the bounds.
  init(rows: Int, columns: Int, rank: Int, left: [Int32], right: [Int32]) {
    self.rows = rows
    self.columns = columns
    self.rank = rank
    self.left = left
    self.right = right
  }

  /// What E looks like.
  package struct Residual: Sendable, Equatable {
    /// Exact sum of the squares of the entries of E, in units of 2^-2s of squared drift units.
    package var sumOfSquares: UInt128
    /// Largest magnitude in E.
    package var maximum: UInt64

    package init(sumOfSquares: UInt128, maximum: UInt64) {
      self.sumOfSquares = sumOfSquares
      self.maximum = maximum
    }
  }

  /// Integer factors of 2^s * Delta with a small rounding error.
  ///
  /// The real factors are split so that the entries of U and V have the same root mean square, which minimises the
  /// rounding error rank / 12 * (|u|^2 + |v|^2) per squared entry of E (unequal splits lose, since solving for U anew
  /// absorbs only a rank / columns part of the rounding of V). V is rounded, U solved for by least squares against the
  /// rounded V and rounded. Where a block of U or V exceeds its bound, the scale moves to the other factor.
  /// - Parameters:
  ///   - rank: 1...16384.
  ///   - scaleBits: s, 0...40; 2^s * max |Delta| must stay below 2^62.
  /// - Throws: `factorBoundExceeded` if no split satisfies the block bounds, `integerOverflow`, `invalidParameter`,
  ///   `lapack`.
  package static func quantise(
    _ drift: IntegerMatrix, rank: Int, scaleBits: Int
  ) throws(LinearAlgebraError) -> (factors: IntegerFactors, residual: Residual) {
    try checkQuantisation(drift, rank: rank, scaleBits: scaleBits)
    return try quantise(drift, real: LowRank.approximate(drift, rank: rank), scaleBits: scaleBits)
  }

  /// The same, but content with factors from a cheaper search if `isEnough` says so of what they leave; those of the
  /// thorough one otherwise, whatever it says of them.
  package static func quantise(
    _ drift: IntegerMatrix, rank: Int, scaleBits: Int,
    until isEnough: (IntegerFactors, Residual) throws(LinearAlgebraError) -> Bool
  ) throws(LinearAlgebraError) -> (factors: IntegerFactors, residual: Residual) {
    try checkQuantisation(drift, rank: rank, scaleBits: scaleBits)
    let search = try FactorSearch(drift, rank: rank)
    if let quick = try search.quick() {
      let real = quick.balanced(rank: rank)
      for solves in [false, true] {
        do {
          let result = try quantise(drift, real: real, scaleBits: scaleBits, solves: solves)
          if try isEnough(result.factors, result.residual) { return result }
        } catch .factorBoundExceeded {
        } catch .integerOverflow {
        }
      }
    }
    return try quantise(drift, real: search.thorough().balanced(rank: rank), scaleBits: scaleBits)
  }

  private static func checkQuantisation(
    _ drift: IntegerMatrix, rank: Int, scaleBits: Int
  ) throws(LinearAlgebraError) {
    guard (1...blockLength).contains(rank) else { throw .invalidParameter("rank \(rank) is outside 1...16384") }
    try checkScale(drift, scaleBits)
  }

  /// - Parameter solves: whether U is solved for anew. That absorbs no more than a rank / columns part of V's rounding and
  ///   costs a pass over the drift.
  private static func quantise(
    _ drift: IntegerMatrix, real: (left: Matrix, right: Matrix), scaleBits: Int, solves: Bool = true
  ) throws(LinearAlgebraError) -> (factors: IntegerFactors, residual: Residual) {
    var (left, right) = real
    let scale = Double(1 << UInt64(scaleBits))
    let leftScale = try leftScale(left, right, scale: scale)
    for index in right.values.indices { right.values[index] = (right.values[index] * scale / leftScale).rounded() }
    if solves {
      left = try leastSquares(drift, scale: scale, against: right, fallback: left, fallbackScale: leftScale)
      for index in left.values.indices { left.values[index].round() }
    } else {
      for index in left.values.indices { left.values[index] = (left.values[index] * leftScale).rounded() }
    }
    let factors = try IntegerFactors(left: left, right: right)
    return (factors, try factors.residual(drift, scaleBits: scaleBits))
  }

  /// By what U is multiplied before it is rounded, V by scale/that.
  /// - Throws: `factorBoundExceeded` if no split satisfies the block bounds.
  static func leftScale(_ left: Matrix, _ right: Matrix, scale: Double) throws(LinearAlgebraError) -> Double {
    // Columns come with equal norms; equal root mean squares need this much more in U.
    var leftScale = (scale * (Double(max(1, left.rows)) / Double(max(1, right.rows))).squareRoot()).squareRoot()
    let leftPeak = largestBlock(left).squareRoot()
    let rightPeak = largestBlock(right).squareRoot()
    let limit = peakLimit
    if leftPeak > 0 { leftScale = min(leftScale, limit / leftPeak) }
    if rightPeak > 0, scale / leftScale * rightPeak > limit {
      leftScale = scale * rightPeak / limit
      guard leftScale * leftPeak <= limit else { throw .factorBoundExceeded }
    }
    return leftScale
  }

  /// The largest s for which `quantise` finds room in the blocks, at most 40 and with 2^s * max |Delta| below 2^62; nil
  /// if there is none. The rounding error falls with 2^-s/2 in drift units, so this s makes it smallest.
  package static func largestScaleBits(_ drift: IntegerMatrix, rank: Int) throws(LinearAlgebraError) -> Int? {
    guard (1...blockLength).contains(rank) else { throw .invalidParameter("rank \(rank) is outside 1...16384") }
    let (left, right) = try LowRank.approximate(drift, rank: rank)
    let product = (largestBlock(left) * largestBlock(right)).squareRoot()
    return stride(from: 40, through: 0, by: -1).first { bits in
      Double(1 << UInt64(bits)) * product <= peakLimit * peakLimit
        && drift.maximumMagnitude < 1 << UInt64(62 - bits)
    }
  }

  /// Bound of the root of a block's sum of squares before rounding: 0.1 % and the rounding itself (at most 1/2 per entry,
  /// 64 over a block) stay as slack.
  private static var peakLimit: Double { Double(blockBound).squareRoot() * 0.999 - 64 }

  /// Factors from integral matrices.
  /// - Throws: `integerOverflow` for entries of 2^31 and more, `factorBoundExceeded`.
  init(left: Matrix, right: Matrix) throws(LinearAlgebraError) {
    rows = left.rows
    columns = right.rows
    rank = left.columns
    for side in [left, right] {
      guard Kernel.maximumMagnitude(side.values, count: side.values.count) < 0x1p31 else { throw .integerOverflow }
    }
    self.left = left.values.map { Int32($0) }
    self.right = right.values.map { Int32($0) }
    guard Self.largestBlock(self.left, rank: rank) <= Self.blockBound,
      Self.largestBlock(self.right, rank: rank) <= Self.blockBound
    else { throw .factorBoundExceeded }
  }

  /// Entries of E for a range of rows, row-major; exact.
  /// - Throws: `integerOverflow` if an entry leaves Int64; `invalidParameter` for another shape.
  package func residualRows(
    _ drift: IntegerMatrix, scaleBits: Int, rows range: Range<Int>
  ) throws(LinearAlgebraError) -> [Int64] {
    guard drift.rows == rows, drift.columns == columns else { throw .invalidParameter("the shapes differ") }
    try Self.checkScale(drift, scaleBits)
    var result = [Int64](repeating: 0, count: range.count * columns)
    for row in range {
      for column in 0..<columns {
        var sum = Int128(drift[row * columns + column]) << Int128(scaleBits)
        for k in 0..<rank {
          sum -= Int128(Int64(left[row * rank + k]) * Int64(right[column * rank + k]))
        }
        guard let entry = Int64(exactly: sum) else { throw .integerOverflow }
        result[(row - range.lowerBound) * columns + column] = entry
      }
    }
    return result
  }

  /// Exact sum of squares and maximum of E. Fast while every entry fits 32 bits, or, in `Double` GEMM, while every partial sum is
  /// an integer below 2^53.
  /// - Throws: as `residualRows`.
  package func residual(_ drift: IntegerMatrix, scaleBits: Int) throws(LinearAlgebraError) -> Residual {
    guard drift.rows == rows, drift.columns == columns else { throw .invalidParameter("the shapes differ") }
    try Self.checkScale(drift, scaleBits)
    if let residual = narrowResidual(drift, scaleBits: scaleBits) { return residual }
    let scale = Double(1 << UInt64(scaleBits))
    let u = Matrix(unchecked: left.map { Double($0) / scale }, rows: rows, columns: rank)
    let v = Matrix(unchecked: right.map { Double($0) }, rows: columns, columns: rank)
    let peak = { (m: Matrix) in Kernel.maximumMagnitude(m.values, count: m.values.count) }
    let reach = Double(rank) * peak(u) * peak(v) + Double(drift.maximumMagnitude)
    var total = Residual(sumOfSquares: 0, maximum: 0)
    guard reach * scale < 0x1p53 else {
      for row in 0..<rows {
        for entry in try residualRows(drift, scaleBits: scaleBits, rows: row..<row + 1) { total.add(entry) }
      }
      return total
    }
    // Division by a power of two is exact, so all sums are multiples of 2^-s with less than 53 bits.
    LowRank.forEachResidualBlock(drift, left: u, right: v) { range, block in
      for index in 0..<range.count * columns { total.add(Int64(block[index] * scale)) }
    }
    return total
  }

  /// Largest sum of squares over an aligned block.
  package static func largestBlock(_ entries: [Int32], rank: Int) -> UInt64 {
    let height = rowsPerBlock(rank) * max(1, rank)
    var largest: UInt64 = 0
    for first in stride(from: 0, to: entries.count, by: height) {
      var sum: UInt64 = 0
      for entry in entries[first..<min(entries.count, first + height)] {
        let square = UInt64(entry.magnitude) * UInt64(entry.magnitude)
        let (next, overflow) = sum.addingReportingOverflow(square)
        sum = overflow ? .max : next
      }
      largest = max(largest, sum)
    }
    return largest
  }

  private static func largestBlock(_ matrix: Matrix) -> Double {
    let height = rowsPerBlock(matrix.columns) * max(1, matrix.columns)
    return stride(from: 0, to: matrix.values.count, by: height).map {
      Kernel.sumOfSquares(matrix.values, from: $0, count: min(height, matrix.values.count - $0))
    }.max() ?? 0
  }

  private static func rowsPerBlock(_ rank: Int) -> Int {
    var padded = 1
    while padded < rank { padded <<= 1 }
    return max(1, blockLength / padded)
  }

  static func checkScale(_ drift: IntegerMatrix, _ scaleBits: Int) throws(LinearAlgebraError) {
    guard (0...40).contains(scaleBits) else { throw .invalidParameter("scale \(scaleBits) is outside 0...40") }
    guard drift.maximumMagnitude < 1 << UInt64(62 - scaleBits) else { throw .integerOverflow }
  }

  /// The U that minimises |scale * drift - U V^T|; where the columns of V are dependent (after rounding to zero), the
  /// shortest such U. Falls back to the given U if V is zero.
  private static func leastSquares(
    _ drift: IntegerMatrix, scale: Double, against v: Matrix, fallback: Matrix, fallbackScale: Double
  ) throws(LinearAlgebraError) -> Matrix {
    let inverse = try pseudoInverseGram(v)
    var weights = Matrix(zeros: v.rows, v.columns)
    Kernel.multiply(v.rows, v.columns, v.columns, alpha: scale, v.values, inverse, into: &weights.values)
    let solved = LowRank.product(drift, weights)
    guard largestBlock(solved).squareRoot() <= Double(blockBound).squareRoot() - 64 else {
      // Dependent roundings can inflate the solution; the unsolved factor keeps the bound by construction.
      return fallback.columnPrefix(
        v.columns, scales: [Double](repeating: fallbackScale, count: v.columns), padded: v.columns)
    }
    return solved
  }

  /// Pseudo-inverse of V^T V, rank x rank.
  static func pseudoInverseGram(_ v: Matrix) throws(LinearAlgebraError) -> [Double] {
    let rank = v.columns
    var gram = [Double](repeating: 0, count: rank * rank)
    Kernel.multiply(rank, rank, v.rows, v.values, aTransposed: true, v.values, into: &gram)
    // Equal norms first, so that small columns do not fall under the cut-off.
    let norms = (0..<rank).map { gram[$0 * rank + $0] > 0 ? 1 / gram[$0 * rank + $0].squareRoot() : 0 }
    for i in 0..<rank { for j in 0..<rank { gram[i * rank + j] *= norms[i] * norms[j] } }
    let (values, vectors) = try Kernel.eigen(gram, size: rank)
    let floor = 1e-12 * (values.last ?? 0)
    var inverse = [Double](repeating: 0, count: rank * rank)
    for k in 0..<rank where values[k] > floor {
      for i in 0..<rank {
        for j in 0..<rank {
          inverse[i * rank + j] += vectors[k * rank + i] * vectors[k * rank + j] / values[k] * norms[i] * norms[j]
        }
      }
    }
    return inverse
  }
}

extension IntegerFactors.Residual {
  mutating func add(_ entry: Int64) {
    maximum = max(maximum, entry.magnitude)
    let square = entry.magnitude.multipliedFullWidth(by: entry.magnitude)
    sumOfSquares += UInt128(square.high) << 64 + UInt128(square.low)
  }
}
