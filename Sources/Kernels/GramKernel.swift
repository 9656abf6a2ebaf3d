// SPDX-License-Identifier: Apache-2.0

import CDriftProofKernels
import DriftProofField

/// Sums over groups of 2^j consecutive entries.
package enum GramKernel {
  package static let gramLogs = 4...6
  /// The sums of dp_fold_groups hold 2^9 products of a limb below 2^22 and an entry.
  package static let foldLogs = 4...9
  /// Sums of products are exact in f64 when no partial sum exceeds 2^53; by Cauchy-Schwarz none exceeds the largest
  /// Σ_g e[2^j·g + b]². Rounding cannot bring a sum that is too large back below this.
  package static let squareLimit: Int64 = 1 << 52

  /// G[b][c] = Σ_g e[2^j·g + b] · e[2^j·g + c], b <= c, as the row-major upper triangle: 2^j·(2^j + 1)/2 sums.
  ///
  /// The range has a multiple of 2^j entries, and every Σ_g e[2^j·g + b]² is at most ``squareLimit``.
  package static func gram(
    _ entries: [Int32], range: Range<Int>, log: Int, path: KernelPath = .selected
  ) -> [Int64] {
    precondition(gramLogs.contains(log), "groups of 2^\(log)")
    let width = 1 << log
    check(entries, range, width)
    var result = [Int64](repeating: 0, count: width * (width + 1) / 2)
    if let level = path.level {
      entries.withUnsafeBufferPointer { entries in
        guard let base = entries.baseAddress else { return }
        dp_gram(level, base + range.lowerBound, Int32(log), range.count / width, &result)
      }
    } else {
      for start in stride(from: range.lowerBound, to: range.upperBound, by: width) {
        var slot = 0
        for b in 0..<width {
          for c in b..<width {
            result[slot] += Int64(entries[start + b]) * Int64(entries[start + c])
            slot += 1
          }
        }
      }
    }
    var diagonal = 0
    for b in 0..<width {
      precondition(result[diagonal] <= squareLimit, "entries too large for exact products")
      diagonal += width - b
    }
    return result
  }

  /// out[at + g] = Σ_b weights[b] · e[2^j·g + b] for the groups g of the range; 2^j weights.
  package static func fold(
    _ entries: [Int32], range: Range<Int>, weights: [CubicExtension], into out: inout [CubicExtension], at: Int,
    path: KernelPath = .selected
  ) {
    let width = weights.count
    let log = width.trailingZeroBitCount
    precondition(width == 1 << log && foldLogs.contains(log), "\(width) weights")
    check(entries, range, width)
    let groups = range.count / width
    precondition(at >= 0 && at <= out.count && groups <= out.count - at, "\(groups) groups at \(at) of \(out.count)")
    if let level = path.level {
      let limbs = Montgomery.limbs(weights)
      Coordinates.with(&out) { coordinates in
        entries.withUnsafeBufferPointer { entries in
          guard let base = entries.baseAddress, let target = coordinates.baseAddress else { return }
          dp_fold_groups(level, base + range.lowerBound, Int32(log), groups, limbs, target + 3 * at)
        }
      }
      return
    }
    for g in 0..<groups {
      var sum = CubicExtension.zero
      for b in 0..<width { sum += weights[b] * Goldilocks(Int64(entries[range.lowerBound + width * g + b])) }
      out[at + g] = sum
    }
  }

  private static func check(_ entries: [Int32], _ range: Range<Int>, _ width: Int) {
    precondition(range.lowerBound >= 0 && range.upperBound <= entries.count && range.count % width == 0, "\(range)")
  }
}

/// The memory of elements of K as its coordinates: c0, c1, c2 of each element in turn.
enum Coordinates {
  static func with(_ elements: inout [CubicExtension], _ body: (UnsafeMutableBufferPointer<UInt64>) -> Void) {
    precondition(MemoryLayout<CubicExtension>.stride == 24 && MemoryLayout<CubicExtension>.alignment == 8)
    elements.withUnsafeMutableBytes { body($0.assumingMemoryBound(to: UInt64.self)) }
  }
}
