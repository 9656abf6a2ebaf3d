// SPDX-License-Identifier: Apache-2.0

import DriftProofCurve

/// eq at some neighbouring numbers, in time and memory of these alone: the lines of E-space together may be many times the rows that anybody
/// stores.
enum RowWeights {
  /// Aligned powers of two that make up a range, in order.
  private static func blocks(_ range: Range<Int>) -> [(start: Int, log: Int)] {
    var result: [(start: Int, log: Int)] = []
    var start = range.lowerBound
    while start < range.upperBound {
      let fits = Int.bitWidth - 1 - (range.upperBound - start).leadingZeroBitCount
      let log = start == 0 ? fits : min(fits, start.trailingZeroBitCount)
      result.append((start, log))
      start += 1 << log
    }
    return result
  }

  /// Σ eq(point, t) over the range.
  static func sum(_ point: ArraySlice<Fr>, _ range: Range<Int>) -> Fr {
    // Over all values of the low bits eq is 1.
    blocks(range).reduce(.zero) { $0 + FrVector.equality(point.dropFirst($1.log), at: $1.start >> $1.log) }
  }

  /// scale·eq(point, t) for t in the range.
  static func table(_ point: ArraySlice<Fr>, _ range: Range<Int>, scale: Fr) -> [Fr] {
    blocks(range).flatMap { block in
      FrVector.equality(
        point.prefix(block.log),
        scale: scale * FrVector.equality(point.dropFirst(block.log), at: block.start >> block.log))
    }
  }
}
