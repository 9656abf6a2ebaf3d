// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofField
import DriftProofKernels

/// The part of entrywise clauses in the bounds stage: Σ (1-top)·P(x)·[λ_a·a(x) - λ_d·(E(x)² + a(x)²)] over R-space, with
/// P(x) = ω(chunk)·R~(m*, place in the chunk).
///
/// P is not constant inside a chunk, so one Gram matrix for all groups of neighbours does not do: there is one for each of
/// the 2^10 groups of 2^4 places, summed over the chunks. They serve the first four position variables, in one pass over E.
/// A second makes K-valued tables of E and a, of 1/16 of R-space. Once all variables inside a chunk are bound P is a weight
/// of the chunk: the part of E² is ``DriftComponent``'s from there on, since E goes on into the rest of E-space.
struct EntryComponent: SumcheckComponent {
  let rounds: Int
  private let layout: ArgumentLayout
  private let tiles: DriftTiles
  private let roots: EntryRoots
  /// λ_a and λ_d.
  private let powers: (roots: CubicExtension, differences: CubicExtension)
  /// ω by tile and chunk.
  private let chunkWeights: [[CubicExtension]]
  /// First ``Limits/maskEntries`` positions of the half top = 1.
  private let masks: (entries: [CubicExtension], roots: [CubicExtension])
  /// The first group of the first tile, without masks.
  private let first: (entries: [CubicExtension], roots: [CubicExtension])
  private var bound: [CubicExtension] = []
  private var topFactor = CubicExtension.one

  /// R~(m*, ·), folded.
  private var columnWeights: [CubicExtension]
  /// By group: a symmetric matrix, folded.
  private var matrices: [[CubicExtension]]
  private var columns: ColumnSums
  /// E and a by tile, after the rounds of matrices; E empty where it is 0.
  private var values: (entries: [[CubicExtension]], roots: [[CubicExtension]]) = ([], [])
  /// a of each tile once the chunks' variables are all that is left of its positions, then of all tiles.
  private var dense: [DenseTile] = []

  private static let smallRounds = PairProducts.logWidth
  private var positionRound: Int { bound.count - 1 }
  private var logLength: Int { layout.logLength }

  /// ω by tile and chunk.
  static func chunkWeights(
    _ tiles: DriftTiles, count: Int, challenges: BoundsStageChallenges
  ) -> [[CubicExtension]] {
    let table = Multilinear.equality(challenges.projections)
    return (0..<count).map { position in tiles.chunks.projections[position].map { table[$0] } }
  }

  /// - Parameters:
  ///   - columnWeights: R~(m*, ·).
  ///   - driftMask: E's.
  init(
    layout: ArgumentLayout, challenges: BoundsStageChallenges, columnWeights: [CubicExtension], tiles: DriftTiles,
    roots: EntryRoots, driftMask: [CubicExtension], rootMask: [CubicExtension]
  ) throws {
    self.layout = layout
    self.tiles = tiles
    self.roots = roots
    self.columnWeights = columnWeights
    rounds = layout.entries.variables + 1
    powers = (challenges.power(.roots), challenges.power(.differences))
    masks = (driftMask, rootMask)
    let weights = Self.chunkWeights(tiles, count: roots.count, challenges: challenges)
    chunkWeights = weights
    let sums = try tiles.pass(
      first: roots.count, { EntryPairs() }, merge: { $0.add($1) },
      { sums, position, entries, chunks in
        sums.add(
          entries, roots.roots(position, entries), chunks: chunks, weights: Array(weights[position][chunks]))
      })
    matrices = sums.matrices
    columns = ColumnSums(weights: columnWeights, entries: sums.columns)
    let entries = try tiles.entries(0)
    let own = roots.roots(0, entries)
    first = (
      (0..<PairProducts.width).map { CubicExtension(entries.element($0)) },
      (0..<PairProducts.width).map { CubicExtension(own.element($0)) }
    )
    tiles.recycle(entries)
  }

  // MARK: Rounds

  func roundValues(degree: Int) -> [CubicExtension] {
    if bound.isEmpty { return topRound(degree) }
    guard positionRound < Limits.logChunk else {
      let (tiles, factor) = (dense, topFactor)
      return parallelSum(count: tiles.count, width: degree + 1, minimumStep: 1) { range, out in
        for tile in range { for (x, value) in tiles[tile].round(degree).enumerated() { out[x] += value * factor } }
      }
    }
    let square = positionRound < Self.smallRounds ? matrixRound : tableRound
    let linear = columns.round
    return (0...degree).map { x in
      let value = CubicExtension(x)
      return topFactor
        * (powers.roots * Univariate.evaluate(linear, at: value)
          - powers.differences * Univariate.evaluate(square, at: value))
    }
  }

  private func topRound(_ degree: Int) -> [CubicExtension] {
    let width = PairProducts.width
    var squares = CubicExtension.zero
    for (group, matrix) in matrices.enumerated() {
      for i in 0..<width { squares += columnWeights[group * width + i] * matrix[i * width + i] }
    }
    let linear = Multilinear.innerProduct(columns.weights, columns.entries)
    let chunk = chunkWeights[0][0]
    return (0...degree).map { x in
      let value = CubicExtension(x)
      let complement = CubicExtension.one - value
      var sum = complement * (powers.roots * linear - complement * powers.differences * squares)
      for i in masks.entries.indices {
        let (e, a) = (complement * first.entries[i], complement * first.roots[i])
        let (me, ma) = (e + value * masks.entries[i], a + value * masks.roots[i])
        sum +=
          chunk * columnWeights[i]
          * (powers.roots * value * masks.roots[i] - powers.differences * (me * me - e * e + ma * ma - a * a))
      }
      return complement * sum
    }
  }

  /// Coefficients of Σ R~·(E² + a²), from the matrices.
  private var matrixRound: [CubicExtension] {
    let width = 1 << (Self.smallRounds - positionRound)
    var result = [CubicExtension](repeating: .zero, count: 4)
    for (group, matrix) in matrices.enumerated() {
      for pair in 0..<width / 2 {
        let i = 2 * pair
        let (low, cross, high) = (matrix[i * width + i], matrix[i * width + i + 1], matrix[(i + 1) * width + i + 1])
        Self.add(
          [low, cross + cross - low - low, low + high - cross - cross], weights: columnWeights, at: group * width + i,
          to: &result)
      }
    }
    return result
  }

  /// Adds (w0 + X·(w1 - w0))·(q0 + q1·X + q2·X²), w the weights at `at`.
  private static func add(
    _ q: [CubicExtension], weights: [CubicExtension], at: Int, to result: inout [CubicExtension]
  ) {
    let (weight, step) = (weights[at], weights[at + 1] - weights[at])
    for i in 0..<3 {
      result[i] += weight * q[i]
      result[i + 1] += step * q[i]
    }
  }

  /// The same from the tables: for every pair of places the sum over all chunks first.
  private var tableRound: [CubicExtension] {
    let (entries, roots, weights) = (values.entries, values.roots, chunkWeights)
    let pairs = columnWeights.count / 2
    let chunks = 1 << (logLength - Limits.logChunk)
    let sums = parallelSum(count: roots.count * chunks, width: 3 * pairs, minimumStep: 1) { range, out in
      for item in range {
        let (tile, chunk) = (item / chunks, item % chunks)
        let weight = weights[tile][chunk]
        let first = chunk * 2 * pairs
        for table in [entries[tile], roots[tile]] where !table.isEmpty {
          for pair in 0..<pairs {
            let low = table[first + 2 * pair]
            let step = table[first + 2 * pair + 1] - low
            let cross = low * step
            out[3 * pair] += weight * low.squared
            out[3 * pair + 1] += weight * (cross + cross)
            out[3 * pair + 2] += weight * step.squared
          }
        }
      }
    }
    var result = [CubicExtension](repeating: .zero, count: 4)
    for pair in 0..<pairs {
      Self.add(Array(sums[3 * pair..<3 * pair + 3]), weights: columnWeights, at: 2 * pair, to: &result)
    }
    return result
  }

  // MARK: Binding

  mutating func bind(_ r: CubicExtension) throws {
    defer { bound.append(r) }
    if bound.isEmpty { return bindTop(r) }
    let round = positionRound
    guard round < Limits.logChunk else {
      if round < logLength {
        for tile in dense.indices { dense[tile].fold(r) }
      } else {
        dense[0].fold(r)
      }
      if round + 1 == logLength { mergeTiles() }
      return
    }
    columns.fold(r)
    Folding.fold(&columnWeights, r)
    if round < Self.smallRounds {
      foldMatrices(r)
      if round + 1 == Self.smallRounds { try makeTables(Array(bound[1...]) + [r]) }
    } else {
      parallelUpdate(&values.entries) { _, table in if !table.isEmpty { Folding.fold(&table, r) } }
      parallelUpdate(&values.roots) { _, table in Folding.fold(&table, r) }
    }
    if round + 1 == Limits.logChunk { makeDense() }
    if round + 1 == logLength { mergeTiles() }
  }

  /// All tables scale by 1 - top; the masks' places are corrected exactly.
  private mutating func bindTop(_ r: CubicExtension) {
    topFactor = .one - r
    let square = topFactor * topFactor
    for group in matrices.indices { for i in matrices[group].indices { matrices[group][i] *= square } }
    columns.scale(topFactor)
    let (chunk, width) = (chunkWeights[0][0], PairProducts.width)
    for (data, mask) in [(first.entries, masks.entries), (first.roots, masks.roots)] {
      let scaled = data.map { $0 * topFactor }
      let entries = scaled.indices.map { scaled[$0] + ($0 < mask.count ? mask[$0] * r : .zero) }
      for i in 0..<width {
        for k in 0..<width {
          matrices[0][i * width + k] += chunk * (entries[i] * entries[k] - scaled[i] * scaled[k])
        }
      }
    }
    for (i, mask) in masks.roots.enumerated() { columns.entries[i] += chunk * mask * r }
  }

  private mutating func foldMatrices(_ r: CubicExtension) {
    let width = 1 << (Self.smallRounds - positionRound)
    let c = CubicExtension.one - r
    let (cc, cr, rr) = (c * c, c * r, r * r)
    matrices = matrices.map { matrix in
      var folded: [CubicExtension] = []
      folded.reserveCapacity(width * width / 4)
      for i in stride(from: 0, to: width, by: 2) {
        for k in stride(from: 0, to: width, by: 2) {
          folded.append(
            cc * matrix[i * width + k] + cr * (matrix[i * width + k + 1] + matrix[(i + 1) * width + k])
              + rr * matrix[(i + 1) * width + k + 1])
        }
      }
      return folded
    }
  }

  /// E and a after the rounds of matrices: the second pass.
  private mutating func makeTables(_ point: [CubicExtension]) throws {
    let weights = Multilinear.equality(point, scale: topFactor)
    let size = 1 << (logLength - Self.smallRounds)
    typealias Tables = (entries: [[CubicExtension]], roots: [[CubicExtension]])
    values = try tiles.pass(
      first: roots.count, { Tables([], []) },
      merge: { all, own in
        DriftComponent.merge(&all.entries, own.entries)
        DriftComponent.merge(&all.roots, own.roots)
      },
      { [roots] tables, position, entries, chunks in
        if tables.roots.isEmpty {
          tables.entries = [[CubicExtension]](repeating: [], count: roots.count)
          tables.roots = tables.entries
        }
        let range = chunks.lowerBound << Limits.logChunk..<chunks.upperBound << Limits.logChunk
        func add(_ message: RowMessage, to table: inout [CubicExtension]) {
          let part = message.folded(range, weights: weights)
          if table.isEmpty { table = [CubicExtension](repeating: .zero, count: size) }
          table.replaceSubrange(
            range.lowerBound >> Self.smallRounds..<range.upperBound >> Self.smallRounds, with: part)
        }
        if !entries.isZero { add(entries, to: &tables.entries[position]) }
        add(roots.roots(position, entries), to: &tables.roots[position])
      })
    matrices = []
    if values.entries[0].isEmpty { values.entries[0] = [CubicExtension](repeating: .zero, count: size) }
    let (equality, top) = (Multilinear.equality(point), bound[0])
    for i in masks.entries.indices {
      values.entries[0][0] += equality[i] * masks.entries[i] * top
      values.roots[0][0] += equality[i] * masks.roots[i] * top
    }
  }

  /// Inside a chunk everything is bound: of a one value a chunk is left, of P a factor.
  private mutating func makeDense() {
    let factor = columnWeights[0]
    dense = zip(values.roots, chunkWeights).map { table, weights in
      DenseTile(
        values: table, squares: weights.map { -($0 * factor * powers.differences) },
        linear: weights.map { $0 * factor * powers.roots })
    }
    values = ([], [])
  }

  /// One value a tile is left: from here the variables of tiles, over all indices that R-space spans.
  private mutating func mergeTiles() {
    let zeros = [CubicExtension](repeating: .zero, count: 1 << layout.entries.tileBits)
    var whole = DenseTile(values: zeros, squares: zeros, linear: zeros)
    for (position, own) in layout.entries.tiles.enumerated() {
      whole.values[own.tile] = dense[position].values[0]
      whole.squares[own.tile] = dense[position].squares[0]
      whole.linear[own.tile] = dense[position].linear[0]
    }
    dense = [whole]
  }

  var evaluations: [Oracle: CubicExtension] { [.roots: dense.first?.values.first ?? .zero] }

  func contribution(_ evaluations: Evaluations) throws -> CubicExtension {
    let a = try evaluations.value(.roots)
    guard let last = dense.first else { return .zero }
    return topFactor * a * (last.squares[0] * a + last.linear[0])
  }
}
