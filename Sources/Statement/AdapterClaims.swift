// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCheckpoint
import DriftProofCore
import DriftProofPolicy

/// What an adapter's records in a manifest must satisfy: those of prover and of verifiers, who know nothing else.
struct AdapterClaims {
  private let identity: BaseIdentity
  private let tuned: [TunedTensor]
  private let pairs: [TensorPair]

  /// Nil for tuned models without an adapter.
  /// - Throws: `adapterRecord` for a record that fits no tensor of the base. Provers make no such records.
  init?(identity: BaseIdentity, tuned: [TunedTensor], pairs: [TensorPair]) throws(StatementError) {
    guard tuned.contains(where: { $0.change != .dense }) else { return nil }
    self.identity = identity
    self.tuned = tuned
    self.pairs = pairs
    for pair in pairs {
      guard let own = pair.tuned.map({ tuned[$0] }), own.change != .dense else { continue }
      if let problem = Self.problem(own, pair.base.map { identity.tensors[$0] }) {
        throw .adapterRecord(tensor: StrictJSON.shown(own.name), problem: problem)
      }
    }
  }

  private static func problem(_ own: TunedTensor, _ leaf: BaseIdentity.Leaf?) -> AdapterRecordProblem? {
    guard let leaf else { return .notInBase }
    guard leaf.dtype == own.dtype, leaf.shape == own.shape else { return .otherShape }
    let (rows, columns) = leaf.matrixShape
    switch own.change {
    case .dense, .none: return nil
    case .product(let rank):
      guard leaf.dtype.isFloating else { return .notFloating }
      guard (1...max(1, min(columns, Limits.maximumRank))).contains(rank), columns > 0 else {
        return .rank(found: rank, limit: min(columns, Limits.maximumRank))
      }
    case .kronecker(let blockRows, let blockColumns):
      guard leaf.dtype.isFloating else { return .notFloating }
      guard ProductSizes(own.change, rows: rows, columns: columns) != nil else {
        return .blocks(rows: blockRows, columns: blockColumns)
      }
    }
    return nil
  }

  /// Compares products and policy.
  /// - Parameter resolutions: one for each pair.
  /// - Throws: `policyViolated` with every tensor that its rule does not allow; otherwise `precisionRefused` for clauses
  ///   that are not provable of a product's factors.
  func check(_ resolutions: [Resolution]) throws(StatementError) {
    var violations: [PolicyViolation] = []
    var unprovable: [UnprovableClause] = []
    var gaps: [CoverageGap] = []
    for (pair, resolution) in zip(pairs, resolutions) {
      if let gap = patternGap(pair, resolution) {
        gaps.append(gap)
        continue
      }
      guard let change = pair.tuned.map({ tuned[$0].change }), let leaf = pair.base.map({ identity.tensors[$0] })
      else { continue }
      var (rows, columns) = leaf.matrixShape
      guard let sizes = ProductSizes(change, rows: rows, columns: columns) else { continue }
      if let obstacle = Self.blockObstacle(change, rows: rows, columns: columns, resolution.allowance) {
        gaps.append(.blocks(tensor: leaf.name, obstacle: obstacle, rule: resolution.ruleIndex))
        continue
      }
      let rank = Self.largestRank(change, sizes, rows: rows, columns: columns)
      switch resolution.allowance {
      case .any: continue
      case .frozen: violations.append(PolicyViolation(tensor: leaf.name, .addedProduct(rank: change.rank)))
      case .heads(let split, let clauses):
        if split.axis == .slices {
          unprovable += Self.unprovable(clauses, inSlicesOf: leaf, split)
          continue
        }
        if clauses.contains(where: Self.boundsEntriesAlone) {
          gaps.append(.entriesOfProduct(tensor: leaf.name, rule: resolution.ruleIndex))
          continue
        }
        if let cut = split.cut(shape: leaf.shape) { (rows, columns) = (cut.rows, cut.columns) }
        let hasNorm = clauses.contains { clause in
          if case .norm = clause { true } else { false }
        }
        if hasNorm {
          unprovable.append(
            UnprovableClause(
              tensor: leaf.name,
              reason:
                "a norm of each head cannot be proved of an unmerged adapter; merge it and prove the merged model, "
                + "or bound the whole tensor"))
        }
        violations += excesses(clauses, rank: min(rank, rows, columns)).map { PolicyViolation(tensor: leaf.name, $0) }
      case .clauses(let clauses), .grow(_, let clauses):
        if clauses.contains(where: Self.boundsEntriesAlone) {
          gaps.append(.entriesOfProduct(tensor: leaf.name, rule: resolution.ruleIndex))
          continue
        }
        violations += excesses(clauses, rank: min(rank, rows, columns)).map { PolicyViolation(tensor: leaf.name, $0) }
      }
      if sizes.columns > 1 << ProductPrecision.logMaximumColumns {
        unprovable.append(
          UnprovableClause(tensor: leaf.name, reason: "it has too many columns for an unmerged adapter; merge it"))
      }
    }
    guard gaps.isEmpty else { throw .coverageGap(gaps) }
    guard violations.isEmpty else { throw .policyViolated(violations) }
    guard unprovable.isEmpty else { throw .precisionRefused(unprovable) }
  }

  /// A product has no entries to speak of; a tensor that is the base's keeps every pattern but that of tuned weights.
  private func patternGap(_ pair: TensorPair, _ resolution: Resolution) -> CoverageGap? {
    let patterns = (resolution.allowance.forms ?? []).compactMap(\.patternBound)
    guard let own = pair.tuned.map({ tuned[$0] }), !patterns.isEmpty else { return nil }
    switch own.change {
    case .dense: return nil
    case .product, .kronecker: return .pattern(tensor: own.name, obstacle: .product, rule: resolution.ruleIndex)
    case .none:
      let isKept = patterns.allSatisfy { if case .tuned = $0 { false } else { true } }
      guard !isKept else { return nil }
      return .pattern(tensor: own.name, obstacle: .unchangedByAdapter, rule: resolution.ruleIndex)
    }
  }

  /// What stands against the policy's sums of Kronecker products where an adapter adds a product.
  private static func blockObstacle(
    _ change: TensorChange, rows: Int, columns: Int, _ allowance: Allowance
  ) -> BlockObstacle? {
    let forms = (allowance.forms ?? []).compactMap(\.blocks)
    guard !forms.isEmpty else { return nil }
    guard case .kronecker(let blockRows, let blockColumns) = change else { return .product }
    if case .heads = allowance { return .headsOfProduct }
    if forms.contains(where: { if case .circulant = $0 { true } else { false } }) { return .productAsCirculant }
    for form in forms where (form.rows, form.columns) != (blockRows, blockColumns) {
      guard form.divides(rows: rows, columns: columns) else {
        return .sizes(rows: rows, columns: columns, blockRows: form.rows, blockColumns: form.columns)
      }
      // So many terms that every matrix is such a sum.
      if case .kronecker(let terms, _, _) = form, terms >= form.fullTerms(rows: rows, columns: columns) { continue }
      return .otherProduct(
        rows: blockRows, columns: blockColumns, blockRows: form.rows, blockColumns: form.columns)
    }
    return nil
  }

  /// The rank that the product's form gives it, whatever is in its factors: rank(A ⊗ B) = rank(A)·rank(B).
  private static func largestRank(_ change: TensorChange, _ sizes: ProductSizes, rows: Int, columns: Int) -> Int {
    guard case .kronecker(let blockRows, let blockColumns) = change else { return sizes.rank }
    return min(rows / blockRows, columns / blockColumns) * min(blockRows, blockColumns)
  }

  /// Of a sum with a part that the product is there is no rest to bound.
  private static func boundsEntriesAlone(_ clause: ClauseForm) -> Bool {
    clause.boundsEntries && clause.rank == nil && clause.blocks == nil
  }

  /// A row of a product has any form once it is read as a matrix: of slices only clauses that restrict nothing hold.
  private static func unprovable(
    _ clauses: [ClauseForm], inSlicesOf leaf: BaseIdentity.Leaf, _ split: HeadSplit
  ) -> [UnprovableClause] {
    let full = split.cut(shape: leaf.shape).map { min($0.rows, $0.columns) } ?? 0
    let restricts = clauses.contains { clause in
      clause.rank.map { $0 < full } ?? true
    }
    guard restricts else { return [] }
    return [
      UnprovableClause(
        tensor: leaf.name,
        reason: "clauses of each slice cannot be proved of an unmerged adapter; merge it and prove the merged model")
    ]
  }

  /// Clauses that a product of this rank does not satisfy by being one.
  private func excesses(_ clauses: [ClauseForm], rank: Int) -> [PolicyViolation.Excess] {
    clauses.compactMap { clause in
      // Whether a sum of Kronecker products has this one was asked before.
      guard case .sum(let allowed, _, _, _, _, nil) = clause else { return nil }
      guard let allowed else { return .denseProduct(rank: rank) }
      return rank <= allowed ? nil : .productRank(found: rank, allowed: allowed)
    }
  }
}

/// Why a manifest's record of an adapter fits no base.
public enum AdapterRecordProblem: Error, Equatable, Sendable, CustomStringConvertible {
  case notInBase
  case otherShape
  case notFloating
  case rank(found: Int, limit: Int)
  /// Blocks of these sizes do not fill the tensor's matrix.
  case blocks(rows: Int, columns: Int)

  /// In English, for people and logs.
  public var description: String {
    switch self {
    case .notInBase: "the base has no such tensor"
    case .otherShape: "its dtype or shape is not the base's"
    case .notFloating: "no product of matrices can be added to its dtype"
    case .rank(let found, let limit): "a rank of \(found), where 1 to \(limit) is possible"
    case .blocks(let rows, let columns): "blocks of \(rows) × \(columns), which do not fill its matrix"
    }
  }
}
