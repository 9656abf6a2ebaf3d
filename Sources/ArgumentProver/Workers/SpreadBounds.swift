// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofField

/// The bounds stage of E and D while workers hold their rows: rounds of `top` and the position variables are sums of theirs,
/// and the variables of tiles and of D's rows are bound here, on one value each.
final class SpreadBounds {
  private let team: WorkerTeam
  private let layout: ArgumentLayout
  private let challenges: BoundsStageChallenges
  fileprivate private(set) var bound: [CubicExtension] = []
  /// The sum of all workers for the round to come.
  fileprivate private(set) var values: [CubicExtension] = []
  fileprivate private(set) var tiles: DenseTile?
  fileprivate private(set) var digits: DigitComponent?

  /// - Parameter state: of the transcript, before the stage's challenges.
  init(
    team: WorkerTeam, challenges: BoundsStageChallenges, state: [UInt8], residualMask: [CubicExtension],
    digitMask: [CubicExtension]
  ) throws {
    self.team = team
    self.challenges = challenges
    layout = team.layout
    let assignment = team.assignment
    let firstRow = layout.tableau.blocks.lazy.flatMap(\.tiles).first { $0.tile == 0 }?.row
    try take(
      (0..<assignment.workers).map { worker in
        let hasFirst = firstRow.map { assignment.rows(of: .drift, worker: worker).contains($0) } ?? false
        return .bounds(
          state, residualMask: hasFirst ? residualMask : [],
          digitMask: assignment.digitRows(worker: worker).contains(0) ? digitMask : [])
      })
  }

  /// The components of a sumcheck, in the order in which they must be bound.
  var components: [any SumcheckComponent] {
    [
      SpreadResiduals(stage: self, rounds: layout.driftVariables + 1),
      SpreadDigits(stage: self, rounds: layout.digitVariables + 1),
    ]
  }

  fileprivate func bind(_ challenge: CubicExtension) throws {
    bound.append(challenge)
    try take((0..<team.assignment.workers).map { _ in .bind(challenge) })
  }

  private func take(_ requests: [WorkerRequest]) throws {
    var sum = [CubicExtension](repeating: .zero, count: ArgumentLayout.boundsDegree + 1)
    var ends = [[BoundsRound.TileEnd]](repeating: [], count: requests.count)
    var rows = [[BoundsRound.RowEnd]](repeating: [], count: requests.count)
    for (worker, (answer, request)) in zip(try team.all(requests), requests).enumerated() {
      guard case .round(let round)? = answer, round.values.count == sum.count else {
        throw team.unexpected(worker, request)
      }
      for (x, value) in round.values.enumerated() { sum[x] += value }
      ends[worker] = round.tiles
      rows[worker] = round.digits
    }
    values = sum
    if bound.count == min(layout.digitVariables, layout.logLength) + 1 { try takeDigits(rows) }
    if bound.count == layout.logLength + 1 { try takeTiles(ends) }
  }

  private func takeTiles(_ ends: [[BoundsRound.TileEnd]]) throws {
    let zeros = [CubicExtension](repeating: .zero, count: 1 << layout.tableau.tileBits)
    var tile = DenseTile(values: zeros, squares: zeros, linear: zeros)
    let places = layout.tableau.blocks.flatMap(\.tiles)
    for (worker, own) in ends.enumerated() {
      let rows = team.assignment.rows(of: .drift, worker: worker)
      guard own.map(\.tile) == places.filter({ rows.contains($0.row) }).map(\.tile) else {
        throw team.unexpected(worker, .bind(.zero))
      }
      for end in own {
        (tile.values[end.tile], tile.squares[end.tile], tile.linear[end.tile]) = (end.value, end.square, end.linear)
      }
    }
    tiles = tile
  }

  private func takeDigits(_ rows: [[BoundsRound.RowEnd]]) throws {
    var ends: [BoundsRound.RowEnd] = []
    // A worker's rows follow those of workers with higher numbers.
    for (worker, own) in rows.enumerated().reversed() {
      let expected = team.assignment.digitRows(worker: worker)
      guard own.count == expected.count, own.isEmpty || expected.lowerBound == ends.count else {
        throw team.unexpected(worker, .bind(.zero))
      }
      ends += own
    }
    digits = DigitComponent(
      variables: layout.digitVariables, values: ends.map(\.value), linear: ends.map(\.linear),
      point: challenges.digits, scale: challenges.power(.digits), bound: bound)
  }
}

/// E's part, which binds the workers.
private struct SpreadResiduals: SumcheckComponent {
  let stage: SpreadBounds
  let rounds: Int
  private var tiles: DenseTile?

  init(stage: SpreadBounds, rounds: Int) {
    self.stage = stage
    self.rounds = rounds
  }

  private var topFactor: CubicExtension { .one - (stage.bound.first ?? .zero) }

  /// Until the position variables are bound the sum of all that workers hold, D's rows included.
  func roundValues(degree: Int) -> [CubicExtension] {
    guard let tiles else { return stage.values }
    return tiles.round(degree).map { $0 * topFactor }
  }

  mutating func bind(_ r: CubicExtension) throws {
    if tiles == nil {
      try stage.bind(r)
      tiles = stage.tiles
    } else {
      tiles?.fold(r)
    }
  }

  var evaluations: [Oracle: CubicExtension] { [.residuals: tiles?.values.first ?? .zero] }

  func contribution(_ evaluations: Evaluations) throws -> CubicExtension {
    let e = try evaluations.value(.residuals)
    guard let square = tiles?.squares.first, let linear = tiles?.linear.first else { return .zero }
    return topFactor * e * (square * e + linear)
  }
}

/// D's part, once its rows are one value each.
private struct SpreadDigits: SumcheckComponent {
  let stage: SpreadBounds
  let rounds: Int
  private var rest: DigitComponent?

  init(stage: SpreadBounds, rounds: Int) {
    self.stage = stage
    self.rounds = rounds
  }

  func roundValues(degree: Int) -> [CubicExtension] {
    rest?.roundValues(degree: degree) ?? [CubicExtension](repeating: .zero, count: degree + 1)
  }

  /// The workers have been bound by E's part.
  mutating func bind(_ r: CubicExtension) {
    if rest == nil { rest = stage.digits } else { rest?.bind(r) }
  }

  var evaluations: [Oracle: CubicExtension] { rest?.evaluations ?? [:] }

  func contribution(_ evaluations: Evaluations) throws -> CubicExtension {
    try rest?.contribution(evaluations) ?? .zero
  }
}
