// SPDX-License-Identifier: Apache-2.0

/// How far a search for exact factors is, and when it is given up.
///
/// The search for a basis of the lattice of a drift's rows has no useful bound of its own: bases of a hundred long vectors take
/// days. Its multiplications are counted, and the count is the bound, so that the outcome depends on no machine's speed.
package struct ExactSearch {
  /// 2^35 multiplications, half a minute of one core. Bases that come to an end take far fewer: the adapters that the exact clause
  /// is for have ranks up to 64.
  package static let multiplicationLimit = 1 << 35
  /// Reports on the way to the limit, at most.
  private static let reports = 256

  private let limit: Int
  private let progress: (Double) -> Void
  private var done = 0
  private var reported = 0

  /// - Parameter progress: told the part of the limit that is used up, now and then.
  package init(limit: Int = Self.multiplicationLimit, progress: @escaping (Double) -> Void = { _ in }) {
    self.limit = limit
    self.progress = progress
  }

  /// Counts work that comes next.
  /// - Throws: `searchTooLong` when there would be too much of it.
  mutating func spend(_ multiplications: Int) throws(LinearAlgebraError) {
    done += multiplications
    guard done <= limit else { throw .searchTooLong(multiplications: limit) }
    guard done - reported > limit / Self.reports else { return }
    reported = done
    progress(Double(done) / Double(limit))
  }
}
