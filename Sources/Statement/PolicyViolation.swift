// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import Foundation

/// One thing that a drift has more of than its policy allows.
public struct PolicyViolation: Error, Hashable, Sendable {
  /// The tensor's name, or ``wholeModel``.
  public let tensor: String
  /// What exceeds what.
  public let excess: Excess

  /// How reports name the bound over all tensors.
  public static let wholeModel = "(all tensors together)"

  package init(tensor: String, _ excess: Excess) {
    self.tensor = tensor
    self.excess = excess
  }

  /// What exceeds what. Norms and residuals are Frobenius norms in the weights' own units.
  public enum Excess: Hashable, Sendable {
    /// A frozen tensor's bytes differ, from this offset of its data on.
    case change(atByte: Int)
    /// A frozen tensor has another type than its base, and from this entry on another value; values as text.
    case changedValue(entry: Int, base: String, tuned: String, from: String, to: String)
    case norm(found: Double, allowed: Double)
    /// What remains after the best fit of the clause's form.
    case residual(found: Double, clause: ClauseLimits)
    /// Entries, rows or columns that changed.
    case count(found: Int, clause: ClauseLimits)
    /// Entries of what the clause's other parts leave, above its bound on each of them: how many, and the largest with its
    /// place in the tensor's matrix.
    case entries(found: Int, worst: Double, row: Int, column: Int, clause: ClauseLimits)
    /// Entries of what the clause's other parts leave that are no rounding within its bound: how many, and the one that
    /// exceeds it most, in the clause's unit, with its place in the tensor's matrix.
    case rounding(found: Int, worst: Double, row: Int, column: Int, clause: ClauseLimits)
    /// Groups of `group` neighbours in a row with more than `count` entries that are not zero, of the drift or of the tuned
    /// weights: how many groups, and the first with most, from this place of the tensor's matrix on.
    case pattern(of: String, count: Int, group: Int, found: Int, most: Int, row: Int, column: Int)
    /// Weights that are zero in the base and not in the tuned model: how many, and the first.
    case refilled(found: Int, row: Int, column: Int)
    /// The rank is higher: after the best fit of the allowed one this much remains.
    case rank(remainder: Double, clause: ClauseLimits)
    /// An adapter adds a product of this rank to a frozen tensor; nil where its rank is not known.
    case addedProduct(rank: Int?)
    /// An adapter puts another tensor in place of a frozen one.
    case replaced
    /// An adapter adds a product of rank `found`.
    case productRank(found: Int, allowed: Int)
    /// An adapter's product of this rank where only few places may change.
    case denseProduct(rank: Int)
    /// Found by the argument itself, after the measurement; says how. Weights that change meanwhile are one reason.
    case inArgument(String)
    /// The links of a chain may add up to more than their cumulative policy allows; says how.
    case chain(String)
  }

  /// A clause's form and limits.
  public struct ClauseLimits: Hashable, Sendable {
    /// Largest rank; nil where the clause has none. With blocks the largest number of Kronecker products.
    public let rank: Int?
    /// Rows of a Kronecker product's inner factor; nil where the clause has none.
    public let blockRows: Int?
    /// Columns of it.
    public let blockColumns: Int?
    /// Rows of a circulant block; nil where the clause has none.
    public let circulant: Int?
    /// How many entries, rows or columns may change arbitrarily, and which of them.
    public let count: Int?
    /// `entries`, `rows` or `columns`; nil without a count.
    public let unit: String?
    /// Largest residual; nil when none is allowed.
    public let residual: Double?
    /// Largest entry of what the other parts leave; nil without such a bound.
    public let entry: Double?
    /// How far an entry of what the other parts leave may be from the stored weight, in this unit; nil without such a bound.
    public private(set) var rounding: Double?
    /// `half-ulps`, `roundoffs` or `of the base's weight`; nil without such a bound.
    public private(set) var roundingUnit: String?

    /// In this unit a bound is a fraction of weights.
    package static let weightUnit = "of the base's weight"
    fileprivate var isOfWeight: Bool { roundingUnit == Self.weightUnit }

    /// The same with a rounding bound.
    package func bounding(rounding value: Double, in unit: String) -> ClauseLimits {
      var result = self
      result.rounding = value
      result.roundingUnit = unit
      return result
    }

    package init(
      rank: Int?, blocks: KroneckerBlock? = nil, circulant: CirculantBlock? = nil, sparse: SparseForm?,
      residual: Double?, entry: Double? = nil
    ) {
      self.rank = rank
      self.circulant = circulant?.size
      (blockRows, blockColumns) = (blocks?.rows, blocks?.columns)
      self.residual = residual
      self.entry = entry
      switch sparse {
      case .entries(let count): (self.count, unit) = (count, "entries")
      case .rows(let count): (self.count, unit) = (count, "rows")
      case .columns(let count): (self.count, unit) = (count, "columns")
      case nil: (count, unit) = (nil, nil)
      }
    }
  }

  /// found / allowed; nil where the policy allows nothing, or where they are no numbers.
  public var ratio: Double? {
    switch excess {
    case .norm(let found, let allowed): Self.ratio(found, allowed)
    case .residual(let found, let clause): clause.residual.flatMap { Self.ratio(found, $0) }
    case .count(let found, let clause): Self.ratio(Double(found), Double(clause.count ?? 0))
    case .entries(_, let worst, _, _, let clause): clause.entry.flatMap { Self.ratio(worst, $0) }
    case .rounding(_, let worst, _, _, let clause): clause.rounding.flatMap { Self.ratio(worst, $0) }
    case .pattern(_, let count, _, _, let most, _, _): Self.ratio(Double(most), Double(count))
    case .refilled, .change, .changedValue, .rank, .addedProduct, .replaced, .productRank, .denseProduct, .inArgument,
      .chain:
      nil
    }
  }

  private static func ratio(_ found: Double, _ allowed: Double) -> Double? { allowed > 0 ? found / allowed : nil }
}

extension PolicyViolation: CustomStringConvertible {
  /// In English, for people and logs.
  public var description: String {
    "tensor \(tensor): \(finding)" + (ratio.map { String(format: ", %.6g times as much", $0) } ?? "") + hint
  }

  private var finding: String {
    switch excess {
    case .change(let offset): "allowed no change, found a change at byte \(offset) of its data"
    case .changedValue(let entry, let base, let tuned, let from, let to):
      "allowed no change, found entry \(entry) to be \(tuned) in \(to) where the base has \(base) in \(from)"
    case .norm(let found, let allowed):
      "allowed a norm of at most \(Self.text(allowed)), found a norm of \(Self.text(found))"
    case .residual(let found, let clause): "allowed \(clause), found a residual of \(Self.text(found))"
    case .count(let found, let clause): "allowed \(clause), found \(found) changed"
    case .entries(let found, let worst, let row, let column, let clause):
      "allowed \(clause), found \(found) \(found == 1 ? "entry" : "entries") above that, the largest \(Self.text(worst)) at "
        + "row \(row), column \(column)"
    case .rounding(let found, let worst, let row, let column, let clause):
      "allowed \(clause), found \(found) \(found == 1 ? "entry" : "entries") outside that, the worst by "
        + "\(Self.text(worst)) \(clause.roundingUnit ?? "") at row \(row), column \(column)"
    case .pattern(let subject, let count, let group, let found, let most, let row, let column):
      "allowed at most \(count) of every \(group) neighbours in a row of the \(subject) not to be zero, found \(found) "
        + "\(found == 1 ? "group" : "groups") with more, the first with \(most) from row \(row), column \(column) on"
    case .refilled(let found, let row, let column):
      "allowed no change of weights that are zero in the base, found \(found), the first at row \(row), column \(column)"
    case .rank(let remainder, let clause):
      "allowed \(clause), found \(clause.withoutSuch): \(Self.text(remainder)) remains"
    case .addedProduct(let rank):
      "allowed no change, the adapter adds a product" + (rank.map { " of rank \($0)" } ?? "") + " to it"
    case .replaced: "allowed no change, the adapter replaces it by another"
    case .productRank(let found, let allowed): "allowed rank \(allowed), the adapter adds a product of rank \(found)"
    case .denseProduct(let rank):
      "allowed changes at few places, the adapter adds a product of rank \(rank), which changes all; if it does not, merge "
        + "it and prove the merged model"
    case .inArgument(let finding), .chain(let finding): finding
    }
  }

  /// What an honest publisher may have overlooked: why is W' not W + BA?
  private var hint: String {
    if case .changedValue(_, _, _, let from, let to) = excess {
      return
        "; a tensor in another type is frozen only where the type has every value of the base as it is: save it in "
        + "\(from), or give it a clause whose bound admits the rounding to \(to)"
    }
    if case .rounding(_, _, _, _, let clause) = excess, clause.rank != nil, !clause.isOfWeight {
      return
        "; of a merge that was rounded once the true factors leave none, the best fit without them about 2 %: prove with the "
        + "adapter beside the merged model; where more was rounded than the sum, merge again, in one step and one rounding"
    }
    guard case .rank = excess else { return "" }
    return
      "; merging rounds W + BA to the stored type, which gives the difference full rank: allow a residual as large as "
      + "the rounding (in bf16 about 0.003 of the tensor's norm), or prove the adapter before it is merged"
  }

  /// Six significant digits; figures close to their bound differ in later ones, which the ratio shows.
  fileprivate static func text(_ value: Double) -> String { String(format: "%.6g", value) }
}

extension PolicyViolation.ClauseLimits {
  /// What a change is that has no such form.
  fileprivate var withoutSuch: String {
    circulant != nil ? "other blocks" : blockRows == nil ? "a higher rank" : "no such sum"
  }
}

extension PolicyViolation.ClauseLimits: CustomStringConvertible {
  /// `rank 8 + 500 entries + a residual of at most 0.5`.
  public var description: String {
    var parts = rank.map { ["rank \($0)"] } ?? []
    if let rank, let blockRows, let blockColumns {
      parts = ["\(rank) Kronecker \(rank == 1 ? "product" : "products") with blocks of \(blockRows) × \(blockColumns)"]
    }
    if let circulant { parts.append("circulant blocks of \(circulant) × \(circulant)") }
    if let count, let unit { parts.append("\(count) \(unit)") }
    if let entry {
      let limit = "at most \(PolicyViolation.text(entry))"
      parts.append(parts.isEmpty ? "a change of \(limit) in each entry" : "a rest of \(limit) in each entry")
    }
    if let rounding, let roundingUnit {
      let limit = "at most \(PolicyViolation.text(rounding)) \(roundingUnit)"
      let what = parts.isEmpty ? "change" : isOfWeight ? "rest" : "rounding"
      parts.append("a \(what) of \(limit) in each entry")
    }
    let form = parts.joined(separator: " + ")
    guard let residual else { return entry == nil && rounding == nil ? "\(form), exactly" : form }
    return "\(form) + a residual of at most \(PolicyViolation.text(residual))"
  }
}
