import Field
import Foundation
import Kernels

/// The digit oracle's payload, from E and R.
struct DigitTable {
  let layout: ArgumentLayout
  private(set) var cells: [UInt64]

  /// - Parameter factors: G's cells that lie in projection chunks.
  init(layout: ArgumentLayout, tiles: [DriftTile], factors: [Int64], matrix: ProjectionMatrix) {
    self.layout = layout
    cells = [UInt64](repeating: 0, count: 1 << layout.digitVariables)
    fillProjections(tiles, matrix)
    if let slots = layout.digits.factorProjections {
      let chunks = layout.factors.factorChunks
      let values = factors.prefix(chunks << Limits.logChunk)
      let padded = values + [Int64](repeating: 0, count: chunks << Limits.logChunk - values.count)
      let projections = Self.project(
        padded.allSatisfy { $0 == Int64(Int32(truncatingIfNeeded: $0)) }
          ? .narrow(padded.map { Int32(truncatingIfNeeded: $0) }) : .field(padded.map { Goldilocks($0).value }), matrix)
      for chunk in 0..<chunks { store(projections, chunk, slots, chunk) }
    }
    fillSquares(tiles)
    for line in layout.digits.lines.indices { fillLine(line) }
  }

  /// Y of every chunk of a row, 132 each; of field elements the centred value mod p.
  private static func project(_ entries: RowMessage, _ matrix: ProjectionMatrix) -> [Int64] {
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

  /// Y + H = d0 + 2^15·d1; when Y is out of range, d1 takes whatever is left.
  private mutating func store(_ values: [Int64], _ source: Int, _ slots: ProjectionSlots, _ chunk: Int) {
    for row in 0..<Limits.projections {
      let shifted = (values.isEmpty ? 0 : values[source * Limits.projections + row]) + Int64(Limits.halfRange)
      let high = shifted >> Int64(Limits.logDigit)
      cells[slots.cell(digit: 0, chunk: chunk, row: row)] = UInt64(shifted & Int64(Limits.digitBase - 1))
      cells[slots.cell(digit: 1, chunk: chunk, row: row)] = Goldilocks(high).value
    }
  }

  private mutating func fillProjections(_ tiles: [DriftTile], _ matrix: ProjectionMatrix) {
    let tableau = layout.tableau
    let projections = parallelMap(tiles.count) { tiles[$0].exact ? [] : Self.project(tiles[$0].entries, matrix) }
    var positions: [Int: Int] = [:]
    for (position, tile) in tiles.enumerated() { positions[tile.index] = position }
    for (piece, slots) in zip(tableau.projectionPieces, layout.digits.projections) {
      for chunk in 0..<piece.count {
        let start = piece.position(ofChunk: chunk)
        guard let position = positions[start >> layout.logLength] else { continue }
        store(projections[position], (start & (layout.length - 1)) >> Limits.logChunk, slots, chunk)
      }
    }
  }

  private mutating func fillSquares(_ tiles: [DriftTile]) {
    var positions: [Int: Int] = [:]
    for (position, tile) in tiles.enumerated() { positions[tile.index] = position }
    for piece in layout.tableau.squarePieces.joined().joined() {
      for chunk in 0..<piece.count {
        let start = piece.position(ofChunk: chunk)
        guard let position = positions[start >> layout.logLength] else { continue }
        let first = start & (layout.length - 1)
        storeSquare(tiles[position].squareSum(first..<first + 1 << piece.logChunk), piece.base + chunk)
      }
    }
  }

  /// The last digit takes whatever is left above it.
  mutating func storeSquare(_ square: UInt64, _ index: Int) {
    let mask = UInt64(Limits.digitBase - 1)
    for (digit, slot) in layout.digits.squares.enumerated() {
      let rest = square >> UInt64(Limits.logDigit * digit)
      cells[slot.offset + index] = digit == Limits.squareDigits - 1 ? rest : rest & mask
    }
  }

  /// Weighted digit sums of a line: T_j ≤ 2^56.
  func lineSums(_ line: BoundLine) -> [Int64] {
    var sums = [Int64](repeating: 0, count: line.digits)
    for term in line.terms {
      for (digit, slot) in layout.digits.squares.enumerated() {
        let start = slot.offset + term.piece.base
        let sum = cells[start..<start + term.piece.count].reduce(UInt64(0), &+)
        sums[digit + term.digitShift] &+= Int64(truncatingIfNeeded: sum << UInt64(term.logWeight))
      }
    }
    return sums
  }

  /// Slack N - Σ and its carries. Nil when the sum exceeds N.
  func slack(_ line: BoundLine) -> [Int64]? {
    let base = Int64(Limits.digitBase)
    var slack: [Int64] = []
    var borrow: Int64 = 0
    for (digit, sum) in lineSums(line).enumerated() {
      let difference = Int64(line.bound[digit]) - sum + borrow
      borrow = difference >> Int64(Limits.logDigit)
      slack.append(difference - borrow * base)
    }
    return borrow == 0 ? slack : nil
  }

  /// Writes a line's slack digits and carries; when N is exceeded the slack is N - Σ modulo 2^(15·digits).
  ///
  /// - Parameter pretended: for cheating provers, another line of as many digits.
  mutating func fillLine(_ index: Int, pretending pretended: BoundLine? = nil) {
    guard let totals = layout.digits.totals else { return }
    let line = pretended ?? layout.digits.lines[index]
    let sums = lineSums(line)
    let base = Int64(Limits.digitBase)
    var borrow: Int64 = 0
    var carry: Int64 = 0
    for digit in 0..<line.digits {
      let difference = Int64(line.bound[digit]) - sums[digit] + borrow
      borrow = difference >> Int64(Limits.logDigit)
      let slack = difference - borrow * base
      cells[totals.offset + DigitLayout.slackCell(line: index, digit: digit)] = UInt64(slack)
      carry = (sums[digit] + slack + carry - Int64(line.bound[digit])) >> Int64(Limits.logDigit)
      guard digit + 1 < line.digits else { continue }
      for part in 0..<Limits.carryDigits {
        cells[totals.offset + DigitLayout.carryCell(line: index, digit: digit, part: part)] =
          UInt64(carry >> Int64(Limits.logDigit * part) & (base - 1))
      }
    }
  }

  /// Counts every range-checked cell into the multiplicities. Last step, also of a cheating prover.
  mutating func countMultiplicities() {
    var counts = [UInt64](repeating: 0, count: Limits.digitBase)
    for slot in layout.digits.digitSlots {
      for cell in slot.range where cells[cell] < UInt64(Limits.digitBase) { counts[Int(cells[cell])] += 1 }
    }
    for (value, count) in counts.enumerated() { cells[layout.digits.multiplicities.offset + value] = count }
  }

  /// For cheating provers: any change of the cells.
  mutating func tamper(_ change: (inout [UInt64]) -> Void) { change(&cells) }
}

extension DriftTile {
  /// Σ E² over some positions; modulo p for a cheating prover's field elements.
  func squareSum(_ range: Range<Int>) -> UInt64 {
    switch entries {
    case .zero: 0
    case .narrow(let values):
      values[range].reduce(UInt64(0)) { $0 &+ UInt64(bitPattern: Int64($1) &* Int64($1)) }
    case .field(let values):
      values[range].reduce(Goldilocks.zero) { $0 + Goldilocks(reducing: $1) * Goldilocks(reducing: $1) }.value
    }
  }
}
