// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofArgumentProver
import DriftProofCheckpoint
import DriftProofLinearAlgebra
import DriftProofStatement

/// Factors that somebody says the low-rank part of a tensor has, such as those of the adapter that was merged: a hint, of
/// which nothing gets into a certificate but what the fit makes of it.
package struct FactorHint: Sendable, Equatable {
  /// rows × rank, row-major.
  let left: [Double]
  /// columns × rank, row-major.
  let right: [Double]
  let rank: Int
  /// In whose order left·rightᵀ is the low-rank part; nil for the matrix' own.
  let blocks: KroneckerBlock?

  /// Of left·rightᵀ, in the weights' own units.
  /// - Parameter blocks: rows and columns of the blocks in whose order that is the low-rank part, powers of two; nil for the matrix'
  ///   own order.
  package init(left: [Double], right: [Double], rank: Int, blocks: (rows: Int, columns: Int)? = nil) {
    self.left = left
    self.right = right
    self.rank = rank
    self.blocks = blocks.map {
      KroneckerBlock(logRows: $0.rows.trailingZeroBitCount, logColumns: $0.columns.trailingZeroBitCount)
    }
  }
}

/// Finds the witness of a clause that bounds roundings; everything that decides is arithmetic of integers, and of the same
/// doubles as the argument's prover.
///
/// With the true factors of a merge that rounded once no entry is outside; the best fit without them leaves some 2 % outside.
struct RoundingFitter {
  let fitter: ClauseFitter
  /// Of the base's integers.
  let source: DriftSource
  /// Of which that for the clause's order is taken.
  let hints: [FactorHint]

  private var drift: IntegerMatrix { fitter.drift }

  /// The clause must have a rounding claim; see ``ClauseFitter/fit(_:progress:)``.
  func fit(_ clause: StructuredClause, _ entries: EntryClaim, _ rounding: RoundingClaim) throws -> ClauseFit {
    if let circulant = clause.circulant { return try fitCirculant(clause, circulant, entries, rounding) }
    if drift.maximumMagnitude == 0 {
      return .fits(
        factors: clause.rank.map { _ in fitter.zeroFactors(clause) }, support: clause.sparse.map { _ in [] })
    }
    guard clause.rank != nil else { return try survey(clause, entries, rounding, factors: nil) }
    var found: ClauseFit?
    var problem = LinearAlgebraError.factorBoundExceeded
    for make in [hinted, fitted] {
      do {
        guard let factors = try make(clause) else { continue }
        let fit = try survey(clause, entries, rounding, factors: factors)
        if fit.isFit { return fit }
        found = Self.better(found, fit)
      } catch let error as LinearAlgebraError where error == .factorBoundExceeded || error == .integerOverflow {
        problem = error
      }
    }
    return found
      ?? .imprecise(
        "its factors of rank \(clause.rank ?? 0) are too large for the integers of the proof (\(problem)); lower the rank, or "
          + "add a norm clause")
  }

  // MARK: Factors

  private func hinted(_ clause: StructuredClause) throws -> IntegerFactors? {
    guard let rank = clause.rank, let hint = hints.first(where: { $0.blocks == clause.blocks }) else { return nil }
    let sizes = clause.factorRows(rows: drift.rows, columns: drift.columns)
    return try IntegerFactors.quantise(
      left: hint.left, right: hint.right, inner: hint.rank, rows: sizes.left, columns: sizes.right, rank: rank,
      scale: Double(sign: .plus, exponent: fitter.fractionBits + clause.scale, significand: 1))
  }

  private func fitted(_ clause: StructuredClause) throws -> IntegerFactors? {
    guard let rank = clause.rank else { return nil }
    return try IntegerFactors.quantise(
      try fitter.target(clause).matrix, rank: rank, scaleBits: clause.scale
    ).factors
  }

  private static func better(_ old: ClauseFit?, _ new: ClauseFit) -> ClauseFit {
    guard case .violated(.rounding(let before, _, _, _, _))? = old, case .violated(.rounding(let now, _, _, _, _)) = new
    else { return old ?? new }
    return now < before ? new : old ?? new
  }

  // MARK: Entries

  /// How far an entry's residual exceeds its bound: e·r²/(τ² + β²·u² + A·q'² + B·q² + C·Δ²), and in which units it may lie.
  struct Excess {
    var index: Int
    /// Above 1 outside.
    var ratio: Double
    /// |r| in half-ulps of its class; 0 without classes.
    var halfUlps: Double
  }

  /// Looks at every entry of E, chooses the support by entries outside first, and counts what is left.
  private func survey(
    _ clause: StructuredClause, _ entries: EntryClaim, _ rounding: RoundingClaim, factors: IntegerFactors?
  ) throws -> ClauseFit {
    var outside: [Excess] = []
    try forEachResidual(clause, rounding, factors) { index, r, base in
      let excess = Self.excess(entries, rounding, index: index, r: r, drift: drift[index], base: base)
      if excess.ratio > 1 { outside.append(excess) }
    }
    var support: [Int]?
    if let sparse = clause.sparse {
      let chosen = choose(outside, sparse)
      outside.removeAll { chosen.contains(fitter.line(of: $0.index, sparse)) }
      support = chosen.sorted()
    }
    let witness = factors.map { ArgumentWitness.Factors(left: $0.left, right: $0.right) }
    guard let worst = outside.max(by: { $0.ratio < $1.ratio }) else { return .fits(factors: witness, support: support) }
    let (row, column) = worst.index.quotientAndRemainder(dividingBy: drift.columns)
    let limit = RoundingLimit(clause, rounding, dtype: source.baseType)
    let size = rounding.hasClasses ? worst.halfUlps : worst.ratio.squareRoot() * limit.value
    return .violated(.rounding(found: outside.count, worst: size, row: row, column: column, limit: limit))
  }

  static func excess(
    _ claim: EntryClaim, _ rounding: RoundingClaim, index: Int, r: Int64, drift: Int64, base: Int64
  ) -> Excess {
    let (x, q) = (Double(drift), Double(base))
    let tuned = q + x
    let residue = Double(r)
    var square = Double(claim.square)
    var halfUlps = 0.0
    if rounding.hasClasses {
      let unit = Double(1 << logClass(base + drift, rounding))
      let bound = Double(rounding.classBound) * unit
      square += bound * bound
      halfUlps = abs(residue) / (unit * Double(RoundingClaim.floor))
    }
    square += Double(rounding.tuned) * tuned * tuned
    square += Double(rounding.base) * q * q + Double(rounding.drift) * x * x
    return Excess(
      index: index, ratio: Double(rounding.residualWeight) * residue * residue / square, halfUlps: halfUlps)
  }

  /// The class of an honest prover: the largest power of two u ≤ 2^J with φ·u ≤ |q'|, at least 1.
  static func logClass(_ tuned: Int64, _ rounding: RoundingClaim) -> Int {
    let log = 63 - max(1, tuned.magnitude).leadingZeroBitCount
    return min(rounding.logClasses, max(0, log - RoundingClaim.floor.trailingZeroBitCount))
  }

  /// r = ⌊(E + 2^(w-1))/2^w⌋ of every entry with the base's integer, in row-major order.
  private func forEachResidual(
    _ clause: StructuredClause, _ rounding: RoundingClaim, _ factors: IntegerFactors?,
    _ body: (_ index: Int, _ r: Int64, _ base: Int64) -> Void
  ) throws {
    let (columns, rank) = (drift.columns, factors?.rank ?? 0)
    let height = max(1, DriftSource.block / max(1, columns))
    let shift = Int64(rounding.fineShift)
    let half = shift == 0 ? 0 : 1 << (shift - 1) as Int64
    var base: [Int32] = []
    var rest = [Int64](repeating: 0, count: columns)
    // V by columns, so that the inner loop runs along a row of the matrix.
    let stride = factors?.columns ?? 0
    var transposed = [Int64](repeating: 0, count: rank * stride)
    if let factors {
      for index in 0..<stride {
        for k in 0..<rank { transposed[k * stride + index] = Int64(factors.right[index * rank + k]) }
      }
    }
    // Neighbours in a row with one row of U.
    let run = clause.blocks?.columns ?? columns
    for first in Swift.stride(from: 0, to: drift.rows, by: height) {
      let rows = first..<min(drift.rows, first + height)
      try source.base(rows: rows, into: &base)
      for row in rows {
        for column in 0..<columns { rest[column] = drift[row * columns + column] << Int64(clause.scale) }
        if let factors {
          for at in Swift.stride(from: 0, to: columns, by: max(1, run)) {
            let (own, other) =
              clause.blocks.map {
                ($0.outer(row: row, column: at, columns: columns), $0.inner(row: row, column: at))
              } ?? (row, at)
            for k in 0..<rank {
              let u = Int64(factors.left[own * rank + k])
              let first = k * stride + other
              // Rows and columns of factors are shorter than 2^25.5 each, so that no sum of products overflows.
              for offset in 0..<min(run, columns - at) { rest[at + offset] &-= u &* transposed[first + offset] }
            }
          }
        }
        for column in 0..<columns {
          body(
            row * columns + column, (rest[column] &+ half) >> shift,
            Int64(base[(row - first) * columns + column]))
        }
      }
    }
  }

  /// Those with the most entries outside, then those that exceed their bounds most.
  private func choose(_ outside: [Excess], _ form: SparseForm) -> Set<Int> {
    var found: [Int: (count: Int, ratio: Double)] = [:]
    for excess in outside {
      let line = fitter.line(of: excess.index, form)
      let own = found[line] ?? (0, 0)
      found[line] = (own.count + 1, max(own.ratio, excess.ratio))
    }
    let order = found.sorted {
      ($1.value.count, $1.value.ratio, $0.key) < ($0.value.count, $0.value.ratio, $1.key)
    }
    return Set(order.prefix(form.count).map(\.key))
  }
}

/// What a rounding bound allows, for messages.
package struct RoundingLimit: Sendable, Equatable {
  let value: Double
  let unit: String

  /// - Parameter dtype: of the tensor.
  init(_ clause: StructuredClause, _ rounding: RoundingClaim, dtype: DataType) {
    guard !rounding.hasClasses else {
      value = Double(rounding.classBound) / Double(RoundingClaim.floor)
      unit = "half-ulps"
      return
    }
    let coefficients = [rounding.tuned, rounding.base, rounding.drift].filter { $0 > 0 }
    // Of the base's weights alone: fractions of them.
    guard rounding.tuned > 0 || rounding.drift > 0 else {
      let share = Double(rounding.base) / Double(rounding.residualWeight)
      value = share.squareRoot() * Double(sign: .plus, exponent: rounding.fineShift - clause.scale, significand: 1)
      unit = PolicyViolation.ClauseLimits.weightUnit
      return
    }
    let share = Double(coefficients.first ?? 0) / Double(rounding.residualWeight * max(1, coefficients.count))
    // r is in units of 2^-(f + s), s = S - w, and a roundoff is 2^-p.
    let precision = RoundingRule.precision(dtype) ?? 0
    value =
      share.squareRoot() * Double(sign: .plus, exponent: precision - clause.scale + rounding.fineShift, significand: 1)
    unit = "roundoffs"
  }
}
