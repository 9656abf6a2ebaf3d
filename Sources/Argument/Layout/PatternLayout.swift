// SPDX-License-Identifier: Apache-2.0

import DriftProofField

/// Z-space: where pattern claims have their cells; position bits, then tile bits (docs/protocol.md section 4).
///
/// It has a tile for every row of the drift tableau and number of a tensor's claim. Cells have rows in P1, one for each tile in
/// their order; the drift and the base are opened where they are.
package struct PatternLayout: Hashable, Sendable {
  /// One tensor's claim, as the places that it is about.
  package struct Member: Hashable, Sendable {
    package var claim: PatternClaim
    package var tensor: Int
    /// Of Z-space; a tensor with tiles of its own may have several.
    package var cubes: [IndexCube]
  }

  package struct Tile: Hashable, Sendable {
    package var tile: Int
    /// Of the drift tableau.
    package var row: Int
    /// Of the base's tableau, where a claim speaks of it.
    package var base: BasePlace?
    /// Of ``PatternLayout/blocks``.
    package var block: Int
  }

  /// By number of tiles; their `set` is the claim's number in its tensor.
  package private(set) var blocks: [TableauLayout.Block] = []
  package private(set) var tiles: [Tile] = []
  package private(set) var members: [Member] = []
  package let oracles: [PatternOracle]
  /// Log of the tile indices.
  package let tileBits: Int
  /// Without `top`.
  package let variables: Int

  package var isEmpty: Bool { tiles.isEmpty }
  package var hasBase: Bool { oracles.contains(.base) }

  package init(tensors: [TableauTensor], layout: TableauLayout) {
    var unordered: [TableauLayout.Block] = []
    var shared: [[Int]: Int] = [:]
    for (index, tensor) in tensors.enumerated() {
      for number in tensor.patterns.indices {
        var block = TableauLayout.Block(
          signature: .init(scale: 0, exact: false), set: number, members: [index], firstRow: 0, grid: nil)
        switch layout.placements[index] {
        case .grid(let row, let grid): (block.firstRow, block.grid) = (row, grid)
        case .shared(let row, _):
          if let known = shared[[row, number]] {
            unordered[known].members.append(index)
            continue
          }
          shared[[row, number]] = unordered.count
          block.firstRow = row
        }
        unordered.append(block)
      }
    }
    var next = 0
    // Falling sizes keep every block aligned.
    for index in TableauLayout.alignedOrder(unordered.map { 1 << $0.logTiles }) {
      var block = unordered[index]
      block.base = next
      next += 1 << block.logTiles
      blocks.append(block)
    }
    tileBits = ceilLog2(next)
    variables = layout.logLength + tileBits
    for (number, block) in blocks.enumerated() {
      let claims = block.members.map { tensors[$0].patterns[block.set] }
      let speaksOfBase = claims.contains(where: \.speaksOfBase)
      for (offset, place) in block.tiles.enumerated() {
        // Tiles of a tensor follow each other in either tableau.
        let base = tensors[block.members[0]].base.map { base in
          BasePlace(tree: base.tree, row: base.row + (block.grid == nil ? 0 : offset), offset: nil)
        }
        tiles.append(Tile(tile: place.tile, row: place.row, base: speaksOfBase ? base : nil, block: number))
      }
      for (member, claim) in zip(block.members, claims) {
        members.append(
          Member(claim: claim, tensor: member, cubes: Self.cubes(of: member, in: block, layout: layout)))
      }
    }
    let hasBase = tiles.contains { $0.base != nil }
    oracles = tiles.isEmpty ? [] : hasBase ? PatternOracle.allCases : [.cells, .drift]
  }

  private static func cubes(
    of member: Int, in block: TableauLayout.Block, layout: TableauLayout
  ) -> [IndexCube] {
    guard case .shared(_, let offset) = layout.placements[member] else { return layout.cubes(of: block) }
    let log = layout.rowBits[member] + layout.columnBits[member]
    return [IndexCube(free: Array(0..<log), origin: block.base << layout.logLength | offset)]
  }
}
