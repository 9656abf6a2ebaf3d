// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCurveArgument

/// F_m(x_1) = Σ over the other groups' bits of Π_{j>1} R_j[m][x_j]·E(x), and Z_m = Σ_x_1 R_1[m][x_1]·F_m(x_1).
///
/// The only pass over E with M operations for each cell: runs of 2^|group 1| cells are added up four at a time, by a table of
/// the 81 sums of four vectors with signs.
struct ProjectionSums: Sendable {
  /// F_m at m·2^|group 1| + x_1. Below 2^60 in magnitude, as Σ|E| is.
  let tables: [Int64]
  /// Z.
  let values: [Int64]
  let width: Int

  private static let lanes = 8
  /// Vectors of a block of x_1 that is worked on at a time: its part of F stays in the cache.
  private static let vectors = 4
  private static var block: Int { lanes * vectors }
  private static let runsTogether = 4

  init(_ layout: CurveArgumentLayout, matrices: [TernaryMatrix], rows: any CurveDriftRows) {
    let count = layout.range.projections
    let (logWidth, logRow) = (layout.range.groups[0].count, layout.logLength)
    let width = 1 << logWidth
    var parts = [[SIMD8<Int64>]](
      repeating: [SIMD8<Int64>](repeating: .zero, count: count * Self.vectors), count: width / Self.block)
    for index in 0..<rows.count {
      var cells = rows.row(index)
      if cells.allSatisfy({ $0 == 0 }) { continue }
      cells += [Int64](repeating: 0, count: 1 << logRow - cells.count)
      let row = cells
      // A row has several runs, or is part of one.
      let runs = logRow > logWidth ? 1 << (logRow - logWidth) : 1
      let firstRun = (index << logRow) >> logWidth
      let firstBlock = ((index << logRow) & (width - 1)) / Self.block
      let blocks = min(1 << logRow, width) / Self.block
      let groups = stride(from: 0, to: runs, by: Self.runsTogether).map { start in
        Self.group(start..<min(runs, start + Self.runsTogether), firstRun: firstRun, layout: layout, matrices: matrices)
      }
      let source = parts
      let sums = Parallel.map(blocks) { block -> [SIMD8<Int64>] in
        var sums = source[firstBlock + block]
        for group in groups {
          Self.add(row, group: group, block: block, width: width, to: &sums)
        }
        return sums
      }
      for (block, sum) in sums.enumerated() { parts[firstBlock + block] = sum }
    }
    var tables = [Int64](repeating: 0, count: count * width)
    for (block, sums) in parts.enumerated() {
      for m in 0..<count {
        for x in 0..<Self.block {
          tables[m * width + block * Self.block + x] = sums[m * Self.vectors + x / Self.lanes][x % Self.lanes]
        }
      }
    }
    let finished = tables
    self.tables = finished
    self.width = width
    values = Parallel.map(count) { m in
      (0..<width).reduce(Int64(0)) { $0 + Int64(matrices[0][m, $1]) * finished[m * width + $1] }
    }
  }

  /// Some runs of a row, and for each projection which sum of them with signs it needs: Σ 3^i·(sign of run i + 1).
  private struct Group: Sendable {
    var runs: Range<Int>
    var signs: [Int]
  }

  private static func group(
    _ runs: Range<Int>, firstRun: Int, layout: CurveArgumentLayout, matrices: [TernaryMatrix]
  ) -> Group {
    var signs = [Int](repeating: 0, count: layout.range.projections)
    var power = 1
    for run in runs {
      for m in signs.indices {
        signs[m] += power * (sign(m, run: firstRun + run, layout: layout, matrices: matrices) + 1)
      }
      power *= 3
    }
    return Group(runs: runs, signs: signs)
  }

  /// Π_{j>1} R_j[m][x_j] for the bits above group 1.
  static func sign(_ m: Int, run: Int, layout: CurveArgumentLayout, matrices: [TernaryMatrix]) -> Int {
    var (product, rest) = (1, run)
    for (matrix, group) in zip(matrices, layout.range.groups).dropFirst() {
      product *= matrix[m, rest & (1 << group.count - 1)]
      rest >>= group.count
    }
    return product
  }

  private static func add(
    _ row: [Int64], group: Group, block: Int, width: Int, to sums: inout [SIMD8<Int64>]
  ) {
    var table = [SIMD8<Int64>](repeating: .zero, count: vectors)
    var isZero = true
    for run in group.runs {
      // A row that is shorter than the width is one run.
      let start = run * width + block * Self.block
      var own: [SIMD8<Int64>] = []
      for vector in 0..<vectors {
        let first = start + lanes * vector
        let cells = SIMD8<Int64>(
          row[first], row[first + 1], row[first + 2], row[first + 3], row[first + 4], row[first + 5], row[first + 6],
          row[first + 7])
        if cells != .zero { isZero = false }
        own.append(cells)
      }
      let size = table.count
      var next = [SIMD8<Int64>](repeating: .zero, count: 3 * size)
      for entry in 0..<size {
        let cells = own[entry % vectors]
        next[entry] = table[entry] &- cells
        next[size + entry] = table[entry]
        next[2 * size + entry] = table[entry] &+ cells
      }
      table = next
    }
    if isZero { return }
    for m in group.signs.indices {
      let entry = vectors * group.signs[m]
      for vector in 0..<vectors {
        sums[vectors * m + vector] = sums[vectors * m + vector] &+ table[entry + vector]
      }
    }
  }
}
