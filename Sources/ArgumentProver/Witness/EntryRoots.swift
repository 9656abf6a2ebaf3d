// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofField
import DriftProofKernels

/// The roots a of R-space, and the differences d = τ² - E² - a²: made from E's tiles in every pass, never held.
struct EntryRoots: Sendable {
  /// Roots of a cheating prover, from a tile's position, its entries and the honest roots.
  typealias Replacement = @Sendable (_ position: Int, _ entries: RowMessage, _ roots: RowMessage) -> RowMessage

  let layout: ArgumentLayout
  /// By tile: positions of one tensor with its τ², in rising order; between them τ² is 0.
  private let runs: [[(positions: Range<Int>, square: Int64)]]
  var replacement: Replacement?
  /// Of what is committed, where that is not what the prover argues about.
  var committedReplacement: Replacement?

  init(layout: ArgumentLayout) {
    self.layout = layout
    let tableau = layout.tableau
    runs = tableau.blocks.prefix(tableau.entryBlocks).flatMap { block in
      block.tiles.map { tile, _ in
        block.members.compactMap { member -> (Range<Int>, Int64)? in
          let tensor = layout.statement.tensors[member]
          guard let claim = tensor.clauses[block.set - (tensor.isPlain ? 1 : 0)].entries else { return nil }
          let region = TileRegion(layout: tableau, block: block, member: member, tile: tile)
          return (region.positions, Int64(claim.square))
        }.sorted { $0.0.lowerBound < $1.0.lowerBound }
      }
    }
  }

  /// Tiles of R-space: the first of E-space's, in the same order.
  var count: Int { runs.count }

  /// The nearest roots, so that |d| ≤ a; 0 where E² exceeds τ².
  func roots(_ position: Int, _ entries: RowMessage) -> RowMessage {
    var values = [Int32](repeating: 0, count: layout.length)
    for (positions, square) in runs[position] {
      switch entries {
      case .zero:
        let root = Self.root(square)
        for x in positions { values[x] = root }
      case .narrow(let own):
        for x in positions { values[x] = Self.root(square &- Int64(own[x]) &* Int64(own[x])) }
      case .field(let own):
        for x in positions {
          let rest = Goldilocks(square) - Goldilocks(reducing: own[x]) * Goldilocks(reducing: own[x])
          values[x] = Self.root(rest.centred)
        }
      }
    }
    let honest = RowMessage.narrow(values)
    return replacement?(position, entries, honest) ?? honest
  }

  /// The row of P1.
  func committed(_ position: Int, _ entries: RowMessage) -> RowMessage {
    let own = roots(position, entries)
    return committedReplacement?(position, entries, own) ?? own
  }

  /// The integer nearest to √square, which is below 2^19 for what statements ask for: no square of an integer comes within
  /// 2^-21 of a half, far more than a double's error. A cheating prover's values may be anything, and are held at 2^30.
  private static func root(_ square: Int64) -> Int32 {
    square > 0 ? Int32(Double(min(square, 1 << 60)).squareRoot() + 0.5) : 0
  }

  /// d for given roots.
  func differences(_ position: Int, _ entries: RowMessage, _ roots: RowMessage) -> RowMessage {
    if case .narrow(let a) = roots, !isField(entries) {
      var values = [Int32](repeating: 0, count: layout.length)
      var fits = true
      let own: [Int32]? = if case .narrow(let values) = entries { values } else { nil }
      var next = 0
      func fill(_ positions: Range<Int>, _ square: Int64) {
        for x in positions {
          let e = own.map { Int64($0[x]) } ?? 0
          let difference = square &- e &* e &- Int64(a[x]) &* Int64(a[x])
          values[x] = Int32(truncatingIfNeeded: difference)
          if Int64(values[x]) != difference { fits = false }
        }
      }
      for (positions, square) in runs[position] {
        fill(next..<positions.lowerBound, 0)
        fill(positions, square)
        next = positions.upperBound
      }
      fill(next..<layout.length, 0)
      if fits { return .narrow(values) }
    }
    var values = [Goldilocks](repeating: .zero, count: layout.length)
    for (positions, square) in runs[position] { for x in positions { values[x] = Goldilocks(square) } }
    for x in values.indices {
      let (e, a) = (entries.element(x), roots.element(x))
      values[x] -= e * e + a * a
    }
    return .field(values.map(\.value))
  }

  private func isField(_ entries: RowMessage) -> Bool { if case .field = entries { true } else { false } }

  // MARK: Completeness

  /// Refuses entries outside their bound, and chunks whose projections might leave their range: before P1, never after R
  /// is known.
  func check(_ entries: RowMessage, position: Int, of tiles: DriftTiles, by completeness: Completeness) throws {
    if case .narrow(let own) = entries {
      for (positions, square) in runs[position] {
        guard let x = positions.first(where: { Int64(own[$0]) * Int64(own[$0]) > square }) else { continue }
        throw completeness.entryRefusal(tiles.tiles[position], at: x)
      }
    }
    let roots = roots(position, entries)
    try completeness.check(roots, position: position, of: tiles)
    try completeness.check(differences(position, entries, roots), position: position, of: tiles)
  }
}
