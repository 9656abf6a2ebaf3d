// SPDX-License-Identifier: Apache-2.0

import DriftProofField

/// R-space: where entrywise clauses have their roots. It is a prefix of E-space (docs/protocol.md section 4).
///
/// Oracles of R-space have rows in P1, one for each of its E-tiles in their order, and a mask row each in P2. So far there
/// is one, the roots.
package struct EntryLayout: Hashable, Sendable {
  /// The positions of one tensor's clause whose τ² is ``square``, as part of one piece's chunks.
  package struct Member: Hashable, Sendable {
    package var square: Int
    /// Of ``TableauLayout/projectionPieces``.
    package var piece: Int
    /// In the piece's chunks: an aligned run of 2^logChunks, or with `positions` in one chunk.
    package var firstChunk: Int
    package var logChunks: Int
    /// Within the chunk; nil for all of every chunk.
    package var positions: Range<Int>?
  }

  /// E-tiles of R-space in order: index, and row of the drift tableau.
  package private(set) var tiles: [(tile: Int, row: Int)] = []
  /// Where the tiles' τ² differ from 0, by tensor and clause.
  package private(set) var members: [Member] = []
  /// Log of the tile indices that R-space spans.
  package let tileBits: Int
  /// Its variables, without `top`.
  package let variables: Int
  /// Its chunks, by piece: indices into ``TableauLayout/projectionPieces``.
  package let pieces: Range<Int>

  package var isEmpty: Bool { tiles.isEmpty }

  package init(tensors: [TableauTensor], layout: TableauLayout) {
    tileBits = ceilLog2(layout.entryTiles)
    variables = layout.logLength + tileBits
    pieces = 0..<(layout.entryPieces.last?.upperBound ?? 0)
    for (block, own) in zip(layout.blocks.prefix(layout.entryBlocks), layout.entryPieces) {
      tiles += block.tiles
      for member in block.members {
        let tensor = tensors[member]
        guard let claim = tensor.clauses[block.set - (tensor.isPlain ? 1 : 0)].entries else { continue }
        for piece in own {
          members.append(Self.member(claim, member, block, piece: piece, layout: layout))
        }
      }
    }
  }

  private static func member(
    _ claim: EntryClaim, _ tensor: Int, _ block: TableauLayout.Block, piece: Int, layout: TableauLayout
  ) -> Member {
    guard case .shared(_, let offset) = layout.placements[tensor] else {
      return Member(
        square: claim.square, piece: piece, firstChunk: 0, logChunks: layout.projectionPieces[piece].logCount,
        positions: nil)
    }
    // A shared tile is one piece: its chunks are numbered by position.
    let log = layout.rowBits[tensor] + layout.columnBits[tensor]
    let first = offset >> Limits.logChunk
    let inside = offset & (Limits.chunk - 1)
    return Member(
      square: claim.square, piece: piece, firstChunk: first, logChunks: max(0, log - Limits.logChunk),
      positions: log < Limits.logChunk ? inside..<inside + 1 << log : nil)
  }

  package static func == (a: EntryLayout, b: EntryLayout) -> Bool {
    a.members == b.members && a.pieces == b.pieces && a.tiles.elementsEqual(b.tiles) { $0 == $1 }
  }

  package func hash(into hasher: inout Hasher) { hasher.combine(members) }
}
