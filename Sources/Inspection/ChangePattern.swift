// SPDX-License-Identifier: Apache-2.0

import DriftProofPolicy

/// Of every `group` neighbours in a row at most `count` changed: the tightest such pattern of a drift.
package struct ChangePattern: Sendable, Equatable {
  package let count: Int
  package let group: Int

  /// As in `2:4`.
  package var text: String { "\(count):\(group)" }
}

/// Finds it from flat row-major entries, in aligned runs of 64, each shown once in whatever order.
struct ChangePatternFinder {
  /// log2 of the groups that divide the columns.
  private let logs: [Int]
  private static let leastGroups = 32
  private var most: [Int]
  private var (changed, entries) = (0, 0)

  init(columns: Int) {
    logs = (1...6).filter {
      columns > 0 && columns.isMultiple(of: 1 << $0) && PatternBound.groupRange.contains(1 << $0)
    }
    most = logs.map { _ in 0 }
  }

  /// - Parameter start: a multiple of 64; the run before ended there, or this is the first.
  mutating func add(_ values: [Int64], from start: Int) {
    guard !logs.isEmpty else { return }
    entries += values.count
    for first in stride(from: 0, to: values.count, by: 64) {
      var bits: UInt64 = 0
      for (offset, value) in values[first..<min(first + 64, values.count)].enumerated() where value != 0 {
        bits |= 1 << UInt64(offset)
      }
      if bits != 0 { add(bits) }
    }
  }

  private mutating func add(_ bits: UInt64) {
    changed += bits.nonzeroBitCount
    for (index, log) in logs.enumerated() {
      let size = 1 << log
      let mask: UInt64 = size == 64 ? .max : 1 << UInt64(size) - 1
      for shift in stride(from: 0, to: 64, by: size) {
        most[index] = max(most[index], (bits >> UInt64(shift) & mask).nonzeroBitCount)
      }
    }
  }

  /// Nil where any number of neighbours changed, or so few entries at all that a pattern would say nothing of them: less than
  /// half of what it allows, or the groups are so few that they keep one by chance. Of patterns that leave as much the smallest groups.
  var pattern: ChangePattern? {
    zip(logs, most).map { ChangePattern(count: $1, group: 1 << $0) }
      .filter { $0.count > 0 && $0.count < $0.group }
      .filter { 2 * changed * $0.group >= entries * $0.count && entries >= Self.leastGroups * $0.group }
      .min { $0.count * $1.group < $1.count * $0.group }
  }
}
