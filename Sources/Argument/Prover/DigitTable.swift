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
    cells = [UInt64](repeating: 0, count: layout.digits.used)
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

  /// Base-4 digits of a number; the last one takes whatever is left above it, so that nothing is lost when a cheating
  /// prover's number does not fit.
  mutating func store(_ number: Int64, digits: Int, at cell: Int) {
    for digit in 0..<digits {
      let rest = number >> Int64(Limits.logDigit * digit)
      cells[cell + digit] =
        digit == digits - 1 ? Goldilocks(rest).value : UInt64(rest & Int64(Limits.digitBase - 1))
    }
  }

  /// Y + H of one chunk.
  private mutating func store(_ values: [Int64], _ source: Int, _ slots: ProjectionSlots, _ chunk: Int) {
    for row in 0..<Limits.projections {
      let value = values.isEmpty ? 0 : values[source * Limits.projections + row]
      store(
        value + Int64(Limits.halfRange), digits: Limits.projectionDigits, at: slots.cell(chunk: chunk, row: row))
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

  /// Four limbs; the last one takes whatever is left above it.
  mutating func storeSquare(_ square: UInt64, _ index: Int) {
    for limb in 0..<Limits.squareLimbs {
      let rest = square >> UInt64(Limits.logLimb * limb)
      let value = limb == Limits.squareLimbs - 1 ? rest : rest & (1 << UInt64(Limits.logLimb) - 1)
      store(Int64(value), digits: Limits.limbDigits, at: layout.digits.squareCell(chunk: index, limb: limb))
    }
  }

  /// The number that some digits stand for.
  func number(at cell: Int, digits: Int) -> Int64 {
    (0..<digits).reduce(0) {
      $0 &+ Int64(truncatingIfNeeded: cells[cell + $1]) << Int64(Limits.logDigit * $1)
    }
  }

  /// Weighted limb sums of a line: T_j < 2^57.
  func lineSums(_ line: BoundLine) -> [Int64] {
    var sums = [Int64](repeating: 0, count: line.limbs)
    for term in line.terms {
      for limb in 0..<Limits.squareLimbs {
        for chunk in term.piece.base..<term.piece.base + term.piece.count {
          let value = number(at: layout.digits.squareCell(chunk: chunk, limb: limb), digits: Limits.limbDigits)
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

  /// Writes a line's slack and carries.
  mutating func fillLine(_ index: Int) {
    let line = layout.digits.lines[index]
    storeLine(index, slack: slack(line).limbs)
  }

  /// Writes given slack limbs and the carries that follow from them.
  mutating func storeLine(_ index: Int, slack: [Int64]) {
    let line = layout.digits.lines[index]
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

  /// For cheating provers: any change of the cells.
  mutating func tamper(_ change: (inout [UInt64]) -> Void) { change(&cells) }
}

extension DriftTile {
  /// Σ E² over some positions without any reduction; centred values for field elements.
  func exactSquareSum(_ range: Range<Int>) -> UInt128 {
    switch entries {
    case .zero: 0
    case .narrow(let values):
      Self.wideSquareSum(values[range])
    case .field(let values):
      values[range].reduce(UInt128(0)) {
        let value = UInt128(Goldilocks(reducing: $1).centred.magnitude)
        return $0 + min(value * value, 1 << 100)
      }
    }
  }

  private static func wideSquareSum(_ values: ArraySlice<Int32>) -> UInt128 {
    var low: UInt64 = 0
    var carries: UInt64 = 0
    for value in values {
      let (sum, overflow) = low.addingReportingOverflow(UInt64(Int64(value) * Int64(value)))
      low = sum
      carries += overflow ? 1 : 0
    }
    return UInt128(carries) << 64 + UInt128(low)
  }

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
