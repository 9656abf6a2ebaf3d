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
  /// Whether a clause of the policy bounds roundings: then all bounds on entries are of one form.
  let hasRounding: Bool
  /// The leaf's statistics are guesses: a bound below the precision is no error then.
  let isOutline: Bool
  /// What the base's tableau says of the tensor; used where a clause bounds roundings.
  let linked: LinkedSource?

  /// A tensor in the base's tableau.
  package struct LinkedSource {
    let tensor: LinkedBase.Tensor
    let place: BasePlace
    let chunkEntries: Int
  }

  package init(
    leaf: BaseIdentity.Leaf, shape: [Int]? = nil, clauses: [ClauseForm], block: TensorBlock? = nil, hasTotal: Bool,
    rules: StatementRules = .current, hasRounding: Bool = false, isAligned: Bool = false, isOutline: Bool = false,
    linked: LinkedSource? = nil
  ) {
    self.leaf = leaf
    self.shape = shape ?? leaf.shape
    self.clauses = clauses
    self.block = block
    self.hasTotal = hasTotal
    self.rules = rules
    self.hasRounding = hasRounding || rules == .rounding
    self.isOutline = isOutline
    // Other tensors have the units of the identity, whatever it commits to, but for statements that are to be aligned.
    let speaksOfBase = clauses.contains { $0.roundingBound != nil || $0.patternBound?.speaksOfBase == true }
    self.linked = isAligned || speaksOfBase ? linked : nil
  }

  /// Fractional bits of the identity that a wide norm clause makes superfluous; see ``PrecisionRule``. Beside a rounding
  /// bound the units are those of the base's tableau, which may be finer.
  private var coarsening: Int {
    if let linked { return leaf.statistics.fractionBits - linked.tensor.fractionBits }
    let bounds = clauses.compactMap { clause -> BigUInt? in
      guard case .norm(let bound) = clause else { return nil }
      return BoundArithmetic.tensorBound(
        bound, fractionBits: leaf.statistics.fractionBits, scale: 0, sumOfSquares: sumOfSquares)
    }
    let (rows, columns) = matrixShape
    let room = max(0, leaf.statistics.fractionBits - Encoding.fractionBitsRange.lowerBound)
    let byNorm = bounds.min().map { PrecisionRule.superfluousBits(bound: $0, rows: rows, columns: columns) } ?? 0
    let byEntries = clauses.compactMap(\.entryBound).map { entryRule($0).superfluousBits(room: room) }.max() ?? 0
    return min(room, max(byNorm, byEntries))
  }

  private func entryRule(_ bound: EntryBound) -> EntryRule { EntryRule(bound: bound, statistics: leaf.statistics) }

  private var matrixShape: (rows: Int, columns: Int) {
    block.map { ($0.rows.count, $0.columns.count) } ?? Shape.matrix(shape)
  }

  /// log2 of how many tensors like this one share a chunk, as the scales of residuals count them.
  private var neighbours: Int {
    switch rules {
    case .original: return 0
    case .revised, .entrywise, .rounding, .patterns, .blocks, .circulants:
      let (rows, columns) = matrixShape
      return PrecisionRule.logNeighbours(rows: rows, columns: columns)
    }
  }

  /// f of the statement.
  package var fractionBits: Int { leaf.statistics.fractionBits - coarsening }
  /// Of the whole tensor, also for a block: an upper bound is all that scales need.
  private var sumOfSquares: UInt128 { leaf.statistics.sumOfSquares }
  /// The same for scales, which compare it with a drift in the statement's units: those of the base's tableau may be finer by
  /// up to 15 bits. Σq² is below 2^42 for each of 2^48 entries at most.
  private var scaledSumOfSquares: UInt128 { sumOfSquares << UInt128(2 * max(0, min(15, -coarsening))) }

  private func bound(_ bound: Bound, scale: Int) -> BigUInt {
    // Σ q² of the base is in the identity's units, whatever the statement's are.
    BoundArithmetic.tensorBound(
      bound, fractionBits: leaf.statistics.fractionBits, scale: scale - coarsening, sumOfSquares: sumOfSquares)
  }

  /// - Throws: `coverageGap` for an entrywise bound below what can be proved at the tensor's precision.
  package func claim(baseIndex: Int, tunedIndex: Int, rule: Int) throws(StatementError) -> TensorClaim {
    var normBounds: [Bound] = []
    var forms: [ClauseForm] = []
    var patterns: [PatternClaim] = []
    for clause in clauses {
      switch clause {
      case .norm(let bound): normBounds.append(bound)
      case .sum: forms.append(clause)
      case .pattern(let pattern): patterns.append(PatternClaim(pattern))
      }
    }
    // An intersection of balls around zero is the smallest of them.
    let plainBound = normBounds.map { bound($0, scale: 0) }.min()
    var structured: [StructuredClause] = []
    for form in forms { structured.append(try structuredClause(form, plainBound: plainBound, rule: rule)) }
    let (rows, columns) = matrixShape
    let tensor = TableauTensor(
      name: block?.name ?? leaf.name, rows: rows, columns: columns, fractionBits: fractionBits,
      // A scaled clause needs Δ itself bounded, or Δ = E/2^s mod p would pass (docs/protocol.md section 11, item 7).
      // All of these forms speak of Δ besides E.
      isPlain: plainBound != nil || hasTotal || !patterns.isEmpty
        || structured.contains { $0.scale > 0 || $0.entries?.rounding != nil },
      plainBound: plainBound.map(BoundArithmetic.tensorDigits), clauses: structured,
      block: block, base: linked?.place, patterns: patterns)
    return TensorClaim(
      tensor: tensor, baseIndex: baseIndex, tunedIndex: tunedIndex, rule: rule, normBounds: normBounds, forms: forms)
  }

  private func structuredClause(
    _ form: ClauseForm, plainBound: BigUInt?, rule: Int
  ) throws(StatementError) -> StructuredClause {
    guard case .sum(let rank, let sparse, let residual, let entrywise, let rounding, let form) = form else {
      return StructuredClause(rank: nil, sparse: nil, scale: 0, bound: nil)
    }
    let (rows, columns) = matrixShape
    // A rank or count beyond what the matrix has allows no more than the matrix itself.
    let (heldRank, blocks) = held(rank, form, rows: rows, columns: columns)
    var circulant: CirculantBlock?
    if case .circulant(let size)? = form { circulant = CirculantBlock(logSize: ceilLog2(size)) }
    let heldSparse = sparse.map { held($0, rows: rows, columns: columns) }
    if let rounding {
      return try roundedClause(
        rounding, rank: heldRank, blocks: blocks, circulant: circulant, sparse: heldSparse, residual: residual,
        plainBound: plainBound, rule: rule)
    }
    var scale = 0
    var entries: EntryClaim?
    if let entrywise {
      // The entries' bound keeps chunks of E provable, whatever the residual's is.
      let coarsening = coarsening
      let own = entryRule(entrywise)
      scale = own.scale(
        coarsening: coarsening,
        limit: heldRank.map {
          ScaleRule.factorLimit(rank: $0, driftBound: plainBound, sumOfSquares: scaledSumOfSquares)
        } ?? Limits.maximumScale)
      entries = own.claim(coarsening: coarsening, scale: scale) ?? (isOutline ? EntryRule.leastClaim : nil)
      if hasRounding {
        // A statement has one form of bounds on entries; this is the same inequality.
        guard residual == nil else { throw .coverageGap([.residualBesideEntries(tensor: leaf.name, rule: rule)]) }
        entries?.rounding = .ofEntries
      }
      guard entries != nil else {
        throw .coverageGap([
          .entryBoundTooSmall(
            tensor: leaf.name, found: own.value, least: EntryRule.least(bits: fractionBits + scale), rule: rule)
        ])
      }
    } else if let heldRank, let residual {
      scale = ScaleRule.scale(
        residual: bound(residual, scale: 0), neighbours: neighbours, rank: heldRank, driftBound: plainBound,
        sumOfSquares: scaledSumOfSquares)
    }
    if residual == nil, entries != nil {
      return StructuredClause(
        rank: heldRank, blocks: blocks, circulant: circulant, sparse: heldSparse, scale: scale, bound: nil,
        entries: entries)
    }
    guard let residual, case let limit = bound(residual, scale: scale), !limit.isZero else {
      // No residual, or one below a single unit: E = 0, and the exact form needs no scale.
      return StructuredClause(
        rank: heldRank, blocks: blocks, circulant: circulant, sparse: heldSparse, scale: 0, bound: nil)
    }
    return StructuredClause(
      rank: heldRank, blocks: blocks, circulant: circulant, sparse: heldSparse, scale: scale,
      bound: BoundArithmetic.tensorDigits(limit), entries: entries)
  }

  /// Columns of U and V, and the order in which they are of low rank: as many as any matrix of this size needs at most.
  private func held(
    _ rank: Int?, _ form: BlockForm?, rows: Int, columns: Int
  ) -> (rank: Int?, blocks: KroneckerBlock?) {
    switch form {
    // Diagonals of circulant blocks are no factors.
    case nil, .circulant?: return (rank.map { max(1, min($0, rows, columns)) }, nil)
    case .kronecker(let terms, let blockRows, let blockColumns)?:
      let blocks = KroneckerBlock(logRows: ceilLog2(blockRows), logColumns: ceilLog2(blockColumns))
      let full = min(blocks.count(rows: rows, columns: columns), blocks.entries)
      return (max(1, min(terms, full)), blocks)
    }
  }

  private func roundedClause(
    _ rounding: RoundingBound, rank: Int?, blocks: KroneckerBlock?, circulant: CirculantBlock?,
    sparse: DriftProofArgument.SparseForm?, residual: Bound?, plainBound: BigUInt?, rule: Int
  ) throws(StatementError) -> StructuredClause {
    func gap(_ obstacle: RoundingObstacle) -> StatementError {
      .coverageGap([.rounding(tensor: leaf.name, obstacle: obstacle, rule: rule)])
    }
    guard let linked else { throw gap(.notLinked) }
    guard residual == nil else { throw gap(.residualBeside) }
    let own = RoundingRule(bound: rounding, leaf: leaf, linked: linked.tensor, chunkEntries: linked.chunkEntries)
    let limit = rank.map {
      ScaleRule.factorLimit(rank: $0, drift: plainBound ?? own.assumedDrift, maximum: own.aim)
    }
    guard let (scale, fine) = own.scales(factorLimit: limit) else {
      guard rounding.isOfRounding else {
        throw gap(.smallFraction(least: own.leastFraction(factorLimit: limit)))
      }
      throw gap(.largeFactors(scale: limit ?? 0, least: own.residualScale))
    }
    return StructuredClause(
      rank: rank, blocks: blocks, circulant: circulant, sparse: sparse, scale: scale, bound: nil,
      entries: own.claim(scale: scale, fineShift: fine))
  }

  private func held(_ form: DriftProofPolicy.SparseForm, rows: Int, columns: Int) -> DriftProofArgument.SparseForm {
    switch form {
    case .entries(let count): .entries(min(count, rows * columns))
    case .rows(let count): .rows(min(count, rows))
    case .columns(let count): .columns(min(count, columns))
    }
  }
}

extension PatternClaim {
  fileprivate init(_ bound: PatternBound) {
    switch bound {
    case .drift(let count, let group): self = .drift(count, of: group)
    case .tuned(let count, let group): self = .tuned(count, of: group)
    case .base: self = .base
    }
  }
}
