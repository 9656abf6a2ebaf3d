// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCurve
import DriftProofCurveArgument

/// Σ (1 - top)·(w(x)·E(x)² + R~(x)·E(x)), E being small integers and one mask.
///
/// - The first four variables' rounds of E² work on a matrix of 16 × 16, so that the table of scalars has a sixteenth of the
///   cells. w is constant on a row; with one tensor it is constant everywhere.
/// - While the bits of group 1 are bound, Σ R~·E is Σ_m Σ_x_1 eq(m*, m)·R_1[m][x_1]·F_m(x_1). Then R~ is a table.
struct DriftTerm: SumcheckTerm {
  private let layout: CurveArgumentLayout
  private let challenges: StageChallenges
  private let matrices: [TernaryMatrix]
  private let rows: any CurveDriftRows
  private let mask: Fr
  /// w by row.
  private var weights: [Fr]
  private var bound: [Fr] = []

  /// Of E², 2^(4 - i) square after i variables.
  private var gram: [Fr]
  private let linearTotal: Fr
  private let projections: ProjectionSums
  /// eq(m*, m)·R_1[m][x_1] and F_m(x_1) with `top` bound, until group 1 is; then R~ and nothing.
  private var linear: [Fr] = []
  private var tables: [Fr] = []
  /// E with the mask, once four variables are bound.
  private var values: [Fr] = []

  init(
    challenges: StageChallenges, matrices: [TernaryMatrix], rows: any CurveDriftRows, projections: ProjectionSums,
    mask: Fr
  ) {
    layout = challenges.layout
    self.challenges = challenges
    self.matrices = matrices
    self.rows = rows
    self.projections = projections
    self.mask = mask
    var weights: [Fr] = []
    for line in layout.lines {
      weights += [Fr](repeating: challenges.squareWeight(line), count: line.rows.count)
    }
    self.weights = weights
    gram = GramSums.matrix(layout, weights: weights, rows: rows)
    linearTotal = zip(challenges.projectionWeights, projections.values).reduce(.zero) { $0 + $1.0 * Fr($1.1) }
  }

  private var topFactor: Fr { bound.isEmpty ? .one : .one - bound[0] }
  /// Variables of E-space that are bound.
  private var position: Int { bound.count - 1 }
  private var logWidth: Int { layout.range.groups[0].count }
  private var hasOneWeight: Bool { layout.lines.count == 1 }

  /// R~ at cell 0 for each m, without eq(m*, m).
  private var signsAtZero: [Int] {
    (0..<layout.range.projections).map { m in
      matrices[0][m, 0] * ProjectionSums.sign(m, run: 0, layout: layout, matrices: matrices)
    }
  }

  // MARK: Rounds

  func roundValues() -> [Fr] {
    if bound.isEmpty { return topValues() }
    var sum = squareValues()
    let own = linearValues()
    for x in sum.indices { sum[x] = topFactor * (sum[x] + own[x]) }
    return sum
  }

  /// (1 - X)·Σ w·((1 - X)·E + X·mask)² + R~·((1 - X)·E + X·mask): the mask stands at cell 0.
  private func topValues() -> [Fr] {
    let squares = (0..<GramSums.run).reduce(Fr.zero) { $0 + gram[$1 * (GramSums.run + 1)] }
    let first = Fr(rows.row(0).first ?? 0)
    let atZero = zip(challenges.projectionWeights, signsAtZero).reduce(Fr.zero) { $0 + $1.0 * Fr(Int64($1.1)) }
    return (0..<4).map { point in
      let (x, y) = (Fr(Int64(point)), Fr(Int64(1 - point)))
      let square = y * y * squares + weights[0] * (Fr(2) * x * y * mask * first + x * x * mask * mask)
      return y * (square + y * linearTotal + x * mask * atZero)
    }
  }

  private func squareValues() -> [Fr] {
    var sum = Quadratic()
    if position < GramSums.logRun {
      let side = 1 << (GramSums.logRun - position)
      for a in stride(from: 0, to: side, by: 2) {
        let (even, odd, cross) = (gram[a * side + a], gram[(a + 1) * side + a + 1], gram[a * side + a + 1])
        sum.add((even, odd, even + odd - cross - cross))
      }
      return sum.values
    }
    if position < layout.logLength || hasOneWeight {
      // Of one weight each: rows, or all of E-space.
      let pairs = position < layout.logLength ? 1 << (layout.logLength - position - 1) : values.count / 2
      let runs = values.count / (2 * pairs)
      let parts = FrVector.parts(pairs)
      let (values, weights) = (values, weights)
      let sums = Parallel.map(runs * parts.count) { index -> (even: Fr, odd: Fr, difference: Fr) in
        let (run, part) = index.quotientAndRemainder(dividingBy: parts.count)
        return FrVector.pairSquares(
          values, pairs: run * pairs + parts[part].lowerBound..<run * pairs + parts[part].upperBound)
      }
      for (index, own) in sums.enumerated() { sum.add(own, weight: weights[index / parts.count]) }
      return sum.values
    }
    let none = [Fr](repeating: .zero, count: values.count)
    return FrVector.pairQuadratics(values: values, squares: weights, linear: none, shift: .zero)
  }

  private func linearValues() -> [Fr] {
    var sum = Quadratic()
    sum.add(FrVector.pairProducts(linear, position < logWidth ? tables : values))
    return sum.values
  }

  // MARK: Binding

  mutating func bind(_ r: Fr) {
    bound.append(r)
    if bound.count == 1 {
      bindTop(r)
      return
    }
    let variable = position - 1
    if variable < GramSums.logRun {
      foldGram(r, side: 1 << (GramSums.logRun - variable))
      if position == GramSums.logRun { makeValues() }
    } else {
      FrVector.fold(&values, r)
    }
    FrVector.fold(&linear, r)
    if variable < logWidth { FrVector.fold(&tables, r) }
    if variable >= layout.logLength, !hasOneWeight { FrVector.fold(&weights, r) }
    // Tiles that do not exist count as zeros from the first tile variable on.
    if position == layout.logLength {
      let tiles = 1 << (layout.driftVariables - layout.logLength)
      values += [Fr](repeating: .zero, count: tiles - values.count)
      weights += [Fr](repeating: .zero, count: tiles - weights.count)
    }
    if position == logWidth { makeLinear() }
  }

  private mutating func bindTop(_ r: Fr) {
    let (run, scaledMask) = (GramSums.run, r * mask)
    let first = Array(rows.row(0).prefix(run)) + [Int64](repeating: 0, count: run)
    for entry in gram.indices { gram[entry] = topFactor * topFactor * gram[entry] }
    for cell in 0..<run {
      let cross = weights[0] * scaledMask * topFactor * Fr(first[cell])
      gram[cell] = gram[cell] + cross
      gram[cell * run] = gram[cell * run] + cross
    }
    gram[0] = gram[0] + weights[0] * scaledMask * scaledMask
    let (width, factor, sums) = (projections.width, topFactor, projections.tables)
    let (projectionWeights, matrix) = (challenges.projectionWeights, matrices[0])
    tables = Parallel.map(projectionWeights.count) { m -> [Fr] in
      FrVector.scaled(sums[m * width..<(m + 1) * width], by: factor)
    }.flatMap { $0 }
    linear = Parallel.map(projectionWeights.count) { m -> [Fr] in
      let choice = [-projectionWeights[m], Fr.zero, projectionWeights[m]]
      return (0..<width).map { choice[matrix[m, $0] + 1] }
    }.flatMap { $0 }
    for m in projectionWeights.indices {
      let sign = ProjectionSums.sign(m, run: 0, layout: layout, matrices: matrices)
      tables[m * width] = tables[m * width] + scaledMask * Fr(Int64(sign))
    }
  }

  private mutating func foldGram(_ r: Fr, side: Int) {
    let half = side / 2
    let s = Fr.one - r
    var next: [Fr] = []
    for a in 0..<half {
      for b in 0..<half {
        let (low, high) = (2 * a * side + 2 * b, (2 * a + 1) * side + 2 * b)
        next.append(s * (s * gram[low] + r * gram[low + 1]) + r * (s * gram[high] + r * gram[high + 1]))
      }
    }
    gram = next
  }

  /// E with the mask after `top` and four variables.
  private mutating func makeValues() {
    let point = bound[1...GramSums.logRun]
    let table = FrVector.equality(point, scale: topFactor)
    let (rows, length) = (rows, 1 << (layout.logLength - GramSums.logRun))
    values = Parallel.map(rows.count) { index -> [Fr] in
      let own = FrVector.runs(rows.row(index)[...], weights: table)
      return own + [Fr](repeating: .zero, count: length - own.count)
    }.flatMap { $0 }
    values[0] = values[0] + point.reduce(bound[0] * mask) { $0 * (.one - $1) }
  }

  /// R~ over the other groups' bits, with group 1 bound: `linear` has one value for each m. It is longer than the values of the
  /// tiles that exist, and products go as far as both.
  private mutating func makeLinear() {
    let (own, layout, matrices) = (linear, layout, matrices)
    tables = []
    let count = 1 << (layout.driftVariables - logWidth)
    linear = Parallel.map(count) { run -> Fr in
      var sum = Fr.zero
      for m in own.indices {
        switch ProjectionSums.sign(m, run: run, layout: layout, matrices: matrices) {
        case 1: sum = sum + own[m]
        case -1: sum = sum - own[m]
        default: break
        }
      }
      return sum
    }
  }

  // MARK: The end

  var evaluation: Fr { values[0] }

  func contribution(_ evaluation: Fr) -> Fr {
    topFactor * evaluation * (weights[0] * evaluation + linear[0])
  }
}
