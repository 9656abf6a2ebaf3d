// SPDX-License-Identifier: Apache-2.0

/// A real matrix as coefficients times orthonormal rows, R = C·Q: in double arithmetic of a fixed order, without fused or
/// reassociated operations, so that every machine finds the same bits.
///
/// Modified Gram-Schmidt, each row repeated until it loses no more length ("twice is enough": Giraud, Langou,
/// Rozložník, van den Eshof, Numerische Mathematik 101, 2005), so that Q is orthonormal to rounding whatever R is.
struct OrthonormalRows: Sendable {
  let columns: Int
  /// m = min(rows of R, columns) orthonormal rows, row-major.
  private(set) var rows: [Double] = []
  /// C, rows of R × m, row-major; lower triangular where no row of R depends on those before it.
  private(set) var coefficients: [Double]
  private(set) var count = 0
  let rank: Int

  /// A residual this much shorter than its row is rounding: the row depends on those before it.
  private static let dependence = 0x1p-45
  /// Passes over one row at most; the third is rare.
  private static let maximumPasses = 6

  /// - Parameter values: row-major, finite, `sourceRows` × `columns`, both at least 1.
  init(_ values: [Double], sourceRows: Int, columns: Int) {
    self.columns = columns
    rank = min(sourceRows, columns)
    coefficients = [Double](repeating: 0, count: sourceRows * rank)
    rows.reserveCapacity(rank * columns)
    for row in 0..<sourceRows { add(Array(values[row * columns..<(row + 1) * columns]), row: row) }
    complete()
  }

  private mutating func add(_ source: [Double], row: Int) {
    let largest = source.reduce(0) { max($0, abs($1)) }
    guard largest > 0 else { return }
    // By a power of two into [1, 2): squares neither overflow nor vanish.
    let unit = Double(sign: .plus, exponent: largest.exponent, significand: 1)
    var residual = source.map { $0 / unit }
    let start = Self.norm(residual)
    var before = start
    for _ in 0..<Self.maximumPasses {
      subtract(from: &residual) { coefficients[row * rank + $0] += unit * $1 }
      let after = Self.norm(residual)
      guard count < rank, after > Self.dependence * start else { return }
      if after >= 0.5 * before { break }
      before = after
    }
    let length = Self.norm(residual)
    coefficients[row * rank + count] = unit * length
    rows += residual.map { $0 / length }
    count += 1
  }

  /// Removes the components along the rows so far.
  private func subtract(from residual: inout [Double], _ found: (Int, Double) -> Void) {
    for j in 0..<count {
      let offset = j * columns
      let component = Self.product(rows, offset, residual)
      found(j, component)
      for x in 0..<columns { residual[x] -= component * rows[offset + x] }
    }
  }

  /// Rows of R that depend on others leave Q short: any further orthonormal rows will do, their coefficients are 0.
  ///
  /// The squared residuals of all axes add up to columns - count, so that in every round of them one has at least the
  /// mean; half of it is asked for.
  private mutating func complete() {
    var axis = 0
    var failures = 0
    while count < rank, failures < columns {
      var residual = [Double](repeating: 0, count: columns)
      residual[axis] = 1
      axis = (axis + 1) % columns
      subtract(from: &residual) { _, _ in }
      let length = Self.norm(residual)
      guard 2 * length * length * Double(columns) >= Double(columns - count) else {
        failures += 1
        continue
      }
      failures = 0
      residual = residual.map { $0 / length }
      subtract(from: &residual) { _, _ in }
      subtract(from: &residual) { _, _ in }
      let again = Self.norm(residual)
      rows += residual.map { $0 / again }
      count += 1
    }
  }

  // MARK: Sums in a fixed order

  private static func norm(_ vector: [Double]) -> Double { product(vector, 0, vector).squareRoot() }

  /// Σ a[offset + x]·b[x]: eight sums of every eighth term, added from the first to the last.
  static func product(_ a: [Double], _ offset: Int, _ b: [Double]) -> Double {
    var lanes = SIMD8<Double>(repeating: 0)
    let whole = b.count / 8 * 8
    for x in stride(from: 0, to: whole, by: 8) {
      var (u, v) = (SIMD8<Double>(), SIMD8<Double>())
      for lane in 0..<8 {
        u[lane] = a[offset + x + lane]
        v[lane] = b[x + lane]
      }
      lanes += u * v
    }
    for x in whole..<b.count { lanes[x - whole] += a[offset + x] * b[x] }
    var sum = 0.0
    for lane in 0..<8 { sum += lanes[lane] }
    return sum
  }
}
