// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCheckpoint
import DriftProofPolicy

/// Turns the policy's clauses on one tensor into the argument's; docs/protocol.md section 4.
package struct TensorClaimBuilder {
  let leaf: BaseIdentity.Leaf
  /// Of the tuned tensor: the base's, or one with more rows, where the base counts as zero.
  let shape: [Int]
  let clauses: [ClauseForm]
  /// The part of the tensor that the clauses speak of; nil for all of it. Bounds are absolute then.
  var block: TensorBlock?
  /// Whether a global ball needs the tensor's plain tiles.
  let hasTotal: Bool
  let rules: StatementRules

  package init(
    leaf: BaseIdentity.Leaf, shape: [Int]? = nil, clauses: [ClauseForm], block: TensorBlock? = nil, hasTotal: Bool,
    rules: StatementRules = .current
  ) {
    self.leaf = leaf
    self.shape = shape ?? leaf.shape
    self.clauses = clauses
    self.block = block
    self.hasTotal = hasTotal
    self.rules = rules
  }

  /// Fractional bits of the identity that a wide norm clause makes superfluous; see ``PrecisionRule``.
  private var coarsening: Int {
    let bounds = clauses.compactMap { clause -> BigUInt? in
      guard case .norm(let bound) = clause else { return nil }
      return BoundArithmetic.tensorBound(
        bound, fractionBits: leaf.statistics.fractionBits, scale: 0, sumOfSquares: sumOfSquares)
    }
    guard let bound = bounds.min() else { return 0 }
    let (rows, columns) = matrixShape
    let room = max(0, leaf.statistics.fractionBits - Encoding.fractionBitsRange.lowerBound)
    return min(room, PrecisionRule.superfluousBits(bound: bound, rows: rows, columns: columns))
  }

  private var matrixShape: (rows: Int, columns: Int) {
    block.map { ($0.rows.count, $0.columns.count) } ?? Shape.matrix(shape)
  }

  /// log2 of how many tensors like this one share a chunk, as the scales of residuals count them.
  private var neighbours: Int {
    switch rules {
    case .original: return 0
    case .revised:
      let (rows, columns) = matrixShape
      return PrecisionRule.logNeighbours(rows: rows, columns: columns)
    }
  }

  /// f of the statement.
  private var fractionBits: Int { leaf.statistics.fractionBits - coarsening }
  /// Of the whole tensor, also for a block: an upper bound is all that scales need.
  private var sumOfSquares: UInt128 { leaf.statistics.sumOfSquares }

  private func bound(_ bound: Bound, scale: Int) -> BigUInt {
    // Σ q² of the base is in the identity's units, whatever the statement's are.
    BoundArithmetic.tensorBound(
      bound, fractionBits: leaf.statistics.fractionBits, scale: scale - coarsening, sumOfSquares: sumOfSquares)
  }

  package func claim(baseIndex: Int, tunedIndex: Int, rule: Int) -> TensorClaim {
    var normBounds: [Bound] = []
    var forms: [ClauseForm] = []
    for clause in clauses {
      if case .norm(let bound) = clause { normBounds.append(bound) } else { forms.append(clause) }
    }
    // An intersection of balls around zero is the smallest of them.
    let plainBound = normBounds.map { bound($0, scale: 0) }.min()
    let structured = forms.map { structuredClause($0, plainBound: plainBound) }
    let (rows, columns) = matrixShape
    let tensor = TableauTensor(
      name: block?.name ?? leaf.name, rows: rows, columns: columns, fractionBits: fractionBits,
      // A scaled clause needs Δ itself bounded, or Δ = E/2^s mod p would pass (docs/protocol.md section 11, item 7).
      isPlain: plainBound != nil || hasTotal || structured.contains { $0.scale > 0 },
      plainBound: plainBound.map(BoundArithmetic.tensorDigits), clauses: structured,
      block: block)
    return TensorClaim(
      tensor: tensor, baseIndex: baseIndex, tunedIndex: tunedIndex, rule: rule, normBounds: normBounds, forms: forms)
  }

  private func structuredClause(_ form: ClauseForm, plainBound: BigUInt?) -> StructuredClause {
    guard case .sum(let rank, let sparse, let residual) = form else {
      return StructuredClause(rank: nil, sparse: nil, scale: 0, bound: nil)
    }
    let (rows, columns) = matrixShape
    // A rank or count beyond what the matrix has allows no more than the matrix itself.
    let heldRank = rank.map { max(1, min($0, rows, columns)) }
    let heldSparse = sparse.map { held($0, rows: rows, columns: columns) }
    var scale = 0
    if let heldRank, let residual {
      scale = ScaleRule.scale(
        residual: bound(residual, scale: 0), neighbours: neighbours, rank: heldRank, driftBound: plainBound,
        sumOfSquares: sumOfSquares)
    }
    guard let residual, case let limit = bound(residual, scale: scale), !limit.isZero else {
      // No residual, or one below a single unit: E = 0, and the exact form needs no scale.
      return StructuredClause(rank: heldRank, sparse: heldSparse, scale: 0, bound: nil)
    }
    return StructuredClause(
      rank: heldRank, sparse: heldSparse, scale: scale, bound: BoundArithmetic.tensorDigits(limit))
  }

  private func held(_ form: DriftProofPolicy.SparseForm, rows: Int, columns: Int) -> DriftProofArgument.SparseForm {
    switch form {
    case .entries(let count): .entries(min(count, rows * columns))
    case .rows(let count): .rows(min(count, rows))
    case .columns(let count): .columns(min(count, columns))
    }
  }
}
