// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofField
import DriftProofKernels

/// The part of pattern claims in the bounds stage: Σ (1-top)·form(x) over Z-space, ``PatternForm`` in the values of its oracles.
///
/// The weights are products over the variables. For `top` and the first six position variables, within which a tensor's places
/// and groups lie as a whole, each round is a pass that makes the oracles anew, chunk by chunk, and folds them as it goes; then
/// there are tables of 1/64 of Z-space.
struct PatternComponent: SumcheckComponent {
  let rounds: Int
  private let layout: ArgumentLayout
  private let challenges: BoundsStageChallenges
  private let oracles: PatternOracles
  private let names: [PatternOracle]
  /// By oracle: the first entries of the half top = 1.
  private let masks: [[CubicExtension]]
  /// The first values of the first tile, by oracle.
  private let first: [[CubicExtension]]
  private var bound: [CubicExtension] = []
  private var topFactor = CubicExtension.one
  /// Sums of the form's products and of its linear part before anything is bound.
  private var totals = (quadratic: CubicExtension.zero, linear: CubicExtension.zero)
  /// Coefficients of the round's polynomial, in the rounds that are passes.
  private var current: [CubicExtension] = []
  private var dense: ProductComponent?

  private static let streamedRounds = Limits.logSmallestCube
  private var positionRound: Int { bound.count - 1 }
  /// t.
  private var point: [CubicExtension] { challenges.patterns }

  /// - Parameter masks: one for each oracle of the layout.
  init(
    layout: ArgumentLayout, challenges: BoundsStageChallenges, oracles: PatternOracles, masks: [[CubicExtension]]
  ) throws {
    self.layout = layout
    self.challenges = challenges
    self.oracles = oracles
    self.masks = masks
    names = layout.patterns.oracles
    rounds = layout.patterns.variables + 1
    let rows = try oracles.rows(0)
    first = names.map { name in
      let values = PatternValues(rows[name])
      return (0..<Limits.maskEntries).map { CubicExtension(values[$0]) }
    }
    oracles.recycle(rows, 0)
    totals = try sumTotals()
  }

  // MARK: Passes

  /// Σ over all chunks of all tiles: each is given its runs, and eq(t, ·) over the variables above a chunk's.
  private func pass(
    width: Int,
    _ body:
      @Sendable (
        _ sums: inout [CubicExtension], _ rows: PatternValuesOfTile, _ chunk: Range<Int>, _ high: CubicExtension
      ) -> Void
  ) throws -> [CubicExtension] {
    let high = Array(point[Limits.logChunk...])
    let chunkBits = layout.logLength - Limits.logChunk
    let (layout, oracles) = (layout, oracles)
    return try DriftTiles.ascending(
      oracles.count, workers: DriftTiles.workers(length: layout.length),
      { [CubicExtension](repeating: .zero, count: width) },
      merge: { all, own in for i in 0..<width { all[i] += own[i] } }
    ) { sums, position in
      let rows = try oracles.rows(position)
      let values = PatternValuesOfTile(rows, position: position)
      let tile = layout.patterns.tiles[position].tile
      for chunk in 0..<1 << chunkBits {
        body(
          &sums, values, chunk << Limits.logChunk..<(chunk + 1) << Limits.logChunk,
          Multilinear.equality(high, at: tile << chunkBits | chunk))
      }
      oracles.recycle(rows, position)
    }
  }

  private func sumTotals() throws -> (quadratic: CubicExtension, linear: CubicExtension) {
    let low = Multilinear.equality(point.prefix(Limits.logChunk))
    let groupTables = groupTables
    let (oracles, challenges) = (oracles, challenges)
    let sums = try pass(width: 2) { sums, rows, chunk, high in
      for run in oracles.runs[rows.position] {
        let places = run.positions.clamped(to: chunk)
        guard !places.isEmpty else { continue }
        // z², z, X + c·T, z·(X + c·T), z over the groups; of the base's pattern X in place of X + c·T, and z·T.
        var own = [CubicExtension](repeating: .zero, count: 5)
        let tuned = run.claim.form == .tuned
        for x in places {
          let weight = low[x - chunk.lowerBound]
          let (z, drift) = (rows.cells[x], rows.drift[x])
          let y = tuned ? drift + rows.base[x] : drift
          if y != .zero { own[2] += weight * y }
          guard z != .zero else { continue }
          let factor = run.claim.hasGroups ? y : rows.base[x]
          if factor != .zero { own[3] += weight * (z * factor) }
          guard run.claim.hasGroups else { continue }
          own[0] += weight * (z * z)
          own[1] += weight * z
          own[4] += groupTables[run.claim.logGroup][(x - chunk.lowerBound) >> run.claim.logGroup] * z
        }
        let (bits, support) = (challenges.power(.cellBits), challenges.power(.support))
        sums[0] += high * (bits * own[0] - support * own[3])
        sums[1] += high * (support * own[2] - bits * own[1] + challenges.power(.groups) * own[4])
      }
    }
    return (sums[0], sums[1])
  }

  /// By μ: eq over the variables of a chunk that number its groups.
  private var groupTables: [[CubicExtension]] {
    (0...Self.streamedRounds).map { log in
      let isUsed = layout.patterns.members.contains { $0.claim.hasGroups && $0.claim.logGroup == log }
      return isUsed ? Multilinear.equality(point[log..<Limits.logChunk]) : []
    }
  }

  /// The round of the next position variable: a pass.
  private func passRound() throws -> [CubicExtension] {
    let round = positionRound
    let folding = PatternFolding(bound: bound, topFactor: topFactor, masks: masks)
    // Of the places behind this variable, in a chunk.
    let low = Multilinear.equality(point[(round + 1)..<Limits.logChunk])
    let groupTables = groupTables
    let logs = groupTables.count
    let (oracles, challenges, layout, names) = (oracles, challenges, layout, names)
    let (bits, support) = (challenges.power(.cellBits), challenges.power(.support))
    let sums = try pass(width: 3 + 2 * logs) { sums, rows, chunk, high in
      let isFirst = chunk.lowerBound == 0 && layout.patterns.tiles[rows.position].tile == 0
      let tables = names.map { folding.table(rows, $0, chunk, isFirst: isFirst, index: $0.rawValue) }
      let (cells, drift) = (tables[0], tables[1])
      let base = tables.count > 2 ? tables[2] : []
      for run in oracles.runs[rows.position] {
        let places = run.positions.clamped(to: chunk)
        guard !places.isEmpty else { continue }
        let pairs =
          (places.lowerBound - chunk.lowerBound) >> (round + 1)..<(places.upperBound - chunk.lowerBound) >> (round + 1)
        var (s0, s1, s2) = (CubicExtension.zero, CubicExtension.zero, CubicExtension.zero)
        let log = run.claim.logGroup
        if run.claim.hasGroups {
          let tuned = run.claim.form == .tuned
          var (g0, g1) = (CubicExtension.zero, CubicExtension.zero)
          for pair in pairs {
            let place = 2 * pair
            // The form is (1 - z)·(support·Y - bits·z).
            let (z, dz) = (cells[place], cells[place + 1] - cells[place])
            var (y, dy) = (drift[place], drift[place + 1] - drift[place])
            if tuned {
              y += base[place]
              dy += base[place + 1] - base[place]
            }
            let (other, step) = (support * y - bits * z, support * dy - bits * dz)
            let rest = CubicExtension.one - z
            let weight = low[pair]
            s0 += weight * (rest * other)
            s1 += weight * (rest * step - dz * other)
            s2 -= weight * (dz * step)
            let group = log > round ? groupTables[log][pair >> (log - 1 - round)] : weight
            g0 += group * z
            g1 += group * dz
          }
          sums[3 + 2 * log] += high * g0
          sums[4 + 2 * log] += high * g1
        } else {
          for pair in pairs {
            let place = 2 * pair
            // support·(X - z·T).
            let (z, dz) = (cells[place], cells[place + 1] - cells[place])
            let (t, dt) = (base[place], base[place + 1] - base[place])
            let weight = low[pair] * support
            s0 += weight * (drift[place] - z * t)
            s1 += weight * (drift[place + 1] - drift[place] - z * dt - dz * t)
            s2 -= weight * (dz * dt)
          }
        }
        sums[0] += high * s0
        sums[1] += high * s1
        sums[2] += high * s2
      }
    }
    return polynomial(sums, round: round)
  }

  /// The variable's own equality, and those of the variables before it, times the sums of a pass.
  private func polynomial(_ sums: [CubicExtension], round: Int) -> [CubicExtension] {
    let t = point[round]
    let line = [CubicExtension.one - t, t + t - .one]
    func add(
      _ coefficients: some Collection<CubicExtension>, times factor: CubicExtension, to result: inout [CubicExtension]
    ) {
      for (power, value) in coefficients.enumerated() {
        for (degree, own) in line.enumerated() { result[power + degree] += factor * own * value }
      }
    }
    var result = [CubicExtension](repeating: .zero, count: 4)
    add(sums[0..<3], times: boundEquality(from: 0), to: &result)
    for log in PatternClaim.logGroups {
      let groups = sums[3 + 2 * log...4 + 2 * log]
      let factor = challenges.power(.groups)
      if log > round {
        for (power, value) in groups.enumerated() { result[power] += factor * value }
      } else {
        add(groups, times: factor * boundEquality(from: log), to: &result)
      }
    }
    return result
  }

  /// eq(t, r) over the bound position variables from one on.
  private func boundEquality(from variable: Int) -> CubicExtension {
    var result = CubicExtension.one
    for (index, r) in bound.dropFirst().enumerated() where index >= variable {
      result *= Multilinear.equality(point[index], r)
    }
    return result
  }

  // MARK: Rounds

  func roundValues(degree: Int) -> [CubicExtension] {
    if let dense { return dense.roundValues(degree: degree) }
    if bound.isEmpty { return topRound(degree) }
    return (0...degree).map { topFactor * Univariate.evaluate(current, at: CubicExtension($0)) }
  }

  private func topRound(_ degree: Int) -> [CubicExtension] {
    let forms = (0..<Limits.maskEntries).map { form(ofFirst: $0) }
    return (0...degree).map { number in
      let x = CubicExtension(number)
      let c = CubicExtension.one - x
      var sum = c * (c * totals.quadratic + totals.linear)
      for (place, form) in forms.enumerated() {
        let data = first.map { c * $0[place] }
        let masked = zip(data, masks).map { $0 + x * $1[place] }
        sum += value(form, masked) - value(form, data)
      }
      return c * sum
    }
  }

  /// The form at a place of the first tile.
  private func form(ofFirst place: Int) -> PatternForm {
    var form = PatternForm()
    guard let run = oracles.runs[0].first(where: { $0.positions.contains(place) }) else { return form }
    let log = run.claim.logGroup
    form.add(
      run.claim, weight: Multilinear.equality(point, at: place),
      groups: Multilinear.equality(point[log...], at: place >> log), challenges: challenges)
    return form
  }

  private func value(_ form: PatternForm, _ values: [CubicExtension]) -> CubicExtension {
    names.reduce(.zero) { sum, name in
      sum
        + ((try? form.contribution(of: name) { values.indices.contains($0.rawValue) ? values[$0.rawValue] : .zero })
          ?? .zero)
    }
  }

  mutating func bind(_ r: CubicExtension) throws {
    if dense != nil {
      bound.append(r)
      dense?.bind(r)
      return
    }
    if bound.isEmpty { topFactor = .one - r }
    bound.append(r)
    if positionRound < Self.streamedRounds {
      current = try passRound()
    } else {
      dense = try makeDense()
    }
  }

  // MARK: Tables

  private func makeDense() throws -> ProductComponent {
    let log = positionRound
    let folding = PatternFolding(bound: bound, topFactor: topFactor, masks: masks)
    let variables = layout.patterns.variables - log
    let size = 1 << (layout.logLength - log)
    let zeros = [CubicExtension](repeating: .zero, count: 1 << variables)
    var tables = names.map { _ in zeros }
    let (oracles, layout, names) = (oracles, layout, names)
    let made = try DriftTiles.ascending(
      oracles.count, workers: DriftTiles.workers(length: layout.length), { [(Int, [[CubicExtension]])]() },
      merge: { $0 += $1 }
    ) { made, position in
      let rows = try oracles.rows(position)
      let values = PatternValuesOfTile(rows, position: position)
      let isFirst = layout.patterns.tiles[position].tile == 0
      made.append(
        (
          position,
          names.map { folding.table(values, $0, 0..<layout.length, isFirst: isFirst, index: $0.rawValue) }
        ))
      oracles.recycle(rows, position)
    }
    for (position, own) in made {
      let start = layout.patterns.tiles[position].tile * size
      for (index, table) in own.enumerated() { tables[index].replaceSubrange(start..<start + size, with: table) }
    }
    let equality = Multilinear.equality(point[log...])
    // Coefficients of a place of each claim, without what is above its 64 neighbours.
    var forms: [PatternClaim: PatternForm] = [:]
    for claim in layout.patterns.members.map(\.claim) where forms[claim] == nil {
      var form = PatternForm()
      form.add(
        claim, weight: boundEquality(from: 0), groups: boundEquality(from: claim.logGroup), challenges: challenges)
      forms[claim] = form
    }
    let all: [(coefficient: KeyPath<PatternForm, CubicExtension>, oracles: [PatternOracle])] = [
      (\.cellSquare, [.cells, .cells]), (\.cell, [.cells]), (\.drift, [.drift]), (\.base, [.base]),
      (\.cellDrift, [.cells, .drift]), (\.cellBase, [.cells, .base]),
    ]
    let terms = all.filter { term in forms.values.contains { $0[keyPath: term.coefficient] != .zero } }
    let weights = terms.map { term in
      var table = zeros
      for (position, tile) in layout.patterns.tiles.enumerated() {
        for run in oracles.runs[position] {
          guard let factor = forms[run.claim]?[keyPath: term.coefficient], factor != .zero else { continue }
          for place in run.positions.lowerBound >> log..<run.positions.upperBound >> log {
            table[tile.tile * size + place] = equality[tile.tile * size + place] * factor
          }
        }
      }
      return table
    }
    return ProductComponent(
      variables: variables, names: names.map(\.oracle), oracles: tables, weights: weights,
      terms: terms.enumerated().map { .init(weight: $0, oracles: $1.oracles.map(\.rawValue)) }, topFactor: topFactor)
  }

  var evaluations: [Oracle: CubicExtension] { dense?.evaluations ?? [:] }

  func contribution(_ evaluations: Evaluations) throws -> CubicExtension {
    try dense?.contribution(evaluations) ?? .zero
  }
}

/// The values of one tile.
private struct PatternValuesOfTile {
  let position: Int
  let cells: PatternValues
  let drift: PatternValues
  let base: PatternValues

  init(_ rows: PatternRows, position: Int) {
    self.position = position
    (cells, drift, base) = (PatternValues(rows.cells), PatternValues(rows.drift), PatternValues(rows.base))
  }

  subscript(oracle: PatternOracle) -> PatternValues {
    switch oracle {
    case .cells: cells
    case .drift: drift
    case .base: base
    }
  }
}

/// Makes tables of what is left of oracles after the variables bound so far, masks included.
private struct PatternFolding {
  /// eq(r, ·), times 1 - top and times top.
  private let data: [CubicExtension]
  private let hidden: [CubicExtension]
  private let masks: [[CubicExtension]]

  init(bound: [CubicExtension], topFactor: CubicExtension, masks: [[CubicExtension]]) {
    data = Multilinear.equality(bound[1...], scale: topFactor)
    hidden = Multilinear.equality(bound[1...], scale: bound[0])
    self.masks = masks
  }

  /// - Parameters:
  ///   - isFirst: the places are Z-space's first, which carry the masks.
  ///   - index: of the mask.
  func table(
    _ rows: PatternValuesOfTile, _ oracle: PatternOracle, _ places: Range<Int>, isFirst: Bool, index: Int
  ) -> [CubicExtension] {
    let log = data.count.trailingZeroBitCount
    var table = [CubicExtension](repeating: .zero, count: places.count >> log)
    let values = rows[oracle]
    values.fold(places.lowerBound, weights: data, into: &table)
    guard isFirst else { return table }
    for (x, mask) in masks[index].enumerated() { table[x >> log] += hidden[x & (hidden.count - 1)] * mask }
    return table
  }
}
