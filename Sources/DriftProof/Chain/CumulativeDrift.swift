import Checkpoint
import DriftPolicy
import Foundation

/// The drift of a chain's model from its base, as the links' certificates bound it together.
///
/// The model of link n is W_n = W_0 + Δ_1 + … + Δ_n. By the triangle inequality norms add up, by subadditivity ranks and
/// the sizes of supports. Each link adds √(entries)·2^-f for what its units hide. All of this holds whatever the drifts
/// are; it may be far more than ‖W_n - W_0‖.
struct CumulativeDrift {
  let identity: BaseIdentity
  /// From the base on; not empty.
  let links: [LinkDrift]

  /// More sums of clauses than this are not followed. Those that are dropped might have fitted, so this errs on the safe
  /// side.
  static let maximumSums = 64

  /// Names outside some link's proof, in order.
  var excluded: [String] { Set(links.flatMap(\.excluded)).sorted(by: TensorPair.precedes) }

  /// What of a cumulative policy cannot be derived from the links, one line for each tensor and clause.
  /// - Parameter target: of the policy, for the last link's tensors.
  func violations(of policy: Policy, target: DerivedStatement) -> [String] {
    var lines: [String] = []
    let decided = Dictionary(
      target.claims.map { ($0.tensor.block?.tensor ?? $0.tensor.name, $0) }, uniquingKeysWith: { first, _ in first })
    for coverage in target.coverage where coverage.tensorClass != .excluded {
      let name = coverage.name
      let problems: [String]
      if let link = links.first(where: { $0.share(of: name) == .excluded }) {
        problems = ["\(StrictJSON.shown(link.name)) leaves it outside its proof"]
      } else if let claim = decided[name] {
        problems = excess(identity.tensors[claim.baseIndex], policy.rules[claim.rule].allowance)
      } else {
        let mover = links.first { $0.share(of: name) != .frozen }
        problems = mover.map { ["no change is allowed, but \(StrictJSON.shown($0.name)) allows one"] } ?? []
      }
      lines += problems.map { "tensor \(name): \($0)" }
    }
    if let bound = policy.total {
      let allowed = NormBound(bound, baseSquare: NormBound.squareOfBase(identity.tensors)).roundedDown
      let line = excess(of: total, allowed) { "\(StrictJSON.shown($0.name)) bounds no norm of all tensors together" }
      if let line { lines.append("tensor \(DriftMeasurer.wholeModel): \(line)") }
    }
    return lines
  }

  // MARK: Norms

  /// A bound of ‖W_n - W_0‖ of one tensor in units of ``NormBound``, precision included; nil without one.
  func norm(of leaf: BaseIdentity.Leaf) -> BigUInt? {
    var sum = BigUInt.zero
    for link in links {
      switch link.share(of: leaf.name) {
      case .excluded: return nil
      case .frozen: continue
      case .clauses(let clauses):
        guard let bound = link.normBound(of: leaf) else { return nil }
        sum = sum + bound.roundedUp + DriftScope(leaf).precision(clauses).roundedUp
      }
    }
    return sum
  }

  /// The same of all tensors together that no link excludes: the links' totals added up, or all tensors' norms together
  /// (they are at right angles), whichever is less.
  var total: BigUInt? {
    var sum: BigUInt? = .zero
    for link in links {
      sum = sum.flatMap { sum in link.total.map { sum + $0.roundedUp + link.totalPrecision.roundedUp } }
    }
    let outside = Set(excluded)
    var squares: BigUInt? = .zero
    for name in Set(links.flatMap(\.certified)) where !outside.contains(name) {
      squares = squares.flatMap { squares in
        identity.tensor(named: name).flatMap(norm).map { squares + $0 * $0 }
      }
    }
    return [sum, squares.map { NormBound(square: $0).roundedUp }].compactMap { $0 }.min()
  }

  private func excess(
    of found: BigUInt?, _ allowed: BigUInt, missing: (LinkDrift) -> String
  ) -> String? {
    guard let found else { return links.first { $0.total == nil }.map(missing) ?? "no norm is bounded" }
    guard allowed < found else { return nil }
    return "the links' norms add up to \(Self.text(found)) (with precision), allowed is \(Self.text(allowed))"
  }

  // MARK: Clauses

  private func excess(_ leaf: BaseIdentity.Leaf, _ allowance: Allowance) -> [String] {
    var split: HeadSplit?
    if case .heads(let heads, _) = allowance { split = heads }
    let scope = DriftScope(leaf, split: split)
    return (allowance.forms ?? []).compactMap { form in
      switch form {
      case .norm(let bound): excess(leaf, scope, ClauseLimit(leaf, scope, residual: bound))
      case .sum(let rank, let sparse, let residual):
        excess(leaf, scope, ClauseLimit(leaf, scope, rank: rank ?? 0, sparse: sparse, residual: residual))
      }
    }
  }

  /// Why the links' clauses on a tensor do not add up to one of the cumulative policy; nil when they do.
  private func excess(_ leaf: BaseIdentity.Leaf, _ scope: DriftScope, _ limit: ClauseLimit) -> String? {
    var sums = [ClauseSum()]
    var precision = BigUInt.zero
    var units: Set<Int> = []
    for link in links {
      guard case .clauses(let clauses) = link.share(of: leaf.name) else { continue }
      precision = precision + scope.precision(clauses).roundedUp
      units.insert(clauses.fractionBits)
      let steps = link.parts(of: leaf, scope: scope).flatMap { limit.steps($0) }
      guard !steps.isEmpty else {
        return "\(StrictJSON.shown(link.name)) has no clause that says: \(limit.form)"
      }
      sums = Self.leading(sums.flatMap { sum in steps.map { limit.adding($0, to: sum) } })
    }
    if limit.residual == nil, units.count > 1 {
      return "links have different precisions, so nothing can be exact; allow a residual"
    }
    guard !sums.contains(where: { limit.admits($0, precision: precision) }) else { return nil }
    // The one that comes nearest in rank and count, or has the least residual.
    let best = sums.first { $0.rank <= limit.rank && $0.count <= limit.count } ?? sums.first ?? ClauseSum()
    return "the links add up to \(limit.text(best, precision: precision)), allowed is \(limit.text)"
  }

  /// Without those that another one is at least as good as in every respect; the least residuals first.
  private static func leading(_ sums: [ClauseSum]) -> [ClauseSum] {
    var kept: [ClauseSum] = []
    let sorted = sums.sorted { ($0.residual, $0.rank, $0.count) < ($1.residual, $1.rank, $1.count) }
    for sum in sorted where !kept.contains(where: { $0.rank <= sum.rank && $0.count <= sum.count }) {
      kept.append(sum)
      if kept.count == maximumSums { break }
    }
    return kept
  }

  /// Six significant digits, rounded; the comparison is exact.
  static func text(_ units: BigUInt) -> String { String(format: "%.6g", NormBound.double(units)) }
}

/// The links' clauses added up.
struct ClauseSum: Hashable, Sendable {
  var rank = 0
  /// In the limit's form of sparsity.
  var count = 0
  /// Without precision.
  var residual = BigUInt.zero
}

/// One clause of a cumulative policy on one matrix.
struct ClauseLimit {
  let scope: DriftScope
  let rank: Int
  let sparse: SparseForm?
  let count: Int
  /// In units of ``NormBound``, rounded down; nil where the clause is exact.
  let residual: BigUInt?

  init(_ leaf: BaseIdentity.Leaf, _ scope: DriftScope, rank: Int = 0, sparse: SparseForm? = nil, residual: Bound?) {
    self.scope = scope
    self.rank = rank
    self.sparse = sparse
    count = sparse?.count ?? 0
    self.residual = residual.map { NormBound($0, baseSquare: NormBound.squareOfBase([leaf])).roundedDown }
  }

  /// The ways to read a part as a rank, a count in this limit's form and a residual; empty when there is none that could
  /// fit.
  func steps(_ part: DriftPart) -> [ClauseSum] {
    if residual == nil, !part.residual.isZero { return [] }
    var steps: [ClauseSum] = []
    guard let own = part.sparse.map(held) else {
      return fitting([ClauseSum(rank: part.rank, count: 0, residual: part.residual)])
    }
    if let count = converted(own) { steps.append(ClauseSum(rank: part.rank, count: count, residual: part.residual)) }
    // A matrix with k rows, columns or entries that are not zero has a rank of at most k.
    steps.append(ClauseSum(rank: part.rank + own.count, count: 0, residual: part.residual))
    return fitting(steps)
  }

  /// Where the limit has no rank, or no sparse part, none can be added.
  private func fitting(_ steps: [ClauseSum]) -> [ClauseSum] {
    steps.filter { ($0.rank == 0 || rank > 0) && ($0.count == 0 || sparse != nil) }
  }

  /// No rank exceeds the matrix's sides, no count its size.
  func adding(_ step: ClauseSum, to sum: ClauseSum) -> ClauseSum {
    ClauseSum(
      rank: min(sum.rank + step.rank, scope.rows, scope.columns), count: min(sum.count + step.count, largestCount),
      residual: sum.residual + step.residual)
  }

  func admits(_ sum: ClauseSum, precision: BigUInt) -> Bool {
    guard sum.rank <= rank, sum.count <= count else { return false }
    // An exact clause is about the integers of a precision that all links share: their sums hide nothing.
    guard let residual else { return sum.residual.isZero }
    return sum.residual + precision <= residual
  }

  private var largestCount: Int {
    switch sparse {
    case nil: 0
    case .entries: scope.rows * scope.columns
    case .rows: scope.rows
    case .columns: scope.columns
    }
  }

  /// Held at what the matrix has.
  private func held(_ form: SparseForm) -> SparseForm {
    switch form {
    case .entries(let count): .entries(min(count, scope.rows * scope.columns))
    case .rows(let count): .rows(min(count, scope.rows))
    case .columns(let count): .columns(min(count, scope.columns))
    }
  }

  /// A support of one form as one of the limit's.
  private func converted(_ form: SparseForm) -> Int? {
    switch (form, sparse) {
    case (.entries(let count), .entries), (.rows(let count), .rows), (.columns(let count), .columns): count
    // Each entry lies in one row and one column.
    case (.entries(let count), .rows), (.entries(let count), .columns): count
    case (.rows(let count), .entries): count * scope.columns
    case (.columns(let count), .entries): count * scope.rows
    case (.rows, .columns), (.columns, .rows), (_, nil): nil
    }
  }

  // MARK: Words

  /// What the clause is, without numbers.
  var form: String {
    var words: [String] = []
    if rank > 0 { words.append("of low rank") }
    if let sparse { words.append("in few \(sparse.noun)") }
    if residual != nil { words.append("of bounded norm") }
    return words.joined(separator: " plus ") + (residual == nil ? ", exactly" : "")
  }

  var text: String { text(rank: rank, count: count, residual: residual.map(CumulativeDrift.text)) }

  func text(_ sum: ClauseSum, precision: BigUInt) -> String {
    let norm = residual == nil ? nil : "\(CumulativeDrift.text(sum.residual + precision)) (with precision)"
    return text(rank: sum.rank, count: sum.count, residual: norm)
  }

  private func text(rank: Int, count: Int, residual: String?) -> String {
    var words: [String] = []
    if self.rank > 0 { words.append("rank \(rank)") }
    if let sparse { words.append("\(count) \(sparse.noun)") }
    if let residual { words.append("\(words.isEmpty ? "a norm" : "a residual") of \(residual)") }
    return words.joined(separator: " + ")
  }
}

extension SparseForm {
  fileprivate var count: Int {
    switch self {
    case .entries(let count), .rows(let count), .columns(let count): count
    }
  }

  fileprivate var noun: String {
    switch self {
    case .entries: "entries"
    case .rows: "rows"
    case .columns: "columns"
    }
  }
}
