// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofKernels
import Foundation

/// Σ q_i·P_i by buckets (Pippenger): one addition for each digit, whatever the digit is.
///
/// Which buckets are touched depends on the numbers, in time and in memory: nothing here keeps numbers secret from somebody
/// who watches the machine.
extension PointTable {
  /// The sum of multiples by integers; points beyond the integers count zero times.
  /// - Parameter integers: at most ``count`` numbers.
  public func sum(_ integers: [Int64]) -> G1 {
    precondition(integers.count <= count, "\(integers.count) numbers for \(count) points")
    var bits = 0
    var significant = 0
    for integer in integers where integer != 0 {
      let length = 64 - integer.magnitude.leadingZeroBitCount
      bits = max(bits, length)
      significant = max(significant, length - integer.trailingZeroBitCount)
    }
    // 2^63 in windows would not fit a word with the offset.
    if bits == 64 { return sum(integers.map { Fr($0) }) }
    if bits == 0 { return .infinity }
    return sum(
      plan: .cheapest(count: integers.count, bits: bits, significantBits: significant), count: integers.count,
      digits: IntegerDigits(integers: integers))
  }

  /// The sum of multiples by scalars; points beyond the scalars count zero times.
  /// - Parameter scalars: at most ``count`` scalars.
  public func sum(_ scalars: [Fr]) -> G1 {
    precondition(scalars.count <= count, "\(scalars.count) scalars for \(count) points")
    guard !scalars.isEmpty else { return .infinity }
    return sum(
      plan: .cheapest(count: scalars.count, bits: 255, significantBits: 255), count: scalars.count,
      digits: ScalarDigits(scalars: scalars))
  }

  /// Every position's digits in buckets, on all cores, then the positions by Horner's rule.
  func sum(plan: DigitPlan, count: Int, digits: some DigitSource) -> G1 {
    let source = digits.prepared(plan)
    // With fewer positions than cores the points are divided, where that pays.
    let cores = ProcessInfo.processInfo.activeProcessorCount
    let wanted = max(1, cores / plan.digits)
    let parts = max(1, min(wanted, count / (8 * plan.buckets(0))))
    let sums = Parallel.map(plan.digits * parts) { task in
      let (position, part) = task.quotientAndRemainder(dividingBy: parts)
      let range = part * count / parts..<(part + 1) * count / parts
      return positionSum(plan: plan, position: position, range: range, digits: source)
    }
    guard case .windows(let width, _, _) = plan else { return sums.reduce(.infinity, +) }
    var result = G1.infinity
    for position in (0..<plan.digits).reversed() {
      if !result.isInfinity { for _ in 0..<width { result = result.doubled() } }
      for part in 0..<parts { result = result + sums[position * parts + part] }
    }
    return result
  }

  private func positionSum(plan: DigitPlan, position: Int, range: Range<Int>, digits: some DigitSource) -> G1 {
    var buckets: any Buckets =
      switch storage {
      case .twin(let points): TwinBuckets(points: points, count: plan.buckets(position))
      case .kernel(let points): KernelBuckets(points: points, level: level, count: plan.buckets(position))
      }
    let part = 1 << 13
    var row = [Int32](repeating: 0, count: min(part, range.count))
    for start in stride(from: range.lowerBound, to: range.upperBound, by: part) {
      let end = min(start + part, range.upperBound)
      digits.fill(&row, position: position, range: start..<end)
      buckets.add(digits: row, count: end - start, first: start)
    }
    return plan.combined(buckets)
  }
}

extension DigitPlan {
  /// Σ value(digit)·bucket.
  func combined(_ buckets: any Buckets) -> G1 {
    guard case .patterns(let width, let maximum) = self else { return buckets.weighted(0..<buckets.count).weighted }
    // Of exponent e > 0 the buckets from 2^(width - 1)·(e + 1) on, of mantissas 2^(width - 1) + i.
    let half = 1 << (width - 1)
    var result = G1.infinity
    for exponent in stride(from: maximum, to: 0, by: -1) {
      let first = half * (exponent + 1)
      let (total, weighted) = buckets.weighted(first - 1..<first - 1 + half)
      let offset = G1(total.point.times(publicWords: [UInt64(half - 1)]))
      result = (result + weighted + offset).doubled()
    }
    return result + buckets.weighted(0..<2 * half - 1).weighted
  }
}
