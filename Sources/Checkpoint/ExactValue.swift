// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// Weights of different floating types as values that can be compared (docs/protocol.md section 1).
///
/// Every number of F32, F16 and BF16 is one of F64, so a weight's value is the pattern of its double: the sign of a zero
/// counts. A NaN is read as if it were a number, by its sign and its significand's leading bits. So every type has at most
/// one pattern for each value, and a tensor that equals another in values is fixed by that tensor and its own type.
extension FloatCode {
  /// The value's pattern.
  @inline(__always)
  static func exactPattern(_ word: Word) -> UInt64 {
    let magnitude = word & magnitudeMask
    guard magnitude > infinity else { return value(word).bitPattern }
    let sign = UInt64(truncatingIfNeeded: word >> (Word.bitWidth - 1)) << 63
    let significand = UInt64(truncatingIfNeeded: magnitude ^ infinity)
    return sign | Double.infinity.bitPattern | significand << UInt64(52 - significandBits)
  }

  /// The word of this value; nil where the type does not have it.
  static func word(exactly pattern: UInt64) -> Word? {
    let bits = significandBits
    let bias = (1 << (Word.bitWidth - bits - 2)) - 1
    let exponent = Int(pattern >> 52 & 0x7FF)
    let significand = pattern & ((1 << 52) - 1)
    let magnitude: UInt64
    if exponent == 0x7FF {
      magnitude = UInt64(truncatingIfNeeded: infinity) | significand >> UInt64(52 - bits)
    } else if exponent - 1023 >= 1 - bias {
      guard exponent - 1023 <= bias else { return nil }
      magnitude = UInt64(exponent - 1023 + bias) << UInt64(bits) | significand >> UInt64(52 - bits)
    } else {
      // One below the type's normal numbers; the subnormal doubles are far below those of all types but their own.
      let shift = 52 - bits + (1 - bias) - max(exponent - 1023, -1022)
      magnitude = ((exponent == 0 ? 0 : 1 << 52) | significand) >> UInt64(min(shift, 63))
    }
    let sign = Word(truncatingIfNeeded: pattern >> 63) << (Word.bitWidth - 1)
    let word = Word(truncatingIfNeeded: magnitude) | sign
    // What was cut off shows here.
    return exactPattern(word) == pattern ? word : nil
  }
}

/// Entries of one tensor as patterns of values, whatever its type.
struct ValueReader {
  let file: MappedFile
  let tensor: TensorInfo

  /// Entries that are read at once.
  static let block = 8192

  /// Replaces `patterns` by those of the entries `range`; the tensor is floating.
  func read(_ range: Range<Int>, into patterns: inout [UInt64]) throws(CheckpointError) {
    switch tensor.dtype {
    case .bf16: try read(range, BFloat16Code.self, into: &patterns)
    case .f16: try read(range, Float16Code.self, into: &patterns)
    case .f32: try read(range, Float32Code.self, into: &patterns)
    case .f64: try read(range, Float64Code.self, into: &patterns)
    default: throw .notFloating(file: tensor.file, tensor: tensor.name, dtype: tensor.dtype)
    }
  }

  private func read<Code: FloatCode>(
    _ range: Range<Int>, _: Code.Type, into patterns: inout [UInt64]
  ) throws(CheckpointError) {
    var words = [Code.Word](repeating: 0, count: range.count)
    try file.copyWords(at: tensor.offset(of: range.lowerBound), count: range.count, into: &words)
    patterns = words.map(Code.exactPattern)
  }
}

/// The first entry in which a tensor's values are not the base's.
package struct ValueDifference: Sendable, Hashable {
  /// Row-major.
  package let entry: Int
  /// The value as text, so that a NaN equals itself; nil for an entry that the base does not have.
  package let base: String?
  package let tuned: String
  package let baseType: DataType
  package let tunedType: DataType
}

/// Where a tensor first differs from its base: in bytes with one type, in values where the types are two.
package enum TensorDifference: Sendable, Hashable {
  /// Offset in the tensor's data.
  case byte(Int)
  case value(ValueDifference)
}

extension Sides {
  /// The first entry whose value is another; new entries of a grown tensor always are. Nil when there is none.
  func firstValueDifference() throws(CheckpointError) -> ValueDifference? {
    let (before, after) = (ValueReader(file: baseFile, tensor: base), ValueReader(file: tunedFile, tensor: tuned))
    var old: [UInt64] = []
    var new: [UInt64] = []
    func difference(_ entry: Int, _ old: UInt64?, _ new: UInt64) -> ValueDifference {
      ValueDifference(
        entry: entry, base: old.map { "\(Double(bitPattern: $0))" }, tuned: "\(Double(bitPattern: new))",
        baseType: base.dtype, tunedType: tuned.dtype)
    }
    for start in stride(from: 0, to: base.entryCount, by: ValueReader.block) {
      let range = start..<min(base.entryCount, start + ValueReader.block)
      try before.read(range, into: &old)
      try after.read(range, into: &new)
      guard old != new, let place = old.indices.first(where: { old[$0] != new[$0] }) else { continue }
      return difference(start + place, old[place], new[place])
    }
    guard tuned.entryCount > base.entryCount else { return nil }
    try after.read(base.entryCount..<base.entryCount + 1, into: &new)
    return difference(base.entryCount, nil, new[0])
  }

  /// How many entries have another value; new entries of a grown tensor count.
  func valueDifferenceCount() throws(CheckpointError) -> Int {
    let (before, after) = (ValueReader(file: baseFile, tensor: base), ValueReader(file: tunedFile, tensor: tuned))
    var old: [UInt64] = []
    var new: [UInt64] = []
    var count = tuned.entryCount - base.entryCount
    for start in stride(from: 0, to: base.entryCount, by: ValueReader.block) {
      let range = start..<min(base.entryCount, start + ValueReader.block)
      try before.read(range, into: &old)
      try after.read(range, into: &new)
      count += zip(old, new).count { $0 != $1 }
    }
    return count
  }
}

extension Checkpoint {
  /// Where the tensors first differ: in their bytes, or in their values where types or numbers of rows are two.
  ///
  /// Throws `dataTypeMismatch` unless both types are equal or floating, `shapeMismatch` unless the shapes are equal or the
  /// tuned one has more rows.
  package static func difference(
    base: Checkpoint, _ baseTensor: TensorInfo, tuned: Checkpoint, _ tunedTensor: TensorInfo
  ) throws(CheckpointError) -> TensorDifference? {
    let sides = try Sides(base, baseTensor, tuned, tunedTensor)
    guard sides.isAlike else { return try sides.firstValueDifference().map(TensorDifference.value) }
    return try firstDifference(base: base, baseTensor, tuned: tuned, tunedTensor).map(TensorDifference.byte)
  }

  /// How many entries of two floating tensors have different values; as ``difference(base:_:tuned:_:)`` otherwise.
  package static func valueDifferenceCount(
    base: Checkpoint, _ baseTensor: TensorInfo, tuned: Checkpoint, _ tunedTensor: TensorInfo
  ) throws(CheckpointError) -> Int {
    try Sides(base, baseTensor, tuned, tunedTensor).valueDifferenceCount()
  }

  /// SHA-256 of the bytes that a floating tensor has in another floating type, each value as it is; nil where that type does
  /// not have one of the values.
  package func digest(of tensor: TensorInfo, as dtype: DataType) throws(CheckpointError) -> [UInt8]? {
    let reader = ValueReader(file: try file(of: tensor), tensor: tensor)
    switch dtype {
    case .bf16: return try Self.digest(reader, BFloat16Code.self)
    case .f16: return try Self.digest(reader, Float16Code.self)
    case .f32: return try Self.digest(reader, Float32Code.self)
    case .f64: return try Self.digest(reader, Float64Code.self)
    default: return nil
    }
  }

  private static func digest<Code: FloatCode>(
    _ reader: ValueReader, _: Code.Type
  ) throws(CheckpointError) -> [UInt8]? {
    let stream = try CheckpointError.hashing(SHA256.Stream.init)
    var patterns: [UInt64] = []
    for start in stride(from: 0, to: reader.tensor.entryCount, by: ValueReader.block) {
      try reader.read(start..<min(reader.tensor.entryCount, start + ValueReader.block), into: &patterns)
      var bytes: [UInt8] = []
      bytes.reserveCapacity(patterns.count * MemoryLayout<Code.Word>.size)
      for pattern in patterns {
        guard let word = Code.word(exactly: pattern) else { return nil }
        bytes.append(littleEndian: word)
      }
      let block = bytes
      try CheckpointError.hashing { () throws(HashUnavailable) in try stream.update(block.span.bytes) }
    }
    return try CheckpointError.hashing(stream.finish)
  }
}
