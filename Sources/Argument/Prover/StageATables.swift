import Field
import Kernels

/// The weights of Stage A as dense tables: what ``StageAWeights`` evaluates at one point. A test holds them equal.
struct StageATables {
  let layout: ArgumentLayout
  let challenges: StageAChallenges

  /// Linear weights of the digit oracle's cells, as many as are used.
  func digits() -> [CubicExtension] {
    let digits = layout.digits
    var table = [CubicExtension](repeating: .zero, count: digits.used)
    let rowWeights = challenges.rowWeights
    let powersOfFour = (0..<Limits.projectionDigits).map { Goldilocks(1 << (Limits.logDigit * $0)) }
    func fill(_ slots: ProjectionSlots, chunks: Range<Int>, weight: (Int) -> CubicExtension) {
      for chunk in chunks {
        let weight = -weight(chunk)
        for (row, rowWeight) in rowWeights.enumerated() {
          let value = weight * rowWeight
          let first = slots.cell(chunk: chunk, row: row)
          for (digit, power) in powersOfFour.enumerated() { table[first + digit] = value * power }
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
    guard digits.squares != nil else { return }
    func addLimb(_ chunk: Int, _ limb: Int, _ weight: CubicExtension) {
      let first = digits.squareCell(chunk: chunk, limb: limb)
      for digit in 0..<Limits.limbDigits {
        table[first + digit] += weight * Goldilocks(1 << (Limits.logDigit * digit))
      }
    }
    let squareWeights = Multilinear.equality(challenges.squares, scale: challenges.power(.squares))
    for limb in 0..<Limits.squareLimbs {
      let scale = -Goldilocks(1 << (Limits.logLimb * limb))
      for (chunk, weight) in squareWeights.enumerated() { addLimb(chunk, limb, weight * scale) }
    }
    var first = 0
    for (line, slot) in zip(digits.lines, digits.lineSlots) {
      let powers = Array(challenges.linePowers(first: first, count: line.limbs))
      first += line.limbs
      for term in line.terms {
        for limb in 0..<Limits.squareLimbs {
          let weight = powers[limb + term.limbShift] * Goldilocks(1 << term.logWeight)
          for chunk in term.piece.base..<term.piece.base + term.piece.count { addLimb(chunk, limb, weight) }
        }
      }
      BoundLineWeights.forEachCell(powers: powers) { cell, weight in table[slot.offset + cell] += weight }
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
