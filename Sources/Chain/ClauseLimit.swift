// SPDX-License-Identifier: Apache-2.0

import DriftProofStatement
import DriftProofCheckpoint
import DriftProofPolicy

/// The links' clauses added up.
struct ClauseSum: Hashable, Sendable {
  var rank = 0
  /// In the limit's form of sparsity.
  var count = 0
  /// Without precision.
  var residual = BigUInt.zero
  /// Of each entry of the residual, without precision.
  var entry = BigUInt.zero
}

/// One clause of a cumulative policy on one matrix.
struct ClauseLimit {
  /// What the links' units hide, together.
  struct Precision {
    var norm = BigUInt.zero
    /// Of one entry.
    var entry = BigUInt.zero
  }

  let scope: DriftScope
  let rank: Int
  let sparse: SparseForm?
  let count: Int
  /// In units of ``NormBound``, rounded down; nil where the clause bounds no norm.
  let residual: BigUInt?
  /// Likewise of each entry.
  let entry: BigUInt?

  /// There is no rest.
  var isExact: Bool { residual == nil && entry == nil }

  init(
    _ leaf: BaseIdentity.Leaf, _ scope: DriftScope, rank: Int = 0, sparse: SparseForm? = nil, residual: Bound?,
    entry: EntryBound? = nil
  ) {
    self.scope = scope
    self.rank = rank
    self.sparse = sparse
    count = sparse?.count ?? 0
    self.residual = residual.map { NormBound($0, baseSquare: NormBound.squareOfBase([leaf])).roundedDown }
    self.entry = entry.map { NormBound(entry: $0, leaf: leaf).roundedDown }
  }

  /// The ways to read a part as a rank, a count in this limit's form and a residual; empty when there is none that could
  /// fit.
  func steps(_ part: DriftPart) -> [ClauseSum] {
    if isExact, !part.residual.isZero { return [] }
    var steps: [ClauseSum] = []
    guard let own = part.sparse.map(held) else {
      return fitting([ClauseSum(rank: part.rank, count: 0, residual: part.residual, entry: part.entry)])
    }
    if let count = converted(own) {
      steps.append(ClauseSum(rank: part.rank, count: count, residual: part.residual, entry: part.entry))
    }
    // A matrix with k rows, columns or entries that are not zero has a rank of at most k.
    steps.append(
      ClauseSum(rank: part.rank + scope.rank(of: own), count: 0, residual: part.residual, entry: part.entry))
    return fitting(steps)
  }

  /// Where the limit has no rank, or no sparse part, none can be added.
  private func fitting(_ steps: [ClauseSum]) -> [ClauseSum] {
    steps.filter { ($0.rank == 0 || rank > 0) && ($0.count == 0 || sparse != nil) }
  }

  /// No rank exceeds the matrix's sides, no count its size.
  func adding(_ step: ClauseSum, to sum: ClauseSum) -> ClauseSum {
    ClauseSum(
      rank: scope.sum(of: sum.rank, step.rank), count: min(sum.count + step.count, largestCount),
      residual: sum.residual + step.residual, entry: sum.entry + step.entry)
  }

  /// How many times the limit a sum is, in what it exceeds most: for messages, which name the nearest one.
  func excess(_ sum: ClauseSum, precision: Precision) -> Double {
    func ratio(_ found: Double, _ allowed: Double) -> Double { found == 0 ? 0 : found / max(allowed, 0.5) }
    let counts = max(ratio(Double(sum.rank), Double(rank)), ratio(Double(sum.count), Double(count)))
    let bounds = [(sum.residual + precision.norm, residual), (sum.entry + precision.entry, entry)]
    return bounds.reduce(counts) { most, pair in
      guard let limit = pair.1, !limit.isZero else { return most }
      return max(most, pair.0.approximateValue / limit.approximateValue)
    }
  }

  func admits(_ sum: ClauseSum, precision: Precision) -> Bool {
    guard sum.rank <= rank, sum.count <= count else { return false }
    // An exact clause is about the integers of a precision that all links share: their sums hide nothing.
    if isExact { return sum.residual.isZero }
    return residual.map { sum.residual + precision.norm <= $0 } ?? true
      && entry.map { sum.entry + precision.entry <= $0 } ?? true
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
    if rank > 0 {
      switch scope.blocks {
      case nil: words.append("of low rank")
      case .kronecker?: words.append("of few Kronecker products of this size")
      case .circulant?: words.append("of circulant blocks of this size")
      }
    }
    if let sparse { words.append("in few \(sparse.noun)") }
    if residual != nil { words.append("of bounded norm") }
    if entry != nil { words.append("of bounded entries") }
    return words.joined(separator: " plus ") + (isExact ? ", exactly" : "")
  }

  var text: String {
    text(
      rank: rank, count: count, residual: residual.map(CumulativeDrift.text), entry: entry.map(CumulativeDrift.text))
  }

  func text(_ sum: ClauseSum, precision: Precision) -> String {
    let norm = residual == nil ? nil : "\(CumulativeDrift.text(sum.residual + precision.norm)) (with precision)"
    let largest = entry == nil ? nil : "\(CumulativeDrift.text(sum.entry + precision.entry)) (with precision)"
    return text(rank: sum.rank, count: sum.count, residual: norm, entry: largest)
  }

  private func text(rank: Int, count: Int, residual: String?, entry: String?) -> String {
    var words: [String] = []
    if self.rank > 0 {
      switch scope.blocks {
      case nil: words.append("rank \(rank)")
      case .kronecker(_, let rows, let columns)?:
        words.append("\(rank) Kronecker products with blocks of \(rows) × \(columns)")
      case .circulant(let size)?:
        words.append(rank > DriftScope.circulant ? "other blocks" : "circulant blocks of \(size) × \(size)")
      }
    }
    if let sparse { words.append("\(count) \(sparse.noun)") }
    if let residual { words.append("\(words.isEmpty ? "a norm" : "a residual") of \(residual)") }
    if let entry { words.append("\(words.isEmpty ? "a change" : "a rest") of \(entry) in each entry") }
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
