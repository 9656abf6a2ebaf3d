// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCurve
import DriftProofCurveArgument

/// Σ w·v_a·v_b over all runs v of 16 cells, w being the weight of E² in the run's row: what the first four variables' rounds
/// need of E².
enum GramSums {
  /// log2 of the cells of a run.
  static let logRun = 4
  static let run = 1 << logRun
  private static let entries = run * (run + 1) / 2
  /// Products below 2^48, so that 2^14 of them fit a word.
  private static let smallMagnitude: UInt64 = 1 << 24
  private static let smallRuns = 1 << 14

  /// The symmetric matrix, row by row.
  static func matrix(
    _ layout: CurveArgumentLayout, weights: [Fr], rows: any CurveDriftRows
  ) -> [Fr] {
    let sums = Parallel.map(rows.count) { index -> [Int128] in triangle(rows.row(index)) }
    var upper = [Fr](repeating: .zero, count: entries)
    for line in layout.lines {
      // |Σ v_a·v_b| ≤ ΣE² < 2^120.
      var own = [Int128](repeating: 0, count: entries)
      for row in line.rows {
        for entry in own.indices { own[entry] += sums[row][entry] }
      }
      let weight = weights[line.rows.lowerBound]
      for entry in upper.indices { upper[entry] = upper[entry] + weight * Fr(wide: own[entry]) }
    }
    var result = [Fr](repeating: .zero, count: run * run)
    var next = 0
    for a in 0..<run {
      for b in a..<run {
        result[a * run + b] = upper[next]
        result[b * run + a] = upper[next]
        next += 1
      }
    }
    return result
  }

  /// The upper triangle of one row's matrix.
  private static func triangle(_ row: [Int64]) -> [Int128] {
    var result = [Int128](repeating: 0, count: entries)
    let runs = (row.count + run - 1) / run
    let isSmall = row.allSatisfy { $0.magnitude < smallMagnitude }
    var small = [Int64](repeating: 0, count: entries)
    var pending = 0
    var own = [Int64](repeating: 0, count: run)
    for index in 0..<runs {
      var isZero = true
      for cell in 0..<run {
        let place = index * run + cell
        own[cell] = place < row.count ? row[place] : 0
        if own[cell] != 0 { isZero = false }
      }
      if isZero { continue }
      var next = 0
      if isSmall {
        for a in 0..<run {
          let left = own[a]
          for b in a..<run {
            small[next] &+= left &* own[b]
            next += 1
          }
        }
        pending += 1
        if pending == smallRuns {
          flush(&small, into: &result)
          pending = 0
        }
      } else {
        for a in 0..<run {
          let left = Int128(own[a])
          for b in a..<run {
            result[next] += left * Int128(own[b])
            next += 1
          }
        }
      }
    }
    flush(&small, into: &result)
    return result
  }

  private static func flush(_ small: inout [Int64], into result: inout [Int128]) {
    for entry in small.indices {
      result[entry] += Int128(small[entry])
      small[entry] = 0
    }
  }
}

extension Fr {
  /// The image of an integer of up to 127 bits.
  init(wide value: Int128) {
    let scalar = CurveBound(value.magnitude).scalar
    self = value < 0 ? -scalar : scalar
  }
}
