// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofField
import DriftProofKernels

/// The orthonormality stage's claims about E in the bounds stage: Σ wO(x)·E(x), wO(x) = rows_m(j)·eq(ρ, column) on the
/// cells of orthonormal tensors.
///
/// While the first j position variables are bound, wO splits: on a group of 2^j neighbours of one row it is a factor of
/// the group times eq(ρ, ·) over the j lowest column bits, the same for all tensors. So the vector of 2^j sums Σ_groups
/// factor·E(group, ·) is enough. A tensor with fewer neighbouring columns in a tile has its cells one by one behind
/// these sums. After the j variables there is one weight a group; after all of a position, ``missingTiles(at:)`` have
/// one, too.
struct OrthonormalTerm: Sendable {
  private let layout: TableauLayout
  private let weights: OrthonormalWeights
  /// j.
  private let log: Int
  /// By tile: a factor of each group, later its weight; empty for tiles without orthonormal tensors.
  private(set) var tables: [[CubicExtension]]
  /// eq(ρ, ·), then the weights of the cells that are held one by one; the same of E.
  private var columns: ColumnSums
  private var single: [Single] = []

  /// Groups of a tile whose cells are held one by one, from `first` in ``columns``.
  private struct Single: Sendable {
    var tile: Int
    var groups: Range<Int>
    var first: Int
  }

  /// - Parameter log: j, at most what a tensor's sub-cube has.
  init(layout: TableauLayout, weights: OrthonormalWeights, tiles: DriftTiles, log: Int) {
    self.layout = layout
    self.weights = weights
    self.log = log
    tables = [[CubicExtension]](repeating: [], count: tiles.count)
    let point = weights.point
    // The orthonormality stage has at least three variables; what a tensor lacks of j is never read here.
    let padded = point + [CubicExtension](repeating: .zero, count: max(0, log - point.count))
    columns = ColumnSums(weights: Multilinear.equality(padded.prefix(log)), entries: [])
    let members = Dictionary(uniqueKeysWithValues: weights.claims.layout.members.enumerated().map { ($1.tensor, $0) })
    var position = 0
    for block in layout.blocks {
      for (tile, _) in block.tiles {
        for tensor in block.members {
          guard let index = members[tensor] else { continue }
          let region = TileRegion(layout: layout, block: block, member: tensor, tile: tile)
          let member = weights.claims.layout.members[index]
          add(
            region, position, rows: weights.rowWeights(index), point: Array(point.prefix(member.columns.log)),
            groups: 1 << (layout.logLength - log))
        }
        position += 1
      }
    }
  }

  private mutating func add(
    _ region: TileRegion, _ tile: Int, rows: [CubicExtension], point: [CubicExtension], groups: Int
  ) {
    if tables[tile].isEmpty { tables[tile] = [CubicExtension](repeating: .zero, count: groups) }
    let own = region.positions.lowerBound >> log..<region.positions.upperBound >> log
    if region.width >= 1 << log {
      let high = Multilinear.equality(point.dropFirst(log))
      for group in own {
        let (row, column) = region.coordinates(group << log)
        if row < rows.count { tables[tile][group] = rows[row] * high[column >> log] }
      }
    } else {
      single.append(Single(tile: tile, groups: own, first: columns.weights.count))
      let equality = Multilinear.equality(point)
      for x in region.positions {
        let (row, column) = region.coordinates(x)
        columns.weights.append(row < rows.count ? rows[row] * equality[column] : .zero)
      }
    }
  }

  // MARK: The pass over E

  /// Sums that a pass accumulates.
  var sumCount: Int { columns.weights.count }

  func accumulate(_ entries: RowMessage, position: Int, chunks: Range<Int>, into sums: inout [CubicExtension]) {
    if entries.isZero || tables[position].isEmpty { return }
    let own = chunks.lowerBound << (Limits.logChunk - log)..<chunks.upperBound << (Limits.logChunk - log)
    let factors = tables[position]
    if case .narrow(let values) = entries {
      RowCombination.accumulateNarrow(
        values, range: own.lowerBound << log..<own.upperBound << log, chunkSize: 1 << log,
        weights: Array(factors[own]), into: &sums)
    } else {
      for group in own where factors[group] != .zero {
        for x in 0..<1 << log { sums[x] += factors[group] * entries.element(group << log + x) }
      }
    }
    for run in single where run.tile == position {
      for group in run.groups.clamped(to: own) {
        let first = run.first + (group - run.groups.lowerBound) << log
        for x in 0..<1 << log { sums[first + x] += CubicExtension(entries.element(group << log + x)) }
      }
    }
  }

  func with(sums: [CubicExtension]) -> OrthonormalTerm {
    var result = self
    result.columns.entries = sums
    return result
  }

  /// Σ wO·E without masks.
  var total: CubicExtension { Multilinear.innerProduct(columns.weights, columns.entries) }

  /// wO of the tiles of a tensor's grid that do not exist, with all position variables bound. E is 0 there, but E and
  /// wO are bound apart.
  func missingTiles(at point: [CubicExtension]) -> [(tile: Int, weight: CubicExtension)] {
    var result: [(Int, CubicExtension)] = []
    for (index, member) in weights.claims.layout.members.enumerated() {
      let block = layout.blocks[layout.blockOfSet[member.tensor][0]]
      let existing = Set(block.tiles.map(\.tile))
      for tile in block.base..<block.base + 1 << block.logTiles where !existing.contains(tile) {
        let bits = (0..<layout.tileBits).map { tile >> $0 & 1 == 1 ? CubicExtension.one : .zero }
        result.append((tile, weights.drift(point + bits, of: index)))
      }
    }
    return result
  }

  // MARK: The mask

  /// Where the first group of a tile is held one by one.
  private func firstSingle(_ tile: Int) -> Int? {
    single.first { $0.tile == tile && $0.groups.lowerBound == 0 }?.first
  }

  /// wO at one of the first 2^j positions of a tile.
  func weight(ofEntry entry: Int, in tile: Int) -> CubicExtension {
    if let first = firstSingle(tile) { return columns.weights[first + entry] }
    return (tables[tile].first ?? .zero) * columns.weights[entry]
  }

  mutating func scale(_ factor: CubicExtension) { columns.scale(factor) }

  /// Adds to the first entries of a tile.
  mutating func addMask(_ mask: [CubicExtension], to tile: Int) {
    let (first, factor) = firstSingle(tile).map { ($0, .one) } ?? (0, tables[tile].first ?? .zero)
    for (entry, value) in mask.enumerated() { columns.entries[first + entry] += factor * value }
  }

  // MARK: Rounds

  /// Coefficients of a round inside a chunk.
  ///
  /// - Parameter values: E by tile, with the variables bound so far, once the first j are; before that, anything.
  func round(_ values: [[CubicExtension]]) -> [CubicExtension] {
    if !columns.weights.isEmpty { return columns.round }
    var sum = [CubicExtension](repeating: .zero, count: 3)
    for (position, table) in tables.enumerated() where !table.isEmpty && !values[position].isEmpty {
      let own = ColumnSums(weights: table, entries: values[position]).round
      for i in sum.indices { sum[i] += own[i] }
    }
    return sum
  }

  mutating func bind(_ r: CubicExtension, round: Int) {
    guard round < log else {
      parallelUpdate(&tables) { _, table in
        if !table.isEmpty { Folding.fold(&table, r) }
      }
      return
    }
    columns.fold(r)
    guard round + 1 == log else { return }
    let factor = columns.weights[0]
    for tile in tables.indices { for group in tables[tile].indices { tables[tile][group] *= factor } }
    for run in single {
      for group in run.groups {
        tables[run.tile][group] = columns.weights[run.first >> log + group - run.groups.lowerBound]
      }
    }
    columns = ColumnSums(weights: [], entries: [])
  }
}
