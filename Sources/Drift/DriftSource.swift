// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofArgument
import DriftProofCheckpoint
import DriftProofLinearAlgebra

/// One tensor of the tableau in both checkpoints, or a head of one, as the integer drift Δ = q' - q.
package struct DriftSource: Sendable {
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
  package init(
    _ pair: CheckpointPair, name: String, fractionBits: Int, block: TensorBlock? = nil
  ) throws(DriftProofError) {
    try self.init(base: pair.base, tuned: pair.tuned, name: name, fractionBits: fractionBits, block: block)
  }

  package init(
    base: Checkpoint, tuned: Checkpoint, name: String, fractionBits: Int, block: TensorBlock? = nil
  ) throws(DriftProofError) {
    let whole = block?.tensor ?? name
    guard let baseTensor = base.tensor(named: whole) else {
      throw .coverageGap([.added(tensor: whole, renamedFrom: nil)])
    }
    guard let tunedTensor = tuned.tensor(named: whole) else {
      throw .coverageGap([.missing(tensor: whole, renamedTo: nil)])
    }
    // With more rows than the base's: the statement is about all of them.
    var matrix = tunedTensor.matrixShape
    if let block, block.axis == .slices {
      // Rows of another reading of the same entries, so that a slice is a run of them.
      let columns = max(1, block.columns.upperBound)
      matrix = (tunedTensor.entryCount / columns, columns)
    }
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
    guard !isDense else {
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

  /// For the drift straight into 32-bit entries, in indices of the whole tensor (``wholeIndex(row:column:)``); one thread
  /// at a time.
  func reader() throws(CheckpointError) -> DriftReader {
    try DriftReader(base: base, baseTensor, tuned: tuned, tunedTensor, fractionBits: fractionBits)
  }

  /// Whether each row follows the one before in the files.
  var isDense: Bool { columns == rowStride }

  /// Flat index, in the whole tensor, of an entry of this part of it.
  func wholeIndex(row: Int, column: Int) -> Int { origin + row * rowStride + column }

  /// Bytes of this part in both files.
  var readByteCount: Int { rows * columns * ((baseTensor.dtype.bits + tunedTensor.dtype.bits) / 8) }

  /// The entries `range` of both whole tensors will be read soon.
  func willRead(_ range: Range<Int>) {
    if range.upperBound <= baseTensor.entryCount { base.willRead(baseTensor, range) }
    tuned.willRead(tunedTensor, range)
  }

  /// The whole drift: 4 bytes per entry, 8 when an entry does not fit 32 bits.
  package func matrix() throws -> IntegerMatrix {
    var narrow = [Int32](repeating: 0, count: rows * columns)
    var wide: [DriftReader.Wide] = []
    var reader = try reader()
    for piece in pieces where wide.isEmpty {
      try reader.load(piece.entries)
      _ = try reader.convert(first: 0, count: piece.entries.count, into: &narrow, at: piece.position, wide: &wide)
    }
    if wide.isEmpty { return try IntegerMatrix(rows: rows, columns: columns, values: narrow) }
    narrow = []
    var buffer: [Int64] = []
    try read(0..<rows * columns, into: &buffer)
    return try IntegerMatrix(rows: rows, columns: columns, values: buffer)
  }

  /// Of the base's tensor.
  var baseType: DataType { baseTensor.dtype }

  /// Reads the base's integers of the rows `range` in the drift's units, of a dense F16 or BF16 tensor.
  func base(rows range: Range<Int>, into entries: inout [Int32]) throws(CheckpointError) {
    var reader = try WeightReader(base, baseTensor, fractionBits: fractionBits)
    let count = range.count * columns
    if entries.count < count { entries = [Int32](repeating: 0, count: count) }
    for start in stride(from: 0, to: count, by: Self.block) {
      let length = min(Self.block, count - start)
      let first = wholeIndex(row: range.lowerBound, column: 0) + start
      try reader.load(first..<first + length)
      _ = try reader.convert(first: 0, count: length, into: &entries, at: start, start: first)
    }
  }

  /// ‖Δ‖² and max|Δ|, as a scan finds them for a whole tensor.
  package func measure() throws(CheckpointError) -> TensorScan.Drift {
    var narrow = [Int32](repeating: 0, count: min(Self.block, rows * columns))
    var wide: [DriftReader.Wide] = []
    var reader = try reader()
    var (sum, reach): (UInt128, UInt64) = (0, 0)
    for piece in pieces {
      try reader.load(piece.entries)
      let count = piece.entries.count
      guard try reader.convert(first: 0, count: count, into: &narrow, at: 0, wide: &wide) else { continue }
      for entry in wide {
        narrow[entry.position] = 0
        sum += SquareSum.square(entry.value)
        reach = max(reach, entry.value.magnitude)
      }
      wide.removeAll(keepingCapacity: true)
      for value in narrow.prefix(count) {
        sum += UInt128(UInt64(Int64(value) * Int64(value)))
        reach = max(reach, UInt64(value.magnitude))
      }
    }
    return TensorScan.Drift(fractionBits: fractionBits, sumOfSquares: sum, reach: reach)
  }

  /// All entries in runs of at most ``block`` that lie together in the files: where in the whole tensors, and from which
  /// flat index of this part on.
  private var pieces: some Sequence<(entries: Range<Int>, position: Int)> {
    let length = isDense ? rows * columns : columns
    return (0..<(isDense ? 1 : rows)).lazy.flatMap { row in
      stride(from: 0, to: length, by: Self.block).lazy.map { start in
        let first = wholeIndex(row: row, column: start)
        return (entries: first..<first + min(Self.block, length - start), position: row * columns + start)
      }
    }
  }

  /// Entries per read: two blocks of bf16 weights and their drift stay in the second-level cache.
  static let block = 1 << 15
}

/// Exact sums of squares.
enum SquareSum {
  /// Σ over all entries of a matrix.
  static func of(_ matrix: IntegerMatrix) -> UInt128 {
    var total: UInt128 = 0
    for index in 0..<matrix.count { total += square(matrix[index]) }
    return total
  }

  static func square(_ value: Int64) -> UInt128 { UInt128(value.magnitude) * UInt128(value.magnitude) }
}
