import Argument
import Checkpoint
import LinearAlgebra

/// One tensor of the tableau in both checkpoints, as the integer drift Δ = q' - q.
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

  /// Throws `coverageGap` when a checkpoint lacks the tensor.
  init(base: Checkpoint, tuned: Checkpoint, name: String, fractionBits: Int) throws(DriftProofError) {
    guard let baseTensor = base.tensor(named: name) else {
      throw .coverageGap([.added(tensor: name, renamedFrom: nil)])
    }
    guard let tunedTensor = tuned.tensor(named: name) else {
      throw .coverageGap([.missing(tensor: name, renamedTo: nil)])
    }
    (rows, columns) = baseTensor.matrixShape
    self.name = name
    self.fractionBits = fractionBits
    self.base = base
    self.tuned = tuned
    self.baseTensor = baseTensor
    self.tunedTensor = tunedTensor
  }

  /// Replaces `results` by the drift, |d| <= 2^41, of the flat row-major entries `range`; throws `CheckpointError`.
  func read(_ range: Range<Int>, into results: inout [Int64]) throws(CheckpointError) {
    try Checkpoint.drift(
      base: base, baseTensor, tuned: tuned, tunedTensor, range: range, fractionBits: fractionBits, into: &results)
  }

  /// For the drift straight into 32-bit entries; one thread at a time.
  func reader() throws(CheckpointError) -> DriftReader {
    try DriftReader(base: base, baseTensor, tuned: tuned, tunedTensor, fractionBits: fractionBits)
  }

  /// The entries `range` of both tensors will be read soon.
  func willRead(_ range: Range<Int>) {
    base.willRead(baseTensor, range)
    tuned.willRead(tunedTensor, range)
  }

  /// The whole drift: 4 bytes per entry, 8 when an entry does not fit 32 bits.
  func matrix() throws -> IntegerMatrix {
    var narrow = [Int32](repeating: 0, count: rows * columns)
    var wide: [DriftReader.Wide] = []
    var reader = try reader()
    for start in stride(from: 0, to: rows * columns, by: Self.block) where wide.isEmpty {
      let range = start..<min(start + Self.block, rows * columns)
      try reader.load(range)
      _ = try reader.convert(first: 0, count: range.count, into: &narrow, at: start, wide: &wide)
    }
    if wide.isEmpty { return try IntegerMatrix(rows: rows, columns: columns, values: narrow) }
    narrow = []
    var buffer: [Int64] = []
    try read(0..<rows * columns, into: &buffer)
    return try IntegerMatrix(rows: rows, columns: columns, values: buffer)
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
