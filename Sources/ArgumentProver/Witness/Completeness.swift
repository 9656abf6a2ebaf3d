// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofField
import Foundation
import DriftProofKernels

/// The decisions that an honest prover takes before it commits to anything that depends on R (section 5, completeness;
/// section 11, item 5: never after seeing R, never with new salts).
struct Completeness {
  let layout: ArgumentLayout

  /// One E-tile, or what is projected of it.
  /// - Parameter range: of the projections' digits.
  func check(
    _ entries: RowMessage, position: Int, of tiles: DriftTiles, range: DigitRange = .projections
  ) throws(ArgumentRefusal) {
    for chunk in tiles.chunks.projections[position].indices {
      let first = chunk << Limits.logChunk
      let square = entries.exactSquareSum(first..<first + Limits.chunk)
      if square > range.largestHonestSquare {
        throw refusal(
          tiles.tiles[position], chunk: first, square: square, limit: Double(range.largestHonestSquare))
      }
    }
  }

  /// An entry of a tile outside its clause's entrywise bound.
  func entryRefusal(_ tile: DriftTile, at x: Int) -> ArgumentRefusal {
    for block in layout.tableau.blocks where (block.base..<block.base + 1 << block.logTiles).contains(tile.index) {
      for member in block.members {
        let region = TileRegion(layout: layout.tableau, block: block, member: member, tile: tile.index)
        guard region.positions.contains(x) else { continue }
        let (row, column) = region.coordinates(x)
        return .entryBoundExceeded(tensor: layout.statement.tensors[member].name, row: row, column: column)
      }
    }
    return .entryBoundExceeded(tensor: "", row: 0, column: 0)
  }

  /// U and V.
  func check(factors: [Int64]) throws(ArgumentRefusal) {
    for chunk in 0..<layout.factors.factorChunks {
      let first = chunk << Limits.logChunk
      var square = 0.0
      for x in first..<min(first + Limits.chunk, factors.count) { square += Double(factors[x]) * Double(factors[x]) }
      if square > Double(Limits.maximumHonestSquare) {
        let clause = layout.factors.lowRank.first {
          $0.left.range.overlaps(first..<first + Limits.chunk) || $0.right.range.overlaps(first..<first + Limits.chunk)
        }
        throw .factorTooLarge(tensor: clause.map { layout.statement.tensors[$0.tensor].name } ?? "")
      }
    }
  }

  /// Every bound holds; names the first that does not.
  func checkBounds(_ digits: DigitTable) throws(ArgumentRefusal) {
    for (index, line) in layout.digits.lines.enumerated() where !digits.slack(line).holds {
      if layout.statement.totalBound != nil, index == layout.digits.lines.count - 1 { throw .totalExceeded }
      let tensor = layout.tableau.squarePieces.firstIndex { sets in
        sets.contains { $0.first == line.terms.first?.piece }
      }
      throw .boundExceeded(tensor: tensor.map { layout.statement.tensors[$0].name } ?? "")
    }
  }

  private func refusal(_ tile: DriftTile, chunk: Int, square: UInt128, limit: Double) -> ArgumentRefusal {
    let norm = (log2(Double(square)) / 2 * 100).rounded() / 100
    let limit = (log2(max(1, limit)) / 2 * 100).rounded() / 100
    for block in layout.tableau.blocks where (block.base..<block.base + 1 << block.logTiles).contains(tile.index) {
      for member in block.members {
        let region = TileRegion(layout: layout.tableau, block: block, member: member, tile: tile.index)
        guard region.positions.overlaps(chunk..<chunk + Limits.chunk) else { continue }
        let (row, column) = region.coordinates(max(chunk, region.positions.lowerBound))
        return .chunkTooLarge(
          tensor: layout.statement.tensors[member].name, row: row, column: column, log2Norm: norm, log2Limit: limit)
      }
    }
    return .chunkTooLarge(tensor: "", row: 0, column: 0, log2Norm: norm, log2Limit: limit)
  }
}
