import Field
import Kernels

/// The public weights of Stage A at a point, from aligned cubes only: polylogarithmic in the tensors' sizes but for one
/// vector of 2^14 entries and the 2^15-entry range table.
///
/// `point` has no `top` coordinate; all weights lack the common factor 1 - top.
struct StageAWeights {
  let layout: ArgumentLayout
  let challenges: StageAChallenges
  /// R~(m*, ·): 2^14 entries.
  let columnWeights: [CubicExtension]

  init(layout: ArgumentLayout, challenges: StageAChallenges, matrix: ProjectionMatrix) {
    self.layout = layout
    self.challenges = challenges
    columnWeights = matrix.weightedColumns(rowWeights: challenges.rowWeights)
  }

  /// Weights of E² and E.
  func drift(_ point: [CubicExtension]) -> (square: CubicExtension, linear: CubicExtension) {
    let tableau = layout.tableau
    var square = CubicExtension.zero
    for piece in tableau.squarePieces.joined().joined() {
      square += piece.weight(compact: challenges.squares, point)
    }
    var linear = CubicExtension.zero
    if !tableau.projectionPieces.isEmpty {
      var pieces = CubicExtension.zero
      for piece in tableau.projectionPieces { pieces += piece.weight(compact: challenges.projections, point) }
      linear = pieces * columnFunctional(point) * challenges.power(.projections)
    }
    for cube in tableau.exactCubes {
      var weight = cube.fixedWeight(point) * cube.fixedWeight(challenges.exact)
      for variable in cube.free { weight *= Multilinear.equality(challenges.exact[variable], point[variable]) }
      linear += weight * challenges.power(.exact)
    }
    return (square * challenges.power(.squares), linear)
  }

  /// Σ_x R~(m*, x)·eq(point, x) over the 2^14 positions of a chunk.
  func columnFunctional(_ point: [CubicExtension]) -> CubicExtension {
    Multilinear.innerProduct(columnWeights, Multilinear.equality(point.prefix(Limits.logChunk)))
  }

  /// Weights of h·D, h and D.
  func digits(_ point: [CubicExtension]) -> (product: CubicExtension, helper: CubicExtension, digit: CubicExtension) {
    let point = Array(point.prefix(layout.digitVariables))
    let digits = layout.digits
    var product = CubicExtension.zero
    var sum = CubicExtension.zero
    for slot in digits.digitSlots {
      let address = slot.address(point)
      sum += address
      product +=
        address * slot.address(challenges.digits)
        * Multilinear.equality(point.prefix(slot.log), challenges.digits.prefix(slot.log))
    }
    product *= challenges.power(.helper)
    let helper = product * challenges.alpha + sum * challenges.power(.rangeSum)

    var digit = projectionDigits(point)
    digit -= challenges.power(.rangeSum) * digits.multiplicities.address(point) * rangeTable(point)
    digit += squareAndLineDigits(point)
    return (product, helper, digit)
  }

  /// Σ_t eq(point, t)/(α + t) over the range table.
  private func rangeTable(_ point: [CubicExtension]) -> CubicExtension {
    let inverses = CubicExtension.batchInverse((0..<Limits.digitBase).map { challenges.alpha + CubicExtension($0) })
    return Multilinear.innerProduct(inverses, Multilinear.equality(point.prefix(Limits.logDigit)))
  }

  private func projectionDigits(_ point: [CubicExtension]) -> CubicExtension {
    let rows = challenges.rows
    let restHigh = rows[ProjectionSlots.logRest..<7].reduce(rows[7]) { $0 * (.one - $1) }
    /// Both slots of one digit; `chunks` gives the chunk part for a slot whose chunk bits begin at a variable.
    func slots(_ slots: ProjectionSlots, digit: Int, chunks: (Int) -> CubicExtension) -> CubicExtension {
      let main =
        slots.main[digit].address(point) * (.one - rows[7])
        * Multilinear.equality(rows.prefix(7), point.prefix(7)) * chunks(7)
      let rest =
        slots.rest[digit].address(point) * restHigh
        * Multilinear.equality(rows.prefix(2), point.prefix(2)) * chunks(2)
      return main + rest
    }
    var sum = CubicExtension.zero
    for (piece, projection) in zip(layout.tableau.projectionPieces, layout.digits.projections) {
      let log = piece.logCount
      let high = Multilinear.equality(challenges.projections[log...], at: piece.base >> log)
      let chunks: (Int) -> CubicExtension = { first in
        high * Multilinear.equality(challenges.projections.prefix(log), point[first..<first + log])
      }
      sum +=
        (slots(projection, digit: 0, chunks: chunks)
          + slots(projection, digit: 1, chunks: chunks) * Goldilocks(Limits.digitBase)) * challenges.power(.projections)
    }
    if let projection = layout.digits.factorProjections {
      let log = projection.logChunks
      let chunks: (Int) -> CubicExtension = { first in
        Multilinear.prefixSum(
          challenges.factorChunks, Array(point[first..<first + log]), count: layout.factors.factorChunks)
      }
      sum +=
        (slots(projection, digit: 0, chunks: chunks)
          + slots(projection, digit: 1, chunks: chunks) * Goldilocks(Limits.digitBase))
        * challenges.power(.factorProjections)
    }
    return -sum
  }

  private func squareAndLineDigits(_ point: [CubicExtension]) -> CubicExtension {
    let digits = layout.digits
    var sum = CubicExtension.zero
    let slotAddresses = digits.squares.map { $0.address(point) }
    if let slot = digits.squares.first {
      let matched =
        Multilinear.equality(challenges.squares, point.prefix(slot.log)) * challenges.power(.squares)
      for (digit, address) in slotAddresses.enumerated() {
        sum -= matched * address * Goldilocks(1 << (Limits.logDigit * digit))
      }
    }
    guard let totals = digits.totals else { return sum }
    let totalsAddress = totals.address(point)
    let cells = Multilinear.equality(point.prefix(DigitLayout.logCellsPerLine))
    let linePoint = point[DigitLayout.logCellsPerLine..<totals.log]
    var first = 0
    for (index, line) in digits.lines.enumerated() {
      let powers = Array(challenges.linePowers(first: first, count: line.digits))
      first += line.digits
      for term in line.terms {
        let slotPoint = point[term.piece.logCount..<digits.squares[0].log]
        let place =
          Multilinear.equality(slotPoint, at: term.piece.base >> term.piece.logCount) * Goldilocks(1 << term.logWeight)
        for digit in 0..<Limits.squareDigits {
          sum += place * slotAddresses[digit] * powers[digit + term.digitShift]
        }
      }
      var own = CubicExtension.zero
      BoundLineWeights.forEachCell(powers: powers) { cell, weight in own += cells[cell] * weight }
      sum += own * totalsAddress * Multilinear.equality(linePoint, at: index)
    }
    return sum
  }

  /// Weights of G² and G.
  func factors(_ point: [CubicExtension]) -> (square: CubicExtension, linear: CubicExtension) {
    let point = Array(point.prefix(layout.factorVariables))
    let factors = layout.factors
    var linear = CubicExtension.zero
    if factors.factorChunks > 0 {
      let log = challenges.factorChunks.count
      let first = Limits.logChunk
      let high = point[(first + log)...].reduce(CubicExtension.one) { $0 * (.one - $1) }
      linear =
        high
        * Multilinear.prefixSum(
          challenges.factorChunks, Array(point[first..<first + log]), count: factors.factorChunks)
        * columnFunctional(point) * challenges.power(.factorProjections)
    }
    var square = CubicExtension.zero
    if let bits = factors.bits {
      square =
        bits.address(point) * Multilinear.equality(challenges.bits, point.prefix(bits.log)) * challenges.power(.bits)
      linear -= square
    }
    return (square, linear)
  }
}

/// The cells of one bound line: slack_j + carry_{j-1} - 2^15·carry_j, with carry_{-1} = carry_{J-1} = 0.
enum BoundLineWeights {
  /// - Parameter powers: λ-power of each digit's line.
  static func forEachCell(powers: [CubicExtension], _ body: (_ cell: Int, _ weight: CubicExtension) -> Void) {
    for (digit, power) in powers.enumerated() {
      body(DigitLayout.slackCell(line: 0, digit: digit), power)
      guard digit + 1 < powers.count else { continue }
      // carry_digit leaves this line, times 2^15, and enters the next one.
      let weight = powers[digit + 1] - power * Goldilocks(Limits.digitBase)
      for part in 0..<Limits.carryDigits {
        body(
          DigitLayout.carryCell(line: 0, digit: digit, part: part),
          weight * Goldilocks(1 << (Limits.logDigit * part)))
      }
    }
  }
}
