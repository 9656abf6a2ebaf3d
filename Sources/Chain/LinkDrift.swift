// SPDX-License-Identifier: Apache-2.0

import DriftProofStatement
import DriftProofCheckpoint
import DriftProofPolicy

/// What one link's certificate proves about each tensor's drift from its parent's model, as far as links can be added up.
package struct LinkDrift: Sendable {
  /// One tensor.
  enum Share: Hashable, Sendable {
    /// Outside the link's proof.
    case excluded
    /// The parent's bytes.
    case frozen
    case clauses(Clauses)
  }

  /// All of `forms` hold, for the whole tensor or for each head, in units of 2^-fractionBits.
  struct Clauses: Hashable, Sendable {
    let forms: [ClauseForm]
    let split: HeadSplit?
    let fractionBits: Int
  }

  /// The link's file name, for messages.
  let name: String
  private let shares: [String: Share]
  /// First dimensions of the tensors that have more rows than the base's.
  private let growths: [String: Int]
  /// Names that the link leaves outside, in order.
  let excluded: [String]
  /// Names of the tensors in its tableau.
  let certified: [String]
  /// Of the drift of all certified tensors together, without precision: the policy's total, or what its norm clauses give
  /// together, whichever is less; nil where neither says anything.
  let total: NormBound?
  /// Of what the units of all certified tensors hide, together.
  let totalPrecision: NormBound
  /// What the policy's total says of each tensor.
  private let statedTotal: NormBound?

  init(name: String, identity: BaseIdentity, policy: Policy, derived: DerivedStatement) {
    self.name = name
    var shares: [String: Share] = [:]
    var growths: [String: Int] = [:]
    for coverage in derived.coverage {
      growths[coverage.name] = coverage.growth?.to
      shares[coverage.name] = coverage.tensorClass == .excluded ? .excluded : .frozen
    }
    var certified: [String] = []
    var precision = BigUInt.zero
    var squares: BigUInt? = .zero
    let base = NormBound.squareOfBase(identity.tensors)
    let stated = policy.total.map { NormBound($0, baseSquare: base) }
    // Heads of one tensor have one clause list and one precision: the first stands for all.
    for claim in derived.claims where (claim.tensor.block?.index ?? 0) == 0 {
      let leaf = identity.tensors[claim.baseIndex]
      let allowance = policy.rules[claim.rule].allowance
      var split: HeadSplit?
      if case .heads(let heads, _) = allowance { split = heads }
      let clauses = Clauses(
        forms: allowance.forms ?? [], split: split, fractionBits: claim.tensor.fractionBits)
      shares[leaf.name] = .clauses(clauses)
      certified.append(leaf.name)
      let scope = DriftScope(leaf, rows: growths[leaf.name])
      precision = precision + scope.precision(clauses).square
      squares = squares.flatMap { sum in Self.normBound(clauses, of: leaf, scope: scope).map { sum + $0.square } }
    }
    self.shares = shares
    self.growths = growths
    self.certified = certified
    excluded = derived.excludedNames
    totalPrecision = NormBound(square: precision)
    total = [stated, squares.map { NormBound(square: $0) }].compactMap { $0 }.min()
    statedTotal = stated
  }

  /// Of a certificate that has no derived statement: its clauses are of whole tensors of the base's shapes.
  /// - Parameter decisions: what its policy says of each tensor of the base.
  package init(
    name: String, identity: BaseIdentity, policy: Policy,
    decisions: [(name: String, decision: CumulativeDrift.Decision)]
  ) {
    self.name = name
    growths = [:]
    var shares: [String: Share] = [:]
    var (certified, excluded) = ([String](), [String]())
    var precision = BigUInt.zero
    var squares: BigUInt? = .zero
    let base = NormBound.squareOfBase(identity.tensors)
    for (tensor, decision) in decisions {
      guard let leaf = identity.tensor(named: tensor) else { continue }
      switch decision {
      case .frozen: shares[tensor] = .frozen
      case .excluded:
        shares[tensor] = .excluded
        excluded.append(tensor)
      case .clauses(let allowance, _, let fractionBits):
        let clauses = Clauses(forms: allowance.forms ?? [], split: nil, fractionBits: fractionBits)
        shares[tensor] = .clauses(clauses)
        certified.append(tensor)
        let scope = DriftScope(leaf)
        precision = precision + scope.precision(clauses).square
        squares = squares.flatMap { sum in Self.normBound(clauses, of: leaf, scope: scope).map { sum + $0.square } }
      }
    }
    self.shares = shares
    self.certified = certified
    self.excluded = excluded
    totalPrecision = NormBound(square: precision)
    statedTotal = policy.total.map { NormBound($0, baseSquare: base) }
    total = [statedTotal, squares.map { NormBound(square: $0) }].compactMap { $0 }.min()
  }

  /// The link's whole tensor.
  func scope(of leaf: BaseIdentity.Leaf) -> DriftScope { DriftScope(leaf, rows: growths[leaf.name]) }

  /// Excluded for a name that neither the base nor the link's model has.
  func share(of tensor: String) -> Share { shares[tensor] ?? .excluded }

  /// The least bound on the whole tensor's drift, without precision; nil without any.
  func normBound(of leaf: BaseIdentity.Leaf) -> NormBound? {
    guard case .clauses(let clauses) = share(of: leaf.name) else { return nil }
    return [Self.normBound(clauses, of: leaf, scope: scope(of: leaf)), statedTotal].compactMap { $0 }.min()
  }

  /// The ways in which the certificate says that the drift is a sum; all are true. Only of tensors with clauses.
  func parts(of leaf: BaseIdentity.Leaf, scope: DriftScope) -> [DriftPart] {
    guard case .clauses(let clauses) = share(of: leaf.name) else { return [] }
    // Clauses of the same heads hold in each; those of other heads say something about the whole tensor, and so of every
    // block of it.
    let heads = clauses.split == scope.split ? 1 : DriftScope.headCount(clauses.split, of: leaf)
    let base = NormBound.squareOfBase([leaf])
    // Slices are another reading of the same entries as a matrix: across it sizes and single entries mean the same, but
    // neither ranks nor rows and columns.
    let isReread = clauses.split != scope.split && (clauses.split?.axis == .slices || scope.split?.axis == .slices)
    let unit = DriftScope(leaf, rows: growths[leaf.name], split: clauses.split)
    var parts = clauses.forms.compactMap { form -> DriftPart? in
      switch form {
      // Its rest grows with the weights: no number bounds it. Nor does the tuned weights' pattern.
      case .sum(_, _, nil, nil, _?, _), .pattern(.tuned), .pattern(.base): nil
      case .pattern(.drift(let count, let group)):
        // Of a block of columns the first and the last group may be cut.
        DriftPart(
          sparse: .entries(
            min(
              scope.rows * scope.columns,
              scope.rows * (scope.columns / group + (scope.columns.isMultiple(of: group) ? 0 : 2)) * count)),
          residual: .zero, entry: .zero)
      case .norm(let bound):
        DriftPart(
          residual: NormBound(bound, baseSquare: base).times(orthogonal: heads).roundedUp,
          entry: NormBound(bound, baseSquare: base).roundedUp)
      case .sum(let rank, let sparse, let residual, let entrywise, _, let blocks):
        Self.part(
          entrywise.map { NormBound(entry: $0, leaf: leaf) },
          residual.map { NormBound($0, baseSquare: base) }, heads: heads, entries: scope.rows * scope.columns,
          rank: scope.rank(of: rank, blocks, in: unit, heads: heads, isReread: isReread),
          sparse: sparse.map { isReread ? $0.asEntries(of: unit, times: heads) : $0.times(heads) })
      }
    }
    if let statedTotal {
      parts.append(DriftPart(residual: statedTotal.roundedUp, entry: statedTotal.roundedUp))
    }
    return parts
  }

  /// How many entries of an aligned run of `size` neighbours in a row the drift has at most that are not zero; nil where no
  /// clause tells. Only of tensors with clauses.
  func changes(of leaf: BaseIdentity.Leaf, inGroupsOf size: Int) -> Int? {
    guard case .clauses(let clauses) = share(of: leaf.name) else { return nil }
    return clauses.forms.compactMap { form -> Int? in
      switch form {
      case .pattern(.drift(let count, let group)): PatternBound.limit(count: count, group: group, in: size)
      // Entries of a whole tensor that change at all; of heads there are as many in each.
      case .sum(nil, .entries(let count)?, nil, nil, nil, nil) where clauses.split == nil: min(count, size)
      default: nil
      }
    }.min()
  }

  /// What a sum leaves besides rank and support: bounds on its norm and on its entries, each of which bounds the other.
  private static func part(
    _ entry: NormBound?, _ residual: NormBound?, heads: Int, entries: Int, rank: Int, sparse: SparseForm?
  ) -> DriftPart {
    let norms = [residual?.times(orthogonal: heads), entry?.times(orthogonal: entries)].compactMap { $0 }
    return DriftPart(
      rank: rank, sparse: sparse, residual: norms.min()?.roundedUp ?? .zero,
      entry: [entry, residual].compactMap { $0 }.min()?.roundedUp ?? .zero)
  }

  /// - Parameter scope: of the whole tensor.
  private static func normBound(
    _ clauses: Clauses, of leaf: BaseIdentity.Leaf, scope: DriftScope
  ) -> NormBound? {
    let base = NormBound.squareOfBase([leaf])
    let heads = DriftScope.headCount(clauses.split, of: leaf)
    return clauses.forms.compactMap { form -> NormBound? in
      switch form {
      case .norm(let bound): return NormBound(bound, baseSquare: base).times(orthogonal: heads)
      case .sum(nil, nil, _, let entry?, _, nil):
        return NormBound(entry: entry, leaf: leaf).times(orthogonal: scope.rows * scope.columns)
      case .sum, .pattern: return nil
      }
    }.min()
  }
}

/// One way to write a drift: a matrix of at most this rank, a sparse one, and one of at most this norm.
struct DriftPart: Hashable, Sendable {
  var rank = 0
  var sparse: SparseForm?
  /// In units of ``NormBound``, rounded up; without precision.
  var residual: BigUInt
  /// Likewise, of each entry of the last part.
  var entry: BigUInt
}

/// The matrix that clauses of a cumulative policy speak of: a tensor, or each of its heads.
struct DriftScope: Hashable, Sendable {
  let rows: Int
  let columns: Int
  let split: HeadSplit?
  /// In whose order ranks are meant; nil for the matrix' own.
  let blocks: BlockForm?

  /// - Parameters:
  ///   - size: of the first dimension where it is more than the base's.
  ///   - split: divides the tensor; the coverage check has seen to it.
  ///   - blocks: fill the matrix; the coverage check has seen to it.
  init(_ leaf: BaseIdentity.Leaf, rows size: Int? = nil, split: HeadSplit? = nil, blocks: BlockForm? = nil) {
    self.blocks = blocks
    let (rows, columns) = Shape.matrix(size.map { [$0] + leaf.shape.dropFirst() } ?? leaf.shape)
    let cut = split?.cut(shape: leaf.shape)
    self.split = split
    self.rows = cut?.rows ?? rows
    self.columns = cut?.columns ?? columns
  }

  /// What the units of a link hide of the drift of one such matrix.
  func precision(_ clauses: LinkDrift.Clauses) -> NormBound {
    NormBound(precisionOf: rows * columns, fractionBits: clauses.fractionBits)
  }

  /// In place of a rank of one or more: circulant blocks of the scope's size. 0 is no change, and more than this any matrix.
  static let circulant = 1

  private var isCirculant: Bool { if case .circulant? = blocks { true } else { false } }

  /// The rank that any matrix of this size has at most.
  var fullRank: Int {
    switch blocks {
    case nil: min(rows, columns)
    case .kronecker?: blocks?.fullTerms(rows: rows, columns: columns) ?? 0
    case .circulant?: Self.circulant + 1
    }
  }

  /// Of the sum of two matrices of such ranks. Sums of circulant blocks are circulant.
  func sum(of rank: Int, _ other: Int) -> Int { isCirculant ? max(rank, other) : min(rank + other, fullRank) }

  /// The rank that a link's low-rank part has here at most.
  /// - Parameters:
  ///   - unit: the matrix that the link's clause speaks of.
  ///   - heads: as many of them together; more than one where they lie side by side in this matrix.
  ///   - isReread: the entries are another matrix here than in the link.
  func rank(of rank: Int?, _ own: BlockForm?, in unit: DriftScope, heads: Int, isReread: Bool) -> Int {
    switch (rank, own) {
    case (nil, nil): return 0
    case _ where isReread: return fullRank
    // Blocks of one size lie in the same places of a head and of the whole, as they fill both.
    case (_, let own?) where isCirculant: return own == blocks ? Self.circulant : fullRank
    case _ where isCirculant: return fullRank
    case (let rank?, nil) where blocks == nil: return rank * heads
    case (_, .kronecker(let terms, let rows, let columns)?)
    where blocks?.rows == rows && blocks?.columns == columns:
      return min(terms * heads, fullRank)
    case (_, .kronecker(let terms, let rows, let columns)?) where blocks == nil:
      // Of A ⊗ B it is the product of both ranks.
      let one = min(unit.rows / rows, unit.columns / columns) * min(rows, columns)
      return min(min(terms * one, min(unit.rows, unit.columns)) * heads, fullRank)
    default: return fullRank
    }
  }

  /// The rank that a matrix has here at most which is not zero in so many places or lines.
  func rank(of support: SparseForm) -> Int {
    switch (support, blocks) {
    case (_, .circulant?): return fullRank
    case (.entries(let count), _), (.rows(let count), nil), (.columns(let count), nil): return count
    // A row meets one row of as many blocks as lie side by side, a column likewise.
    case (.rows(let count), let blocks?): return count * min(columns / blocks.columns, blocks.columns)
    case (.columns(let count), let blocks?): return count * min(rows / blocks.rows, blocks.rows)
    }
  }

  static func headCount(_ split: HeadSplit?, of leaf: BaseIdentity.Leaf) -> Int {
    split?.cut(shape: leaf.shape)?.count ?? 1
  }
}

extension SparseForm {
  /// The entries of as many such blocks of one tensor, whose number fits.
  fileprivate func asEntries(of unit: DriftScope, times blocks: Int) -> SparseForm {
    switch self {
    case .entries(let count): .entries(min(count, unit.rows * unit.columns) * blocks)
    case .rows(let count): .entries(min(count, unit.rows) * unit.columns * blocks)
    case .columns(let count): .entries(min(count, unit.columns) * unit.rows * blocks)
    }
  }

  /// Of as many blocks together. Counts and heads are far below 2^31 each.
  fileprivate func times(_ blocks: Int) -> SparseForm {
    switch self {
    case .entries(let count): .entries(count * blocks)
    case .rows(let count): .rows(count * blocks)
    case .columns(let count): .columns(count * blocks)
    }
  }
}
