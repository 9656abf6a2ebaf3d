// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofArgumentProver
import DriftProofLinearAlgebra

/// What the drift of one tensor needs to satisfy one structured clause, or by how much it fails.
package enum ClauseFit: Sendable {
  /// The witness of the clause.
  case fits(factors: ArgumentWitness.Factors?, support: [Int]?)
  /// Likewise, of a clause with circulant blocks.
  case circulant(diagonals: [Int64], support: [Int]?)
  /// The drift is outside of the clause.
  case violated(Finding)
  /// The real drift is inside, but not with integer factors of this precision.
  case imprecise(String)

  var isFit: Bool {
    switch self {
    case .fits, .circulant: true
    case .violated, .imprecise: false
    }
  }

  /// Where a drift lies outside.
  package enum Finding: Sendable, Equatable {
    /// ‖E‖ of the best explanation found, in units of the weights.
    case residual(found: Double)
    /// Changed entries, rows or columns.
    case count(found: Int)
    /// Entries of E above the clause's bound, and the largest, in units of the weights, with its place.
    case entries(found: Int, worst: Double, row: Int, column: Int)
    /// Entries of E above the clause's rounding bound, and the one that exceeds it most, in half-ulps or roundoffs, with
    /// its place.
    case rounding(found: Int, worst: Double, row: Int, column: Int, limit: RoundingLimit)
    /// The drift's rank is above the allowed one; ‖Δ - Δ_r‖ in units of the weights.
    case rank(residual: Double)
  }
}

/// Finds integer factors and supports; everything that decides is exact integer arithmetic.
package struct ClauseFitter {
  let drift: IntegerMatrix
  let fractionBits: Int

  package init(drift: IntegerMatrix, fractionBits: Int) {
    self.drift = drift
    self.fractionBits = fractionBits
  }

  /// Of all clauses but those that bound roundings (``RoundingFitter``), which are about the base, too.
  /// - Parameter progress: told now and then how much of a long search's limit is used up.
  package func fit(
    _ clause: StructuredClause, progress: @escaping (Double) -> Void = { _ in }
  ) throws(LinearAlgebraError) -> ClauseFit {
    guard clause.entries?.rounding?.speaksOfWeights != true else {
      return .imprecise("its rounding bound is about the base's weights, which are not at hand")
    }
    if let circulant = clause.circulant { return fitCirculant(clause, circulant) }
    if let entries = clause.entries { return try fitEntries(clause, entries) }
    guard let rank = clause.rank else {
      guard let sparse = clause.sparse else { return .fits(factors: nil, support: nil) }
      return try fitSparse(sparse, clause)
    }
    if drift.maximumMagnitude == 0 {
      return .fits(factors: zeroFactors(clause), support: clause.sparse.map { _ in [] })
    }
    let whole = try ordered(clause)
    // A rank that restricts nothing: no residual, no support.
    let trivial = IntegerFactors.trivial(whole, rank: rank, scaleBits: clause.scale)
    if let trivial, clause.bound == nil || clause.sparse != nil || trivial.leavesRoom {
      return Self.fit(trivial, clause)
    }
    guard clause.sparse != nil else {
      // Balanced factors leave neighbours more room, if their rounding fits the bound.
      let fit = try fitFactors(whole, rank, clause, support: nil, progress: progress)
      if let trivial, !fit.isFit { return Self.fit(trivial, clause) }
      return fit
    }
    let (target, support) = try target(clause)
    return try fitFactors(target, rank, clause, support: support, progress: progress)
  }

  // MARK: Orders

  /// In which the low-rank part of a clause is one of low rank; nil for the drift's own.
  func order(_ clause: StructuredClause) throws(LinearAlgebraError) -> BlockOrder? {
    guard let blocks = clause.blocks else { return nil }
    return try BlockOrder(
      rows: drift.rows, columns: drift.columns, blockRows: blocks.rows, blockColumns: blocks.columns)
  }

  /// The drift in the order of a clause's low-rank part.
  private func ordered(_ clause: StructuredClause) throws(LinearAlgebraError) -> IntegerMatrix {
    try order(clause)?.ordered(drift) ?? drift
  }

  /// What factors are fitted to, in the order of the clause's low-rank part, and the support that was taken out of it.
  func target(_ clause: StructuredClause) throws(LinearAlgebraError) -> (matrix: IntegerMatrix, support: [Int]?) {
    guard let sparse = clause.sparse else { return (try ordered(clause), nil) }
    if let order = try order(clause) {
      let parts = try Sparse.decompose(drift, order: order, terms: clause.rank ?? 0, form: Self.form(sparse))
      return (parts.target, parts.support)
    }
    let parts = try Sparse.decompose(drift, rank: clause.rank, form: Self.form(sparse))
    return (parts.cleaned(drift), parts.support)
  }

  static func fit(_ trivial: IntegerFactors, _ clause: StructuredClause) -> ClauseFit {
    .fits(factors: .init(left: trivial.left, right: trivial.right), support: clause.sparse.map { _ in [] })
  }

  // MARK: Sparse alone

  private func fitSparse(_ sparse: SparseForm, _ clause: StructuredClause) throws(LinearAlgebraError) -> ClauseFit {
    let changed = changed(sparse)
    if changed.count <= sparse.count { return .fits(factors: nil, support: changed) }
    guard let bound = clause.bound else { return .violated(.count(found: changed.count)) }
    let parts = try Sparse.decompose(drift, rank: nil, form: Self.form(sparse))
    var rest = BoundSum()
    rest.add(SquareSum.of(parts.cleaned(drift)), shift: 2 * clause.scale)
    if !rest.exceeds(bound) { return .fits(factors: nil, support: parts.support) }
    return .violated(.residual(found: norm(rest.approximation, scale: clause.scale)))
  }

  /// Changed entries (row·columns + column), rows or columns, in rising order.
  func changed(_ sparse: SparseForm) -> [Int] {
    let columns = drift.columns
    var found = [Bool](
      repeating: false,
      count: {
        switch sparse {
        case .entries: drift.count
        case .rows: drift.rows
        case .columns: columns
        }
      }())
    var (row, column) = (0, 0)
    for index in 0..<drift.count {
      if drift[index] != 0 {
        switch sparse {
        case .entries: found[index] = true
        case .rows: found[row] = true
        case .columns: found[column] = true
        }
      }
      column += 1
      if column == columns { (row, column) = (row + 1, 0) }
    }
    return found.indices.filter { found[$0] }
  }

  // MARK: Low rank, with or without a sparse part

  private func fitFactors(
    _ target: IntegerMatrix, _ rank: Int, _ clause: StructuredClause, support: [Int]?,
    progress: @escaping (Double) -> Void
  ) throws(LinearAlgebraError) -> ClauseFit {
    guard let bound = clause.bound else {
      return try fitExactly(target, rank, clause, support: support, progress: progress)
    }
    var found: BoundSum?
    do {
      func outside(
        _ factors: IntegerFactors, _ residual: IntegerFactors.Residual
      ) throws(LinearAlgebraError) -> BoundSum {
        let sum = BoundSum(residual.sumOfSquares)
        guard sum.exceeds(bound), let support, let places = try places(support, clause) else { return sum }
        return BoundSum(residual.sumOfSquares - free(places, target, factors, clause.scale))
      }
      let (factors, residual) = try IntegerFactors.quantise(target, rank: rank, scaleBits: clause.scale) {
        factors, residual throws(LinearAlgebraError) in try !outside(factors, residual).exceeds(bound)
      }
      let sum = try outside(factors, residual)
      if !sum.exceeds(bound) {
        return .fits(factors: .init(left: factors.left, right: factors.right), support: support)
      }
      found = sum
    } catch .factorBoundExceeded {
    } catch .integerOverflow {
    }
    // Would real factors do?
    let (left, right) = try LowRank.approximate(target, rank: rank)
    let real = LowRank.residualNorm(target, left: left, right: right)
    let allowed = norm(BoundSum.approximation(bound), scale: clause.scale)
    let best = norm(real * real, scale: 0)
    guard best <= allowed else {
      return .violated(.residual(found: found.map { min(norm($0.approximation, scale: clause.scale), best) } ?? best))
    }
    let reached = found.map { "integer factors reach \(norm($0.approximation, scale: clause.scale))" }
    return .imprecise(
      "a rank-\(rank) part leaves \(best), inside the bound \(allowed), but "
        + (reached ?? "its factors are too large for the integers of the proof") + "; widen the residual")
  }

  /// The entries of a support in the order of the clause's low-rank part; nil for lines that are zero in what is fitted.
  private func places(_ support: [Int], _ clause: StructuredClause) throws(LinearAlgebraError) -> [Int]? {
    guard let order = try order(clause) else {
      if case .entries? = clause.sparse { return support }
      return nil
    }
    let (rows, columns) = (drift.rows, drift.columns)
    switch clause.sparse {
    case .entries, nil: return support.map(order.place)
    case .rows: return support.flatMap { row in (0..<columns).map { order.place(of: row * columns + $0) } }
    case .columns: return support.flatMap { column in (0..<rows).map { order.place(of: $0 * columns + column) } }
    }
  }

  /// Σ E² over some entries, where E is free.
  private func free(
    _ places: [Int], _ target: IntegerMatrix, _ factors: IntegerFactors, _ scale: Int
  ) -> UInt128 {
    var total: UInt128 = 0
    for index in places {
      let (row, column) = index.quotientAndRemainder(dividingBy: target.columns)
      var entry = target[index] << Int64(scale)
      for k in 0..<factors.rank {
        entry -= Int64(factors.left[row * factors.rank + k]) * Int64(factors.right[column * factors.rank + k])
      }
      total += SquareSum.square(entry)
    }
    return total
  }

  private func fitExactly(
    _ target: IntegerMatrix, _ rank: Int, _ clause: StructuredClause, support: [Int]?,
    progress: @escaping (Double) -> Void
  ) throws(LinearAlgebraError) -> ClauseFit {
    do {
      let found = try IntegerFactors.exact(target, rank: rank, search: ExactSearch(progress: progress))
      if let found, let left = Self.scaled(found.left, clause.scale) {
        return .fits(factors: .init(left: left, right: found.right), support: support)
      }
    } catch .searchTooLong {
      return .imprecise(
        "exact integer factors of rank \(rank) were not found within the work that a search may take; "
          + "allow a small residual")
    }
    let (left, right) = try LowRank.approximate(target, rank: rank)
    let residual = LowRank.residualNorm(target, left: left, right: right)
    let size = Double(SquareSum.of(target)).squareRoot()
    // Integers of rank above r are far from rank r unless they are huge; below this it is rounding of the doubles.
    if residual > 1e-9 * size { return .violated(.rank(residual: norm(residual * residual, scale: 0))) }
    return .imprecise(
      "the drift has rank \(rank) or less, but no integer factors of bounded size were found; allow a small residual")
  }

  private static func scaled(_ entries: [Int32], _ scale: Int) -> [Int32]? {
    if scale == 0 { return entries }
    let factor = Int64(1) << Int64(scale)
    let result = entries.compactMap { Int32(exactly: Int64($0) * factor) }
    return result.count == entries.count ? result : nil
  }

  func zeroFactors(_ clause: StructuredClause) -> ArgumentWitness.Factors {
    let (left, right) = clause.factorRows(rows: drift.rows, columns: drift.columns)
    let rank = clause.rank ?? 0
    return .init(left: [Int32](repeating: 0, count: left * rank), right: [Int32](repeating: 0, count: right * rank))
  }

  /// The norm in units of the weights of a sum of squares in units of 4^-(f + s).
  func norm(_ sumOfSquares: Double, scale: Int) -> Double {
    sumOfSquares.squareRoot() * Double(sign: .plus, exponent: -(fractionBits + scale), significand: 1)
  }

  static func form(_ sparse: SparseForm) -> Sparse.Form {
    switch sparse {
    case .entries(let count): .entries(count)
    case .rows(let count): .rows(count)
    case .columns(let count): .columns(count)
    }
  }
}
