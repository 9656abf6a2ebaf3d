import Field
import Kernels

/// The weights of Stage A as dense tables: what ``StageAWeights`` evaluates at one point. A test holds them equal.
struct StageATables {
  let layout: ArgumentLayout
  let challenges: StageAChallenges

  /// Tables over the digit oracle's cells: weights of h·D, h and D.
  func digits() -> (product: [CubicExtension], helper: [CubicExtension], digit: [CubicExtension]) {
    let size = 1 << layout.digitVariables
    let digits = layout.digits
    var product = [CubicExtension](repeating: .zero, count: size)
    var helper = product
    let equality = Multilinear.equality(challenges.digits, scale: challenges.power(.helper))
    let rangePower = challenges.power(.rangeSum)
    for slot in digits.digitSlots {
      for cell in slot.range {
        product[cell] = equality[cell]
        helper[cell] = equality[cell] * challenges.alpha + rangePower
      }
    }
    return (product, helper, digit(size))
  }

  private func digit(_ size: Int) -> [CubicExtension] {
    let digits = layout.digits
    var table = [CubicExtension](repeating: .zero, count: size)
    let inverses = CubicExtension.batchInverse((0..<Limits.digitBase).map { challenges.alpha + CubicExtension($0) })
    for (t, inverse) in inverses.enumerated() {
      table[digits.multiplicities.offset + t] = -(challenges.power(.rangeSum) * inverse)
    }
    let rowWeights = challenges.rowWeights
    let base = Goldilocks(Limits.digitBase)
    func fill(_ slots: ProjectionSlots, chunks: Range<Int>, weight: (Int) -> CubicExtension) {
      for chunk in chunks {
        let weight = -weight(chunk)
        for (row, rowWeight) in rowWeights.enumerated() {
          let value = weight * rowWeight
          table[slots.cell(digit: 0, chunk: chunk, row: row)] = value
          table[slots.cell(digit: 1, chunk: chunk, row: row)] = value * base
        }
      }
    }
    let chunkWeights = Multilinear.equality(challenges.projections, scale: challenges.power(.projections))
    for (piece, slots) in zip(layout.tableau.projectionPieces, digits.projections) {
      fill(slots, chunks: 0..<piece.count) { chunkWeights[piece.base + $0] }
    }
    if let slots = digits.factorProjections {
      let weights = Multilinear.equality(challenges.factorChunks, scale: challenges.power(.factorProjections))
      fill(slots, chunks: 0..<layout.factors.factorChunks) { weights[$0] }
    }
    addSquaresAndLines(to: &table)
    return table
  }

  private func addSquaresAndLines(to table: inout [CubicExtension]) {
    let digits = layout.digits
    let squareWeights = Multilinear.equality(challenges.squares, scale: challenges.power(.squares))
    for (digit, slot) in digits.squares.enumerated() {
      let scale = Goldilocks(1 << (Limits.logDigit * digit))
      for (chunk, weight) in squareWeights.enumerated() { table[slot.offset + chunk] -= weight * scale }
    }
    guard let totals = digits.totals else { return }
    var first = 0
    for (index, line) in digits.lines.enumerated() {
      let powers = Array(challenges.linePowers(first: first, count: line.digits))
      first += line.digits
      for term in line.terms {
        for digit in 0..<Limits.squareDigits {
          let weight = powers[digit + term.digitShift] * Goldilocks(1 << term.logWeight)
          let start = digits.squares[digit].offset + term.piece.base
          for cell in start..<start + term.piece.count { table[cell] += weight }
        }
      }
      BoundLineWeights.forEachCell(powers: powers) { cell, weight in
        table[totals.offset + index * DigitLayout.cellsPerLine + cell] += weight
      }
    }
  }

  /// Tables over the factor oracle's cells: weights of G² and G.
  func factors(columnWeights: [CubicExtension]) -> (square: [CubicExtension], linear: [CubicExtension]) {
    let size = 1 << layout.factorVariables
    var square = [CubicExtension](repeating: .zero, count: size)
    var linear = square
    let factors = layout.factors
    if factors.factorChunks > 0 {
      let weights = Multilinear.equality(challenges.factorChunks, scale: challenges.power(.factorProjections))
      for chunk in 0..<factors.factorChunks {
        for (x, weight) in columnWeights.enumerated() { linear[chunk << Limits.logChunk + x] = weights[chunk] * weight }
      }
    }
    if let bits = factors.bits {
      let equality = Multilinear.equality(challenges.bits, scale: challenges.power(.bits))
      for (index, weight) in equality.enumerated() {
        square[bits.offset + index] = weight
        linear[bits.offset + index] -= weight
      }
    }
    return (square, linear)
  }
}
