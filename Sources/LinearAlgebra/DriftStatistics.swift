// SPDX-License-Identifier: Apache-2.0

/// What `inspect` prints about the drift of one tensor.
package struct DriftStatistics: Sendable, Equatable {
  /// Ranks that are tried.
  package static let ranks = [1, 2, 4, 8, 16, 32, 64]

  /// Frobenius norm of the drift in units of the weights.
  package let norm: Double
  /// `norm` divided by the norm of the base tensor; 0 for no drift, infinite for a drift from zero.
  package let relativeNorm: Double
  /// Largest |Delta| in units of the weights.
  package let maximum: Double
  /// Number of non-zero entries.
  package let changedEntries: Int
  /// Number of rows with a non-zero entry.
  package let changedRows: Int
  /// Number of columns with a non-zero entry.
  package let changedColumns: Int
  /// |Delta - Delta_r| for each of `ranks`, in units of the weights; 0 below 1e-13 of `norm`, which is rounding.
  package let residuals: [Double]
  /// The largest singular values of Delta, at most as many as the last of `ranks`, falling, in units of the weights.
  package let singularValues: [Double]
  /// The rank a policy might claim, one of `ranks`; 0 if there is no drift.
  package let rank: Int
  /// residual / norm at `rank`; 0 if there is no drift.
  package let rankResidual: Double
  /// The largest entry of Delta - Delta_rank, in units of the weights: what a clause about every entry has to allow.
  package let largestResidual: Double

  /// The residual is of the size of the drift itself (more than half of it): a rank claim means little.
  package var rankClaimIsWeak: Bool { rankResidual > 0.5 }

  /// Measures a drift with one decomposition of rank 64.
  ///
  /// `rank` is the smallest with a residual below 1 % of the drift, or below what rounding explains. If there is none, it is the smallest from which on
  /// the residual is level: no doubling of it improves the residual by 10 % more than it would improve that of white
  /// noise (rounding to bf16 makes such a tail). One weak doubling is not enough: eight equal singular values give a
  /// weak one from 1 to 2 as well.
  /// - Parameters:
  ///   - drift: in units of 2^-fractionBits of the weights.
  ///   - fractionBits: -1000...1000.
  ///   - baseNorm: Frobenius norm of the base tensor in units of the weights.
  ///   - rounding: the norm, in units of the weights, of what storing the weights leaves outside an honest rank; without
  ///     effect on drifts that are less than 4 times as large.
  package static func measure(
    _ drift: IntegerMatrix, fractionBits: Int, baseNorm: Double, rounding: Double = 0
  ) throws(LinearAlgebraError) -> DriftStatistics {
    guard (-1000...1000).contains(fractionBits) else { throw .invalidParameter("fraction bits \(fractionBits)") }
    let unit = Double(sign: .plus, exponent: -fractionBits, significand: 1)
    let counts = count(drift)
    let norm = counts.energy.squareRoot()
    let (decomposition, residuals) = try spectrum(drift, norm: norm)
    let chosen =
      norm > 0 ? choose(residuals, norm: norm, rounding: rounding / unit, drift.rows, drift.columns) : nil
    let absolute = norm * unit
    let largest = chosen.flatMap { place in
      decomposition.map { largestResidual(drift, $0, rank: min(ranks[place], $0.sigma.count)) }
    }
    return DriftStatistics(
      norm: absolute, relativeNorm: norm > 0 ? absolute / baseNorm : 0,
      maximum: Double(drift.maximumMagnitude) * unit, changedEntries: counts.entries, changedRows: counts.rows,
      changedColumns: counts.columns, residuals: residuals.map { $0 * unit },
      singularValues: (decomposition?.sigma ?? []).map { $0 * unit }, rank: chosen.map { ranks[$0] } ?? 0,
      rankResidual: chosen.map { residuals[$0] / norm } ?? 0, largestResidual: (largest ?? 0) * unit)
  }

  /// Position in `ranks` of the rank to claim.
  private static func choose(
    _ residuals: [Double], norm: Double, rounding: Double, _ rows: Int, _ columns: Int
  ) -> Int {
    // A drift that is no larger than rounding shows no rank: any matrix of that size has a low one up to rounding.
    let explained = max(0.01 * norm, norm > 4 * rounding ? rounding : 0)
    if let low = residuals.firstIndex(where: { $0 < explained }) { return low }
    let (short, long) = (Double(min(rows, columns)), Double(max(rows, columns)))
    // The squared singular values of white noise reach this multiple of their mean (Marchenko and Pastur).
    let edge = (1 + (short / long).squareRoot()) * (1 + (short / long).squareRoot())
    var chosen = ranks.count - 1
    while chosen > 0 {
      // A doubling takes at most `share` of the energy of noise, of which 1 - share and more was left before.
      let share = Double(ranks[chosen - 1]) * edge / short
      let noise = max(0, 1 - share / max(1e-9, 1 - share)).squareRoot()
      if residuals[chosen] < 0.9 * noise * residuals[chosen - 1] { break }
      chosen -= 1
    }
    return chosen
  }

  /// residual_r^2 = |Delta - Delta_64|^2 + sum of sigma_i^2 over r < i <= 64: a sum of squares taken from differences,
  /// so a residual of 1e-6 of the drift keeps its digits.
  private static func spectrum(
    _ drift: IntegerMatrix, norm: Double
  ) throws(LinearAlgebraError) -> (decomposition: TruncatedSVD?, residuals: [Double]) {
    guard norm > 0 else { return (nil, ranks.map { _ in 0 }) }
    let spectrum = try LowRank.decompose(drift, rank: ranks.last ?? 0)
    let (left, right) = spectrum.balanced(rank: spectrum.sigma.count)
    let tail = LowRank.residualEnergy(drift, left: left, right: right)
    let residuals = ranks.map { rank in
      let energy = spectrum.sigma.dropFirst(rank).reversed().reduce(tail) { $0 + $1 * $1 }
      return energy.squareRoot() > 1e-13 * norm ? energy.squareRoot() : 0
    }
    return (spectrum, residuals)
  }

  private static func largestResidual(_ drift: IntegerMatrix, _ decomposition: TruncatedSVD, rank: Int) -> Double {
    let (left, right) = decomposition.balanced(rank: rank)
    var largest = 0.0
    LowRank.forEachResidualBlock(drift, left: left, right: right) { range, block in
      largest = max(largest, Kernel.maximumMagnitude(block, count: range.count * drift.columns))
    }
    return largest
  }

  private static func count(_ drift: IntegerMatrix) -> (energy: Double, entries: Int, rows: Int, columns: Int) {
    var (energy, entries, rows) = (0.0, 0, 0)
    var columns = [Double](repeating: 0, count: drift.columns)
    let none = Matrix(zeros: drift.rows, 0)
    LowRank.forEachResidualBlock(drift, left: none, right: Matrix(zeros: drift.columns, 0)) { range, block in
      for row in 0..<range.count {
        let changed = Kernel.countNonzero(block, from: row * drift.columns, count: drift.columns)
        entries += changed
        if changed > 0 {
          rows += 1
          energy += Kernel.sumOfSquares(block, from: row * drift.columns, count: drift.columns)
          Kernel.addSquares(block, from: row * drift.columns, to: &columns)
        }
      }
    }
    return (energy, entries, rows, columns.count { $0 > 0 })
  }
}
