// SPDX-License-Identifier: Apache-2.0

import CDriftProofKernels

/// Signed integers in as few bits as their neighbourhood needs: blocks of 256, each with its own width of 0, 4, 8, …, 32
/// bits. The drift of two 16-bit checkpoints takes 8 to 16 bits an entry so.
///
/// A block of w bits is ⌊w/8⌋ planes of bytes, lowest first, entry i at i, then for an odd half byte one plane of 128 bytes
/// with entry i in the low half of byte i and entry 128 + i in the high half. The highest plane carries the sign.
package struct PackedIntegers: Sendable {
  package static let block = 256
  private static let half = block / 2

  package let count: Int
  /// Half bytes of an entry, 0...8, for each block.
  private let widths: [UInt8]
  /// In memory of its own, on huge pages where it is large: gigabytes of it are first written in a hurry.
  private let bytes: AlignedBuffer<UInt8>
  private let path: KernelPath

  /// Bytes in memory, with the addresses that alignment costs: a limit may be one of addresses.
  package var byteCount: Int { widths.count + bytes.footprint }

  /// Widths and bytes, to be compared.
  var content: [[UInt8]] { [widths, bytes.copy(0..<bytes.count)] }

  /// - Parameter values: a multiple of 256 of them.
  package init(_ values: [Int32], path: KernelPath = .selected) {
    precondition(values.count.isMultiple(of: Self.block), "\(values.count) integers")
    count = values.count
    self.path = path
    let blocks = values.count / Self.block
    let entries = values.span
    let widths =
      path.level.map { level in
        [UInt8](unsafeUninitializedCapacity: blocks) { widths, count in
          values.withUnsafeBufferPointer { dp_pack_widths(level, $0.baseAddress, blocks, widths.baseAddress) }
          count = blocks
        }
      } ?? (0..<blocks).map { Self.width(entries.extracting(Self.entries(of: $0))) }
    bytes = AlignedBuffer(count: widths.reduce(0) { $0 + Self.half * Int($1) })
    self.widths = widths
    if let level = path.level {
      values.withUnsafeBufferPointer { dp_pack(level, widths, blocks, $0.baseAddress, bytes.pointer) }
      return
    }
    var target = MutableSpan(
      _unsafeElements: UnsafeMutableBufferPointer(start: bytes.pointer, count: bytes.count))
    var offset = 0
    for (index, width) in widths.enumerated() {
      Self.pack(entries.extracting(Self.entries(of: index)), width: Int(width), into: &target, at: offset)
      offset += Self.half * Int(width)
    }
  }

  /// Replaces the first `count` of `values`, which has at least so many.
  package func unpack(into values: inout [Int32]) {
    precondition(values.count >= count, "\(values.count) places for \(count) integers")
    if let level = path.level {
      values.withUnsafeMutableBufferPointer { dp_unpack(level, widths, widths.count, bytes.pointer, $0.baseAddress) }
      return
    }
    var target = values.mutableSpan
    let source = Span(_unsafeElements: UnsafeBufferPointer(start: bytes.pointer, count: bytes.count))
    var offset = 0
    for (index, width) in widths.enumerated() {
      let length = Self.half * Int(width)
      var block = target.extracting(Self.entries(of: index))
      Self.unpack(source.extracting(offset..<offset + length), width: Int(width), into: &block)
      offset += length
    }
  }

  private static func entries(of index: Int) -> Range<Int> { index * block..<(index + 1) * block }

  /// Half bytes that hold every entry with its sign.
  private static func width(_ entries: Span<Int32>) -> UInt8 {
    var union: Int32 = 0
    for i in 0..<block { union |= entries[unchecked: i] ^ (entries[unchecked: i] >> 31) }
    return union == 0 && isZero(entries) ? 0 : UInt8((32 - union.leadingZeroBitCount + 1 + 3) / 4)
  }

  /// Zeros and entries of -1 have the same union.
  private static func isZero(_ entries: Span<Int32>) -> Bool {
    var union: Int32 = 0
    for i in 0..<block { union |= entries[unchecked: i] }
    return union == 0
  }

  private static func pack(_ entries: Span<Int32>, width: Int, into bytes: inout MutableSpan<UInt8>, at offset: Int) {
    precondition(entries.count == block && offset >= 0 && half * width <= bytes.count - offset, "a block's room")
    for plane in 0..<width / 2 {
      let start = offset + block * plane
      let shift = Int32(8 * plane)
      for i in 0..<block { bytes[unchecked: start + i] = UInt8(truncatingIfNeeded: entries[unchecked: i] &>> shift) }
    }
    guard width % 2 == 1 else { return }
    let start = offset + block * (width / 2)
    let shift = Int32(8 * (width / 2))
    for i in 0..<half {
      let low = UInt8(truncatingIfNeeded: entries[unchecked: i] &>> shift) & 0xF
      let high = UInt8(truncatingIfNeeded: entries[unchecked: half + i] &>> shift) & 0xF
      bytes[unchecked: start + i] = low | high << 4
    }
  }

  private static func unpack(_ bytes: Span<UInt8>, width: Int, into entries: inout MutableSpan<Int32>) {
    precondition(entries.count == block && bytes.count == half * width, "a block's room")
    let whole = width / 2
    if width == 0 {
      for i in 0..<block { entries[unchecked: i] = 0 }
      return
    }
    // All planes but the highest are without sign; the first one writes, the others add.
    let unsigned = width % 2 == 1 ? whole : whole - 1
    if unsigned > 0 { for i in 0..<block { entries[unchecked: i] = Int32(bytes[unchecked: i]) } }
    for plane in 1..<max(1, unsigned) {
      let start = block * plane
      let shift = Int32(8 * plane)
      for i in 0..<block { entries[unchecked: i] |= Int32(bytes[unchecked: start + i]) &<< shift }
    }
    let start = block * unsigned
    let shift = Int32(8 * unsigned)
    let isFirst = unsigned == 0
    if width % 2 == 0 {
      for i in 0..<block {
        let top = Int32(Int8(bitPattern: bytes[unchecked: start + i])) &<< shift
        entries[unchecked: i] = isFirst ? top : entries[unchecked: i] | top
      }
      return
    }
    for i in 0..<half {
      let pair = Int8(bitPattern: bytes[unchecked: start + i])
      let low = Int32((pair &<< 4) &>> 4) &<< shift
      let high = Int32(pair &>> 4) &<< shift
      entries[unchecked: i] = isFirst ? low : entries[unchecked: i] | low
      entries[unchecked: half + i] = isFirst ? high : entries[unchecked: half + i] | high
    }
  }
}
