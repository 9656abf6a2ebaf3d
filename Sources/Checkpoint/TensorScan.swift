// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// One streaming pass over a tensor of a base, of a tuned checkpoint, or of both side by side: everything that a
/// certificate needs to know before any cryptography.
package struct TensorScan: Sendable {
  /// What a scan is to find out. The place of the first difference is always found when both sides are given.
  package struct Wants: Sendable, Equatable {
    /// SHA-256, f, Σq² and max|q| of the base tensor.
    package var statistics = false
    /// SHA-256 of the tuned tensor.
    package var tunedDigest = false
    /// Σ(q' - q)², in which unit.
    package var drift: DriftUnit?

    package init(statistics: Bool = false, tunedDigest: Bool = false, drift: DriftUnit? = nil) {
      self.statistics = statistics
      self.tunedDigest = tunedDigest
      self.drift = drift
    }
  }

  /// Fractional bits of the integers that are subtracted.
  package enum DriftUnit: Sendable, Equatable {
    /// Those that the base tensor's statistics will have; needs `statistics`.
    case ofBase
    case bits(Int)
  }

  package struct Drift: Sendable, Equatable {
    package let fractionBits: Int
    /// Σ(q' - q)², exact.
    package let sumOfSquares: UInt128
    /// No |q' - q| is larger: a power of two less 1, or 2^41.
    package let reach: UInt64

    package init(fractionBits: Int, sumOfSquares: UInt128, reach: UInt64) {
      self.fractionBits = fractionBits
      self.sumOfSquares = sumOfSquares
      self.reach = reach
    }
  }

  package struct Finding: Sendable, Equatable {
    package var statistics: TensorStatistics?
    package var tunedDigest: [UInt8]?
    /// Offset of the first byte that differs, of sides of one type and shape.
    package var firstDifference: Int?
    /// The first entry that differs, of other sides.
    package var valueDifference: ValueDifference?
    package var drift: Drift?
    /// Bytes that went through SHA-256: a tuned tensor that equals its base goes through it once.
    package var hashedBytes = 0
    /// Bytes that were read, of both sides.
    package var readBytes = 0
  }

  typealias Side = (checkpoint: Checkpoint, tensor: TensorInfo)
  private let base: (file: MappedFile, tensor: TensorInfo)?
  private let tuned: (file: MappedFile, tensor: TensorInfo)?
  /// Of two types, or with more rows in the tuned model.
  private let apart: Sides?
  private let wants: Wants

  /// Both sides, where given, are as ``Checkpoint/difference(base:_:tuned:_:)`` has them.
  package init(
    base: (checkpoint: Checkpoint, tensor: TensorInfo)?, tuned: (checkpoint: Checkpoint, tensor: TensorInfo)?,
    wants: Wants
  ) throws(CheckpointError) {
    var sides: Sides?
    if let base, let tuned { sides = try Sides(base.checkpoint, base.tensor, tuned.checkpoint, tuned.tensor) }
    apart = sides.flatMap { $0.isAlike ? nil : $0 }
    if let base { self.base = (try base.checkpoint.file(of: base.tensor), base.tensor) } else { self.base = nil }
    if let tuned { self.tuned = (try tuned.checkpoint.file(of: tuned.tensor), tuned.tensor) } else { self.tuned = nil }
    self.wants = wants
  }

  /// A base tensor whose statistics are wanted and that has no encoding is a finding, without a drift.
  ///
  /// Throws `notFinite` or `tooLarge` with the first entry of a tuned tensor that keeps its drift from being measured, or
  /// a file error.
  package func run() throws(CheckpointError) -> Finding {
    if let apart { return try ScanApart(sides: apart, wants: wants).run() }
    return try Self.run(base: base, tuned: tuned, wants: wants)
  }

  /// The scan of one side, or of two that are alike.
  static func run(
    base: (file: MappedFile, tensor: TensorInfo)?, tuned: (file: MappedFile, tensor: TensorInfo)?, wants: Wants
  ) throws(CheckpointError) -> Finding {
    guard let tensor = base?.tensor ?? tuned?.tensor else { return Finding() }
    func scan<Arithmetic: BlockArithmetic>(_: Arithmetic.Type) throws(CheckpointError) -> Finding {
      var pass = Pass<Arithmetic>(base, tuned, wants)
      return try pass.run()
    }
    switch tensor.dtype {
    case .bf16: return try scan(SingleArithmetic<BFloat16Code>.self)
    case .f16: return try scan(SingleArithmetic<Float16Code>.self)
    case .f32: return try scan(SingleArithmetic<Float32Code>.self)
    case .f64: return try scan(DoubleArithmetic<Float64Code>.self)
    default: return try scan(NoArithmetic.self)
    }
  }
}

/// Sums over blocks of one dtype.
private protocol BlockArithmetic {
  associatedtype Code: FloatCode
  static var isEncoded: Bool { get }
  /// Σq² of base entries, whose |q| is at most 2^21.
  static func squares(_ words: Span<Code.Word>, fractionBits: Int) -> UInt64
  /// Σ(q' - q)² and a bound of |q' - q|; nil when an entry has no encoding.
  static func driftSquares(
    _ base: Span<Code.Word>, _ tuned: Span<Code.Word>, fractionBits: Int
  ) -> (sum: UInt128, reach: UInt64)?
}

private enum DoubleArithmetic<Code: FloatCode>: BlockArithmetic {
  static var isEncoded: Bool { true }

  static func squares(_ words: Span<Code.Word>, fractionBits: Int) -> UInt64 {
    EncodingKernels<Code>.sumOfSquares(words, scale: Encoding.scale(fractionBits))
  }

  static func driftSquares(
    _ base: Span<Code.Word>, _ tuned: Span<Code.Word>, fractionBits: Int
  ) -> (sum: UInt128, reach: UInt64)? {
    typealias Kernels = EncodingKernels<Code>
    let scale = Encoding.scale(fractionBits)
    var drift = [Int64](repeating: 0, count: base.count)
    var target = drift.mutableSpan
    if Kernels.drift(base: base, tuned: tuned, scale: scale, into: &target, at: 0) {
      guard Kernels.firstRejected(base, scale: scale) == nil, Kernels.firstRejected(tuned, scale: scale) == nil else {
        return nil
      }
    }
    var sum: UInt128 = 0
    for value in drift { sum += UInt128(value.magnitude) * UInt128(value.magnitude) }
    return (sum, UInt64(2 * Encoding.maxMagnitude))
  }
}

private enum SingleArithmetic<Code: SingleCode>: BlockArithmetic {
  static var isEncoded: Bool { true }

  static func squares(_ words: Span<Code.Word>, fractionBits: Int) -> UInt64 {
    NarrowKernels<Code>.squares(words, scale: Float(Encoding.scale(fractionBits)))
      ?? DoubleArithmetic<Code>.squares(words, fractionBits: fractionBits)
  }

  static func driftSquares(
    _ base: Span<Code.Word>, _ tuned: Span<Code.Word>, fractionBits: Int
  ) -> (sum: UInt128, reach: UInt64)? {
    if let found = NarrowKernels<Code>.driftSquares(
      base: base, tuned: tuned, scale: Float(Encoding.scale(fractionBits)))
    {
      return (UInt128(found.sum), UInt64(found.reach))
    }
    return DoubleArithmetic<Code>.driftSquares(base, tuned, fractionBits: fractionBits)
  }
}

/// Tensors without encoding, byte by byte.
private enum NoArithmetic: BlockArithmetic {
  enum Code: FloatCode {
    static var infinity: UInt8 { .max }
    static var significandBits: Int { 0 }
    static func value(_ word: UInt8) -> Double { 0 }
  }
  static var isEncoded: Bool { false }
  static func squares(_ words: Span<UInt8>, fractionBits: Int) -> UInt64 { 0 }
  static func driftSquares(
    _ base: Span<UInt8>, _ tuned: Span<UInt8>, fractionBits: Int
  ) -> (sum: UInt128, reach: UInt64)? { (0, 0) }
}

/// The pass itself.
private struct Pass<Arithmetic: BlockArithmetic> {
  typealias Word = Arithmetic.Code.Word
  /// Bytes per side and block: long enough for one system call, short enough for the second-level cache.
  static var blockCount: Int { (1 << 16) / MemoryLayout<Word>.size }
  /// Sums that begin anew need all of a tensor again; more of them than this is rare.
  static var keptBytes: Int { 1 << 28 }

  let base: (file: MappedFile, tensor: TensorInfo)?
  let tuned: (file: MappedFile, tensor: TensorInfo)?
  let wants: TensorScan.Wants
  let count: Int
  private var before: [Word] = []
  private var after: [Word] = []
  private let baseTrail: ReadTrail?
  private let tunedTrail: ReadTrail?
  private var finding = TensorScan.Finding()

  // Sums so far, at `bits`. With `ofBase` the bits fall when a larger weight turns up, and the sums begin anew.
  private var bits = Encoding.fractionBitsRange.upperBound
  private var largest: Word = 0
  private var baseSquares: UInt128 = 0
  private var driftSquares: UInt128 = 0
  private var reach: UInt64 = 0
  /// An entry of the drift had no encoding at `bits`: it may have one at the final bits.
  private var failed = false

  init(_ base: (MappedFile, TensorInfo)?, _ tuned: (MappedFile, TensorInfo)?, _ wants: TensorScan.Wants) {
    self.base = base
    self.tuned = tuned
    self.wants = wants
    let bytes = (base?.1 ?? tuned?.1)?.byteRange.count ?? 0
    count = bytes / MemoryLayout<Word>.size
    let block = min(count, Self.blockCount)
    baseTrail = base.map { ReadTrail($0.0, kept: Self.keptBytes) }
    tunedTrail = tuned.map { ReadTrail($0.0, kept: Self.keptBytes) }
    if base != nil { before = [Word](repeating: 0, count: block) }
    if tuned != nil { after = [Word](repeating: 0, count: block) }
    if case .bits(let given) = wants.drift { bits = given }
  }

  mutating func run() throws(CheckpointError) -> TensorScan.Finding {
    let baseStream = wants.statistics ? try CheckpointError.hashing(SHA256.Stream.init) : nil
    // While all bytes are equal one digest serves both sides.
    var tunedStream =
      wants.tunedDigest && (base == nil || baseStream == nil) ? try CheckpointError.hashing(SHA256.Stream.init) : nil
    for start in stride(from: 0, to: count, by: Self.blockCount) {
      let length = min(Self.blockCount, count - start)
      try load(start, length)
      let equal = try compare(start, length)
      if !equal, wants.tunedDigest, tunedStream == nil, let baseStream {
        tunedStream = try CheckpointError.hashing { () throws(HashUnavailable) in
          try SHA256.Stream(copying: baseStream)
        }
      }
      if let baseStream { try hash(before, length, into: baseStream) }
      if let tunedStream { try hash(after, length, into: tunedStream) }
      if Arithmetic.isEncoded { try accumulate(start, length) }
      // The rest of a tensor that must not differ says nothing more.
      if !equal, wants == TensorScan.Wants() { break }
    }
    if let baseStream {
      finding.statistics = try statistics(sha256: try CheckpointError.hashing(baseStream.finish))
      if wants.tunedDigest, tunedStream == nil { finding.tunedDigest = finding.statistics?.sha256 }
    }
    if let tunedStream { finding.tunedDigest = try CheckpointError.hashing(tunedStream.finish) }
    try finishDrift()
    return finding
  }

  private mutating func load(_ start: Int, _ length: Int) throws(CheckpointError) {
    let offset = start * MemoryLayout<Word>.size
    let bytes = length * MemoryLayout<Word>.size
    if let base {
      let start = base.tensor.byteRange.lowerBound + offset
      try base.file.copyWords(at: start, count: length, into: &before)
      baseTrail?.passed(start..<start + bytes)
      finding.readBytes += bytes
    }
    if let tuned {
      let start = tuned.tensor.byteRange.lowerBound + offset
      try tuned.file.copyWords(at: start, count: length, into: &after)
      tunedTrail?.passed(start..<start + bytes)
      finding.readBytes += bytes
    }
  }

  /// Whether the loaded blocks are equal; true with one side.
  private mutating func compare(_ start: Int, _ length: Int) throws(CheckpointError) -> Bool {
    guard base != nil, tuned != nil else { return true }
    guard finding.firstDifference == nil || wants.drift != nil else { return false }
    guard let byte = Self.firstDifference(before, after, length) else { return finding.firstDifference == nil }
    if finding.firstDifference == nil { finding.firstDifference = start * MemoryLayout<Word>.size + byte }
    return false
  }

  /// Offset of the first byte in which two blocks differ.
  private static func firstDifference(_ before: [Word], _ after: [Word], _ length: Int) -> Int? {
    let (old, new) = (before.span, after.span)
    var difference: Word = 0
    for i in 0..<length { difference |= old[i] ^ new[i] }
    guard difference != 0, let place = (0..<length).first(where: { old[$0] != new[$0] }) else { return nil }
    let bits = (old[place].littleEndian ^ new[place].littleEndian).trailingZeroBitCount
    return place * MemoryLayout<Word>.size + bits / 8
  }

  private mutating func hash(_ words: [Word], _ length: Int, into stream: SHA256.Stream) throws(CheckpointError) {
    #if _endian(big)
      let words = words.map(\.littleEndian)
    #endif
    try CheckpointError.hashing { () throws(HashUnavailable) in
      try stream.update(words.span.extracting(first: length).bytes)
    }
    finding.hashedBytes += length * MemoryLayout<Word>.size
  }

  private mutating func accumulate(_ start: Int, _ length: Int) throws(CheckpointError) {
    if wants.statistics, base != nil {
      largest = max(largest, EncodingKernels<Arithmetic.Code>.maxMagnitude(before.span.extracting(first: length)))
      // Only its bytes count from here on.
      guard Self.isEncodable(largest) else { return }
      let fitting = Encoding.fractionBits(maxAbs: Arithmetic.Code.value(largest))
      if wants.drift == nil || wants.drift == .ofBase, fitting < bits {
        bits = fitting
        if start > 0 {
          try restart(before: start)
          try load(start, length)
        }
      }
    }
    add(length)
  }

  /// The sums of the entries before `end` once more, at other bits.
  private mutating func restart(before end: Int) throws(CheckpointError) {
    (baseSquares, driftSquares, reach, failed) = (0, 0, 0, false)
    guard Encoding.fractionBitsRange.contains(bits) else { return }
    for start in stride(from: 0, to: end, by: Self.blockCount) {
      let length = min(Self.blockCount, end - start)
      try load(start, length)
      add(length)
    }
  }

  private mutating func add(_ length: Int) {
    guard Encoding.fractionBitsRange.contains(bits) else { return }
    if wants.statistics, wants.drift == nil || wants.drift == .ofBase {
      baseSquares += UInt128(Arithmetic.squares(before.span.extracting(first: length), fractionBits: bits))
    }
    if wants.drift != nil, finding.firstDifference != nil, !failed {
      let found = Arithmetic.driftSquares(
        before.span.extracting(first: length), after.span.extracting(first: length), fractionBits: bits)
      if let found {
        driftSquares += found.sum
        reach = max(reach, found.reach)
      } else {
        failed = true
      }
    }
  }

  private mutating func statistics(sha256: [UInt8]) throws(CheckpointError) -> TensorStatistics {
    guard Arithmetic.isEncoded, let base else {
      return TensorStatistics(fractionBits: 0, sumOfSquares: 0, maxAbs: 0, sha256: sha256)
    }
    guard isBaseEncodable else {
      return TensorStatistics(
        fractionBits: 0, sumOfSquares: 0, maxAbs: 0, sha256: sha256, unencodableEntry: try firstUnencodable(base))
    }
    let weight = Arithmetic.Code.value(largest)
    let final = Encoding.fractionBits(maxAbs: weight)
    if case .bits = wants.drift {
      // The drift has bits of its own: the base's squares need their final ones.
      for start in stride(from: 0, to: count, by: Self.blockCount) {
        let length = min(Self.blockCount, count - start)
        try base.file.copyWords(at: base.tensor.offset(of: start), count: length, into: &before)
        baseSquares += UInt128(Arithmetic.squares(before.span.extracting(first: length), fractionBits: final))
      }
    }
    // Rounding is monotone, so the largest weight has the largest q; at most 2^21, hence representable.
    let maxAbs = Int64((weight * Encoding.scale(final)).rounded(.toNearestOrEven))
    return TensorStatistics(fractionBits: final, sumOfSquares: baseSquares, maxAbs: maxAbs, sha256: sha256)
  }

  // MARK: Weights without encoding

  /// Whether a word without its sign bit is one of ``Encoding/largestWeight`` at most; not of infinities and NaN.
  private static func isEncodable(_ magnitude: Word) -> Bool {
    magnitude < Arithmetic.Code.infinity && Arithmetic.Code.value(magnitude) <= Encoding.largestWeight
  }

  private var isBaseEncodable: Bool { Self.isEncodable(largest) }

  /// The first entry that made the tensor one without encoding; reads it again.
  private mutating func firstUnencodable(
    _ base: (file: MappedFile, tensor: TensorInfo)
  ) throws(CheckpointError) -> Int {
    for start in stride(from: 0, to: count, by: Self.blockCount) {
      let length = min(Self.blockCount, count - start)
      try base.file.copyWords(at: base.tensor.offset(of: start), count: length, into: &before)
      let mask = Arithmetic.Code.magnitudeMask
      if let place = (0..<length).first(where: { !Self.isEncodable(before[$0] & mask) }) { return start + place }
    }
    return 0
  }

  private mutating func finishDrift() throws(CheckpointError) {
    guard wants.drift != nil, Arithmetic.isEncoded, isBaseEncodable, let base, let tuned else { return }
    if failed {
      // Read again, entry by entry, for the message; nothing is wrong when an entry failed before a restart.
      for start in stride(from: 0, to: count, by: Self.blockCount) {
        let length = min(Self.blockCount, count - start)
        try load(start, length)
        let scale = Encoding.scale(bits)
        let old = before.span.extracting(first: length)
        let new = after.span.extracting(first: length)
        let badOld = EncodingKernels<Arithmetic.Code>.firstRejected(old, scale: scale)
        let badNew = EncodingKernels<Arithmetic.Code>.firstRejected(new, scale: scale)
        if let place = badOld, place <= badNew ?? place {
          throw base.tensor.rejection(
            of: Arithmetic.Code.value(old[place]), index: start + place, fractionBits: bits)
        }
        if let place = badNew {
          throw tuned.tensor.rejection(
            of: Arithmetic.Code.value(new[place]), index: start + place, fractionBits: bits)
        }
      }
    }
    finding.drift = TensorScan.Drift(fractionBits: bits, sumOfSquares: driftSquares, reach: reach)
  }
}
