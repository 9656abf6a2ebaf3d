// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCore
import DriftProofStatement

/// Whether a tensor keeps its patterns; exact integers, read block by block.
struct PatternFit {
  let tensor: TableauTensor
  let source: DriftSource

  /// What breaks each pattern, for all tensors.
  static func violations(tensors: [TableauTensor], sources: [DriftSource?]) throws -> [PolicyViolation] {
    try Parallel.map(tensors.count) { index -> [PolicyViolation] in
      guard let source = sources[index] else { return [] }
      let fit = PatternFit(tensor: tensors[index], source: source)
      return try fit.tensor.patterns.compactMap { pattern in
        try fit.excess(pattern).map { PolicyViolation(tensor: fit.tensor.name, $0) }
      }
    }.flatMap(\.self)
  }

  private func excess(_ pattern: PatternClaim) throws -> PolicyViolation.Excess? {
    var (found, most, place): (Int, Int, Int) = (0, 0, 0)
    try forEachBlock(needsBase: pattern.speaksOfBase) { first, drift, base in
      guard pattern.hasGroups else {
        for (offset, value) in drift.enumerated() where value != 0 && base[offset] == 0 {
          if found == 0 { place = first + offset }
          found += 1
        }
        return
      }
      let isTuned = pattern.form == .tuned
      for start in stride(from: 0, to: drift.count, by: pattern.group) {
        var count = 0
        for offset in start..<start + pattern.group {
          if (isTuned ? drift[offset] + Int64(base[offset]) : drift[offset]) != 0 { count += 1 }
        }
        guard count > pattern.count else { continue }
        found += 1
        if count > most { (most, place) = (count, first + start) }
      }
    }
    guard found > 0 else { return nil }
    let (row, column) = place.quotientAndRemainder(dividingBy: source.columns)
    guard pattern.hasGroups else { return .refilled(found: found, row: row, column: column) }
    return .pattern(
      of: pattern.form == .drift ? "drift" : "tuned weights", count: pattern.count, group: pattern.group, found: found,
      most: most, row: row, column: column)
  }

  /// Whole rows at a time, so that groups are not cut. The base's integers are those of a whole tensor.
  private func forEachBlock(
    needsBase: Bool, _ body: (_ first: Int, _ drift: [Int64], _ base: [Int32]) -> Void
  ) throws {
    let height = max(1, DriftSource.block / max(1, source.columns))
    var drift: [Int64] = []
    var base: [Int32] = []
    for row in stride(from: 0, to: source.rows, by: height) {
      let rows = row..<min(source.rows, row + height)
      let first = row * source.columns
      try source.read(first..<first + rows.count * source.columns, into: &drift)
      if needsBase { try source.base(rows: rows, into: &base) }
      body(first, drift, base)
    }
  }
}
