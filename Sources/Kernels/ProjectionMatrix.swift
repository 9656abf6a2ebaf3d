// SPDX-License-Identifier: Apache-2.0

import CDriftProofKernels
import DriftProofCore
import DriftProofField
import Synchronization

/// A ternary matrix R of 132 rows and 2^14 columns, drawn from bytes.
///
/// Column x has 33 bytes; bit k of it is (bytes[33x + k/8] >> (k % 8)) & 1 and R_m(x) = bit_m + bit_{132+m} - 1.
package struct ProjectionMatrix: Sendable {
  package static let rowCount = 132
  package static let columnCount = 1 << 14
  private static let columnBytes = 33

  private let bits: [UInt8]
  /// A verifier never projects: the sign rows are made when first asked for.
  private let lazySigns = LazySigns()

  /// - Parameter bits: 33 · 2^14 bytes.
  package init(bits: [UInt8]) {
    precondition(bits.count == Self.columnBytes * Self.columnCount, "a matrix of \(bits.count) bytes")
    self.bits = bits
  }

  /// R row after row, as the projections read it, and Σ_x R_m(x) for each m.
  private struct Signs: Sendable {
    let rows: AlignedBuffer<Int8>
    let sums: [Int64]

    init(bits: [UInt8]) {
      let rows = AlignedBuffer<Int8>(count: rowCount * columnCount)
      Parallel.forEach(4) { part in
        bits.withUnsafeBufferPointer { bits in
          for m in rowCount * part / 4..<rowCount * (part + 1) / 4 {
            let (i, j) = (m / 8, (m + rowCount) / 8)
            let (a, b) = (UInt8(m % 8), UInt8((m + rowCount) % 8))
            let row = rows.pointer + columnCount * m
            for x in 0..<columnCount {
              let column = columnBytes * x
              row[x] = Int8(truncatingIfNeeded: bits[column + i] >> a & 1 &+ (bits[column + j] >> b & 1)) &- 1
            }
          }
        }
      }
      self.rows = rows
      sums = (0..<rowCount).map { m in
        let row = UnsafeBufferPointer(start: rows.pointer + columnCount * m, count: columnCount)
        return row.reduce(0) { $0 &+ Int64($1) }
      }
    }
  }

  private final class LazySigns: Sendable {
    private let value = Mutex<Signs?>(nil)
    func get(_ bits: [UInt8]) -> Signs {
      value.withLock { value in
        if let value { return value }
        let made = Signs(bits: bits)
        value = made
        return made
      }
    }
  }

  /// R_m(x) in {-1, 0, 1}.
  package subscript(m: Int, x: Int) -> Int {
    precondition(m >= 0 && m < Self.rowCount && x >= 0 && x < Self.columnCount)
    func bit(_ k: Int) -> Int { Int(bits[Self.columnBytes * x + k / 8] >> UInt8(k % 8) & 1) }
    return bit(m) + bit(m + Self.rowCount) - 1
  }

  /// result[132c + m] = Σ_x R_m(x) · chunks[2^14 c + x], exactly. The number of entries is a multiple of 2^14.
  package func project(_ chunks: [Int32], path: KernelPath = .selected) -> [Int64] {
    let (rows, columns) = (Self.rowCount, Self.columnCount)
    precondition(chunks.count % columns == 0, "\(chunks.count) entries")
    let signs = lazySigns.get(bits)
    var result = [Int64](repeating: 0, count: chunks.count / columns * rows)
    result.withUnsafeMutableBufferPointer { result in
      chunks.withUnsafeBufferPointer { chunks in
        guard let input = chunks.baseAddress, let output = result.baseAddress else { return }
        if let level = path.level {
          project(SharedConst(input), chunks.count / columns, into: Shared(output), level: level, signs: signs)
          return
        }
        for c in 0..<chunks.count / columns {
          for m in 0..<rows {
            var sum: Int64 = 0
            for x in 0..<columns { sum += Int64(signs.rows.pointer[columns * m + x]) * Int64(input[columns * c + x]) }
            output[rows * c + m] = sum
          }
        }
      }
    }
    return result
  }

  /// The bytes of an entry plus 2^(8k-1), for the least k that fits all entries, are unsigned limbs; the products of the
  /// limbs with the signs are summed in 32 bits, and 2^(8k-1) · Σ_x R_m(x) comes off at the end.
  private func project(
    _ input: SharedConst<Int32>, _ chunkCount: Int, into output: Shared<Int64>, level: Int32, signs: Signs
  ) {
    let (rows, columns) = (Self.rowCount, Self.columnCount)
    let limbs = Self.limbCount(dp_magnitude(level, input.pointer, chunkCount * columns))
    // The planes of a group go through each panel of the matrix while it is in the cache.
    let group = Int(DP_GROUP) / limbs
    let groups = (chunkCount + group - 1) / group
    let workers = max(1, min(groups, 2))
    Parallel.forEach(workers) { worker in
      let planes = AlignedBuffer<UInt8>(count: Int(DP_GROUP) * columns)
      var sums = [Int32](repeating: 0, count: Int(DP_GROUP) * rows)
      for index in groups * worker / workers..<groups * (worker + 1) / workers {
        let first = index * group
        let have = min(group, chunkCount - first)
        for c in 0..<have {
          let source = input.pointer + columns * (first + c)
          dp_byte_planes(level, source, columns, Int32(limbs), planes.pointer + columns * limbs * c, columns)
        }
        dp_project(level, signs.rows.pointer, planes.pointer, have * limbs, &sums)
        for c in 0..<have {
          for m in 0..<rows {
            var total = -(signs.sums[m] << (8 * limbs - 1))
            for k in 0..<limbs { total += Int64(sums[rows * (limbs * c + k) + m]) << (8 * k) }
            output.pointer[rows * (first + c) + m] = total
          }
        }
      }
    }
  }

  /// The bytes that hold every entry, given the largest e or -1 - e.
  private static func limbCount(_ magnitude: Int32) -> Int { (32 - magnitude.leadingZeroBitCount) / 8 + 1 }

  /// out[x] = Σ_m rowWeights[m] · R_m(x) for all columns x.
  ///
  /// A column's byte selects one of 256 sums of 8 weights, so a column costs 33 additions. There is only this Swift
  /// code: the additions are too few for a vector kernel to matter.
  package func weightedColumns(rowWeights: [CubicExtension], path: KernelPath = .selected) -> [CubicExtension] {
    precondition(rowWeights.count == Self.rowCount, "\(rowWeights.count) weights")
    var table: [UInt64] = []
    table.reserveCapacity(Self.columnBytes * 256 * 3)
    for byte in 0..<Self.columnBytes {
      let sums = Self.subsetSums((0..<8).map { rowWeights[(8 * byte + $0) % Self.rowCount] })
      for sum in sums { table += [sum.c0.value, sum.c1.value, sum.c2.value] }
    }
    let total = rowWeights.reduce(.zero, +)
    return [CubicExtension](unsafeUninitializedCapacity: Self.columnCount) { out, count in
      table.withUnsafeBufferPointer { table in
        bits.withUnsafeBufferPointer { bits in
          for x in 0..<Self.columnCount {
            var (s0, s1, s2) = (UInt128(0), UInt128(0), UInt128(0))
            for byte in 0..<Self.columnBytes {
              let entry = 3 * (256 * byte + Int(bits[Self.columnBytes * x + byte]))
              s0 &+= UInt128(table[entry])
              s1 &+= UInt128(table[entry + 1])
              s2 &+= UInt128(table[entry + 2])
            }
            out.initializeElement(at: x, to: CubicExtension(reduce(s0), reduce(s1), reduce(s2)) - total)
          }
        }
      }
      count = Self.columnCount
    }
  }

  /// The sum over the set bits of the index, for 2^weights.count indices.
  private static func subsetSums(_ weights: [CubicExtension]) -> [CubicExtension] {
    var sums = [CubicExtension.zero]
    for weight in weights { sums += sums.map { $0 + weight } }
    return sums
  }
}

/// A sum of fewer than 2^32 elements.
@inline(__always)
private func reduce(_ sum: UInt128) -> Goldilocks {
  // 2^64 = 2^32 - 1
  Goldilocks(reducing: UInt64(truncatingIfNeeded: sum)) + Goldilocks(reducing: UInt64(sum >> 64) &* 0xFFFF_FFFF)
}
