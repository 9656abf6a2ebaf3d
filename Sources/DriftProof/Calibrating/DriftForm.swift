import DriftPolicy
import LinearAlgebra

/// The kind of drift that all runs show in a group of tensors: what its clauses will have beside the norm.
package enum DriftForm: Sendable, Equatable {
  /// Nothing but size.
  case norm
  /// This rank, one of `DriftStatistics.ranks`, and a residual of rounding.
  case rank(Int)
  /// At most so many changed entries, rows or columns in any run.
  case entries(Int)
  case rows(Int)
  case columns(Int)
  /// Counters, which only `"any"` can allow.
  case excluded

  /// A sparse clause that leaves more than this share of a tensor free, margin included, is not worth its cost.
  static let largestEntryShare = 1.0 / 16
  static let largestLineShare = 0.5

  /// The narrowest form that holds for every tensor of the group and every run.
  ///
  /// Sparse beats low rank. Tensors whose whole drift is within rounding, and those too small to have a higher rank,
  /// fit a rank clause anyway and do not decide about it.
  static func choose(_ records: [TensorRecord], margin: Double) -> DriftForm {
    if records.contains(where: \.isCounter) { return .excluded }
    let moved = records.filter { $0.largestNorm > 0 }
    guard !moved.isEmpty else { return .norm }
    return sparse(moved, margin: margin) ?? rank(moved) ?? .norm
  }

  /// Tensors that keep the group from a low-rank or sparse clause which fits its others.
  static func exceptions(_ records: [TensorRecord], form: DriftForm, margin: Double) -> [TensorRecord] {
    guard form == .norm, records.count > 1 else { return [] }
    let fitting = records.filter { choose([$0], margin: margin) != .norm }
    return fitting.isEmpty || fitting.count < records.count / 2
      ? [] : records.filter { $0.largestNorm > 0 && choose([$0], margin: margin) == .norm && !isUndecided($0) }
  }

  private static func isUndecided(_ record: TensorRecord) -> Bool {
    record.largestNorm <= record.roundingAllowance || (record.rank ?? 0) >= min(record.rows, record.columns)
  }

  private static func rank(_ records: [TensorRecord]) -> DriftForm? {
    let voters = records.filter { !$0.isVector && !isUndecided($0) }
    var highest = 0
    for record in voters {
      guard let rank = record.rank else { return nil }
      highest = max(highest, rank)
    }
    // Where all drifts are hardly larger than rounding, "rank r" says nothing beyond the norm.
    let isMeaningful = voters.contains { $0.largestNorm > 2 * $0.roundingAllowance }
    return highest > 0 && isMeaningful ? .rank(highest) : nil
  }

  private static func sparse(_ records: [TensorRecord], margin: Double) -> DriftForm? {
    func fits(_ count: Int, _ total: Int, _ share: Double) -> Bool {
      let allowed = Double(CountBound.allowed(count, margin: margin) ?? .max)
      return allowed <= share * Double(total)
    }
    func largest(_ count: (TensorRecord) -> Int) -> Int { records.map(count).max() ?? 0 }
    var candidates: [(form: DriftForm, cells: Int)] = []
    let (entries, rows, columns) = (
      largest(\.changedEntries), largest(\.changedRows), largest(\.changedColumns)
    )
    if records.allSatisfy({ !$0.isVector && fits(rows, $0.rows, largestLineShare) }) {
      candidates.append((.rows(rows), records.reduce(0) { $0 + rows * $1.columns }))
    }
    if records.allSatisfy({ !$0.isVector && fits(columns, $0.columns, largestLineShare) }) {
      candidates.append((.columns(columns), records.reduce(0) { $0 + columns * $1.rows }))
    }
    if records.allSatisfy({ fits(entries, $0.entryCount, largestEntryShare) }) {
      // Whole lines say more than as many entries anywhere: entries must be fewer by half to be chosen.
      candidates.append((.entries(entries), 2 * entries * records.count))
    }
    return candidates.min { $0.cells < $1.cells }?.form
  }
}

/// Counts of a sparse clause.
enum CountBound {
  /// `count`·margin, rounded up to two significant digits; nil beyond what a policy can say.
  static func allowed(_ count: Int, margin: Double) -> Int? {
    let value = RoundedBound.up(count: margin * Double(max(1, count)))
    guard let value, let whole = value.exponent >= 0 ? value.integerValue : Int(value.doubleValue.rounded(.up)),
      PolicyLimits.countRange.contains(whole)
    else { return nil }
    return whole
  }
}
