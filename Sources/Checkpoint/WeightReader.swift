// SPDX-License-Identifier: Apache-2.0

/// Reads the integers of one 16-bit tensor straight into 32-bit entries; one thread at a time.
package struct WeightReader {
  private let file: MappedFile
  private let tensor: TensorInfo
  private let fractionBits: Int
  private var words: [UInt16] = []

  /// - Parameters:
  ///   - tensor: F16 or BF16.
  ///   - fractionBits: of ``LinkedBase/fractionBitsRange``.
  package init(_ checkpoint: Checkpoint, _ tensor: TensorInfo, fractionBits: Int) throws(CheckpointError) {
    guard tensor.dtype == .bf16 || tensor.dtype == .f16 else {
      throw .notFloating(file: tensor.file, tensor: tensor.name, dtype: tensor.dtype)
    }
    precondition(LinkedBase.fractionBitsRange.contains(fractionBits))
    file = try checkpoint.file(of: tensor)
    self.tensor = tensor
    self.fractionBits = fractionBits
  }

  /// Loads the flat row-major entries `range`.
  package mutating func load(_ range: Range<Int>) throws(CheckpointError) {
    if words.count < range.count { words = [UInt16](repeating: 0, count: range.count) }
    try file.copyWords(at: tensor.offset(of: range.lowerBound), count: range.count, into: &words)
  }

  /// Writes q = round-half-even(w·2^f) of `count` loaded entries from `first` on to target[position...].
  /// - Parameter start: flat index of the loaded range's first entry, for errors.
  /// - Returns: whether any entry is not zero.
  /// - Throws: `notFinite` or `tooLarge` with the first entry beyond 2^31.
  package func convert(
    first: Int, count: Int, into target: inout [Int32], at position: Int, start: Int
  ) throws(CheckpointError) -> Bool {
    let range = first..<first + count
    let seen =
      tensor.dtype == .bf16
      ? Self.convert(BFloat16Code.self, words.span.extracting(range), fractionBits, &target, position)
      : Self.convert(Float16Code.self, words.span.extracting(range), fractionBits, &target, position)
    if let seen { return seen != 0 }
    for index in range {
      let value = tensor.dtype == .bf16 ? BFloat16Code.value(words[index]) : Float16Code.value(words[index])
      guard value.isFinite else {
        throw .notFinite(file: tensor.file, tensor: tensor.name, index: start + index)
      }
      guard abs(value * Encoding.scale(fractionBits)) < 0x1p31 - 1 else {
        throw .tooLarge(
          file: tensor.file, tensor: tensor.name, index: start + index, value: value, fractionBits: fractionBits)
      }
    }
    return true
  }

  /// Adding 1.5·2^52 leaves round-half-even(x), |x| < 2^31, in the low bits of the pattern: scaling a single by a power of
  /// two is exact in doubles.
  @inline(__always)
  private static func convert<Code: SingleCode>(
    _: Code.Type, _ words: Span<UInt16>, _ fractionBits: Int, _ target: inout [Int32], _ position: Int
  ) -> Int32? where Code.Word == UInt16 {
    let scale = Encoding.scale(fractionBits)
    let constant = 0x1.8p52
    precondition(position >= 0 && words.count <= target.count - position)
    var results = target.mutableSpan
    var suspicious: Int64 = 0
    var seen: Int32 = 0
    for i in 0..<words.count {
      let shifted = Double(Code.single(words[unchecked: i])) * scale + constant
      let wide = Int64(bitPattern: shifted.bitPattern &- constant.bitPattern)
      let q = Int32(truncatingIfNeeded: wide)
      suspicious |= Int64(q) ^ wide
      seen |= q
      results[unchecked: position &+ i] = q
    }
    return suspicious == 0 ? seen : nil
  }
}
