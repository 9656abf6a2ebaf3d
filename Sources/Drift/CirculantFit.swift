// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofArgumentProver
import DriftProofLinearAlgebra

/// Finds the numbers of circulant blocks, diagonal by diagonal: means of what no sparse part covers, moved as far as bounds of
/// single entries ask. Exact integers throughout, but for the choice of what a sparse part covers.
///
/// Of one diagonal the integer next to the mean leaves the least sum of squares, and a number that leaves all entries within their
/// bounds exists exactly where intervals around them meet: without a sparse part no fit is better.
struct CirculantFit {
  let drift: IntegerMatrix
  let block: CirculantBlock
  let scale: Int

  struct Found {
    /// In the order of ``CirculantBlock/number(row:column:columns:)``.
    var diagonals: [Int64]
    var support: [Int]?
    /// Of what is left where the support does not reach.
    var sumOfSquares: UInt128 = 0
    /// How much less of it real numbers would leave.
    var rounding = 0.0
    /// Entries beyond their widths, and the one that is farthest beyond.
    var outside = 0
    var worst = (index: 0, rest: 0 as UInt64, width: 0 as Int64)
    /// Lines that a support would have to have where nothing may be left.
    var lines = 0
  }

  private struct Entry {
    var value: Int64
    var width: Int64
    var index: Int
  }

  /// - Parameter widths: of entries of these rows, row-major, how far each may be from its number; nil where only the sum of squares
  ///   counts. Zeros where nothing may be left.
  func fit<Failure: Error>(
    sparse: SparseForm?, widths: (Range<Int>) throws(Failure) -> [Int64]?
  ) throws(Failure) -> Found {
    var found = Found(diagonals: [Int64](repeating: 0, count: block.count(rows: drift.rows, columns: drift.columns)))
    var covered: Set<Int> = []
    if let sparse {
      var lines: [Int: (outside: Int, square: Double)] = [:]
      try forEachDiagonal(widths) { _, entries, isBounded in
        let centre = isBounded ? Self.centre(entries) { line(of: $0, sparse) } : Self.median(entries)
        for entry in entries where entry.value != centre {
          let own = lines[line(of: entry.index, sparse)] ?? (0, 0)
          let rest = Double(entry.value) - Double(centre)
          let isOutside = isBounded && Self.rest(entry, centre) > UInt64(entry.width)
          lines[line(of: entry.index, sparse)] = (own.outside + (isOutside ? 1 : 0), own.square + rest * rest)
        }
      }
      let order = lines.sorted {
        ($1.value.outside, $1.value.square, $0.key) < ($0.value.outside, $0.value.square, $1.key)
      }
      covered = Set(order.prefix(sparse.count).map(\.key))
      found.support = covered.sorted()
      found.lines = lines.values.count { $0.outside > 0 }
    }
    try forEachDiagonal(widths) { number, entries, isBounded in
      var entries = entries
      if let sparse { entries.removeAll { covered.contains(line(of: $0.index, sparse)) } }
      guard !entries.isEmpty else { return }
      let centre = isBounded ? Self.centre(entries) { $0 } : Self.mean(entries)
      found.diagonals[number] = centre
      found.add(entries.map { ($0.index, Self.rest($0, centre), $0.width) }, isBounded: isBounded)
      let difference = Double(entries.reduce(Int128(0)) { $0 + Int128($1.value) - Int128(centre) })
      found.rounding += difference * difference / Double(entries.count)
    }
    return found
  }

  // MARK: Diagonals

  /// The entries of every diagonal of every block, from the first row on.
  private func forEachDiagonal<Failure: Error>(
    _ widths: (Range<Int>) throws(Failure) -> [Int64]?,
    _ body: (_ number: Int, _ entries: [Entry], _ isBounded: Bool) -> Void
  ) throws(Failure) {
    let (size, columns) = (block.size, drift.columns)
    var entries: [Entry] = []
    for first in stride(from: 0, to: drift.rows, by: size) {
      let own = try widths(first..<first + size)
      for left in stride(from: 0, to: columns, by: size) {
        for t in 0..<size {
          entries.removeAll(keepingCapacity: true)
          for i in 0..<size {
            let place = i * columns + left + (i + t) & (size - 1)
            let index = first * columns + place
            entries.append(Entry(value: drift[index] << Int64(scale), width: own?[place] ?? 0, index: index))
          }
          body(block.number(row: first, column: left + t, columns: columns), entries, own != nil)
        }
      }
    }
  }

  private static func rest(_ entry: Entry, _ centre: Int64) -> UInt64 { (entry.value &- centre).magnitude }

  /// The integer next to the mean.
  private static func mean(_ entries: [Entry]) -> Int64 {
    let sum = entries.reduce(Int128(0)) { $0 + Int128($1.value) }
    let (twice, count) = (2 * sum + Int128(entries.count), 2 * Int128(entries.count))
    let (quotient, remainder) = twice.quotientAndRemainder(dividingBy: count)
    return Int64(truncatingIfNeeded: remainder < 0 ? quotient - 1 : quotient)
  }

  private static func median(_ entries: [Entry]) -> Int64 { entries.map(\.value).sorted()[entries.count / 2] }

  /// Next to the mean within all intervals; where these do not meet, what lies in most of them, and of several such numbers the one
  /// that the first line has.
  private static func centre(_ entries: [Entry], line: (Int) -> Int) -> Int64 {
    var (low, high) = (Int64.min, Int64.max)
    for entry in entries { (low, high) = (max(low, entry.value - entry.width), min(high, entry.value + entry.width)) }
    guard low > high else { return min(high, max(low, mean(entries))) }
    let lows = entries.map { $0.value - $0.width }.sorted()
    let highs = entries.map { $0.value + $0.width }.sorted()
    var best = (count: 0, line: Int.max, value: low)
    var ended = 0
    for (started, candidate) in lows.enumerated() {
      while ended < highs.count, highs[ended] < candidate { ended += 1 }
      let count = started + 1 - ended
      guard count >= best.count, started + 1 == lows.count || lows[started + 1] > candidate else { continue }
      var first = Int.max
      for entry in entries where rest(entry, candidate) <= UInt64(entry.width) { first = min(first, line(entry.index)) }
      if (count, -first) > (best.count, -best.line) { best = (count, first, candidate) }
    }
    return best.value
  }

  private func line(of index: Int, _ form: SparseForm) -> Int {
    switch form {
    case .entries: index
    case .rows: index / drift.columns
    case .columns: index % drift.columns
    }
  }
}

extension CirculantFit.Found {
  fileprivate mutating func add(_ rests: [(index: Int, rest: UInt64, width: Int64)], isBounded: Bool) {
    for (index, rest, width) in rests {
      sumOfSquares += UInt128(rest) * UInt128(rest)
      guard isBounded, rest > UInt64(width) else { continue }
      outside += 1
      if outside == 1 || Double(rest) * Double(worst.width + 1) > Double(worst.rest) * Double(width + 1) {
        worst = (index, rest, width)
      }
    }
  }

  fileprivate var fit: ClauseFit { .circulant(diagonals: diagonals, support: support) }
}

extension ClauseFitter {
  /// Of a clause with circulant blocks, but for rounding bounds.
  func fitCirculant(_ clause: StructuredClause, _ block: CirculantBlock) -> ClauseFit {
    let fitter = CirculantFit(drift: drift, block: block, scale: clause.scale)
    func found(width: UInt64?) -> CirculantFit.Found {
      fitter.fit(sparse: clause.sparse) { rows in
        width.map { [Int64](repeating: Int64($0), count: rows.count * drift.columns) }
      }
    }
    if let entries = clause.entries {
      let own = found(width: entries.root)
      guard own.outside == 0 else { return outside(found(width: entries.largest), clause, entries, provable: own) }
      if let bound = clause.bound, BoundSum(own.sumOfSquares).exceeds(bound) {
        return .violated(.residual(found: norm(Double(own.sumOfSquares), scale: clause.scale)))
      }
      return own.fit
    }
    guard let bound = clause.bound else {
      let own = found(width: 0)
      guard own.outside > 0 else { return own.fit }
      if clause.sparse != nil { return .violated(.count(found: own.lines)) }
      let best = found(width: nil)
      return .violated(.rank(residual: norm(Double(best.sumOfSquares) - best.rounding, scale: clause.scale)))
    }
    let own = found(width: nil)
    guard BoundSum(own.sumOfSquares).exceeds(bound) else { return own.fit }
    let best = norm(max(0, Double(own.sumOfSquares) - own.rounding), scale: clause.scale)
    let allowed = norm(BoundSum.approximation(bound), scale: clause.scale)
    guard best <= allowed else { return .violated(.residual(found: best)) }
    return .imprecise(
      "circulant blocks leave \(best), inside the bound \(allowed), but those of whole numbers leave "
        + "\(norm(Double(own.sumOfSquares), scale: clause.scale)); widen the residual")
  }

  private func outside(
    _ found: CirculantFit.Found, _ clause: StructuredClause, _ entries: EntryClaim, provable: CirculantFit.Found
  ) -> ClauseFit {
    func size(_ units: UInt64) -> Double { norm(Double(units) * Double(units), scale: clause.scale) }
    guard found.outside == 0 else {
      let (row, column) = found.worst.index.quotientAndRemainder(dividingBy: drift.columns)
      return .violated(.entries(found: found.outside, worst: size(found.worst.rest), row: row, column: column))
    }
    return .imprecise(
      "\(provable.outside) \(provable.outside == 1 ? "entry lies" : "entries lie") between \(size(entries.root)), up to which an "
        + "entry can be proved to be within the bound at this precision, and the bound \(size(entries.largest)); widen it by that much"
    )
  }
}

extension RoundingFitter {
  /// Of a clause with circulant blocks that bounds roundings. Without factors no lowest bits of E are left out.
  func fitCirculant(
    _ clause: StructuredClause, _ block: CirculantBlock, _ entries: EntryClaim, _ rounding: RoundingClaim
  ) throws -> ClauseFit {
    guard rounding.fineShift == 0 else { return .imprecise("its residual has a fine shift, which only factors need") }
    let columns = fitter.drift.columns
    var base: [Int32] = []
    let fit = CirculantFit(drift: fitter.drift, block: block, scale: clause.scale)
    let found = try fit.fit(sparse: clause.sparse) { rows throws in
      try source.base(rows: rows, into: &base)
      return base.indices.map { place in
        Self.width(entries, rounding, drift: fitter.drift[rows.lowerBound * columns + place], base: Int64(base[place]))
      }
    }
    guard found.outside > 0 else { return found.fit }
    let (row, column) = found.worst.index.quotientAndRemainder(dividingBy: columns)
    let limit = RoundingLimit(clause, rounding, dtype: source.baseType)
    let ratio = Double(found.worst.rest) / Double(max(1, found.worst.width))
    return .violated(
      .rounding(found: found.outside, worst: ratio * limit.value, row: row, column: column, limit: limit))
  }

  /// The largest residual that an entry may have.
  private static func width(_ claim: EntryClaim, _ rounding: RoundingClaim, drift: Int64, base: Int64) -> Int64 {
    func ratio(_ r: Int64) -> Double { excess(claim, rounding, index: 0, r: r, drift: drift, base: base).ratio }
    var width = Int64((1 / ratio(1)).squareRoot())
    while width > 0, ratio(width) > 1 { width -= 1 }
    return width
  }
}
