// SPDX-License-Identifier: Apache-2.0

import CDriftProofKernels
import DriftProofCore
import DriftProofField

/// Weighted sums of rows.
package enum RowCombination {
  /// acc[x] += Σ_t weights[t] · rows[t][x]; no row is longer than acc. Field rows are canonical.
  package static func accumulate(
    rows: [RowMessage], weights: [CubicExtension], into acc: inout [CubicExtension], path: KernelPath = .selected
  ) {
    precondition(rows.count == weights.count && rows.allSatisfy { $0.count <= acc.count })
    guard let level = path.level else {
      portable(rows, weights, &acc)
      return
    }
    var narrow: [(entries: [Int32], weight: CubicExtension)] = []
    var field: [(entries: [UInt64], weight: CubicExtension)] = []
    for (row, weight) in zip(rows, weights) {
      switch row {
      case .zero: break
      case .narrow(let entries): narrow.append((entries, weight))
      case .field(let entries): field.append((entries, weight))
      }
    }
    let length = acc.count
    Coordinates.with(&acc) { coordinates in
      guard let base = coordinates.baseAddress else { return }
      let target = Shared(base)
      for start in stride(from: 0, to: narrow.count, by: rowsAtOnce) {
        let group = narrow[start..<min(start + rowsAtOnce, narrow.count)]
        let limbs = Montgomery.limbs(group.map(\.weight))
        let lengths = group.map(\.entries.count)
        withPointers(group.map(\.entries)[...], []) { pointers in
          narrowRows(pointers.map { $0 }, lengths, limbs, length, target, level)
        }
      }
      for start in stride(from: 0, to: field.count, by: rowsAtOnce) {
        let group = field[start..<min(start + rowsAtOnce, field.count)]
        let constants = Montgomery.form(group.map(\.weight))
        let lengths = group.map(\.entries.count)
        withPointers(group.map(\.entries)[...], []) { pointers in
          let sources = Pointers(pointers)
          inRanges(length) { range in
            dp_rows_field(
              level, sources.list, lengths, constants, lengths.count, range.lowerBound, range.upperBound,
              target.pointer)
          }
        }
      }
    }
  }

  /// The rows are the consecutive runs of chunkSize entries of a range, the last one perhaps shorter:
  /// acc[x] += Σ_c weights[c] · entries[range.lowerBound + c·chunkSize + x].
  package static func accumulateNarrow(
    _ entries: [Int32], range: Range<Int>? = nil, chunkSize: Int, weights: [CubicExtension],
    into acc: inout [CubicExtension], path: KernelPath = .selected
  ) {
    let range = range ?? entries.indices
    precondition(range.lowerBound >= 0 && range.upperBound <= entries.count, "\(range) of \(entries.count) entries")
    precondition(chunkSize > 0 && acc.count >= min(chunkSize, range.count))
    let count = (range.count + chunkSize - 1) / chunkSize
    precondition(weights.count == count, "\(weights.count) weights for \(count) chunks")
    guard let level = path.level else {
      for (c, weight) in weights.enumerated() {
        for x in 0..<min(chunkSize, range.count - c * chunkSize) {
          acc[x] += weight * Goldilocks(Int64(entries[range.lowerBound + c * chunkSize + x]))
        }
      }
      return
    }
    Coordinates.with(&acc) { coordinates in
      entries[range].withUnsafeBufferPointer { entries in
        guard let base = coordinates.baseAddress, let source = entries.baseAddress else { return }
        for start in stride(from: 0, to: count, by: sumLimit) {
          let chunks = start..<min(start + sumLimit, count)
          narrowRows(
            chunks.map { source + $0 * chunkSize }, chunks.map { min(chunkSize, entries.count - $0 * chunkSize) },
            Montgomery.limbs(Array(weights[chunks])), min(chunkSize, entries.count), Shared(base), level)
        }
      }
    }
  }

  /// As many arrays are held open at once, by one nested call each.
  private static let rowsAtOnce = 64
  /// As many products of a limb and an entry fit a 64-bit sum.
  private static let sumLimit = 512

  private static func narrowRows(
    _ pointers: [UnsafePointer<Int32>?], _ lengths: [Int], _ limbs: [UInt32], _ length: Int,
    _ target: Shared<UInt64>, _ level: Int32
  ) {
    let sources = Pointers(pointers)
    inRanges(length) { range in
      dp_rows_narrow(
        level, sources.list, lengths, limbs, lengths.count, range.lowerBound, range.upperBound, target.pointer)
    }
  }

  /// Runs the body over pieces of 0..<length, concurrently when that pays.
  private static func inRanges(_ length: Int, _ body: @Sendable (Range<Int>) -> Void) {
    let piece = 4096
    let pieces = (length + piece - 1) / piece
    Parallel.forEach(pieces) { index in body(index * piece..<min(length, (index + 1) * piece)) }
  }

  private static func withPointers<T>(
    _ arrays: ArraySlice<[T]>, _ opened: [UnsafePointer<T>?], _ body: ([UnsafePointer<T>?]) -> Void
  ) {
    guard let first = arrays.first else { return body(opened) }
    first.withUnsafeBufferPointer { withPointers(arrays.dropFirst(), opened + [$0.baseAddress], body) }
  }

  private static func portable(_ rows: [RowMessage], _ weights: [CubicExtension], _ acc: inout [CubicExtension]) {
    for (row, weight) in zip(rows, weights) {
      switch row {
      case .zero: break
      case .narrow(let entries):
        for (x, e) in entries.enumerated() { acc[x] += weight * Goldilocks(Int64(e)) }
      case .field(let entries):
        for (x, e) in entries.enumerated() { acc[x] += weight * Goldilocks(reducing: e) }
      }
    }
  }
}

/// Pointers that concurrent readers share while their owner holds the arrays open.
private struct Pointers<T>: @unchecked Sendable {
  let list: [UnsafePointer<T>?]
  init(_ list: [UnsafePointer<T>?]) { self.list = list }
}
