// SPDX-License-Identifier: Apache-2.0

/// Reads the drift of one tensor of two checkpoints straight into 32-bit entries; one thread at a time.
///
/// Runs of entries are loaded as they lie in the files and converted piece by piece to where a caller wants them.
package struct DriftReader {
  private let sides: Sides
  private let fractionBits: Int
  private var start = 0
  /// What is loaded is the drift itself, in `exact`.
  private var isExact = false
  // Words as loaded: of 16-bit types, of F32, or the drift itself of F64 and of sides that are not alike.
  private var half: Loaded<UInt16>
  private var single: Loaded<UInt32>
  private var exact: [Int64] = []

  /// As in ``Checkpoint/drift(base:_:tuned:_:range:fractionBits:into:)``; the tensors must be floating.
  package init(
    base: Checkpoint, _ baseTensor: TensorInfo, tuned: Checkpoint, _ tunedTensor: TensorInfo, fractionBits: Int
  ) throws(CheckpointError) {
    sides = try Sides(base, baseTensor, tuned, tunedTensor)
    (half, single) = (Loaded(sides), Loaded(sides))
    try baseTensor.checkDrift(range: 0..<0, fractionBits: fractionBits)
    self.fractionBits = fractionBits
  }

  /// An entry that does not fit 32 bits.
  package struct Wide: Sendable, Equatable {
    /// Index into the target.
    package let position: Int
    package let value: Int64

    package init(position: Int, value: Int64) {
      self.position = position
      self.value = value
    }
  }

  /// Loads the flat row-major entries `range` of both tensors.
  package mutating func load(_ range: Range<Int>) throws(CheckpointError) {
    start = range.lowerBound
    isExact = sides.base.dtype == .f64 || !sides.isAlike(in: range)
    guard sides.isAlike(in: range) else { return try sides.driftApart(range, fractionBits, into: &exact) }
    try sides.base.checkDrift(range: range, fractionBits: fractionBits)
    switch sides.base.dtype {
    case .bf16, .f16: try half.load(sides, range)
    case .f32: try single.load(sides, range)
    default: try sides.drift(range, fractionBits, Float64Code.self, into: &exact)
    }
  }

  /// Writes q' - q of `count` loaded entries from `first` on (counted from the loaded range's start) to
  /// target[position...]; entries beyond 32 bits are truncated there and appended to `wide`.
  ///
  /// - Returns: whether any entry is not zero.
  /// - Throws: `notFinite` or `tooLarge` with the offending entry.
  package mutating func convert(
    first: Int, count: Int, into target: inout [Int32], at position: Int, wide: inout [Wide]
  ) throws(CheckpointError) -> Bool {
    let range = first..<first + count
    guard !isExact else { return Self.store(exact[range], into: &target, at: position, wide: &wide) }
    // One call for each type, so that each loop is compiled for its own.
    let seen: Int32? =
      switch sides.base.dtype {
      case .bf16: half.drift(BFloat16Code.self, range, fractionBits, into: &target, at: position)
      case .f16: half.drift(Float16Code.self, range, fractionBits, into: &target, at: position)
      case .f32: single.drift(Float32Code.self, range, fractionBits, into: &target, at: position)
      default: nil
      }
    if let seen { return seen != 0 }
    // Blocks with an extreme entry go by way of 64 bits, as doubles and sides that are not alike have done.
    var values: [Int64] = []
    let absolute = start + first..<start + first + count
    switch sides.base.dtype {
    case .bf16: try sides.drift(absolute, fractionBits, BFloat16Code.self, into: &values)
    case .f16: try sides.drift(absolute, fractionBits, Float16Code.self, into: &values)
    default: try sides.drift(absolute, fractionBits, Float32Code.self, into: &values)
    }
    return Self.store(values, into: &target, at: position, wide: &wide)
  }

  /// Cuts 64-bit entries to 32 bits and lists those that do not fit; true when any is not zero.
  private static func store(
    _ values: some Sequence<Int64>, into target: inout [Int32], at position: Int, wide: inout [Wide]
  ) -> Bool {
    var seen: Int64 = 0
    for (index, value) in values.enumerated() {
      let short = Int32(truncatingIfNeeded: value)
      seen |= value
      target[position + index] = short
      if Int64(short) != value { wide.append(.init(position: position + index, value: value)) }
    }
    return seen != 0
  }
}

/// Words of both sides.
private struct Loaded<Word: FixedWidthInteger & UnsignedInteger & BitwiseCopyable> {
  private var before: [Word] = []
  private var after: [Word] = []
  private let trails: (base: ReadTrail, tuned: ReadTrail)

  init(_ sides: Sides) { trails = (ReadTrail(sides.baseFile), ReadTrail(sides.tunedFile)) }

  @inline(__always)
  mutating func load(_ sides: Sides, _ range: Range<Int>) throws(CheckpointError) {
    if before.count < range.count {
      before = [Word](repeating: 0, count: range.count)
      after = before
    }
    let bytes = range.count * MemoryLayout<Word>.size
    let (base, tuned) = (sides.base.offset(of: range.lowerBound), sides.tuned.offset(of: range.lowerBound))
    try sides.baseFile.copyWords(at: base, count: range.count, into: &before)
    try sides.tunedFile.copyWords(at: tuned, count: range.count, into: &after)
    trails.base.passed(base..<base + bytes)
    trails.tuned.passed(tuned..<tuned + bytes)
  }

  @inline(__always)
  func drift<Code: SingleCode>(
    _: Code.Type, _ range: Range<Int>, _ fractionBits: Int, into target: inout [Int32], at position: Int
  ) -> Int32? where Code.Word == Word {
    var results = target.mutableSpan
    return NarrowKernels<Code>.drift(
      base: before.span.extracting(range), tuned: after.span.extracting(range),
      scale: Float(Encoding.scale(fractionBits)), into: &results, at: position)
  }
}
