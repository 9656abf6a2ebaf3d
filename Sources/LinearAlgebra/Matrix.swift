// SPDX-License-Identifier: Apache-2.0

/// A dense real matrix, row-major.
package struct Matrix: Sendable, Equatable {
  package let rows: Int
  package let columns: Int
  /// rows * columns entries; entry (i, j) is at i * columns + j.
  package var values: [Double]

  /// - Throws: `shapeMismatch` unless `values` has rows * columns entries.
  package init(rows: Int, columns: Int, values: [Double]) throws(LinearAlgebraError) {
    guard rows >= 0, columns >= 0, values.count == rows * columns else {
      throw .shapeMismatch(rows: rows, columns: columns, count: values.count)
    }
    self.init(unchecked: values, rows: rows, columns: columns)
  }

  /// Entries equal to zero.
  package init(zeros rows: Int, _ columns: Int) {
    self.init(unchecked: [Double](repeating: 0, count: rows * columns), rows: rows, columns: columns)
  }

  /// Independent entries, uniform in [-1, 1), from the seed.
  package init(random rows: Int, _ columns: Int, seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    var values = [Double](repeating: 0, count: rows * columns)
    for index in values.indices { values[index] = generator.nextSigned() }
    self.init(unchecked: values, rows: rows, columns: columns)
  }

  init(unchecked values: [Double], rows: Int, columns: Int) {
    self.rows = rows
    self.columns = columns
    self.values = values
  }

  package subscript(row: Int, column: Int) -> Double {
    get { values[row * columns + column] }
    set { values[row * columns + column] = newValue }
  }

  /// The same rows, the first `count` columns, column k multiplied by `scales[k]`; zero columns fill up to `padded`.
  func columnPrefix(_ count: Int, scales: [Double], padded: Int) -> Matrix {
    var result = Matrix(zeros: rows, padded)
    for row in 0..<rows {
      for column in 0..<count { result[row, column] = self[row, column] * scales[column] }
    }
    return result
  }
}

/// A dense integer matrix, row-major, such as a drift Delta = q' - q in units of 2^-f.
package struct IntegerMatrix: Sendable, Equatable {
  enum Storage: Sendable, Equatable {
    case narrow([Int32])
    case wide([Int64])
  }

  package let rows: Int
  package let columns: Int
  let storage: Storage

  /// - Throws: `shapeMismatch` unless `values` has rows * columns entries.
  package init(rows: Int, columns: Int, values: [Int32]) throws(LinearAlgebraError) {
    guard rows >= 0, columns >= 0, values.count == rows * columns else {
      throw .shapeMismatch(rows: rows, columns: columns, count: values.count)
    }
    self.init(unchecked: .narrow(values), rows: rows, columns: columns)
  }

  /// - Throws: `shapeMismatch` unless `values` has rows * columns entries; `integerOverflow` for entries of magnitude
  ///   2^53 and more, which a `Double` cannot hold.
  package init(rows: Int, columns: Int, values: [Int64]) throws(LinearAlgebraError) {
    guard rows >= 0, columns >= 0, values.count == rows * columns else {
      throw .shapeMismatch(rows: rows, columns: columns, count: values.count)
    }
    guard Kernel.maximumMagnitude(values) < 1 << 53 else { throw .integerOverflow }
    self.init(unchecked: .wide(values), rows: rows, columns: columns)
  }

  init(unchecked storage: Storage, rows: Int, columns: Int) {
    self.rows = rows
    self.columns = columns
    self.storage = storage
  }

  package var count: Int { rows * columns }

  /// Entry number `index` in row-major order.
  package subscript(index: Int) -> Int64 {
    switch storage {
    case .narrow(let values): Int64(values[index])
    case .wide(let values): values[index]
    }
  }

  /// The largest magnitude of an entry, 0 for an empty matrix.
  package var maximumMagnitude: UInt64 {
    switch storage {
    case .narrow(let values): Kernel.maximumMagnitude(values)
    case .wide(let values): Kernel.maximumMagnitude(values)
    }
  }
}

/// A matrix that hands out its rows in blocks, so that a large integer drift never exists as a whole in `Double`.
protocol RowSource: Sendable {
  var rows: Int { get }
  var columns: Int { get }
  /// Writes the rows `range` to the front of `block`, which has room for them.
  func copyRows(_ range: Range<Int>, into block: inout [Double])
}

extension RowSource {
  /// Row ranges of about 2^20 entries (8 MiB in `Double`): small enough for the cache, large enough for GEMM.
  var blocks: [Range<Int>] {
    let height = max(1, (1 << 20) / max(1, columns))
    return stride(from: 0, to: rows, by: height).map { $0..<min(rows, $0 + height) }
  }

  /// Entries of the largest block.
  var blockCount: Int { (blocks.first?.count ?? 0) * columns }
}

extension Matrix: RowSource {
  func copyRows(_ range: Range<Int>, into block: inout [Double]) {
    Kernel.copy(values, from: range.lowerBound * columns, count: range.count * columns, into: &block)
  }
}

extension IntegerMatrix: RowSource {
  func copyRows(_ range: Range<Int>, into block: inout [Double]) {
    let first = range.lowerBound * columns
    let count = range.count * columns
    switch storage {
    case .narrow(let values): Kernel.widen(values, from: first, count: count, into: &block)
    case .wide(let values): Kernel.widen(values, from: first, count: count, into: &block)
    }
  }
}
