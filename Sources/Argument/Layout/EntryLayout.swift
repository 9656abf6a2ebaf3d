// SPDX-License-Identifier: Apache-2.0

import DriftProofField

/// R-space: where entrywise clauses have their roots. It is a prefix of E-space (docs/protocol.md section 4).
///
/// Oracles of R-space have rows in P1, one for each of its E-tiles in their order, and a mask row each in P2. Two of a
/// rounding claim have rows elsewhere: the drift itself, and the base.
package struct EntryLayout: Hashable, Sendable {
  /// The positions of one tensor's clause, as part of one piece's chunks.
  package struct Member: Hashable, Sendable {
    package var claim: EntryClaim
    /// Of ``TableauLayout/projectionPieces``.
    package var piece: Int
    /// In the piece's chunks: an aligned run of 2^logChunks, or with `positions` in one chunk.
    package var firstChunk: Int
    package var logChunks: Int
    /// Within the chunk; nil for all of every chunk.
    package var positions: Range<Int>?
    /// The run of chunks, as a part of E-space with an index in the chunks' compact space.
    package var chunks: ChunkPiece
  }

  /// An E-tile of R-space.
  package struct Tile: Hashable, Sendable {
    package var tile: Int
    /// Of the drift tableau.
    package var row: Int
    /// Of the base's tableau, where claims speak of it.
    package var base: BasePlace?
  }

  /// In order.
  package private(set) var tiles: [Tile] = []
  package private(set) var members: [Member] = []
  /// Those that claims of this statement need, in order.
  package let oracles: [EntryOracle]
  package let families: [EntryFamily]
  /// Log of the tile indices that R-space spans.
  package let tileBits: Int
  /// Its variables, without `top`.
  package let variables: Int
  /// Its chunks, by piece: indices into ``TableauLayout/projectionPieces``.
  package let pieces: Range<Int>
  /// By piece: what its claims have in common; nil for bounds of E itself.
  private var shared: [TableauLayout.RoundingSignature?] = []
  /// By piece: H_d.
  private var differenceRanges: [Int] = []

  package var isEmpty: Bool { tiles.isEmpty }
  /// Whether claims are of the form of ``RoundingClaim``; then all are.
  package var hasRounding: Bool { oracles.contains(.residues) }
  package var hasClasses: Bool { oracles.contains(.classes) }
  package var hasBase: Bool { oracles.contains(.base) }
  /// Oracles with rows in P1.
  package var committed: [EntryOracle] { oracles.filter(\.isCommitted) }

  package init(tensors: [TableauTensor], layout: TableauLayout) {
    tileBits = ceilLog2(layout.entryTiles)
    variables = layout.logLength + tileBits
    pieces = 0..<(layout.entryPieces.last?.upperBound ?? 0)
    var claims: [EntryClaim] = []
    for (block, own) in zip(layout.blocks.prefix(layout.entryBlocks), layout.entryPieces) {
      for (number, place) in block.tiles.enumerated() {
        // Tiles of a tensor follow each other in either tableau.
        let base = tensors[block.members[0]].base.map { base in
          var own = base
          own.offset = nil
          own.row += block.grid == nil ? 0 : number
          return own
        }
        tiles.append(Tile(tile: place.tile, row: place.row, base: block.signature.rounding == nil ? nil : base))
      }
      var difference = Limits.halfRange
      for member in block.members {
        let tensor = tensors[member]
        guard let claim = tensor.clauses[block.set - (tensor.isPlain ? 1 : 0)].entries else { continue }
        claims.append(claim)
        if let rounding = claim.rounding {
          difference =
            member == block.members.first ? rounding.differenceRange : max(difference, rounding.differenceRange)
        }
        for piece in own { members.append(Self.member(claim, member, block, piece: piece, layout: layout)) }
      }
      for _ in own {
        shared.append(block.signature.rounding)
        differenceRanges.append(difference)
      }
    }
    let rounding = claims.compactMap(\.rounding)
    let hasBase = tiles.contains { $0.base != nil }
    oracles = EntryOracle.allCases.filter { oracle in
      switch oracle {
      case .roots: true
      case .residues: !rounding.isEmpty
      case .classRoots, .classes, .cofactors: rounding.contains(where: \.hasClasses)
      case .drift, .base: hasBase
      }
    }
    families = EntryFamily.allCases.filter { family in
      switch family {
      case .roots, .differences: true
      case .residues: !rounding.isEmpty
      case .classRoots, .classes, .cofactors, .classDifferences: rounding.contains(where: \.hasClasses)
      }
    }
  }

  private static func member(
    _ claim: EntryClaim, _ tensor: Int, _ block: TableauLayout.Block, piece: Int, layout: TableauLayout
  ) -> Member {
    let own = layout.projectionPieces[piece]
    guard case .shared(_, let offset) = layout.placements[tensor] else {
      return Member(
        claim: claim, piece: piece, firstChunk: 0, logChunks: own.logCount, positions: nil, chunks: own)
    }
    // A shared tile is one piece: its chunks are numbered by position.
    let log = layout.rowBits[tensor] + layout.columnBits[tensor]
    let first = offset >> Limits.logChunk
    let logChunks = max(0, log - Limits.logChunk)
    let inside = offset & (Limits.chunk - 1)
    let cube = IndexCube(
      free: Array(0..<Limits.logChunk + logChunks), origin: own.cube.origin | first << Limits.logChunk)
    return Member(
      claim: claim, piece: piece, firstChunk: first, logChunks: logChunks,
      positions: log < Limits.logChunk ? inside..<inside + 1 << log : nil,
      chunks: ChunkPiece(cube: cube, logChunk: Limits.logChunk, base: own.base + first))
  }

  // MARK: Ranges

  /// Of the projections of E in a piece, or of what a fine shift leaves of it.
  package func residualRange(piece: Int) -> DigitRange {
    guard shared.indices.contains(piece), let rounding = shared[piece] else { return .projections }
    return rounding.fineShift == 0 ? .zero : DigitRange(half: RoundingClaim.lostRange(fineShift: rounding.fineShift))
  }

  /// Of a family's projections in a piece; nil where it has none.
  package func range(_ family: EntryFamily, piece: Int) -> DigitRange? {
    let rounding = shared[piece]
    switch family {
    case .roots: return .projections
    case .differences: return rounding == nil ? .projections : DigitRange(half: differenceRanges[piece])
    case .residues: return rounding == nil ? nil : .projections
    case .classRoots, .classes, .cofactors: return rounding?.hasClasses == true ? .projections : nil
    case .classDifferences: return rounding?.hasClasses == true ? DigitRange(half: differenceRanges[piece]) : nil
    }
  }

  /// w of a piece whose claims are of rounding; nil otherwise.
  package func fineShift(piece: Int) -> Int? { shared[piece].map(\.fineShift) }

  /// The first row of an oracle in P1, behind the factor oracle's.
  package func firstRow(of oracle: EntryOracle) -> Int {
    (committed.firstIndex(of: oracle) ?? 0) * tiles.count
  }
}
