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
  package static func encode(
    rows: [RowMessage], tails: [[UInt64]], tailOffsets: [Int], logLength: Int, shift: Goldilocks,
    into blocks: AlignedBuffer<UInt64>, path: KernelPath = .selected
  ) {
    precondition((3...26).contains(logLength), "length 2^\(logLength)")
    let length = 1 << logLength
    precondition(rows.count <= lanes && tails.count == rows.count && tailOffsets.count == rows.count)
    blocks.check(0, lanes * length)
    for (row, (tail, offset)) in zip(rows, zip(tails, tailOffsets)) {
      precondition(row.count <= length, "\(row.count) entries for length \(length)")
      precondition(offset >= 0 && tail.count <= 2 * length && offset <= 2 * length - tail.count, "tail at \(offset)")
    }
    place(rows, length: length, into: blocks)
    let wrap = shift.power(UInt64(length))
    for (lane, (tail, offset)) in zip(tails, tailOffsets).enumerated() {
      for (i, entry) in tail.enumerated() {
        let n = offset + i
        let value = n < length ? Goldilocks(reducing: entry) : Goldilocks(reducing: entry) * wrap
        let slot = lanes * (n < length ? n : n - length) + lane
        blocks.pointer[slot] = (Goldilocks(reducing: blocks.pointer[slot]) + value).value
      }
    }
    if let level = path.level {
      transform(blocks, logLength: logLength, shift: shift, level: level)
    } else {
      PortableTransform.run(blocks, logLength: logLength, shift: shift)
    }
  }

  /// Writes the messages in natural order: blocks[8x + r] = m_r[x], 0 after the end.
  private static func place(_ rows: [RowMessage], length: Int, into blocks: AlignedBuffer<UInt64>) {
    // The eight lanes of a tile are written while the tile is in the first-level cache.
    let tile = min(length, 256)
    let tiles = length / tile
    let parts = min(tiles, 16)
    withSources(rows[...], []) { sources in
      Parallel.forEach(parts) { part in
        for index in tiles * part / parts..<tiles * (part + 1) / parts {
          let start = index * tile
          for lane in 0..<lanes {
            let target = blocks.pointer + lanes * start + lane
            let have = lane < sources.count ? max(0, min(tile, sources[lane].count - start)) : 0
            if have > 0 {
              if let base = sources[lane].narrow { dp_place_narrow(target, base + start, have) }
              if let base = sources[lane].field { dp_place_field(target, base + start, have) }
            }
            for x in have..<tile { target[lanes * x] = 0 }
          }
        }
      }
    }
  }

  /// The entries of a row while their array is held open: one of the pointers, or none for a row of zeros.
  private struct Source: @unchecked Sendable {
    var count = 0
    var narrow: UnsafePointer<Int32>?
    var field: UnsafePointer<UInt64>?
  }

  /// Opens every array once, not once for each tile: counting its references from all cores costs more than the tile.
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

  private static func transform(_ blocks: AlignedBuffer<UInt64>, logLength: Int, shift: Goldilocks, level: Int32) {
    let length = 1 << logLength
    let roots = TwiddleTable.shared.roots(count: length / 4)
    // scale[k] = shift^(2^k / 4)
    var scale = [UInt64](repeating: 0, count: logLength + 1)
    var power = shift
    for k in 2...logLength {
      scale[k] = Montgomery.form(power)
      power *= power
    }
    var log = logLength
    let parts = logLength >= 12 ? 8 : 1
    var count = 1
    if logLength & 1 == 1 {
      // power = shift^(L/2) after the loop above
      let rho = Montgomery.form(power)
      let half = length / 2
      Parallel.forEach(parts) { part in
        dp_ntt_radix2(level, blocks.pointer, half, half * part / parts, half * (part + 1) / parts, rho)
      }
      log -= 1
      count = 2
    }
    let scales = scale
    if log >= 14 {
      let step = 1 << (log - 8)
      let columnLog = log
      let firstCount = count
      Parallel.forEach(16 * firstCount) { part in
        let (b, part) = (part / 16, part % 16)
        dp_ntt_columns(
          level, blocks.pointer + lanes * (b << columnLog), Int32(columnLog), b, step * part / 16,
          step * (part + 1) / 16, scales, roots.pointer)
      }
      log -= 8
      count <<= 8
    }
    let blockLog = log
    Parallel.forEach(count) { b in
      dp_ntt_block(level, blocks.pointer + lanes * (b << blockLog), Int32(blockLog), b, scales, roots.pointer)
    }
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
