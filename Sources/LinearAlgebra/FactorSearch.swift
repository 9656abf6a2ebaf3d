// SPDX-License-Identifier: Apache-2.0

/// A search for the leading singular vectors of a drift in two steps: what is enough for nearly every honest one, where few
/// values stand out from noise, and what is as good as `LowRank.approximate`, for the others.
struct FactorSearch {
  private let drift: IntegerMatrix
  private let rank: Int
  private let quickFinder: RangeFinder<IntegerMatrix>?

  /// One pass turns values that are ten times the others' by a hundred.
  private static let quickIterations = 1
  /// A whole decomposition costs as much as this many directions of a range finder, in parts of the shorter side.
  private static let worthwhileShare = 4

  /// - Parameter rank: at least 1.
  init(_ drift: IntegerMatrix, rank: Int) throws(LinearAlgebraError) {
    self.drift = drift
    self.rank = rank
    guard let kept = Self.worthwhile(drift, rank: rank) else {
      quickFinder = nil
      return
    }
    var finder = try RangeFinder(drift, rank: kept)
    try finder.iterate(Self.quickIterations)
    quickFinder = finder
  }

  /// The rank that a range finder looks for; nil where the whole decomposition is as quick.
  static func worthwhile(_ drift: IntegerMatrix, rank: Int) -> Int? {
    let short = min(drift.rows, drift.columns)
    let kept = min(rank, short)
    let width = RangeFinder.width(drift, rank: kept)
    return kept > 0 && (!LowRank.isSmall(drift) || worthwhileShare * width <= short) ? kept : nil
  }

  func quick() throws(LinearAlgebraError) -> TruncatedSVD? { try quickFinder?.spectrum() }

  /// What `LowRank.decompose` gives, bit by bit; goes on where the quick step ended.
  func thorough() throws(LinearAlgebraError) -> TruncatedSVD {
    guard var finder = quickFinder, !LowRank.isSmall(drift) else { return try LowRank.decompose(drift, rank: rank) }
    try finder.iterate(LowRank.thoroughIterations(min(rank, drift.rows, drift.columns)) - Self.quickIterations)
    return try finder.spectrum()
  }
}
