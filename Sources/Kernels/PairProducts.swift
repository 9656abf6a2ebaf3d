// SPDX-License-Identifier: Apache-2.0

/// Products of all pairs of 2^j neighbours, of two tables at once: E_i·E_k + a_i·a_k for i ≤ k, in two parts that the
/// row kernels can weigh: low + 2^27·high.
package enum PairProducts {
  package static let logWidth = 4
  package static let width = 1 << logWidth
  /// i ≤ k.
  package static let pairs = width * (width + 1) / 2
  package static let logPart = 27
  /// Of `groups` groups of 2^j neighbours from `start` on: pair p of group g at low[at + p·groups + g], high alike.
  ///
  /// Entries are at most 2^26, so that a sum is below 2^54 and its high part has 27 bits; larger ones would be cut.
  /// - Parameter first: nil for zeros.
  package static func fill(
    _ first: [Int32]?, _ second: [Int32], start: Int, groups: Int, low: inout [Int32], high: inout [Int32], at: Int
  ) {
    precondition(
      start >= 0 && start + groups * width <= second.count && (first.map { $0.count == second.count } ?? true))
    precondition(at >= 0 && at + groups * pairs <= low.count && low.count == high.count)
    second.withUnsafeBufferPointer { second in
      low.withUnsafeMutableBufferPointer { low in
        high.withUnsafeMutableBufferPointer { high in
          if let first {
            first.withUnsafeBufferPointer { first in
              products(start: start, groups: groups, low: low, high: high, at: at) { x, y in
                Int64(first[x]) &* Int64(first[y]) &+ Int64(second[x]) &* Int64(second[y])
              }
            }
          } else {
            products(start: start, groups: groups, low: low, high: high, at: at) { x, y in
              Int64(second[x]) &* Int64(second[y])
            }
          }
        }
      }
    }
  }

  @inline(__always)
  private static func products(
    start: Int, groups: Int, low: UnsafeMutableBufferPointer<Int32>, high: UnsafeMutableBufferPointer<Int32>, at: Int,
    _ product: (Int, Int) -> Int64
  ) {
    var place = at
    for i in 0..<width {
      for k in i..<width {
        for g in 0..<groups {
          let group = start &+ g &* width
          let sum = product(group &+ i, group &+ k)
          low[place &+ g] = Int32(truncatingIfNeeded: sum & (1 << Int64(logPart) - 1))
          high[place &+ g] = Int32(truncatingIfNeeded: sum >> Int64(logPart))
        }
        place &+= groups
      }
    }
  }
}
