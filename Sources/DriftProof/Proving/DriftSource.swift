import Argument
import Checkpoint
import LinearAlgebra

/// One tensor of the tableau in both checkpoints, or a head of one, as the integer drift Δ = q' - q.
struct DriftSource: Sendable {
  let name: String
  /// a and b of docs/protocol.md section 2.
  let rows: Int
  let columns: Int
  let fractionBits: Int
  private let base: Checkpoint
  private let tuned: Checkpoint
  private let baseTensor: TensorInfo
  private let tunedTensor: TensorInfo
  /// Entries of the whole tensor before row 0, column 0, and from one row to the next.
  private let origin: Int
  private let rowStride: Int

  /// - Parameter block: the part of a tensor to read; nil for the whole tensor `name`.
  /// - Throws: `coverageGap` when a checkpoint lacks the tensor, or its base has no such block.
  init(
    base: Checkpoint, tuned: Checkpoint, name: String, fractionBits: Int, block: TensorBlock? = nil
  ) throws(DriftProofError) {
    let whole = block?.tensor ?? name
    guard let baseTensor = base.tensor(named: whole) else {
      throw .coverageGap([.added(tensor: whole, renamedFrom: nil)])
    }
    guard let tunedTensor = tuned.tensor(named: whole) else {
      throw .coverageGap([.missing(tensor: whole, renamedTo: nil)])
    }
    let matrix = baseTensor.matrixShape
    let part =
      block.map { (rows: $0.rows, columns: $0.columns) } ?? (rows: 0..<matrix.rows, columns: 0..<matrix.columns)
    guard part.rows.lowerBound >= 0, part.rows.upperBound <= matrix.rows, part.columns.lowerBound >= 0,
      part.columns.upperBound <= matrix.columns
    else {
      throw .coverageGap([.reshaped(tensor: whole, base: baseTensor.shape, tuned: tunedTensor.shape)])
    }
    (rows, columns) = (part.rows.count, part.columns.count)
    origin = part.rows.lowerBound * matrix.columns + part.columns.lowerBound
    rowStride = matrix.columns
    self.name = name
    self.fractionBits = fractionBits
    self.base = base
    self.tuned = tuned
    self.baseTensor = baseTensor
    self.tunedTensor = tunedTensor
  }

  /// Replaces `results` by the drift, |d| <= 2^41, of the flat row-major entries `range`; throws `CheckpointError`.
  func read(_ range: Range<Int>, into results: inout [Int64]) throws(CheckpointError) {
    guard columns != rowStride else {
      return try readWhole(origin + range.lowerBound..<origin + range.upperBound, into: &results)
    }
    // A block of columns: its rows lie apart in the file.
    var entries: [Int64] = []
    entries.reserveCapacity(range.count)
    var position = range.lowerBound
    while position < range.upperBound {
      let (row, column) = position.quotientAndRemainder(dividingBy: columns)
      let count = min(columns - column, range.upperBound - position)
      let first = origin + row * rowStride + column
      try readWhole(first..<first + count, into: &results)
      entries += results
      position += count
    }
    results = entries
  }

  /// The same of the whole tensor's entries.
  private func readWhole(_ range: Range<Int>, into results: inout [Int64]) throws(CheckpointError) {
    try Checkpoint.drift(
      base: base, baseTensor, tuned: tuned, tunedTensor, range: range, fractionBits: fractionBits, into: &results)
  }

  /// ‖Δ‖² in units of 4^-f, exact; one pass over the tensor.
  func sumOfSquares() throws(CheckpointError) -> UInt128 {
    var total: UInt128 = 0
    var buffer: [Int64] = []
    for start in stride(from: 0, to: rows * columns, by: Self.block) {
      try read(start..<min(start + Self.block, rows * columns), into: &buffer)
      total += SquareSum.of(buffer)
    }
    return total
  }

  /// The whole drift: 4 bytes per entry, 8 when an entry does not fit 32 bits.
  func matrix() throws -> IntegerMatrix {
    var narrow = [Int32](repeating: 0, count: rows * columns)
    var buffer: [Int64] = []
    var fits = true
    for start in stride(from: 0, to: rows * columns, by: Self.block) where fits {
      try read(start..<min(start + Self.block, rows * columns), into: &buffer)
      var lost: Int64 = 0
      for (index, value) in buffer.enumerated() {
        let short = Int32(truncatingIfNeeded: value)
        lost |= value ^ Int64(short)
        narrow[start + index] = short
      }
      fits = lost == 0
    }
    if fits { return try IntegerMatrix(rows: rows, columns: columns, values: narrow) }
    narrow = []
    try read(0..<rows * columns, into: &buffer)
    return try IntegerMatrix(rows: rows, columns: columns, values: buffer)
  }

  private static let block = 1 << 14
}

/// Exact sums of squares.
enum SquareSum {
  /// Σ v² of at most 2^14 values per block, |v| < 2^62; blocks of small values are added up in 64 bits.
  static func of(_ values: [Int64]) -> UInt128 {
    let bits = values.reduce(UInt64(0)) { $0 | $1.magnitude }
    // 2^14 squares below 2^48 stay below 2^62.
    if bits < 1 << 24, values.count <= 1 << 14 {
      return UInt128(values.reduce(UInt64(0)) { $0 &+ UInt64(bitPattern: $1 &* $1) })
    }
    return values.reduce(UInt128(0)) { $0 + square($1) }
  }

  /// Σ over all entries of a matrix.
  static func of(_ matrix: IntegerMatrix) -> UInt128 {
    var total: UInt128 = 0
    for index in 0..<matrix.count { total += square(matrix[index]) }
    return total
  }

  static func square(_ value: Int64) -> UInt128 { UInt128(value.magnitude) * UInt128(value.magnitude) }
}
