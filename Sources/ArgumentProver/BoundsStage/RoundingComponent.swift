// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofField
import DriftProofKernels

/// The part of rounding claims in the bounds stage: Σ (1-top)·P(x)·form(x) over R-space, ``RoundingForm`` in the values of
/// its oracles. E's own part is linear, and ``DriftComponent``'s.
///
/// P(x) = ω(chunk)·R~(m*, place in the chunk), and the form's coefficients are those of the tensor in whose cube x lies. For
/// `top` and the first six position variables, within which both are products or constant, each round is a pass that makes
/// the oracles anew and folds them as it goes; then there are tables of 1/64 of R-space.
struct RoundingComponent: SumcheckComponent {
  let rounds: Int
  private let layout: ArgumentLayout
  private let tiles: DriftTiles
  private let oracles: RoundingOracles
  private let names: [EntryOracle]
  /// ω by tile and chunk.
  private let chunkWeights: [[CubicExtension]]
  /// By tile: coefficients of the whole tile, and of its runs besides.
  private let linear: [RoundingForm]
  private let runs: [[(positions: Range<Int>, form: RoundingForm)]]
  /// By tile: the same as parts that cover all of it, each with all its coefficients.
  private let parts: [[(positions: Range<Int>, form: RoundingForm)]]
  /// By oracle: the first entries of the half top = 1.
  private let masks: [[CubicExtension]]
  /// The first values of the first tile, by oracle.
  private let first: [[CubicExtension]]
  /// R~(m*, ·), folded.
  private var columnWeights: [CubicExtension]
  private var bound: [CubicExtension] = []
  private var topFactor = CubicExtension.one
  /// Sums of the form's squares and of its linear part before anything is bound.
  private var totals = (quadratic: CubicExtension.zero, linear: CubicExtension.zero)
  /// Coefficients of the round's polynomial, in the rounds that are passes.
  private var current: [CubicExtension] = []
  private var dense: ProductComponent?

  /// A tensor's cube has at least 2^6 places (``Limits/logSmallestCube``).
  private static let streamedRounds = Limits.logSmallestCube
  private var positionRound: Int { bound.count - 1 }

  /// - Parameters:
  ///   - columnWeights: R~(m*, ·).
  ///   - masks: one for each oracle of the layout.
  init(
    layout: ArgumentLayout, challenges: BoundsStageChallenges, columnWeights: [CubicExtension], tiles: DriftTiles,
    oracles: RoundingOracles, masks: [[CubicExtension]]
  ) throws {
    self.layout = layout
    self.tiles = tiles
    self.oracles = oracles
    self.columnWeights = columnWeights
    self.masks = masks
    names = layout.entries.oracles
    rounds = layout.entries.variables + 1
    chunkWeights = EntryComponent.chunkWeights(tiles, count: oracles.count, challenges: challenges)
    let tableau = layout.tableau
    linear = zip(tableau.blocks, tableau.entryPieces).flatMap { block, pieces in
      var form = RoundingForm()
      form.addPiece(.one, piece: pieces.lowerBound, layout: layout.entries, challenges: challenges)
      return block.tiles.map { _ in form }
    }
    runs = oracles.runs.map { runs in
      runs.map { run in
        var form = RoundingForm()
        form.addMember(.one, claim: run.rounding, challenges: challenges)
        return (run.positions, form)
      }
    }
    parts = zip(runs, linear).map { Self.parts($0, $1, length: layout.length) }
    let entries = try tiles.entries(0)
    let values = try oracles.values(0, entries)
    first = names.map { name in
      values[name].prefix(Limits.maskEntries).map { CubicExtension(Goldilocks(reducing: $0)) }
    }
    tiles.recycle(entries)
    totals = try sumTotals()
  }

  // MARK: Passes

  private func sumTotals() throws -> (quadratic: CubicExtension, linear: CubicExtension) {
    let (oracles, names, weights, columns) = (oracles, names, chunkWeights, columnWeights)
    let (linear, runs) = (linear, runs)
    let sums = try tiles.pass(
      first: oracles.count, { [CubicExtension](repeating: .zero, count: 2) },
      merge: { all, own in for i in 0..<2 { all[i] += own[i] } },
      { sums, position, entries, chunks in
        let values = try oracles.values(position, entries)
        func weight(_ x: Int) -> CubicExtension { columns[x & (Limits.chunk - 1)] }
        for chunk in chunks {
          let places = chunk << Limits.logChunk..<(chunk + 1) << Limits.logChunk
          let omega = weights[position][chunk]
          var plain = CubicExtension.zero
          for name in names where linear[position].linear[name.rawValue] != .zero {
            var sum = CubicExtension.zero
            let own = values[name]
            for x in places where own[x] != 0 { sum += weight(x) * Goldilocks(reducing: own[x]) }
            plain += linear[position].linear[name.rawValue] * sum
          }
          sums[1] += omega * plain
          for run in runs[position] {
            let own = run.positions.clamped(to: places)
            guard !own.isEmpty else { continue }
            sums[0] += omega * Self.quadratic(run.form, own, names, values, weight)
          }
        }
      })
    return (sums[0], sums[1])
  }

  private static func quadratic(
    _ form: RoundingForm, _ places: Range<Int>, _ names: [EntryOracle], _ values: RoundingValues,
    _ weight: (Int) -> CubicExtension
  ) -> CubicExtension {
    func sum(_ a: EntryOracle, _ b: EntryOracle) -> CubicExtension {
      let (left, right) = (values[a], values[b])
      var sum = CubicExtension.zero
      for x in places where left[x] != 0 && right[x] != 0 {
        sum += weight(x) * (Goldilocks(reducing: left[x]) * Goldilocks(reducing: right[x]))
      }
      return sum
    }
    var result = CubicExtension.zero
    for name in names where form.squares[name.rawValue] != .zero {
      result += form.squares[name.rawValue] * sum(name, name)
    }
    if form.classProduct != .zero { result += form.classProduct * sum(.classes, .cofactors) }
    if form.weightProduct != .zero { result += form.weightProduct * sum(.drift, .base) }
    return result
  }

  /// Values of every oracle on one tile with the variables bound so far, and masks.
  private func folded(_ position: Int, _ entries: RowMessage, _ weights: [CubicExtension]) throws -> [[CubicExtension]]
  {
    let values = try oracles.values(position, entries)
    let log = weights.count.trailingZeroBitCount
    let isFirst = tiles.tiles[position].index == 0
    return names.enumerated().map { index, name in
      let own = values[name]
      var table = [CubicExtension](repeating: .zero, count: own.count >> log)
      for x in own.indices where own[x] != 0 {
        table[x >> log] += weights[x & (weights.count - 1)] * Goldilocks(reducing: own[x])
      }
      guard isFirst, let top = bound.first else { return table }
      // `weights` carries 1 - top, masks carry top.
      let equality = Multilinear.equality(bound[1...])
      for (x, mask) in masks[index].enumerated() { table[x >> log] += equality[x & (equality.count - 1)] * mask * top }
      return table
    }
  }

  /// The round of the next position variable: a pass.
  private func passRound() throws -> [CubicExtension] {
    let log = positionRound
    let weights = Multilinear.equality(bound[1...], scale: topFactor)
    let (names, chunkWeights, columns, linear, runs) = (names, chunkWeights, columnWeights, linear, runs)
    return try tiles.pass(
      first: oracles.count, { [CubicExtension](repeating: .zero, count: 4) },
      merge: { all, own in for i in 0..<4 { all[i] += own[i] } },
      { sums, position, entries, chunks in
        // A tile in memory may come in parts: the oracles are made for all of it, once.
        guard chunks.lowerBound == 0 else { return }
        let values = try folded(position, entries, weights)
        let pairsInChunk = 1 << (Limits.logChunk - log - 1)
        for part in parts[position] {
          let coefficients = PairCoefficients(part.form, names)
          // Parts begin and end at multiples of 2^6.
          let pairs = part.positions.lowerBound >> (log + 1)..<part.positions.upperBound >> (log + 1)
          var pair = pairs.lowerBound
          while pair < pairs.upperBound {
            let chunk = pair / pairsInChunk
            let end = min(pairs.upperBound, (chunk + 1) * pairsInChunk)
            var own = [CubicExtension](repeating: .zero, count: 4)
            coefficients.add(pair..<end, of: values, weights: columns, first: 2 * chunk * pairsInChunk, to: &own)
            for i in 0..<4 { sums[i] += chunkWeights[position][chunk] * own[i] }
            pair = end
          }
        }
      })
  }

  /// The coefficients at a place: the tile's, and those of the run that it lies in.
  private static func form(
    _ linear: RoundingForm, _ runs: [(positions: Range<Int>, form: RoundingForm)], at x: Int
  ) -> RoundingForm {
    var form = runs.first { $0.positions.contains(x) }?.form ?? RoundingForm()
    form.linear = linear.linear
    return form
  }

  /// Runs with what lies between them.
  private static func parts(
    _ runs: [(positions: Range<Int>, form: RoundingForm)], _ linear: RoundingForm, length: Int
  ) -> [(positions: Range<Int>, form: RoundingForm)] {
    var result: [(positions: Range<Int>, form: RoundingForm)] = []
    var next = 0
    for run in runs {
      if next < run.positions.lowerBound { result.append((next..<run.positions.lowerBound, linear)) }
      var form = run.form
      form.linear = linear.linear
      result.append((run.positions, form))
      next = run.positions.upperBound
    }
    if next < length { result.append((next..<length, linear)) }
    return result
  }

  // MARK: Rounds

  func roundValues(degree: Int) -> [CubicExtension] {
    if let dense { return dense.roundValues(degree: degree) }
    if bound.isEmpty { return topRound(degree) }
    return (0...degree).map { topFactor * Univariate.evaluate(current, at: CubicExtension($0)) }
  }

  private func topRound(_ degree: Int) -> [CubicExtension] {
    let omega = chunkWeights[0][0]
    return (0...degree).map { number in
      let x = CubicExtension(number)
      let c = CubicExtension.one - x
      var sum = c * (c * totals.quadratic + totals.linear)
      for place in 0..<Limits.maskEntries {
        let form = Self.form(linear[0], runs[0], at: place)
        let data = first.map { c * $0[place] }
        let masked = zip(data, masks).map { $0 + x * $1[place] }
        sum += omega * columnWeights[place] * (Self.value(form, names, masked) - Self.value(form, names, data))
      }
      return c * sum
    }
  }

  private static func value(
    _ form: RoundingForm, _ names: [EntryOracle], _ values: [CubicExtension]
  ) -> CubicExtension {
    var own: [EntryOracle: CubicExtension] = [:]
    for (name, value) in zip(names, values) { own[name] = value }
    return names.reduce(.zero) { sum, name in
      sum + ((try? form.contribution(of: name) { own[$0] ?? .zero }) ?? .zero)
    }
  }

  mutating func bind(_ r: CubicExtension) throws {
    if dense != nil {
      bound.append(r)
      dense?.bind(r)
      return
    }
    if bound.isEmpty {
      topFactor = .one - r
    } else {
      Folding.fold(&columnWeights, r)
    }
    bound.append(r)
    if positionRound < Self.streamedRounds {
      current = try passRound()
    } else {
      dense = try makeDense()
    }
  }

  // MARK: Tables

  /// A weight of the tables: one coefficient of the form.
  private enum Coefficient {
    case linear(EntryOracle)
    case square(EntryOracle)
    case classProduct, weightProduct

    func value(_ form: RoundingForm) -> CubicExtension {
      switch self {
      case .linear(let oracle): form.linear[oracle.rawValue]
      case .square(let oracle): form.squares[oracle.rawValue]
      case .classProduct: form.classProduct
      case .weightProduct: form.weightProduct
      }
    }
  }

  private func makeDense() throws -> ProductComponent {
    let log = positionRound
    let weights = Multilinear.equality(bound[1...], scale: topFactor)
    let size = 1 << (layout.logLength - log)
    let variables = layout.entries.variables - log
    var coefficients: [(Coefficient, [Int])] = []
    func index(_ oracle: EntryOracle) -> Int? { names.firstIndex(of: oracle) }
    for (place, name) in names.enumerated() {
      coefficients.append((.linear(name), [place]))
      coefficients.append((.square(name), [place, place]))
    }
    if let u = index(.classes), let v = index(.cofactors) { coefficients.append((.classProduct, [u, v])) }
    if let x = index(.drift), let t = index(.base) { coefficients.append((.weightProduct, [x, t])) }
    coefficients = coefficients.filter { coefficient, _ in
      linear.contains { coefficient.value($0) != .zero }
        || runs.joined().contains { coefficient.value($0.form) != .zero }
    }

    let zeros = [CubicExtension](repeating: .zero, count: 1 << variables)
    var tables = names.map { _ in zeros }
    let made = try tiles.pass(
      first: oracles.count, { [(Int, [[CubicExtension]])]() }, merge: { $0 += $1 },
      { made, position, entries, chunks in
        guard chunks.lowerBound == 0 else { return }
        made.append((position, try folded(position, entries, weights)))
      })
    var factors = coefficients.map { _ in zeros }
    for (position, own) in made {
      let start = tiles.tiles[position].index * size
      for (index, table) in own.enumerated() { tables[index].replaceSubrange(start..<start + size, with: table) }
      let chunkSize = columnWeights.count
      for place in 0..<size {
        let weight = chunkWeights[position][place / chunkSize] * columnWeights[place % chunkSize]
        let form = Self.form(linear[position], runs[position], at: place << log)
        for (index, (coefficient, _)) in coefficients.enumerated() {
          factors[index][start + place] = weight * coefficient.value(form)
        }
      }
    }
    return ProductComponent(
      variables: variables, names: names.map(\.oracle), oracles: tables, weights: factors,
      terms: coefficients.enumerated().map { .init(weight: $0, oracles: $1.1) }, topFactor: topFactor)
  }

  var evaluations: [Oracle: CubicExtension] { dense?.evaluations ?? [:] }

  func contribution(_ evaluations: Evaluations) throws -> CubicExtension {
    try dense?.contribution(evaluations) ?? .zero
  }
}
