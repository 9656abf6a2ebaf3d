// SPDX-License-Identifier: Apache-2.0

import CDriftProofKernels
import DriftProofField

/// The field operations of the vector kernels, element by element, so that tests can hold them against ``Goldilocks``.
package enum LaneArithmetic {
  /// a + b, a - b, a · b and a · 2^48 (2^48 is the fourth root of unity). All values are canonical.
  package static func results(
    _ a: [UInt64], _ b: [UInt64], path: KernelPath = .selected
  ) -> (sum: [UInt64], difference: [UInt64], product: [UInt64], timesI: [UInt64]) {
    precondition(a.count == b.count && a.count % 8 == 0, "\(a.count) and \(b.count) values")
    let pairs = zip(a.map(Goldilocks.init(reducing:)), b.map(Goldilocks.init(reducing:)))
    guard let level = path.level else {
      let i = Goldilocks(reducing: 1 << 48)
      return (
        pairs.map { ($0 + $1).value }, pairs.map { ($0 - $1).value }, pairs.map { ($0 * $1).value },
        pairs.map { ($0.0 * i).value }
      )
    }
    func run(_ operation: Int, _ b: [UInt64]) -> [UInt64] {
      var out = [UInt64](repeating: 0, count: a.count)
      dp_lanes(level, Int32(operation), a, b, &out, a.count)
      return out
    }
    let forms = b.map { Montgomery.form(Goldilocks(reducing: $0)) }
    return (run(DP_ADD, b), run(DP_SUB, b), run(DP_MONTGOMERY_MUL, forms), run(DP_TIMES_I, b))
  }

  /// a + b and a · 2^k for k = 24, 60, 72 and 84, canonical, for any 64-bit a and canonical b.
  package static func lazyResults(
    _ a: [UInt64], _ b: [UInt64], path: KernelPath = .selected
  ) -> (sum: [UInt64], shifted: [Int: [UInt64]]) {
    precondition(a.count == b.count && a.count % 8 == 0, "\(a.count) and \(b.count) values")
    let shifts = [24: DP_TIMES_24, 60: DP_TIMES_60, 72: DP_TIMES_72, 84: DP_TIMES_84]
    guard let level = path.level else {
      let values = a.map(Goldilocks.init(reducing:))
      return (
        zip(values, b).map { ($0 + Goldilocks(reducing: $1)).value },
        shifts.reduce(into: [:]) { result, shift in
          let factor = Goldilocks(2).power(UInt64(shift.key))
          result[shift.key] = values.map { ($0 * factor).value }
        }
      )
    }
    func run(_ operation: Int) -> [UInt64] {
      var out = [UInt64](repeating: 0, count: a.count)
      dp_lanes(level, Int32(operation), a, b, &out, a.count)
      return out
    }
    return (run(DP_PLUS), shifts.mapValues(run))
  }
}
