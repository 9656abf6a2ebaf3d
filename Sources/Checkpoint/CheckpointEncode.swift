// SPDX-License-Identifier: Apache-2.0

/// Streaming access to a checkpoint's tensors: encoded entries, drift, byte comparison, digests.
///
/// All calls are read-only and may run on several threads at once, each with its own buffer.
extension Checkpoint {
  /// Replaces `results` by q = round-half-even(w·2^fractionBits) of the entries `range` (flat, row-major indices).
  ///
  /// Throws `notFloating`, `fractionBitsOutOfRange`, `rangeOutOfBounds`, `notFinite` or `tooLarge` (|q| > 2^40), the
  /// last two with the first offending entry; `results` is unspecified then.
  package func encode(
    _ tensor: TensorInfo, range: Range<Int>, fractionBits: Int, into results: inout [Int64]
  ) throws(CheckpointError) {
    try tensor.encode(from: try file(of: tensor), range: range, fractionBits: fractionBits, into: &results)
  }

  /// Replaces `results` by q' - q, |q' - q| <= 2^41, of the entries `range` of a tensor of both checkpoints.
  ///
  /// Both are of one type or of two floating ones (`dataTypeMismatch`), of one shape or the tuned one has more rows, where
  /// the base counts as zero (`shapeMismatch`); other errors as in `encode`, the base's first where both have the same bad
  /// entry. `results` is unspecified after an error.
  package static func drift(
    base: Checkpoint, _ baseTensor: TensorInfo, tuned: Checkpoint, _ tunedTensor: TensorInfo,
    range: Range<Int>, fractionBits: Int, into results: inout [Int64]
  ) throws(CheckpointError) {
    let sides = try Sides(base, baseTensor, tuned, tunedTensor)
    guard sides.isAlike(in: range) else { return try sides.driftApart(range, fractionBits, into: &results) }
    try baseTensor.checkDrift(range: range, fractionBits: fractionBits)
    switch baseTensor.dtype {
    case .bf16: try sides.drift(range, fractionBits, BFloat16Code.self, into: &results)
    case .f16: try sides.drift(range, fractionBits, Float16Code.self, into: &results)
    case .f32: try sides.drift(range, fractionBits, Float32Code.self, into: &results)
    default: try sides.drift(range, fractionBits, Float64Code.self, into: &results)
    }
  }

  /// Offset of the first byte in which the tensors' data differ, nil when they are equal.
  ///
  /// Throws `dataTypeMismatch` or `shapeMismatch` before looking at bytes.
  package static func firstDifference(
    base: Checkpoint, _ baseTensor: TensorInfo, tuned: Checkpoint, _ tunedTensor: TensorInfo
  ) throws(CheckpointError) -> Int? {
    let sides = try Sides(base, baseTensor, tuned, tunedTensor)
    try sides.requireAlike()
    let total = baseTensor.byteRange.count
    var left = [UInt8](repeating: 0, count: min(total, Self.byteBlock))
    var right = left
    for start in stride(from: 0, to: total, by: Self.byteBlock) {
      let count = min(Self.byteBlock, total - start)
      try sides.baseFile.copyWords(at: baseTensor.byteRange.lowerBound + start, count: count, into: &left)
      try sides.tunedFile.copyWords(at: tunedTensor.byteRange.lowerBound + start, count: count, into: &right)
      if left != right, let place = (0..<count).first(where: { left[$0] != right[$0] }) { return start + place }
    }
    return nil
  }

  /// SHA-256 of the tensor's raw bytes, 32 bytes.
  package func digest(of tensor: TensorInfo) throws(CheckpointError) -> [UInt8] {
    try TensorScan(base: nil, tuned: (self, tensor), wants: .init(tunedDigest: true)).run().tunedDigest ?? []
  }

  /// The tensor's raw bytes of `range` (offsets inside the tensor).
  package func bytes(of tensor: TensorInfo, range: Range<Int>) throws(CheckpointError) -> [UInt8] {
    let file = try file(of: tensor)
    guard range.lowerBound >= 0, range.upperBound <= tensor.byteRange.count else {
      throw .outOfBounds(file: tensor.file, range: range, count: tensor.byteRange.count)
    }
    let start = tensor.byteRange.lowerBound
    return try file.bytes(in: start + range.lowerBound..<start + range.upperBound)
  }

  /// A hint that the entries `range` of a tensor of whole-byte entries will be read soon.
  package func willRead(_ tensor: TensorInfo, _ range: Range<Int>) {
    guard let file = try? file(of: tensor) else { return }
    file.willRead(tensor.offset(of: range.lowerBound)..<tensor.offset(of: range.upperBound))
  }

  private static var byteBlock: Int { 1 << 16 }
}

/// The same tensor in two checkpoints, dtype and shape compared.
struct Sides {
  let base: TensorInfo
  let tuned: TensorInfo
  let baseFile: MappedFile
  let tunedFile: MappedFile

  init(
    _ base: Checkpoint, _ baseTensor: TensorInfo, _ tuned: Checkpoint, _ tunedTensor: TensorInfo
  ) throws(CheckpointError) {
    guard baseTensor.dtype == tunedTensor.dtype || (baseTensor.dtype.isFloating && tunedTensor.dtype.isFloating) else {
      throw .dataTypeMismatch(tensor: baseTensor.name, base: baseTensor.dtype, tuned: tunedTensor.dtype)
    }
    guard
      baseTensor.shape == tunedTensor.shape
        || (baseTensor.dtype.isFloating && Shape.addedRows(base: baseTensor.shape, tuned: tunedTensor.shape) != nil)
    else {
      throw .shapeMismatch(tensor: baseTensor.name, base: baseTensor.shape, tuned: tunedTensor.shape)
    }
    self.base = baseTensor
    self.tuned = tunedTensor
    baseFile = try base.file(of: baseTensor)
    tunedFile = try tuned.file(of: tunedTensor)
  }

  /// One type and one shape: entries stand at the same places in words of the same kind.
  var isAlike: Bool { base.dtype == tuned.dtype && base.shape == tuned.shape }

  /// The same for these entries: all lie before the rows that the tuned tensor has more.
  func isAlike(in range: Range<Int>) -> Bool {
    isAlike || (base.dtype == tuned.dtype && range.upperBound <= base.entryCount)
  }

  func requireAlike() throws(CheckpointError) {
    guard base.dtype == tuned.dtype else {
      throw .dataTypeMismatch(tensor: base.name, base: base.dtype, tuned: tuned.dtype)
    }
    guard base.shape == tuned.shape else {
      throw .shapeMismatch(tensor: base.name, base: base.shape, tuned: tuned.shape)
    }
  }

  /// q' - q of sides that are not alike: each is encoded by itself. The entries of more rows stand behind those of the
  /// base, which are zero there.
  func driftApart(
    _ range: Range<Int>, _ fractionBits: Int, into results: inout [Int64]
  ) throws(CheckpointError) {
    try tuned.checkDrift(range: range, fractionBits: fractionBits)
    let end = min(range.upperBound, base.entryCount)
    var before: [Int64] = []
    if range.lowerBound < end {
      try base.encode(from: baseFile, range: range.lowerBound..<end, fractionBits: fractionBits, into: &before)
    }
    try tuned.encode(from: tunedFile, range: range, fractionBits: fractionBits, into: &results)
    for (index, value) in before.enumerated() { results[index] -= value }
  }

  func drift<Code: FloatCode>(
    _ range: Range<Int>, _ fractionBits: Int, _: Code.Type, into results: inout [Int64]
  ) throws(CheckpointError) {
    typealias Kernels = EncodingKernels<Code>
    let scale = Encoding.scale(fractionBits)
    results.resize(to: range.count)
    var before = [Code.Word](repeating: 0, count: min(range.count, Kernels.blockCount))
    var after = before
    for start in stride(from: 0, to: range.count, by: Kernels.blockCount) {
      let count = min(Kernels.blockCount, range.count - start)
      let first = range.lowerBound + start
      try baseFile.copyWords(at: base.offset(of: first), count: count, into: &before)
      try tunedFile.copyWords(at: tuned.offset(of: first), count: count, into: &after)
      let (old, new) = (before.span.extracting(first: count), after.span.extracting(first: count))
      var target = results.mutableSpan
      guard Kernels.drift(base: old, tuned: new, scale: scale, into: &target, at: start) else { continue }
      let badOld = Kernels.firstRejected(old, scale: scale)
      let badNew = Kernels.firstRejected(new, scale: scale)
      if let place = badOld, place <= badNew ?? place {
        throw base.rejection(of: Code.value(old[place]), index: first + place, fractionBits: fractionBits)
      }
      if let place = badNew {
        throw tuned.rejection(of: Code.value(new[place]), index: first + place, fractionBits: fractionBits)
      }
    }
  }
}

extension TensorInfo {
  /// What ``Checkpoint/encode(_:range:fractionBits:into:)`` says; `file` is the tensor's.
  func encode(
    from file: MappedFile, range: Range<Int>, fractionBits: Int, into results: inout [Int64]
  ) throws(CheckpointError) {
    try checkEncodable(range: range, fractionBits: fractionBits)
    switch dtype {
    case .bf16: try encode(from: file, range, fractionBits, BFloat16Code.self, into: &results)
    case .f16: try encode(from: file, range, fractionBits, Float16Code.self, into: &results)
    case .f32: try encode(from: file, range, fractionBits, Float32Code.self, into: &results)
    default: try encode(from: file, range, fractionBits, Float64Code.self, into: &results)
    }
  }

  private func encode<Code: FloatCode>(
    from file: MappedFile, _ range: Range<Int>, _ fractionBits: Int, _: Code.Type, into results: inout [Int64]
  ) throws(CheckpointError) {
    typealias Kernels = EncodingKernels<Code>
    let scale = Encoding.scale(fractionBits)
    results.resize(to: range.count)
    var words = [Code.Word](repeating: 0, count: min(range.count, Kernels.blockCount))
    for start in stride(from: 0, to: range.count, by: Kernels.blockCount) {
      let count = min(Kernels.blockCount, range.count - start)
      try file.copyWords(at: offset(of: range.lowerBound + start), count: count, into: &words)
      let block = words.span.extracting(first: count)
      var target = results.mutableSpan
      guard Kernels.encode(block, scale: scale, into: &target, at: start) else { continue }
      if let place = Kernels.firstRejected(block, scale: scale) {
        let value = Code.value(block[place])
        throw rejection(of: value, index: range.lowerBound + start + place, fractionBits: fractionBits)
      }
    }
  }

  /// Offset in the file of entry `index`, for types of whole bytes.
  func offset(of index: Int) -> Int { byteRange.lowerBound + index * (dtype.bits / 8) }

  func checkEncodable(
    range: Range<Int>, fractionBits: Int, in units: ClosedRange<Int> = Encoding.fractionBitsRange
  ) throws(CheckpointError) {
    guard dtype.isFloating else { throw .notFloating(file: file, tensor: name, dtype: dtype) }
    guard units.contains(fractionBits) else {
      throw .fractionBitsOutOfRange(file: file, tensor: name, fractionBits: fractionBits)
    }
    guard range.lowerBound >= 0, range.upperBound <= entryCount else {
      throw .rangeOutOfBounds(file: file, tensor: name, range: range, entryCount: entryCount)
    }
  }

  /// Drifts beside rounding bounds have a linked base's units, which may be finer than any identity's.
  func checkDrift(range: Range<Int>, fractionBits: Int) throws(CheckpointError) {
    try checkEncodable(range: range, fractionBits: fractionBits, in: LinkedBase.fractionBitsRange)
  }

  func rejection(of value: Double, index: Int, fractionBits: Int) -> CheckpointError {
    value.isFinite
      ? .tooLarge(file: file, tensor: name, index: index, value: value, fractionBits: fractionBits)
      : .notFinite(file: file, tensor: name, index: index)
  }
}

extension Array where Element == Int64 {
  /// Makes the array `count` long without clearing what a caller's loop reuses.
  fileprivate mutating func resize(to count: Int) {
    if count < self.count {
      removeLast(self.count - count)
    } else {
      append(contentsOf: repeatElement(0, count: count - self.count))
    }
  }
}
