// SPDX-License-Identifier: Apache-2.0

import DriftProofInspection
import DriftProofPolicy
import DriftProofLinearAlgebra

/// The kind of drift that all runs show in a group of tensors: what its clauses will have beside the norm.
package enum DriftForm: Sendable, Equatable {
  /// Nothing but size.
  case norm
  /// This rank, one of `DriftStatistics.ranks`, and a residual of rounding.
  case rank(Int)
  /// Exactly this rank: products of unmerged adapters, which leave no residual.
  case product(Int)
  /// So many Kronecker products with blocks of this size, and a residual of rounding.
  case kronecker(terms: Int, rows: Int, columns: Int)
  /// Exactly one such product: unmerged LoKr adapters.
  case kroneckerProduct(rows: Int, columns: Int)
  /// Circulant blocks of so many rows, and a residual of rounding.
  case circulant(size: Int)
  /// At most so many of every group of neighbours in a row changed.
  case pattern(count: Int, group: Int)
  /// At most so many changed entries, rows or columns in any run.
  case entries(Int)
  case rows(Int)
  case columns(Int)
  /// Counters, which only `"any"` can allow.
  case excluded

  /// Of a form that has one.
  var rank: Int? {
    switch self {
    case .rank(let rank), .product(let rank): rank
    default: nil
    }
  }

  /// The blocks that stand in a sum's clause; nil of other forms.
  var blocks: BlockForm? {
    switch self {
    case .kronecker(let terms, let rows, let columns): .kronecker(terms: terms, rows: rows, columns: columns)
    case .kroneckerProduct(let rows, let columns): .kronecker(terms: 1, rows: rows, columns: columns)
    case .circulant(let size): .circulant(size: size)
    default: nil
    }
  }

  /// What such blocks leave of a drift; nil of other forms.
  func blockResidual(of drift: DriftMeasure) -> (norm: Double, largest: Double)? {
    switch self {
    case .circulant: drift.circulant.map { ($0.residual, $0.largestResidual) }
    default: drift.kronecker.map { ($0.residual, $0.largestResidual) }
    }
  }

  /// Beside a part of low rank, or of blocks that repeat themselves, only rounding is left.
  var leavesRounding: Bool {
    switch self {
    case .rank, .kronecker, .circulant: true
    default: false
    }
  }

  /// A sparse clause that leaves more than this share of a tensor free, margin included, is not worth its cost.
  static let largestEntryShare = 1.0 / 16
  static let largestLineShare = 0.5

  /// A drift below this many times rounding shows no rank: any matrix of that size has one "up to rounding".
  static let decisiveDrift = 4.0

  /// The narrowest form that holds for every tensor of the group and every run; sparse beats low rank.
  static func choose(_ records: [TensorRecord], margin: Double) -> DriftForm {
    if records.contains(where: \.isCounter) { return .excluded }
    // A product has no entries to count and no rounding: beside merged models only its size is comparable.
    if let highest = records.compactMap(\.productRank).max() {
      guard records.allSatisfy(\.isProduct) else { return .norm }
      if let size = TensorRecord.commonBlocks(records.flatMap(\.productBlocks)), size.isExpressible {
        return .kroneckerProduct(rows: size.rows, columns: size.columns)
      }
      return PolicyLimits.rankRange.contains(highest) ? .product(highest) : .norm
    }
    let moved = records.filter { $0.largestNorm > 0 }
    guard !moved.isEmpty else { return .norm }
    return sparse(moved, margin: margin) ?? kronecker(moved) ?? circulant(moved) ?? rank(moved) ?? pattern(moved)
      ?? .norm
  }

  /// Tensors that keep the group from the clause that more than half of its tensors would have alone.
  static func exceptions(_ records: [TensorRecord], margin: Double) -> [TensorRecord] {
    let others = records.filter { choose([$0], margin: margin) == .norm && $0.largestNorm > 0 }
    return 2 * others.count < records.count ? others : []
  }

  /// The highest rank of the tensors whose drift is decisive and whose shape leaves a choice, if all of them have one
  /// and the others fit it.
  private static func rank(_ records: [TensorRecord]) -> DriftForm? {
    let voters = records.filter {
      !$0.isVector && $0.largestNorm > decisiveDrift * $0.roundingAllowance
        && ($0.rank ?? 0) < min($0.rows, $0.columns)
    }
    let ranks = voters.compactMap(\.rank)
    guard ranks.count == voters.count, let highest = ranks.max(),
      let index = DriftStatistics.ranks.firstIndex(of: highest), records.allSatisfy({ $0.hasRank(index: index) })
    else { return nil }
    return .rank(highest)
  }

  /// The most terms of the runs, where all drifts are such sums with blocks of one size that a clause can have.
  private static func kronecker(_ records: [TensorRecord]) -> DriftForm? {
    guard records.allSatisfy({ $0.addedRows == 0 }) else { return nil }
    let found = records.flatMap { record in record.drifts.filter { $0.norm > 0 }.map(\.kronecker) }
    let measures = found.compactMap { $0 }
    guard measures.count == found.count, let size = TensorRecord.commonBlocks(measures.map { BlockSize($0) }),
      size.isExpressible, let terms = measures.map(\.terms).max()
    else { return nil }
    return .kronecker(terms: terms, rows: size.rows, columns: size.columns)
  }

  /// Circulant blocks, where all drifts have them, of one size.
  private static func circulant(_ records: [TensorRecord]) -> DriftForm? {
    let sizes = records.flatMap { record in record.drifts.filter { $0.norm > 0 }.map { $0.circulant?.size } }
    guard records.allSatisfy({ $0.addedRows == 0 }), let first = sizes.first, let size = first,
      sizes.allSatisfy({ $0 == size })
    else { return nil }
    return .circulant(size: size)
  }

  /// The pattern that all drifts keep, in the largest of their groups: n of m is k·n of k·m.
  private static func pattern(_ records: [TensorRecord]) -> DriftForm? {
    let found = records.flatMap { record in record.drifts.filter { $0.norm > 0 }.map(\.pattern) }
    let patterns = found.compactMap { $0 }
    guard patterns.count == found.count, let group = patterns.map(\.group).max(),
      let count = patterns.map({ $0.count * (group / $0.group) }).max(), count < group,
      records.allSatisfy({ $0.columns.isMultiple(of: group) })
    else { return nil }
    return .pattern(count: count, group: group)
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
