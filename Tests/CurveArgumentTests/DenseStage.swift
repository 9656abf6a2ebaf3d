// SPDX-License-Identifier: Apache-2.0

import DriftProofCurve
import DriftProofCurveCommitment

@testable import DriftProofCurveArgument
@testable import DriftProofCurveArgumentProver

/// Where Stage A's messages go and its challenges come from.
protocol StageChannel {
  mutating func send(_ label: String, _ scalars: [Fr])
  mutating func challenge(_ label: String) -> Fr
}

extension CurveProverChannel: StageChannel {}

/// Stage A in the plainest form: tables over the whole hypercube with `top` as its lowest variable, for any scalars.
struct DenseStage {
  /// Σ (1 - top)·(squares·v·(v - shift) + linear·v).
  struct Term {
    let variables: Int
    let shift: Fr
    var tables: [[Fr]]

    /// - Parameter data: of the half top = 0.
    init(data: [Fr], mask: Fr, squares: [Fr], linear: [Fr], shift: Fr) {
      variables = data.count.trailingZeroBitCount
      self.shift = shift
      func spread(_ table: [Fr]) -> [Fr] { table.flatMap { [$0, $0] } }
      tables = [
        data.enumerated().flatMap { [$1, $0 == 0 ? mask : .zero] }, spread(squares), spread(linear),
        data.flatMap { _ in [Fr.one, .zero] },
      ]
    }

    func at(_ v: Fr, _ s: Fr, _ l: Fr, _ top: Fr) -> Fr { top * v * (s * (v - shift) + l) }

    var roundValues: [Fr] {
      (0..<4).map { point in
        let x = Fr(Int64(point))
        return stride(from: 0, to: tables[0].count, by: 2).reduce(Fr.zero) { sum, pair in
          let entries = tables.map { $0[pair] + x * ($0[pair + 1] - $0[pair]) }
          return sum + at(entries[0], entries[1], entries[2], entries[3])
        }
      }
    }

    mutating func bind(_ r: Fr) {
      for table in tables.indices { FrVector.fold(&tables[table], r) }
    }

    /// What leaves the claim when the oracle is stated to have this value.
    func contribution(_ value: Fr) -> Fr { at(value, tables[1][0], tables[2][0], tables[3][0]) }
  }

  let layout: CurveArgumentLayout
  let total: Fr
  var drift: Term
  var bits: Term
  /// Of G; nil without clauses.
  var factors: Term?

  /// - Parameters:
  ///   - cells: of E, row after row.
  ///   - bits: of D.
  init(
    _ layout: CurveArgumentLayout, challenges: StageChallenges, matrices: [TernaryMatrix], cells: [Fr], bits: [Fr],
    masks: (drift: Fr, bits: Fr), factors: Term? = nil
  ) {
    self.factors = factors
    self.layout = layout
    total = challenges.total
    let l = layout.logLength
    var squares: [Fr] = []
    for line in layout.lines {
      squares += [Fr](repeating: challenges.squareWeight(line), count: line.rows.count << l)
    }
    let rest = layout.lines.count == 1 ? squares[0] : .zero
    squares += [Fr](repeating: rest, count: 1 << layout.driftVariables - squares.count)
    drift = Term(
      data: cells, mask: masks.drift, squares: squares,
      linear: Self.projectionWeights(layout, challenges: challenges, matrices: matrices), shift: .zero)
    self.bits = Term(
      data: bits, mask: masks.bits, squares: FrVector.equality(challenges.bits, scale: challenges.bitsPower),
      linear: BitsTerm.weights(challenges), shift: .one)
  }

  /// Σ_m eq(m*, m)·Π_j R_j[m][x_j] for every x.
  static func projectionWeights(
    _ layout: CurveArgumentLayout, challenges: StageChallenges, matrices: [TernaryMatrix]
  ) -> [Fr] {
    var result = [Fr](repeating: .zero, count: 1 << layout.driftVariables)
    forEachSign(layout.range, matrices) { m, x, isNegative in
      let weight = challenges.projectionWeights[m]
      result[x] = isNegative ? result[x] - weight : result[x] + weight
    }
    return result
  }

  /// Every m and x with Π_j R_j[m][x_j] ≠ 0.
  static func forEachSign(
    _ range: TensorRange, _ matrices: [TernaryMatrix], _ body: (Int, Int, Bool) -> Void
  ) {
    let groups = range.groups
    for x in 0..<1 << range.variables {
      for m in 0..<range.projections {
        var sign = 1
        for index in groups.indices {
          sign *= matrices[index][m, x >> groups[index].lowerBound & (1 << groups[index].count - 1)]
        }
        if sign != 0 { body(m, x, sign < 0) }
      }
    }
  }

  /// How a prover goes on after its claim has become false.
  enum Continuation: CaseIterable {
    static let allCases: [Continuation] = [.none, .libra, .drift, .bits, .both]

    /// Honest evaluations.
    case none
    /// g(ρ) is what the claim needs.
    case libra
    /// E(ρ), or D(ρ), is one more than it is, and g(ρ) is what the claim needs then.
    case drift
    case bits
    /// E(ρ) is one more, and D(ρ) one less.
    case both
    /// G(ρ) is one more than it is, and g(ρ) is what the claim needs then.
    case factors
  }

  mutating func run(
    libra: LibraMask, continuation: Continuation, channel: inout some StageChannel
  ) -> StageOutcome {
    channel.send(CurveLabel.libraSum, [libra.sum])
    let gamma = channel.challenge(CurveLabel.libraFactor)
    var claim = total + gamma * libra.sum
    var outcome = StageOutcome(point: [], drift: .zero, bits: .zero, libra: .zero)
    for round in 0..<layout.rounds {
      var values = libra.roundValues(bound: outcome.point).map { gamma * $0 }
      if round <= drift.variables { values = zip(values, drift.roundValues).map { $0 + $1 } }
      if round <= bits.variables { values = zip(values, bits.roundValues).map { $0 + $1 } }
      if let factors, round <= factors.variables { values = zip(values, factors.roundValues).map { $0 + $1 } }
      let sent = Array(values[1...layout.degree(round: round)])
      channel.send(CurveLabel.round, sent)
      let r = channel.challenge(CurveLabel.roundChallenge)
      claim = CurveRound.value([claim - sent[0]] + sent, at: r)
      outcome.point.append(r)
      if round <= drift.variables { drift.bind(r) }
      if round <= bits.variables { bits.bind(r) }
      if let own = factors, round <= own.variables { factors?.bind(r) }
      if round == drift.variables {
        outcome.drift = drift.tables[0][0] + ([.drift, .both].contains(continuation) ? .one : .zero)
        channel.send(CurveLabel.driftValue, [outcome.drift])
        claim = claim - drift.contribution(outcome.drift)
      }
      if round == bits.variables {
        outcome.bits = bits.tables[0][0] + (continuation == .bits ? .one : continuation == .both ? -.one : .zero)
        channel.send(CurveLabel.bitsValue, [outcome.bits])
        claim = claim - bits.contribution(outcome.bits)
      }
      if let factors, round == factors.variables {
        outcome.factors = factors.tables[0][0] + (continuation == .factors ? .one : .zero)
        channel.send(CurveLabel.factorValue, [outcome.factors])
        claim = claim - factors.contribution(outcome.factors)
      }
    }
    outcome.libra = continuation == .none ? libra.value(at: outcome.point) : claim * gamma.inverse()
    channel.send(CurveLabel.libraValue, [outcome.libra])
    return outcome
  }
}
