// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofLinearAlgebra
import DriftProofPolicy

/// One tensor of both checkpoints, with one dtype and one shape.
struct TensorComparison {
  let base: Checkpoint
  let before: TensorInfo
  let tuned: Checkpoint
  let after: TensorInfo
  /// Whether the drift of a matrix is decomposed, which costs far more than the rest.
  var decomposes = true

  /// Entries encoded at once: the 64-bit buffer stays at 8 MiB while the tensor's drift is kept in 32 bits.
  private static let entryBlock = 1 << 20

  func inspect() throws(InspectionError) -> TensorInspection {
    do {
      return try compare()
    } catch .checkpoint(let error) where error.isAboutValues {
      // A weight without encoding is a finding, not a reason to stop.
      let entries = try changedEntries()
      return result(baseNorm: nil, entries == 0 ? .identical : .notEncodable(reason: "\(error)", entries: entries))
    }
  }

  private func compare() throws(InspectionError) -> TensorInspection {
    let isIdentical = try reading { () throws(CheckpointError) in
      try Checkpoint.difference(base: base, before, tuned: tuned, after) == nil
    }
    guard before.dtype.isFloating else {
      return result(baseNorm: nil, isIdentical ? .identical : .bytesDiffer(entries: try changedEntries()))
    }
    let statistics = try reading { () throws(CheckpointError) in try base.statistics(of: before) }
    if let entry = statistics.unencodableEntry {
      let reason = "entry \(entry) of the base is NaN, infinite or beyond 2^41"
      return result(
        baseNorm: nil, isIdentical ? .identical : .notEncodable(reason: reason, entries: try changedEntries()))
    }
    let unit = Double(sign: .plus, exponent: -statistics.fractionBits, significand: 1)
    let norm = Double(statistics.sumOfSquares).squareRoot() * unit
    guard !isIdentical else { return result(baseNorm: norm, .identical) }
    // A matrix with one row or one column has rank 1 whatever its drift: nothing to decompose.
    var measure =
      after.matrixShape.rows == 1 || after.matrixShape.columns == 1 || !decomposes
      ? try measureEntries(unit: unit, fractionBits: statistics.fractionBits, baseNorm: norm)
      : try measureMatrix(fractionBits: statistics.fractionBits, baseNorm: norm)
    (measure.largestShare, measure.zeros) = try besideWeights(fractionBits: statistics.fractionBits, baseNorm: norm)
    return result(baseNorm: norm, .drifted(measure), commonNorm: try commonNorm(statistics, unit: unit))
  }

  private func measureMatrix(fractionBits: Int, baseNorm: Double) throws(InspectionError) -> DriftMeasure {
    let drift = try driftMatrix(fractionBits: fractionBits)
    let statistics: DriftStatistics
    do {
      statistics = try DriftStatistics.measure(
        drift, fractionBits: fractionBits, baseNorm: baseNorm,
        rounding: RankWarning.roundingFraction(of: after.dtype) * baseNorm)
    } catch {
      throw .decomposition(tensor: before.name, error)
    }
    let kronecker = try kronecker(drift, statistics, fractionBits: fractionBits, baseNorm: baseNorm)
    let circulant =
      kronecker == nil ? circulant(drift, statistics, fractionBits: fractionBits, baseNorm: baseNorm) : nil
    var patterns = ChangePatternFinder(columns: drift.columns)
    for start in stride(from: 0, to: drift.count, by: Self.entryBlock) {
      patterns.add((start..<min(drift.count, start + Self.entryBlock)).map { drift[$0] }, from: start)
    }
    let residual = statistics.rankResidual * statistics.norm
    let lowRank = LowRankMeasure(
      rank: statistics.rank, residual: residual, residualOfDrift: statistics.rankResidual,
      residualOfBase: baseNorm > 0 ? residual / baseNorm : nil, largestResidual: statistics.largestResidual,
      residuals: zip(DriftStatistics.ranks, statistics.residuals).map(RankResidual.init),
      singularValues: statistics.singularValues)
    return DriftMeasure(
      norm: statistics.norm, relativeNorm: baseNorm > 0 ? statistics.norm / baseNorm : nil,
      maximum: statistics.maximum, changedEntries: statistics.changedEntries, changedRows: statistics.changedRows,
      changedColumns: statistics.changedColumns, lowRank: statistics.norm > 0 ? lowRank : nil,
      warning: RankWarning.judge(statistics, dtype: after.dtype, shape: after.shape),
      unit: Double(sign: .plus, exponent: -fractionBits, significand: 1), pattern: patterns.pattern,
      kronecker: kronecker, circulant: circulant)
  }

  /// The largest circulant blocks of which the drift consists, but for rounding, if they have far fewer numbers than a low rank that
  /// explains the drift, too. A matrix of circulant blocks consists of none of half their size.
  private func circulant(
    _ drift: IntegerMatrix, _ statistics: DriftStatistics, fractionBits: Int, baseNorm: Double
  ) -> CirculantMeasure? {
    let rounding = RankWarning.roundingFraction(of: after.dtype) * baseNorm
    guard statistics.norm > 4 * rounding, after.shape == before.shape else { return nil }
    let unit = Double(sign: .plus, exponent: -fractionBits, significand: 1)
    let explained = max(0.01 * statistics.norm, rounding)
    let isLow = statistics.rankResidual * statistics.norm <= explained
    let most = isLow ? statistics.rank * (drift.rows + drift.columns) / 2 : drift.count
    var size = BlockForm.largestCirculant(rows: drift.rows, columns: drift.columns)?.rows ?? 0
    while size > 1, drift.count / size < most {
      if let found = CirculantStatistics.measure(drift, size: size, limit: explained / unit) {
        return CirculantMeasure(
          size: size, residual: found.residual * unit,
          residualOfBase: baseNorm > 0 ? found.residual * unit / baseNorm : nil, largestResidual: found.largest * unit)
      }
      size /= 2
    }
    return nil
  }

  /// A sum of few Kronecker products, if the drift is one: with blocks as LoKr cuts a tensor of this shape without a factor of its
  /// settings, where that has fewer numbers of its own than a low rank that explains the drift, too.
  private func kronecker(
    _ drift: IntegerMatrix, _ statistics: DriftStatistics, fractionBits: Int, baseNorm: Double
  ) throws(InspectionError) -> KroneckerMeasure? {
    let rounding = RankWarning.roundingFraction(of: after.dtype) * baseNorm
    guard statistics.norm > 4 * rounding, (2...4).contains(after.shape.count), after.shape == before.shape else {
      return nil
    }
    let rows = BlockForm.factorisation(of: after.shape[0]).inner
    let columns = BlockForm.factorisation(of: after.shape[1]).inner * (drift.columns / after.shape[1])
    let (unit, explained) = (
      Double(sign: .plus, exponent: -fractionBits, significand: 1), max(0.01 * statistics.norm, rounding)
    )
    do {
      let order = try BlockOrder(rows: drift.rows, columns: drift.columns, blockRows: rows, blockColumns: columns)
      let numbers = order.count + order.entries
      // Of so many terms, or of fewer rows than numbers, every matrix is such a sum.
      let most = min(order.count, order.entries) / 2
      guard let fewest = BlockStatistics.terms.first, most >= fewest else { return nil }
      let isLow = statistics.rankResidual * statistics.norm <= explained
      let found = try BlockStatistics.measure(drift, order: order)
      for (terms, residual) in zip(BlockStatistics.terms, found.residuals)
      where terms <= most && residual * unit <= explained {
        guard !isLow || terms * numbers < statistics.rank * (drift.rows + drift.columns) else { return nil }
        return KroneckerMeasure(
          terms: terms, rows: rows, columns: columns, residual: residual * unit,
          residualOfBase: baseNorm > 0 ? residual * unit / baseNorm : nil,
          largestResidual: try BlockStatistics.largestResidual(drift, order: order, terms: terms) * unit)
      }
      return nil
    } catch {
      throw .decomposition(tensor: before.name, error)
    }
  }

  /// Everything but ranks, block by block.
  private func measureEntries(
    unit: Double, fractionBits: Int, baseNorm: Double
  ) throws(InspectionError) -> DriftMeasure {
    var energy = 0.0
    var maximum: Int64 = 0
    var changed = 0
    let (rowCount, columnCount) = after.matrixShape
    var rows = [Bool](repeating: false, count: rowCount)
    var columns = [Bool](repeating: false, count: columnCount)
    var patterns = ChangePatternFinder(columns: columnCount)
    try forEachDriftBlock(fractionBits: fractionBits) { start, values in
      patterns.add(values, from: start)
      for (offset, value) in values.enumerated() where value != 0 {
        energy += Double(value) * Double(value)
        maximum = max(maximum, abs(value))
        changed += 1
        let (row, column) = (start + offset).quotientAndRemainder(dividingBy: columnCount)
        rows[row] = true
        columns[column] = true
      }
    }
    let norm = energy.squareRoot() * unit
    return DriftMeasure(
      norm: norm, relativeNorm: baseNorm > 0 ? norm / baseNorm : nil, maximum: Double(maximum) * unit,
      changedEntries: changed, changedRows: rows.count { $0 }, changedColumns: columns.count { $0 }, lowRank: nil,
      warning: nil, unit: unit, pattern: patterns.pattern)
  }

  /// The drift as a matrix, in 32 bits per entry unless one does not fit.
  private func driftMatrix(fractionBits: Int) throws(InspectionError) -> IntegerMatrix {
    let (rows, columns) = after.matrixShape
    var narrow: [Int32] = []
    narrow.reserveCapacity(after.entryCount)
    var fits = true
    try forEachDriftBlock(fractionBits: fractionBits) { _, values in
      guard fits else { return }
      fits = values.allSatisfy { $0 >= Int64(Int32.min) && $0 <= Int64(Int32.max) }
      if fits { narrow.append(contentsOf: values.lazy.map { Int32(truncatingIfNeeded: $0) }) }
    }
    do {
      if fits { return try IntegerMatrix(rows: rows, columns: columns, values: narrow) }
      narrow = []
      var wide = [Int64](repeating: 0, count: after.entryCount)
      try forEachDriftBlock(fractionBits: fractionBits) { start, values in
        for (offset, value) in values.enumerated() { wide[start + offset] = value }
      }
      return try IntegerMatrix(rows: rows, columns: columns, values: wide)
    } catch let error as InspectionError {
      throw error
    } catch let error as LinearAlgebraError {
      throw .decomposition(tensor: before.name, error)
    } catch {
      throw .decomposition(tensor: before.name, .integerOverflow)
    }
  }

  private func forEachDriftBlock(
    fractionBits: Int, count: Int? = nil, _ body: (_ start: Int, _ values: [Int64]) -> Void
  ) throws(InspectionError) {
    var values: [Int64] = []
    let count = count ?? after.entryCount
    for start in stride(from: 0, to: count, by: Self.entryBlock) {
      let range = start..<min(count, start + Self.entryBlock)
      try reading { () throws(CheckpointError) in
        try Checkpoint.drift(
          base: base, before, tuned: tuned, after, range: range, fractionBits: fractionBits, into: &values)
      }
      body(start, values)
    }
  }

  /// Of the least floor that such a bound has: 0.08 of the fraction of the heaviest chunk's rms, which is at least the tensor's.
  private static let leastFloor = 0.08

  /// What the changes are beside the base's weights, and how many of those are zero.
  private func besideWeights(
    fractionBits: Int, baseNorm: Double
  ) throws(InspectionError) -> (largestShare: Double?, zeros: ZeroCount?) {
    guard baseNorm > 0, decomposes else { return (nil, nil) }
    var (zeros, refilled) = (0, 0)
    let unit = Double(sign: .plus, exponent: -fractionBits, significand: 1)
    let floor = Self.leastFloor * Self.leastFloor * baseNorm * baseNorm / Double(before.entryCount)
    var largest = 0.0
    var failure: InspectionError?
    try forEachDriftBlock(fractionBits: fractionBits, count: before.entryCount) { start, values in
      guard failure == nil else { return }
      do throws(InspectionError) {
        let weights = try reading { () throws(CheckpointError) in
          try base.doubles(of: before, in: start..<start + values.count)
        }
        for (value, weight) in zip(values, weights) {
          if weight == 0 { (zeros, refilled) = (zeros + 1, refilled + (value != 0 ? 1 : 0)) }
          guard value != 0 else { continue }
          let drift = Double(value) * unit
          largest = max(largest, drift * drift / (weight * weight + floor))
        }
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return (largest.squareRoot(), ZeroCount(base: zeros, refilled: refilled))
  }

  private func changedEntries() throws(InspectionError) -> Int {
    try reading { () throws(CheckpointError) in
      before.dtype == after.dtype && before.shape == after.shape
        ? try ByteDifference.count(base: base, before, tuned: tuned, after)
        : try Checkpoint.valueDifferenceCount(base: base, before, tuned: tuned, after)
    }
  }

  private func reading<R>(_ body: () throws(CheckpointError) -> R) throws(InspectionError) -> R {
    do {
      return try body()
    } catch {
      throw .checkpoint(error)
    }
  }

  /// ‖Δ‖ of the base's rows; nil where there are no others.
  private func commonNorm(_ statistics: TensorStatistics, unit: Double) throws(InspectionError) -> Double? {
    guard before.shape != after.shape else { return nil }
    var energy = 0.0
    try forEachDriftBlock(fractionBits: statistics.fractionBits, count: before.entryCount) { _, values in
      for value in values { energy += Double(value) * Double(value) }
    }
    return energy.squareRoot() * unit
  }

  private func result(
    baseNorm: Double?, _ outcome: TensorInspection.Outcome, commonNorm: Double? = nil
  ) -> TensorInspection {
    TensorInspection(
      name: before.name, dtype: before.dtype, shape: before.shape, tunedDtype: after.dtype, tunedShape: after.shape,
      commonNorm: commonNorm, baseNorm: baseNorm, outcome: outcome)
  }
}

extension CheckpointError {
  /// The weights themselves are the trouble, not the files.
  fileprivate var isAboutValues: Bool {
    switch self {
    case .notFinite, .tooLarge, .fractionBitsOutOfRange: true
    default: false
    }
  }
}
