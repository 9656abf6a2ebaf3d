// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument

/// Where the chunks of projections and of sums of squares lie in each E-tile, and their compact indices.
struct ChunkMap: Sendable {
  /// 2^log consecutive positions of a tile that belong to one sum of squares.
  struct SquareRange: Sendable {
    var first: Int
    var log: Int
    /// Compact index of the sum.
    var index: Int

    var positions: Range<Int> { first..<first + 1 << log }
  }

  /// By tile, in rising order of positions; none for exact tiles.
  private(set) var squares: [[SquareRange]]
  /// By tile: the compact index of each run of 2^14 positions; none for exact tiles.
  private(set) var projections: [[Int]]

  /// - Parameter tiles: E-tile indices in the order of the result.
  init(layout: TableauLayout, tiles: [Int]) {
    var places: [Int: Int] = [:]
    for (place, tile) in tiles.enumerated() { places[tile] = place }
    squares = tiles.map { _ in [] }
    projections = tiles.map { _ in [] }
    let inside = 1 << layout.logLength - 1
    for piece in layout.squarePieces.joined().joined() {
      for chunk in 0..<piece.count {
        let start = piece.position(ofChunk: chunk)
        guard let place = places[start >> layout.logLength] else { continue }
        squares[place].append(SquareRange(first: start & inside, log: piece.logChunk, index: piece.base + chunk))
      }
    }
    for place in squares.indices { squares[place].sort { $0.first < $1.first } }
    for piece in layout.projectionPieces {
      for chunk in 0..<piece.count {
        let start = piece.position(ofChunk: chunk)
        guard let place = places[start >> layout.logLength] else { continue }
        if projections[place].isEmpty {
          projections[place] = [Int](repeating: 0, count: 1 << max(0, layout.logLength - Limits.logChunk))
        }
        projections[place][(start & inside) >> Limits.logChunk] = piece.base + chunk
      }
    }
  }
}
