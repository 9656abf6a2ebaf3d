// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofField
import DriftProofKernels
import Synchronization

/// The digit oracle's payload, from E and R.
struct DigitTable {
  let layout: ArgumentLayout
  var digits: PackedDigits

  /// - Parameters:
  ///   - squares: S of every square chunk.
  ///   - roots: of entrywise clauses.
  ///   - factors: G's cells that lie in projection chunks.
  ///   - excesses: g of every orthonormal tensor, row by row.
  /// - Throws: what the witness' rows throw.
  init(
    layout: ArgumentLayout, tiles: DriftTiles, squares: [UInt64], roots: EntryRoots? = nil,
    rounding: RoundingOracles? = nil, factors: [Int64],
    matrix: ProjectionMatrix, excesses: [[Int64]] = []
  ) throws {
    self.layout = layout
    digits = PackedDigits(count: layout.digits.used)
    try fillProjections(tiles, roots ?? EntryRoots(layout: layout), rounding, matrix)
    fill(squares: squares, factors: factors, matrix: matrix, excesses: excesses)
  }

  /// With the projections of E that the holders of its tiles have made.
  /// - Parameter projections: stores them.
  init(
    layout: ArgumentLayout, squares: [UInt64], factors: [Int64], matrix: ProjectionMatrix,
    projections: (inout DigitTable) throws -> Void
  ) throws {
    self.layout = layout
    digits = PackedDigits(count: layout.digits.used)
    try projections(&self)
    fill(squares: squares, factors: factors, matrix: matrix, excesses: [])
  }

  /// All but the projections of E.
  private mutating func fill(squares: [UInt64], factors: [Int64], matrix: ProjectionMatrix, excesses: [[Int64]]) {
    if let slots = layout.digits.factorProjections {
      let chunks = layout.factors.factorChunks
      let values = factors.prefix(chunks << Limits.logChunk)
      let padded = values + [Int64](repeating: 0, count: chunks << Limits.logChunk - values.count)
      let projections = Self.project(
        padded.allSatisfy { $0 == Int64(Int32(truncatingIfNeeded: $0)) }
          ? .narrow(padded.map { Int32(truncatingIfNeeded: $0) }) : .field(padded.map { Goldilocks($0).value }), matrix)
      for chunk in 0..<chunks { digits.store(projections, chunk, slots, chunk) }
    }
    for (chunk, square) in squares.enumerated() { storeSquare(square, chunk) }
    for line in layout.digits.lines.indices { fillLine(line) }
    for (index, excess) in excesses.enumerated() { storeProducts(excess, of: index) }
  }

  /// g + H of all pairs of rows of an orthonormal tensor.
  mutating func storeProducts(_ excess: [Int64], of index: Int) {
    let rows = layout.orthonormal.members[index].rows
    for j in 0..<rows {
      for k in 0..<rows {
        store(
          excess[j * rows + k] &+ Int64(Limits.halfRange), digits: Limits.projectionDigits,
          at: layout.digits.products[index].cell(j, k))
      }
    }
  }

  /// The places of E's projections: slots and chunk of each compact index.
  static func places(
    _ layout: ArgumentLayout, _ own: [ProjectionSlots?]
  ) -> [(slots: ProjectionSlots, chunk: Int)?] {
    var places: [(slots: ProjectionSlots, chunk: Int)?] = .init(repeating: nil, count: layout.tableau.projectionChunks)
    for (piece, slots) in zip(layout.tableau.projectionPieces, own) {
      guard let slots else { continue }
      for chunk in 0..<piece.count { places[piece.base + chunk] = (slots, chunk) }
    }
    return places
  }

  /// Y of every chunk of a row, 132 each; of field elements the centred value mod p; none of zeros.
  static func project(_ entries: RowMessage, _ matrix: ProjectionMatrix) -> [Int64] {
    switch entries {
    case .zero: return []
    case .narrow(let values): return matrix.project(values)
    case .field(let values):
      var result: [Int64] = []
      for chunk in 0..<values.count >> Limits.logChunk {
        var sums = [Goldilocks](repeating: .zero, count: Limits.projections)
        for x in 0..<Limits.chunk where values[chunk << Limits.logChunk + x] != 0 {
          let value = Goldilocks(reducing: values[chunk << Limits.logChunk + x])
          for m in 0..<Limits.projections {
            let sign = matrix[m, x]
            if sign > 0 { sums[m] += value } else if sign < 0 { sums[m] -= value }
          }
        }
        result += sums.map(\.centred)
      }
      return result
    }
  }

  /// The second pass over E.
  private mutating func fillProjections(
    _ tiles: DriftTiles, _ roots: EntryRoots, _ rounding: RoundingOracles?, _ matrix: ProjectionMatrix
  ) throws {
    // Slots and chunk of each compact index: of E, then of the families of entrywise clauses.
    let slots = ([layout.digits.projections] + layout.digits.entryProjections).map {
      (own: [ProjectionSlots?]) in Self.places(layout, own)
    }
    let shared = Mutex(PackedDigits(count: 0))
    shared.withLock { swap(&$0, &digits) }
    try DriftTiles.ascending(tiles.count, workers: DriftTiles.workers(length: layout.length), {}, merge: { _, _ in }) {
      _, position in
      let indices = tiles.chunks.projections[position]
      if indices.isEmpty { return }
      let entries = try tiles.entries(position)
      var projections: [[Int64]]
      if let rounding, position < rounding.count {
        let made = rounding.projected(position, entries, try rounding.values(position, entries))
        projections = ([made.lost] + made.families).map { Self.project($0, matrix) }
      } else {
        projections = [Self.project(entries, matrix)]
      }
      if rounding == nil, position < roots.count {
        let own = roots.roots(position, entries)
        projections += [
          Self.project(own, matrix), Self.project(roots.differences(position, entries, own), matrix),
        ]
      }
      tiles.recycle(entries)
      shared.withLock { digits in
        for (family, values) in projections.enumerated() {
          for (chunk, index) in indices.enumerated() {
            guard let place = slots[family][index] else { continue }
            digits.store(values, chunk, place.slots, place.chunk)
          }
        }
      }
    }
    shared.withLock { swap(&$0, &digits) }
  }

  /// Four limbs; the last one takes whatever is left above it.
  mutating func storeSquare(_ square: UInt64, _ index: Int) {
    for limb in 0..<Limits.squareLimbs {
      let rest = square >> UInt64(Limits.logLimb * limb)
      let value = limb == Limits.squareLimbs - 1 ? rest : rest & (1 << UInt64(Limits.logLimb) - 1)
      store(Int64(value), digits: Limits.limbDigits, at: layout.digits.squareCell(chunk: index, limb: limb))
    }
  }

  mutating func store(_ number: Int64, digits count: Int, at cell: Int) {
    digits.store(number, digits: count, at: cell)
  }

  /// Weighted limb sums of a line: T_j < 2^57.
  func lineSums(_ line: BoundLine) -> [Int64] {
    var sums = [Int64](repeating: 0, count: line.limbs)
    for term in line.terms {
      for limb in 0..<Limits.squareLimbs {
        for chunk in term.piece.base..<term.piece.base + term.piece.count {
          let value = digits.number(
            at: layout.digits.squareCell(chunk: chunk, limb: limb), digits: Limits.limbDigits)
          sums[limb + term.limbShift] &+= value << Int64(term.logWeight)
        }
      }
    }
    return sums
  }

  /// Limbs of N - Σ modulo 2^(15·limbs), and whether the sum is within N.
  func slack(_ line: BoundLine) -> (limbs: [Int64], holds: Bool) {
    var slack: [Int64] = []
    var borrow: Int64 = 0
    for (limb, sum) in lineSums(line).enumerated() {
      let difference = Int64(line.bound[limb]) - sum + borrow
      borrow = difference >> Int64(Limits.logLimb)
      slack.append(difference - borrow << Int64(Limits.logLimb))
    }
    return (slack, borrow == 0)
  }

  /// Writes a line's slack and carries; when N is exceeded the slack is N - Σ modulo 2^(15·limbs).
  mutating func fillLine(_ index: Int) { fillLine(index, as: layout.digits.lines[index]) }

  /// Writes the slack of a line, which is that of the index or has as many limbs, and the carries that follow from it.
  mutating func fillLine(_ index: Int, as line: BoundLine) {
    let slack = slack(line).limbs
    let offset = layout.digits.lineSlots[index].offset
    let sums = lineSums(line)
    var carry: Int64 = 0
    for limb in 0..<line.limbs {
      store(slack[limb], digits: Limits.limbDigits, at: offset + BoundLine.slackCell(limb: limb, digit: 0))
      carry = (sums[limb] + slack[limb] + carry - Int64(line.bound[limb])) >> Int64(Limits.logLimb)
      guard limb + 1 < line.limbs else { continue }
      store(carry, digits: Limits.carryDigits, at: offset + BoundLine.carryCell(limb: limb, digit: 0))
    }
  }
}

extension PackedDigits {
  /// Y + H of one chunk; no projections are those of zeros.
  mutating func store(_ values: [Int64], _ source: Int, _ slots: ProjectionSlots, _ chunk: Int) {
    for row in 0..<Limits.projections {
      let value = values.isEmpty ? 0 : values[source * Limits.projections + row]
      store(value, range: slots.range, at: slots.cell(chunk: chunk, row: row))
    }
  }
}
