// SPDX-License-Identifier: Apache-2.0

import CDriftProofKernels
import DriftProofCore
import DriftProofField
import Foundation

/// Reed-Solomon encoding of 8 rows at a time.
package enum Encoder {
  /// The rows that are interleaved in one block.
  package static let lanes = 8

  /// Evaluates up to 8 polynomials on the coset shift·<w>, w = rootOfUnity(logOrder: logLength), L = 2^logLength.
  ///
  /// Row r is p_r(X) = Σ_x m_r[x] X^x + X^tailOffsets[r] · Σ_i tails[r][i] X^i, with at most L message entries and
  /// tailOffsets[r] + tails[r].count <= 2L. `blocks` (8L elements or more) gets blocks[8i + r] = p_r(shift·w^rev(i)),
  /// canonical, with rev the reversal of logLength bits; lanes without a row get zeros. One position is 64 bytes: one
  /// block of SHA-256.
  ///
  /// - Parameters:
  ///   - tails: one for each row, canonical or not; empty for none.
  ///   - logLength: 3...26.
  ///   - finished: told of positions i that are done, on the core that has just written them; several at a time where
  ///     the length is large.
  package static func encode(
    rows: [RowMessage], tails: [[UInt64]], tailOffsets: [Int], logLength: Int, shift: Goldilocks,
    into blocks: AlignedBuffer<UInt64>, path: KernelPath = .selected,
    finished: @Sendable (Range<Int>) -> Void = { _ in }
  ) {
    precondition((3...26).contains(logLength), "length 2^\(logLength)")
    let length = 1 << logLength
    precondition(rows.count <= lanes && tails.count == rows.count && tailOffsets.count == rows.count)
    blocks.check(0, lanes * length)
    for (row, (tail, offset)) in zip(rows, zip(tails, tailOffsets)) {
      precondition(row.count <= length, "\(row.count) entries for length \(length)")
      precondition(offset >= 0 && tail.count <= 2 * length && offset <= 2 * length - tail.count, "tail at \(offset)")
    }
    guard let level = path.level else {
      let sums = tailSums(tails, tailOffsets, length: length, shift: shift)
      place(rows, sums, length: length, into: blocks)
      PortableTransform.run(blocks, logLength: logLength, shift: shift)
      return finished(0..<length)
    }
    let transform = Transform(blocks: blocks, logLength: logLength, shift: shift, level: level)
    let sums = tailSums(tails, tailOffsets, length: length, shift: shift)
    if logLength >= Transform.leastStarted {
      withSources(rows[...], []) { sources in
        sums.values.withUnsafeBufferPointer { values in
          transform.start((0..<lanes).map { Self.row($0, sources, sums.pieces, values) })
        }
      }
      transform.finish(finished)
    } else {
      place(rows, sums, length: length, into: blocks)
      transform.small()
      finished(0..<length)
    }
  }

  /// A run of elements that are added to a lane's coefficients from `first` on.
  private struct TailPiece {
    var lane: Int
    var first: Int
    /// Where they stand among the values of all pieces.
    var values: Range<Int>
  }

  /// Tails as coefficients below the length, X^length being shift^length: at most two pieces of each.
  private static func tailSums(
    _ tails: [[UInt64]], _ offsets: [Int], length: Int, shift: Goldilocks
  ) -> (values: [UInt64], pieces: [TailPiece]) {
    let wrap = shift.power(UInt64(length))
    var values: [UInt64] = []
    var pieces: [TailPiece] = []
    for (lane, (tail, offset)) in zip(tails, offsets).enumerated() {
      let split = min(tail.count, max(0, length - offset))
      for (part, factor) in [(tail[..<split], Goldilocks.one), (tail[split...], wrap)] where !part.isEmpty {
        let start = values.count
        values += part.map { (Goldilocks(reducing: $0) * factor).value }
        let first = offset + part.startIndex
        pieces.append(
          TailPiece(lane: lane, first: first < length ? first : first - length, values: start..<values.count))
      }
    }
    return (values, pieces)
  }

  private static func row(
    _ lane: Int, _ sources: [Source], _ pieces: [TailPiece], _ values: UnsafeBufferPointer<UInt64>
  ) -> dp_row {
    var row = dp_row()
    if lane < sources.count {
      row.narrow = sources[lane].narrow
      row.field = sources[lane].field
      row.count = row.narrow == nil && row.field == nil ? 0 : sources[lane].count
    }
    for (index, piece) in pieces.lazy.filter({ $0.lane == lane }).enumerated() {
      let start = values.baseAddress.map { $0 + piece.values.lowerBound }
      if index == 0 {
        (row.added.0.values, row.added.0.at, row.added.0.count) = (start, piece.first, piece.values.count)
      } else {
        (row.added.1.values, row.added.1.at, row.added.1.count) = (start, piece.first, piece.values.count)
      }
    }
    return row
  }

  /// Writes the messages in natural order: blocks[8x + r] = m_r[x], 0 after the end, and adds the tails.
  private static func place(
    _ rows: [RowMessage], _ sums: (values: [UInt64], pieces: [TailPiece]), length: Int,
    into blocks: AlignedBuffer<UInt64>
  ) {
    withSources(rows[...], []) { sources in
      for lane in 0..<lanes {
        let target = blocks.pointer + lane
        let have = lane < sources.count ? sources[lane].count : 0
        if have > 0 {
          if let base = sources[lane].narrow { dp_place_narrow(target, base, have) }
          if let base = sources[lane].field { dp_place_field(target, base, have) }
        }
        for x in have..<length { target[lanes * x] = 0 }
      }
    }
    for piece in sums.pieces {
      for (i, index) in piece.values.enumerated() {
        let slot = lanes * (piece.first + i) + piece.lane
        blocks.pointer[slot] =
          (Goldilocks(reducing: blocks.pointer[slot]) + Goldilocks(reducing: sums.values[index])).value
      }
    }
  }

  /// The entries of a row while their array is held open: one of the pointers, or none for a row of zeros.
  private struct Source: @unchecked Sendable {
    var count = 0
    var narrow: UnsafePointer<Int32>?
    var field: UnsafePointer<UInt64>?
  }

  /// Opens every array once, not once for each part: counting its references from all cores costs more than the part.
  private static func withSources(
    _ rows: ArraySlice<RowMessage>, _ opened: [Source], _ body: ([Source]) -> Void
  ) {
    guard let first = rows.first else { return body(opened) }
    let rest = rows.dropFirst()
    switch first {
    case .zero: withSources(rest, opened + [Source()], body)
    case .narrow(let entries):
      entries.withUnsafeBufferPointer {
        withSources(rest, opened + [Source(count: $0.count, narrow: $0.baseAddress)], body)
      }
    case .field(let entries):
      entries.withUnsafeBufferPointer {
        withSources(rest, opened + [Source(count: $0.count, field: $0.baseAddress)], body)
      }
    }
  }
}

/// The transform by the C kernels.
private struct Transform: Sendable {
  let blocks: AlignedBuffer<UInt64>
  let logLength: Int
  let level: Int32
  /// shift^(2^k / 4) and shift^(L / 2), in Montgomery form.
  private let scale: [UInt64]
  private let rho: UInt64
  private let roots: AlignedBuffer<UInt64>

  /// From this length on the first passes read the rows themselves.
  static let leastStarted = 14
  /// Blocks of 2^13 positions, half a megabyte, stay in a core's cache.
  private static let logCached = 13

  init(blocks: AlignedBuffer<UInt64>, logLength: Int, shift: Goldilocks, level: Int32) {
    self.blocks = blocks
    self.logLength = logLength
    self.level = level
    roots = TwiddleTable.shared.roots(count: 1 << logLength / 4)
    var scale = [UInt64](repeating: 0, count: logLength + 1)
    var power = shift
    for k in 2...logLength {
      scale[k] = Montgomery.form(power)
      power *= power
    }
    self.scale = scale
    rho = Montgomery.form(power)
  }

  /// log2 of the length without its lowest bit, and the blocks of this size.
  private var even: (log: Int, count: Int) { (logLength & ~1, 1 + logLength & 1) }

  /// The first eight passes over the coefficients of eight rows, nine of an odd logarithm.
  func start(_ rows: [dp_row]) {
    let rows = Rows(rows)
    let step = 1 << (even.log - 8)
    let parts = min(64, step / 16)
    Parallel.forEach(parts) { part in
      dp_ntt_start(
        level, rows.list, blocks.pointer, Int32(logLength), step * part / parts, step * (part + 1) / parts, rho, scale,
        roots.pointer)
    }
  }

  /// What is left after ``start(_:)``.
  func finish(_ finished: @Sendable (Range<Int>) -> Void) {
    Parallel.forEach(even.count << 8) { finish($0, log: even.log - 8, finished) }
  }

  /// Block b of 2^log positions, depth first, so that what fits a cache is finished there.
  private func finish(_ b: Int, log: Int, _ finished: (Range<Int>) -> Void) {
    let target = blocks.pointer + Encoder.lanes * (b << log)
    if log > Self.logCached {
      dp_ntt_pass(level, target, Int32(log), b, scale, roots.pointer)
      for q in 16 * b..<16 * (b + 1) { finish(q, log: log - 4, finished) }
    } else {
      dp_ntt_block(level, target, Int32(log), b, scale, roots.pointer)
      finished(b << log..<(b + 1) << log)
    }
  }

  /// All passes over coefficients in place.
  func small() {
    if even.count == 2 {
      let half = 1 << logLength / 2
      dp_ntt_radix2(level, blocks.pointer, half, 0, half, rho)
    }
    for b in 0..<even.count {
      dp_ntt_block(
        level, blocks.pointer + Encoder.lanes * (b << even.log), Int32(even.log), b, scale, roots.pointer)
    }
  }

  /// Rows that concurrent readers share while their owner holds the arrays open.
  private struct Rows: @unchecked Sendable {
    let list: [dp_row]
    init(_ list: [dp_row]) { self.list = list }
  }
}

/// U[b] = w^rev(b), w of order 4·2^d and rev the reversal of d bits, for any d with b < 2^d: one table for all sizes.
private final class TwiddleTable: @unchecked Sendable {
  static let shared = TwiddleTable()
  private let lock = NSLock()
  private var table = AlignedBuffer<UInt64>(count: 0)

  /// `count` roots or more in Montgomery form; count is a power of two.
  func roots(count: Int) -> AlignedBuffer<UInt64> {
    lock.withLock {
      if table.count >= count { return table }
      let grown = AlignedBuffer<UInt64>(count: max(count, 1))
      grown.pointer[0] = Montgomery.form(.one)
      var size = 1
      while size < count {
        // A new top bit of the index is a new lowest bit of the exponent.
        let factor = Goldilocks.rootOfUnity(logOrder: size.trailingZeroBitCount + 3)
        for b in 0..<size {
          grown.pointer[size + b] = (Goldilocks(reducing: grown.pointer[b]) * factor).value
        }
        size *= 2
      }
      table = grown
      return grown
    }
  }
}

/// The portable transform: scale by powers of the shift, then decimation in frequency, radix 2.
enum PortableTransform {
  static func run(_ blocks: AlignedBuffer<UInt64>, logLength: Int, shift: Goldilocks) {
    let length = 1 << logLength
    let lanes = Encoder.lanes
    let data = blocks.pointer
    var power = Goldilocks.one
    for x in 0..<length {
      for slot in lanes * x..<lanes * (x + 1) {
        data[slot] = (Goldilocks(reducing: data[slot]) * power).value
      }
      power *= shift
    }
    var half = length / 2
    while half >= 1 {
      let root = Goldilocks.rootOfUnity(logOrder: half.trailingZeroBitCount + 1)
      var twiddle = Goldilocks.one
      for j in 0..<half {
        for start in stride(from: j, to: length, by: 2 * half) {
          for lane in 0..<lanes {
            let low = lanes * start + lane
            let high = low + lanes * half
            let a = Goldilocks(reducing: data[low])
            let b = Goldilocks(reducing: data[high])
            data[low] = (a + b).value
            data[high] = ((a - b) * twiddle).value
          }
        }
        twiddle *= root
      }
      half /= 2
    }
  }
}
