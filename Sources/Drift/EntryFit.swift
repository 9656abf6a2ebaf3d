// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofArgumentProver
import DriftProofLinearAlgebra

/// Clauses that bound single entries. The best fits known are those of least squares: where one leaves a few entries
/// outside, others might not.
extension ClauseFitter {
  func fitEntries(_ clause: StructuredClause, _ entries: EntryClaim) throws(LinearAlgebraError) -> ClauseFit {
    var factors: IntegerFactors?
    if let rank = clause.rank {
      if drift.maximumMagnitude == 0 {
        return .fits(factors: zeroFactors(clause), support: clause.sparse.map { _ in [] })
      }
      let whole = try order(clause)?.ordered(drift) ?? drift
      if let trivial = IntegerFactors.trivial(whole, rank: rank, scaleBits: clause.scale) {
        return Self.fit(trivial, clause)
      }
      do {
        let found = try IntegerFactors.quantise(
          try target(clause).matrix, rank: rank, scaleBits: clause.scale)
        factors = found.factors
        if clause.sparse == nil, found.residual.maximum <= entries.root,
          !BoundSum(found.residual.sumOfSquares).exceeds(clause.bound ?? BoundSum.unlimited)
        {
          return .fits(factors: found.factors.witness, support: nil)
        }
      } catch .factorBoundExceeded {
        return .imprecise("its factors of rank \(rank) are too large for the integers of the proof; lower the rank")
      } catch .integerOverflow {
        return .imprecise("its factors of rank \(rank) are too large for the integers of the proof; lower the rank")
      }
    } else if clause.sparse == nil, clause.bound == nil, drift.maximumMagnitude << UInt64(clause.scale) <= entries.root
    {
      return .fits(factors: nil, support: nil)
    }
    return cover(rest(of: factors, clause), clause, entries, factors: factors)
  }

  /// E before its sparse part is taken out.
  private func rest(of factors: IntegerFactors?, _ clause: StructuredClause) -> [Int64] {
    var result = [Int64](repeating: 0, count: drift.count)
    let (columns, rank) = (drift.columns, factors?.rank ?? 0)
    for index in result.indices {
      var entry = drift[index] << Int64(clause.scale)
      if let factors {
        let (row, column) = index.quotientAndRemainder(dividingBy: columns)
        let (u, v) =
          clause.blocks.map {
            ($0.outer(row: row, column: column, columns: columns), $0.inner(row: row, column: column))
          } ?? (row, column)
        for k in 0..<rank { entry &-= Int64(factors.left[u * rank + k]) &* Int64(factors.right[v * rank + k]) }
      }
      result[index] = entry
    }
    return result
  }

  /// Chooses the support, by entries outside first, and looks at what is left.
  private func cover(
    _ rest: [Int64], _ clause: StructuredClause, _ entries: EntryClaim, factors: IntegerFactors?
  ) -> ClauseFit {
    var rest = rest
    let support = clause.sparse.map { form in
      let chosen = choose(rest, form, root: entries.root)
      for index in rest.indices where chosen.contains(line(of: index, form)) { rest[index] = 0 }
      return chosen.sorted()
    }
    var (outside, above) = (0, 0)
    var worst = 0
    var sum: UInt128 = 0
    for index in rest.indices {
      let magnitude = UInt64(rest[index].magnitude)
      sum += UInt128(magnitude) * UInt128(magnitude)
      guard magnitude > entries.root else { continue }
      outside += 1
      if magnitude > entries.largest { above += 1 }
      if magnitude > rest[worst].magnitude || rest[worst].magnitude <= entries.root { worst = index }
    }
    func size(_ units: UInt64) -> Double { norm(Double(units) * Double(units), scale: clause.scale) }
    if above > 0 {
      let (row, column) = worst.quotientAndRemainder(dividingBy: drift.columns)
      return .violated(
        .entries(found: above, worst: size(UInt64(rest[worst].magnitude)), row: row, column: column))
    }
    if outside > 0 {
      return .imprecise(
        "\(outside) \(outside == 1 ? "entry lies" : "entries lie") between \(size(entries.root)), up to which an entry can be "
          + "proved to be within the bound at this precision, and the bound \(size(entries.largest)); widen it by that much"
      )
    }
    if let bound = clause.bound, BoundSum(sum).exceeds(bound) {
      return .violated(.residual(found: norm(BoundSum(sum).approximation, scale: clause.scale)))
    }
    return .fits(factors: factors?.witness, support: support)
  }

  /// Number of the entry, row or column.
  func line(of index: Int, _ form: SparseForm) -> Int {
    switch form {
    case .entries: index
    case .rows: index / drift.columns
    case .columns: index % drift.columns
    }
  }

  /// Those with the most entries outside, then those of the largest norm.
  private func choose(_ rest: [Int64], _ form: SparseForm, root: UInt64) -> Set<Int> {
    var found: [Int: (outside: Int, square: Double)] = [:]
    for (index, entry) in rest.enumerated() where entry != 0 {
      let own = found[line(of: index, form)] ?? (0, 0)
      found[line(of: index, form)] = (
        own.outside + (entry.magnitude > root ? 1 : 0), own.square + Double(entry) * Double(entry)
      )
    }
    let order = found.sorted {
      ($1.value.outside, $1.value.square, $0.key) < ($0.value.outside, $0.value.square, $1.key)
    }
    return Set(order.prefix(form.count).map(\.key))
  }
}

extension EntryClaim {
  /// ⌊τ⌋: up to which the honest prover has a root.
  var root: UInt64 { Self.squareRoot(square) }
  /// ⌊T⌋: what the policy allows.
  var largest: UInt64 { Self.squareRoot(square + Self.slack) }
}

extension IntegerFactors {
  fileprivate var witness: ArgumentWitness.Factors { .init(left: left, right: right) }
}
