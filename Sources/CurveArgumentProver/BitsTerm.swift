// SPDX-License-Identifier: Apache-2.0

import DriftProofCurve
import DriftProofCurveArgument

/// Σ (1 - top)·(λ·eq(z, i)·(D(i)² - D(i)) + w(i)·D(i)) with a mask at cell 0, or the same of G.
struct BitsTerm: SumcheckTerm {
  private var values: [Fr]
  private var squares: [Fr]
  private var linear: [Fr]
  private let mask: Fr
  private var topFactor: Fr?

  /// - Parameter values: as many as the weights, a power of two.
  init(values: [Fr], squares: [Fr], linear: [Fr], mask: Fr) {
    self.values = values
    self.squares = squares
    self.linear = linear
    self.mask = mask
  }

  /// - Parameter cells: of D.
  init(challenges: StageChallenges, cells: [Fr], mask: Fr) {
    let layout = challenges.layout
    values = cells + [Fr](repeating: .zero, count: 1 << layout.bitVariables - cells.count)
    squares = FrVector.equality(challenges.bits, scale: challenges.bitsPower)
    linear = Self.weights(challenges)
    self.mask = mask
  }

  /// w: the numbers' bits with their powers of two.
  static func weights(_ challenges: StageChallenges) -> [Fr] {
    let layout = challenges.layout
    var result = [Fr](repeating: .zero, count: 1 << layout.bitVariables)
    func put(_ weight: Fr, bits: Int, at cell: Int) {
      var power = weight
      for bit in 0..<bits {
        result[cell + bit] = power
        power = power + power
      }
    }
    for (m, weight) in challenges.projectionWeights.enumerated() {
      put(-(challenges.powers[0] * weight), bits: CurveLimits.projectionBits, at: layout.projectionCell(m))
    }
    if layout.statement.totalBound != nil {
      put(challenges.totalPower, bits: CurveLimits.totalBits, at: layout.totalCell)
    }
    for number in 0..<layout.boundedCount {
      put(challenges.boundPower(number), bits: CurveLimits.boundBits, at: layout.boundCell(number))
    }
    return result
  }

  func roundValues() -> [Fr] {
    guard let topFactor else { return topValues() }
    return FrVector.pairQuadratics(values: values, squares: squares, linear: linear, shift: .one).map { topFactor * $0 }
  }

  private func topValues() -> [Fr] {
    var (square, mixed) = (Fr.zero, Fr.zero)
    for cell in values.indices where !values[cell].isZero {
      square = square + squares[cell] * values[cell] * values[cell]
      mixed = mixed + (linear[cell] - squares[cell]) * values[cell]
    }
    let ownMixed = (linear[0] - squares[0]) * mask
    return (0..<4).map { point in
      let (x, y) = (Fr(Int64(point)), Fr(Int64(1 - point)))
      let own = squares[0] * (Fr(2) * x * y * mask * values[0] + x * x * mask * mask)
      return y * (y * y * square + own + y * mixed + x * ownMixed)
    }
  }

  mutating func bind(_ r: Fr) {
    guard topFactor != nil else {
      let factor = Fr.one - r
      topFactor = factor
      for cell in values.indices where !values[cell].isZero { values[cell] = factor * values[cell] }
      values[0] = values[0] + r * mask
      return
    }
    FrVector.fold(&values, r)
    FrVector.fold(&squares, r)
    FrVector.fold(&linear, r)
  }

  var evaluation: Fr { values[0] }

  func contribution(_ evaluation: Fr) -> Fr {
    (topFactor ?? .one) * evaluation * (squares[0] * (evaluation - .one) + linear[0])
  }
}
