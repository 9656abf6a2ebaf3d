import Field
import Kernels

/// E's part of Stage A: Σ (1-top)·[wS(x)·E(x)² + (wY(x) + wZ(x))·E(x)] with E given as small integers.
///
/// The first four position variables are bound on 16 × 16 integer Gram matrices ("small-value" sumcheck, Gruen et al.),
/// so that the K-valued table begins at 1/16 of the tableau. The linear part needs only Σ_chunks w(chunk)·E(chunk, ·),
/// a vector of 2^14, while the variables inside a chunk are bound.
struct DriftComponent: SumcheckComponent {
  static let smallRounds = 4

  let rounds: Int
  private let layout: TableauLayout
  private let tiles: [DriftTile]
  /// First ``Limits/maskEntries`` positions of the half top = 1.
  private let mask: [CubicExtension]
  private var bound: [CubicExtension] = []

  private var topFactor = CubicExtension.one
  /// Value at tile 0's mask positions once top is bound: top·mask.
  private var boundMask: [CubicExtension] = []

  // Sums over the whole hypercube for the round of `top`.
  private let squareTotal: CubicExtension
  private let linearTotal: CubicExtension

  /// Gram matrix of the remaining small variables, 2^(4-i) square.
  private var gram: [[CubicExtension]] = []
  /// Weight table of R (or of eq(z)) inside a chunk and Σ_chunks weight·E, for inexact and exact tiles.
  private var columnWeights: [[CubicExtension]]
  private var columnSums: [[CubicExtension]]
  /// Per tile: E after the small rounds, later folded; wS per square chunk; wY + wZ per chunk (scaled by the bound part).
  private var values: [[CubicExtension]] = []
  private var squareWeights: [[CubicExtension]]
  private var chunkWeights: [[CubicExtension]]

  private var positionRound: Int { bound.count - 1 }

  init(
    layout: TableauLayout, challenges: StageAChallenges, columnWeights: [CubicExtension], tiles: [DriftTile],
    mask: [CubicExtension]
  ) {
    self.layout = layout
    self.tiles = tiles
    self.mask = mask
    rounds = layout.variables + 1

    let squareTable = Multilinear.equality(challenges.squares, scale: challenges.power(.squares))
    let projectionTable = Multilinear.equality(challenges.projections, scale: challenges.power(.projections))
    let exactHigh = Multilinear.equality(
      challenges.exact[Limits.logChunk...], scale: challenges.power(.exact))
    let chunksPerTile = 1 << (layout.logLength - Limits.logChunk)
    var positions: [Int: Int] = [:]
    for (position, tile) in tiles.enumerated() { positions[tile.index] = position }

    // Per-tile weights. S: one per 2^4 positions where small tensors share the tile, else one per chunk.
    var squareWeights = tiles.map { [CubicExtension](repeating: .zero, count: 1 << (layout.logLength - $0.logGranule)) }
    for piece in layout.squarePieces.joined().joined() {
      for chunk in 0..<piece.count {
        let start = piece.position(ofChunk: chunk)
        guard let position = positions[start >> layout.logLength] else { continue }
        let granule = tiles[position].logGranule
        let first = (start & (1 << layout.logLength - 1)) >> granule
        for entry in first..<first + 1 << (piece.logChunk - granule) {
          squareWeights[position][entry] = squareTable[piece.base + chunk]
        }
      }
    }
    var chunkWeights = tiles.map { tile in
      (0..<chunksPerTile).map { tile.exact ? exactHigh[tile.index * chunksPerTile + $0] : .zero }
    }
    for piece in layout.projectionPieces {
      for chunk in 0..<piece.count {
        let start = piece.position(ofChunk: chunk)
        guard let position = positions[start >> layout.logLength] else { continue }
        chunkWeights[position][(start & (1 << layout.logLength - 1)) >> Limits.logChunk] =
          projectionTable[piece.base + chunk]
      }
    }
    self.squareWeights = squareWeights
    self.chunkWeights = chunkWeights
    let exactLow = Multilinear.equality(challenges.exact.prefix(Limits.logChunk))
    self.columnWeights = [columnWeights, exactLow]

    // One pass over the integers: Gram matrices and column sums.
    var columnSums = [[CubicExtension]](
      repeating: [CubicExtension](repeating: .zero, count: Limits.chunk), count: 2)
    for (position, tile) in tiles.enumerated() {
      tile.accumulateChunks(weights: chunkWeights[position], into: &columnSums[tile.exact ? 1 : 0])
    }
    self.columnSums = columnSums
    let weights = squareWeights
    let sums = parallelSum(count: tiles.count, width: 136, minimumStep: 1) { range, out in
      for position in range {
        if tiles[position].exact || tiles[position].isZero { continue }
        tiles[position].accumulateGram(weights: weights[position], into: &out)
      }
    }
    var gram = [[CubicExtension]](repeating: [CubicExtension](repeating: .zero, count: 16), count: 16)
    var next = 0
    for b in 0..<16 {
      for c in b..<16 {
        gram[b][c] = sums[next]
        gram[c][b] = sums[next]
        next += 1
      }
    }
    self.gram = gram
    squareTotal = (0..<16).reduce(CubicExtension.zero) { $0 + gram[$1][$1] }
    linearTotal =
      Multilinear.innerProduct(self.columnWeights[0], columnSums[0])
      + Multilinear.innerProduct(self.columnWeights[1], columnSums[1])
  }

  // MARK: Rounds

  private var maskTile: Int? { tiles.firstIndex { $0.index == 0 } }

  /// Weights of E² and E at position i of tile 0 (i < 16), with nothing bound.
  private func maskWeights(_ i: Int) -> (square: CubicExtension, linear: CubicExtension) {
    guard let position = maskTile else { return (.zero, .zero) }
    let tile = tiles[position]
    let linear = chunkWeights[position][0] * columnWeights[tile.exact ? 1 : 0][i]
    return (tile.exact ? .zero : squareWeights[position][0], linear)
  }

  private func maskData(_ i: Int) -> CubicExtension {
    maskTile.map { CubicExtension(tiles[$0].entry(i)) } ?? .zero
  }

  func roundValues(degree: Int) -> [CubicExtension] {
    if bound.isEmpty { return topRound(degree) }
    let values: [CubicExtension] =
      if positionRound < Self.smallRounds {
        smallRound(degree)
      } else if positionRound < layout.logLength {
        tableRound(degree)
      } else {
        tileRound(degree)
      }
    return values.map { $0 * topFactor }
  }

  private func topRound(_ degree: Int) -> [CubicExtension] {
    (0...degree).map { x in
      let value = CubicExtension(x)
      let complement = CubicExtension.one - value
      var sum = complement * (complement * squareTotal + linearTotal)
      for (i, m) in mask.enumerated() {
        let (square, linear) = maskWeights(i)
        let data = maskData(i)
        let entry = complement * data + value * m
        sum += square * (entry * entry - complement * complement * data * data) + linear * value * m
      }
      return complement * sum
    }
  }

  private func smallRound(_ degree: Int) -> [CubicExtension] {
    let half = gram.count / 2
    var (low, cross, high) = (CubicExtension.zero, CubicExtension.zero, CubicExtension.zero)
    for rest in 0..<half {
      low += gram[2 * rest][2 * rest]
      cross += gram[2 * rest][2 * rest + 1]
      high += gram[2 * rest + 1][2 * rest + 1]
    }
    let linear = columnRound(degree)
    return (0...degree).map { x in
      let value = CubicExtension(x)
      let complement = CubicExtension.one - value
      let two = cross + cross
      return complement * (complement * low + value * two) + value * value * high + linear[x]
    }
  }

  /// The linear part while variables inside a chunk are bound.
  private func columnRound(_ degree: Int) -> [CubicExtension] {
    var sums = [CubicExtension](repeating: .zero, count: degree + 1)
    for kind in 0..<2 {
      let (weights, entries) = (columnWeights[kind], columnSums[kind])
      for pair in 0..<weights.count / 2 {
        var (w, e) = (weights[2 * pair], entries[2 * pair])
        let (dw, de) = (weights[2 * pair + 1] - w, entries[2 * pair + 1] - e)
        for x in 0...degree {
          sums[x] += w * e
          w += dw
          e += de
        }
      }
    }
    return sums
  }

  private func tableRound(_ degree: Int) -> [CubicExtension] {
    let (values, weights, chunks) = (values, squareWeights, chunkWeights)
    let tiles = tiles
    let inChunk = positionRound < Limits.logChunk
    let round = positionRound
    var sums = parallelSum(count: tiles.count, width: degree + 1, minimumStep: 1) { range, out in
      for position in range {
        let table = values[position]
        if table.isEmpty { continue }
        let weight = weights[position]
        let isConstant = round < tiles[position].logGranule
        let shift = tiles[position].logGranule - round - 1
        for pair in 0..<table.count / 2 {
          var e = table[2 * pair]
          let de = table[2 * pair + 1] - e
          var w = isConstant ? weight[pair >> shift] : weight[2 * pair]
          let dw = isConstant ? .zero : weight[2 * pair + 1] - w
          if w == .zero && dw == .zero { continue }
          for x in 0...degree {
            out[x] += w * e * e
            e += de
            w += dw
          }
        }
        if !inChunk {
          let chunk = chunks[position]
          for pair in 0..<table.count / 2 {
            var (e, w) = (table[2 * pair], chunk[2 * pair])
            let (de, dw) = (table[2 * pair + 1] - e, chunk[2 * pair + 1] - w)
            for x in 0...degree {
              out[x] += w * e
              e += de
              w += dw
            }
          }
        }
      }
    }
    if inChunk {
      for (x, value) in columnRound(degree).enumerated() { sums[x] += value }
    }
    return sums
  }

  /// One value per tile is left: the tile variables over the dense hypercube.
  private var dense: (values: [CubicExtension], squares: [CubicExtension], linear: [CubicExtension]) = ([], [], [])

  private func tileRound(_ degree: Int) -> [CubicExtension] {
    var sums = [CubicExtension](repeating: .zero, count: degree + 1)
    for pair in 0..<dense.values.count / 2 {
      var (e, s, l) = (dense.values[2 * pair], dense.squares[2 * pair], dense.linear[2 * pair])
      let (de, ds, dl) = (
        dense.values[2 * pair + 1] - e, dense.squares[2 * pair + 1] - s, dense.linear[2 * pair + 1] - l
      )
      for x in 0...degree {
        sums[x] += (s * e + l) * e
        e += de
        s += ds
        l += dl
      }
    }
    return sums
  }

  // MARK: Binding

  mutating func bind(_ r: CubicExtension) {
    defer { bound.append(r) }
    if bound.isEmpty {
      bindTop(r)
      if layout.logLength == 0 { makeDense() }
      return
    }
    if positionRound < Self.smallRounds {
      let half = gram.count / 2
      var folded = [[CubicExtension]](repeating: [CubicExtension](repeating: .zero, count: half), count: half)
      let c = CubicExtension.one - r
      for i in 0..<half {
        for j in 0..<half {
          folded[i][j] =
            c * (c * gram[2 * i][2 * j] + r * (gram[2 * i][2 * j + 1] + gram[2 * i + 1][2 * j]))
            + r * r * gram[2 * i + 1][2 * j + 1]
        }
      }
      gram = folded
      foldColumns(r)
      if positionRound == Self.smallRounds - 1 { makeTables(Array(bound[1...]) + [r]) }
    } else if positionRound < layout.logLength {
      foldTables(r)
      if positionRound < Limits.logChunk { foldColumns(r) }
      if positionRound == Limits.logChunk - 1 { scaleChunkWeights() }
      if positionRound == layout.logLength - 1 { makeDense() }
    } else {
      Multilinear.fold(&dense.values, r)
      Multilinear.fold(&dense.squares, r)
      Multilinear.fold(&dense.linear, r)
    }
  }

  private mutating func bindTop(_ r: CubicExtension) {
    topFactor = .one - r
    boundMask = mask.map { $0 * r }
    // All tables scale by 1 - top; the mask positions of tile 0 are corrected exactly.
    let square = topFactor * topFactor
    for i in 0..<16 { for j in 0..<16 { gram[i][j] *= square } }
    for kind in 0..<2 { for x in columnSums[kind].indices { columnSums[kind][x] *= topFactor } }
    guard let position = maskTile else { return }
    let exact = tiles[position].exact
    for (i, m) in boundMask.enumerated() { columnSums[exact ? 1 : 0][i] += chunkWeights[position][0] * m }
    if exact { return }
    let weight = squareWeights[position][0]
    func entry(_ i: Int) -> CubicExtension { topFactor * maskData(i) + (i < boundMask.count ? boundMask[i] : .zero) }
    for i in 0..<16 {
      for j in 0..<16 { gram[i][j] += weight * (entry(i) * entry(j) - square * maskData(i) * maskData(j)) }
    }
  }

  private mutating func foldColumns(_ r: CubicExtension) {
    for kind in 0..<2 {
      Multilinear.fold(&columnWeights[kind], r)
      Multilinear.fold(&columnSums[kind], r)
    }
  }

  /// E after the small rounds: the second pass over the integers.
  private mutating func makeTables(_ point: [CubicExtension]) {
    let weights = Multilinear.equality(point, scale: topFactor)
    let size = 1 << (layout.logLength - Self.smallRounds)
    let tiles = tiles
    values = parallelMap(tiles.count) { position in
      tiles[position].isZero ? [] : tiles[position].folded(weights: weights, count: size)
    }
    guard let position = maskTile else { return }
    if values[position].isEmpty { values[position] = [CubicExtension](repeating: .zero, count: size) }
    let equality = Multilinear.equality(point)
    for (i, m) in boundMask.enumerated() { values[position][0] += equality[i] * m }
  }

  private mutating func foldTables(_ r: CubicExtension) {
    let round = positionRound
    let inputs = values
    values = parallelMap(inputs.count) { position in
      var table = inputs[position]
      if !table.isEmpty { Multilinear.fold(&table, r) }
      return table
    }
    for position in tiles.indices where round >= tiles[position].logGranule {
      Multilinear.fold(&squareWeights[position], r)
    }
    if round >= Limits.logChunk {
      for position in chunkWeights.indices { Multilinear.fold(&chunkWeights[position], r) }
    }
  }

  /// Inside a chunk everything is bound: w(x) = (bound column weight)·w(chunk).
  private mutating func scaleChunkWeights() {
    let factors = columnWeights.map { $0[0] }
    for position in tiles.indices {
      for i in chunkWeights[position].indices { chunkWeights[position][i] *= factors[tiles[position].exact ? 1 : 0] }
    }
  }

  private mutating func makeDense() {
    let zeros = [CubicExtension](repeating: .zero, count: 1 << layout.tileBits)
    dense = (zeros, zeros, zeros)
    for (position, tile) in tiles.enumerated() {
      dense.values[tile.index] = values[position].first ?? .zero
      dense.squares[tile.index] = tile.exact ? .zero : squareWeights[position][0]
      dense.linear[tile.index] = chunkWeights[position][0]
    }
  }

  var evaluations: [String: CubicExtension] { ["E": dense.values.first ?? .zero] }

  func contribution(_ evaluations: [String: CubicExtension]) -> CubicExtension {
    let e = evaluations["E"] ?? .zero
    return topFactor * e * ((dense.squares.first ?? .zero) * e + (dense.linear.first ?? .zero))
  }
}
