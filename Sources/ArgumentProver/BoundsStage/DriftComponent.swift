// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofField
import DriftProofKernels

/// The part of the residuals E in the bounds stage: Σ (1-top)·[wS(x)·E(x)² + (wY(x) + wZ(x) + wO(x))·E(x)] with E given
/// as small integers.
///
/// The first j position variables are bound on integer Gram matrices of 2^j × 2^j ("small-value" sumcheck), so that the
/// K-valued table begins at 2^-j of the tableau: two passes over E, one for the Gram matrices and column sums, one for
/// the table. The linear part needs only Σ_chunks w(chunk)·E(chunk, ·), a vector of 2^14, while the variables inside a
/// chunk are bound. After them there is one value a chunk. wO, the weight of the orthonormality stage's claims, is
/// ``OrthonormalTerm``'s.
struct DriftComponent: SumcheckComponent {
  let rounds: Int
  private let layout: TableauLayout
  private let tiles: DriftTiles
  /// j.
  private let smallRounds: Int
  /// First ``Limits/maskEntries`` positions of the half top = 1.
  private let mask: [CubicExtension]
  private var bound: [CubicExtension] = []

  private var topFactor = CubicExtension.one
  /// Value at tile 0's mask positions once top is bound: top·mask.
  private var boundMask: [CubicExtension] = []
  /// Weights of E² and E over the first positions of tile 0, and its first 2^j entries.
  private let maskPlace: MaskPlace?

  // Sums over the whole hypercube for the round of `top`.
  private let squareTotal: CubicExtension
  private let linearTotal: CubicExtension

  /// Gram matrix of the remaining small variables, 2^(j-i) square.
  private var gram: [[CubicExtension]] = []
  /// Σ wY·E and Σ wZ·E inside a chunk.
  private var columns: [ColumnSums]
  /// Weights of E² of entrywise clauses by tile and chunk, of the first tiles, without the factor inside a chunk. Until
  /// that is bound their part is ``EntryComponent``'s.
  private let entryWeights: [[CubicExtension]]
  /// Σ wO·E; nil without orthonormal tensors.
  private var orthonormal: OrthonormalTerm?
  /// E after the small rounds by tile, later folded.
  private var values: [[CubicExtension]] = []
  /// wS per granule of each tile, folded after a granule's variables.
  private var squareWeights: [[CubicExtension]]
  /// wY or wZ per chunk, without the factor inside a chunk until that is bound.
  private var chunkWeights: [[CubicExtension]]
  /// log2 of the positions over which a tile's wS is constant.
  private let logGranules: [Int]
  /// Σ wS·E² over what is not bound, and the coefficients of the round's polynomial of it.
  private var squareClaim = CubicExtension.zero
  private var squareRound: [CubicExtension] = []
  /// One value per tile is left: the tile variables over the dense hypercube.
  private var dense = DenseTile()

  private struct MaskPlace {
    var tile: Int
    var exact: Bool
    var squareWeight: CubicExtension
    var chunkWeight: CubicExtension
    var entries: [CubicExtension]
  }

  private var positionRound: Int { bound.count - 1 }

  /// j: larger tables of K cost more than larger Gram matrices from about 2^23 entries on.
  private static func smallRounds(entries: Int) -> Int { entries < 1 << 22 ? 4 : entries < 1 << 24 ? 5 : 6 }

  init(
    layout: TableauLayout, challenges: BoundsStageChallenges, columnWeights: [CubicExtension], tiles: DriftTiles,
    mask: [CubicExtension], entryWeights: [[CubicExtension]] = [], smallRounds: Int? = nil
  ) throws {
    self.layout = layout
    self.tiles = tiles
    self.mask = mask
    self.entryWeights = entryWeights
    rounds = layout.variables + 1
    let log = smallRounds ?? Self.smallRounds(entries: tiles.count << layout.logLength)
    self.smallRounds = log

    // Per-tile weights.
    let squareTable = Multilinear.equality(challenges.squares, scale: challenges.power(.squares))
    let projectionTable = Multilinear.equality(challenges.projections, scale: challenges.power(.projections))
    let exactHigh = Multilinear.equality(challenges.exact[Limits.logChunk...], scale: challenges.power(.exact))
    let chunksPerTile = 1 << (layout.logLength - Limits.logChunk)
    let chunks = tiles.chunks
    logGranules = chunks.squares.map { $0.map(\.log).min() ?? Limits.logChunk }
    let squareWeights = zip(chunks.squares, logGranules).map { ranges, granule in
      var weights = [CubicExtension](repeating: .zero, count: 1 << (layout.logLength - granule))
      for range in ranges {
        let first = range.first >> granule
        for entry in first..<first + 1 << (range.log - granule) { weights[entry] = squareTable[range.index] }
      }
      return weights
    }
    self.squareWeights = squareWeights
    let chunkWeights = tiles.tiles.indices.map { position in
      let tile = tiles.tiles[position]
      return tile.exact
        ? Array(exactHigh[tile.index * chunksPerTile..<(tile.index + 1) * chunksPerTile])
        : chunks.projections[position].map { projectionTable[$0] }
    }
    self.chunkWeights = chunkWeights

    // The third pass over E: Gram matrices and column sums.
    let kinds = [false, true].map { exact in tiles.tiles.contains { $0.exact == exact } }
    let term = challenges.orthonormal.map { OrthonormalTerm(layout: layout, weights: $0, tiles: tiles, log: log) }
    let sums = try tiles.pass(
      { FirstSums(log: log, kinds: kinds, orthonormal: term?.sumCount ?? 0) }, merge: { $0.add($1) },
      { sums, position, entries, part in
        term?.accumulate(entries, position: position, chunks: part, into: &sums.orthonormal)
        let tile = tiles.tiles[position]
        sums.add(
          entries, chunks: part, exact: tile.exact, chunkWeights: Array(chunkWeights[position][part]),
          squares: chunks.squares[position].lazy.map { ($0.positions, squareTable[$0.index]) })
      })
    gram = sums.matrix
    let exactLow = Multilinear.equality(challenges.exact.prefix(Limits.logChunk))
    columns = zip([columnWeights, exactLow], sums.columns).map {
      ColumnSums(weights: $1.isEmpty ? [] : $0, entries: $1)
    }
    let matrix = gram
    squareTotal = matrix.indices.reduce(CubicExtension.zero) { $0 + matrix[$1][$1] }
    orthonormal = term?.with(sums: sums.orthonormal)
    linearTotal = columns.reduce(orthonormal?.total ?? .zero) {
      $0 + Multilinear.innerProduct($1.weights, $1.entries)
    }
    maskPlace = try tiles.maskTile.map { position in
      let entries = try tiles.entries(position)
      let exact = tiles.tiles[position].exact
      return MaskPlace(
        tile: position, exact: exact, squareWeight: exact ? .zero : squareWeights[position][0],
        chunkWeight: chunkWeights[position][0], entries: (0..<1 << log).map { CubicExtension(entries.element($0)) })
    }
  }

  // MARK: Rounds

  func roundValues(degree: Int) -> [CubicExtension] {
    if bound.isEmpty { return topRound(degree) }
    if positionRound >= Limits.logChunk {
      return chunkRound(degree).map { $0 * topFactor }
    }
    let linear = columns.map(\.round) + (orthonormal.map { [$0.round(values)] } ?? [])
    return (0...degree).map { x in
      let value = CubicExtension(x)
      return linear.reduce(Univariate.evaluate(squareRound, at: value)) { $0 + Univariate.evaluate($1, at: value) }
        * topFactor
    }
  }

  private func topRound(_ degree: Int) -> [CubicExtension] {
    (0...degree).map { x in
      let value = CubicExtension(x)
      let complement = CubicExtension.one - value
      var sum = complement * (complement * squareTotal + linearTotal)
      if let place = maskPlace {
        for (i, m) in mask.enumerated() {
          let data = complement * place.entries[i]
          let entry = data + value * m
          sum += place.squareWeight * (entry * entry - data * data)
          sum += place.chunkWeight * columns[place.exact ? 1 : 0].weights[i] * value * m
          if let orthonormal { sum += orthonormal.weight(ofEntry: i, in: place.tile) * value * m }
        }
      }
      return complement * sum
    }
  }

  /// Σ wS·E² over the Gram matrix, as coefficients.
  private var gramRound: [CubicExtension] {
    var (low, cross, high) = (CubicExtension.zero, CubicExtension.zero, CubicExtension.zero)
    for rest in 0..<gram.count / 2 {
      low += gram[2 * rest][2 * rest]
      cross += gram[2 * rest][2 * rest + 1]
      high += gram[2 * rest + 1][2 * rest + 1]
    }
    // (1-X)²·low + 2X(1-X)·cross + X²·high
    return [low, cross + cross - low - low, low + high - cross - cross]
  }

  /// The rounds whose variables number the chunks of a tile or the tiles.
  private func chunkRound(_ degree: Int) -> [CubicExtension] {
    if positionRound >= layout.logLength { return dense.round(degree) }
    let (values, squares, linear) = (values, squareWeights, chunkWeights)
    return parallelSum(count: values.count, width: degree + 1, minimumStep: 1) { range, out in
      for position in range where !values[position].isEmpty {
        let tile = DenseTile(values: values[position], squares: squares[position], linear: linear[position])
        for (x, value) in tile.round(degree).enumerated() { out[x] += value }
      }
    }
  }

  // MARK: Binding

  mutating func bind(_ r: CubicExtension) throws {
    defer { bound.append(r) }
    if bound.isEmpty {
      bindTop(r)
      squareRound = gramRound
      return
    }
    let round = positionRound
    if round < Limits.logChunk {
      squareClaim = Univariate.evaluate(squareRound, at: r)
      for kind in columns.indices { columns[kind].fold(r) }
      orthonormal?.bind(r, round: round)
    }
    if round < smallRounds {
      foldGram(r)
      squareRound = round + 1 < smallRounds ? gramRound : []
      if round + 1 == smallRounds {
        try makeTables(Array(bound[1...]) + [r])
        squareRound = tableSums(round: round + 1)
      }
    } else if round < layout.logLength {
      foldTables(r, round: round)
      if round + 1 < Limits.logChunk { squareRound = tableSums(round: round + 1) }
    } else {
      dense.fold(r)
    }
    if round + 1 == Limits.logChunk { scaleChunkWeights() }
    if round + 1 == layout.logLength { makeDense(Array(bound[1...]) + [r]) }
  }

  private mutating func bindTop(_ r: CubicExtension) {
    topFactor = .one - r
    boundMask = mask.map { $0 * r }
    // All tables scale by 1 - top; the mask positions of tile 0 are corrected exactly.
    let square = topFactor * topFactor
    for i in gram.indices { for j in gram.indices { gram[i][j] *= square } }
    for kind in columns.indices { columns[kind].scale(topFactor) }
    orthonormal?.scale(topFactor)
    guard let place = maskPlace else { return }
    for (i, m) in boundMask.enumerated() { columns[place.exact ? 1 : 0].entries[i] += place.chunkWeight * m }
    orthonormal?.addMask(boundMask, to: place.tile)
    if place.exact { return }
    let data = place.entries.map { $0 * topFactor }
    let entries = data.indices.map { data[$0] + ($0 < boundMask.count ? boundMask[$0] : .zero) }
    for i in gram.indices {
      for j in gram.indices { gram[i][j] += place.squareWeight * (entries[i] * entries[j] - data[i] * data[j]) }
    }
  }

  private mutating func foldGram(_ r: CubicExtension) {
    let half = gram.count / 2
    var folded = [[CubicExtension]](repeating: [CubicExtension](repeating: .zero, count: half), count: half)
    let c = CubicExtension.one - r
    let (cc, cr, rr) = (c * c, c * r, r * r)
    for i in 0..<half {
      for j in 0..<half {
        folded[i][j] =
          cc * gram[2 * i][2 * j] + cr * (gram[2 * i][2 * j + 1] + gram[2 * i + 1][2 * j])
          + rr * gram[2 * i + 1][2 * j + 1]
      }
    }
    gram = folded
  }

  /// E after the small rounds: the fourth pass over E.
  private mutating func makeTables(_ point: [CubicExtension]) throws {
    let weights = Multilinear.equality(point, scale: topFactor)
    let log = smallRounds
    let size = 1 << (layout.logLength - log)
    values = try tiles.pass(
      { [[CubicExtension]]() },
      merge: Self.merge,
      { [count = tiles.count] tables, position, entries, chunks in
        if tables.isEmpty { tables = [[CubicExtension]](repeating: [], count: count) }
        if entries.isZero { return }
        let range = chunks.lowerBound << Limits.logChunk..<chunks.upperBound << Limits.logChunk
        let part = entries.folded(range, weights: weights)
        if part.count == size {
          tables[position] = part
          return
        }
        if tables[position].isEmpty { tables[position] = [CubicExtension](repeating: .zero, count: size) }
        tables[position].replaceSubrange(range.lowerBound >> log..<range.upperBound >> log, with: part)
      })
    if values.isEmpty { values = tiles.tiles.map { _ in [] } }
    guard let place = maskPlace else { return }
    if values[place.tile].isEmpty { values[place.tile] = [CubicExtension](repeating: .zero, count: size) }
    let equality = Multilinear.equality(point)
    for (i, m) in boundMask.enumerated() { values[place.tile][0] += equality[i] * m }
  }

  /// Adds one worker's tables to another's; a worker that got no tile has none.
  static func merge(_ all: inout [[CubicExtension]], _ own: [[CubicExtension]]) {
    if all.isEmpty {
      all = own
      return
    }
    for position in own.indices where !own[position].isEmpty {
      if all[position].isEmpty {
        all[position] = own[position]
      } else {
        for i in own[position].indices { all[position][i] += own[position][i] }
      }
    }
  }

  private mutating func foldTables(_ r: CubicExtension, round: Int) {
    parallelUpdate(&values) { _, table in
      if !table.isEmpty { Folding.fold(&table, r) }
    }
    for position in squareWeights.indices where round >= logGranules[position] {
      Multilinear.fold(&squareWeights[position], r)
    }
    if round >= Limits.logChunk {
      for position in chunkWeights.indices { Multilinear.fold(&chunkWeights[position], r) }
    }
  }

  /// Σ wS·E² over the pairs of a round inside a chunk, as coefficients; the claim gives that of X.
  private func tableSums(round: Int) -> [CubicExtension] {
    let (values, weights, granules) = (values, squareWeights, logGranules)
    let size = 1 << (layout.logLength - round - 1)
    let step = min(size, 1 << 12)
    let parts = size / step
    let sums = parallelSum(count: values.count * parts, width: 3, minimumStep: 1) { range, out in
      var total = SquareSums()
      for item in range {
        let (position, part) = (item / parts, item % parts)
        if values[position].isEmpty || tiles.tiles[position].exact { continue }
        total.add(
          values[position], pairs: part * step..<(part + 1) * step, weights: weights[position],
          logGranule: granules[position] - round - 1)
      }
      out[0] += total.constant
      out[1] += total.square
      out[2] += total.cube
    }
    return [sums[0], squareClaim - sums[0] - sums[0] - sums[1] - sums[2], sums[1], sums[2]]
  }

  /// Inside a chunk everything is bound: w(x) = (bound column weight)·w(chunk).
  private mutating func scaleChunkWeights() {
    for position in tiles.tiles.indices {
      guard let factor = columns[tiles.tiles[position].exact ? 1 : 0].weights.first else { continue }
      for i in chunkWeights[position].indices { chunkWeights[position][i] *= factor }
      guard position < entryWeights.count else { continue }
      for (i, weight) in entryWeights[position].enumerated() { squareWeights[position][i] += weight * factor }
    }
    guard let term = orthonormal else { return }
    for (position, table) in term.tables.enumerated() {
      for (i, weight) in table.enumerated() { chunkWeights[position][i] += weight }
    }
  }

  /// - Parameter point: the position variables.
  private mutating func makeDense(_ point: [CubicExtension]) {
    let zeros = [CubicExtension](repeating: .zero, count: 1 << layout.tileBits)
    dense = DenseTile(values: zeros, squares: zeros, linear: zeros)
    for (position, tile) in tiles.tiles.enumerated() {
      dense.values[tile.index] = values[position].first ?? .zero
      dense.squares[tile.index] = tile.exact ? .zero : squareWeights[position][0]
      dense.linear[tile.index] = chunkWeights[position][0]
    }
    for (tile, weight) in orthonormal?.missingTiles(at: point) ?? [] { dense.linear[tile] = weight }
    (values, orthonormal) = ([], nil)
  }

  /// What is left of each tile when the position variables are bound: its value, and the weights of its square and itself.
  var tileEnds: [(tile: Int, value: CubicExtension, square: CubicExtension, linear: CubicExtension)] {
    tiles.tiles.map { ($0.index, dense.values[$0.index], dense.squares[$0.index], dense.linear[$0.index]) }
  }

  var evaluations: [Oracle: CubicExtension] { [.residuals: dense.values.first ?? .zero] }

  func contribution(_ evaluations: Evaluations) throws -> CubicExtension {
    let e = try evaluations.value(.residuals)
    return topFactor * e * ((dense.squares.first ?? .zero) * e + (dense.linear.first ?? .zero))
  }
}
