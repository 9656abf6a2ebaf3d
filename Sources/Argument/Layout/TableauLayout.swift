// SPDX-License-Identifier: Apache-2.0

import DriftProofField

/// Where every tensor lies in the drift tableau and in E-space: a pure function of shapes, clauses and l.
///
/// Kinds of things, from small to large:
/// - a *position* x in 0..<L, L = 2^l; a *tile* is L positions of one tableau row;
/// - a large tensor (a·b padded to powers of two is at least L) is a grid of tiles of 2^(l-w) rows × 2^w columns; tiles
///   wholly outside a × b do not exist; a small one is an aligned sub-cube of a tile that it shares with tensors of
///   the same *signature* (scales and exactness of its E-sets), so that every position of an E-tile has one meaning;
/// - an *E-set* is the pair (tensor, clause); an *E-tile* is a tableau row seen by one E-set (or by the sets of all
///   tensors that share the row). E-tiles of entrywise clauses come first, then those of other inexact ones (N > 0).
/// Index spaces: E-space = position bits, then tile bits. Chunks have compact indices of their own (Y: 2^14 positions;
/// S: at most 2^14 positions, one clause each). R-space, of E-tiles with entrywise clauses, is a prefix of E-space.
package struct TableauLayout: Hashable, Sendable {
  /// One tensor's cut into tiles.
  package struct Grid: Hashable, Sendable {
    package var logColumnsInTile: Int
    package var rowTiles: Int
    package var columnTiles: Int
    package var rowTileBits: Int
    package var columnTileBits: Int
  }

  package enum Placement: Hashable, Sendable {
    case grid(firstRow: Int, Grid)
    /// A sub-cube of `logSize` bits at `offset` of tableau row `row`.
    case shared(row: Int, offset: Int)
  }

  package struct Signature: Hashable, Sendable {
    package var scale: Int
    package var exact: Bool
    /// Has an ``EntryClaim``: such sets never share a tile with others.
    package var entrywise = false
    /// Of an entrywise set whose bound is relative to weights.
    package var rounding: RoundingSignature?
    /// The row of the base's tableau that a shared tile shows, as ``BasePlace`` numbers it; nil for tensors with tiles of
    /// their own, and for those whose places are not the base's.
    package var tree: Int?
    package var row: Int?
  }

  /// What rounding claims of one tile have in common.
  package struct RoundingSignature: Hashable, Sendable {
    /// What the bound is relative to. The ranges of differences follow from it but for classes: those of a bound by a number
    /// would leave it weaker in the chunks of another kind.
    package enum Kind: UInt8, Sendable {
      case weights = 0
      case classes = 1
      /// Nothing: a bound of E itself.
      case number = 2
    }

    /// w.
    package var fineShift: Int
    package var kind: Kind
    package var hasClasses: Bool { kind == .classes }
  }

  /// A run of E-tiles that one E-set of a grid tensor, or one set number of a shared row, occupies.
  package struct Block: Hashable, Sendable {
    package var signature: Signature
    /// Index of the E-set within each member tensor.
    package var set: Int
    package var members: [Int]
    package var firstRow: Int
    /// Nil for a shared row.
    package var grid: Grid?
    package var logTiles: Int { grid.map { $0.rowTileBits + $0.columnTileBits } ?? 0 }
    /// First E-tile index.
    package var base = 0
    package var tileCount: Int { grid.map { $0.rowTiles * $0.columnTiles } ?? 1 }

    /// Existing tiles in tableau order: (E-tile index, tableau row).
    package var tiles: [(tile: Int, row: Int)] {
      guard let grid else { return [(base, firstRow)] }
      var result: [(Int, Int)] = []
      for i in 0..<grid.rowTiles {
        for j in 0..<grid.columnTiles {
          result.append((base + i << grid.columnTileBits + j, firstRow + i * grid.columnTiles + j))
        }
      }
      return result
    }
  }

  package let logLength: Int
  /// log2 of padded rows and columns of each tensor.
  package private(set) var rowBits: [Int] = []
  package private(set) var columnBits: [Int] = []
  package private(set) var placements: [Placement] = []
  package private(set) var rowCount = 0
  package private(set) var blocks: [Block] = []
  /// Block of each (tensor, E-set).
  package private(set) var blockOfSet: [[Int]] = []
  package private(set) var tileBits = 0
  /// Chunks of projections; inexact E-tiles only.
  package private(set) var projectionPieces: [ChunkPiece] = []
  package private(set) var projectionChunks = 0
  /// Of R-space: as many blocks, of E-tiles in that order, come first.
  package private(set) var entryBlocks = 0
  /// E-tile indices that R-space spans.
  package private(set) var entryTiles = 0
  /// The first of ``projectionPieces`` are its chunks, by block.
  package private(set) var entryPieces: [Range<Int>] = []
  /// Chunks of sums of squares per (tensor, E-set); exact sets have none.
  package private(set) var squarePieces: [[[ChunkPiece]]] = []
  package private(set) var squareChunks = 0
  /// Cubes of the exact E-tiles.
  package private(set) var exactCubes: [IndexCube] = []

  /// Variables of E-space without `top`.
  package var variables: Int { logLength + tileBits }
  package var projectionVariables: Int { ceilLog2(projectionChunks) }
  package var squareVariables: Int { ceilLog2(squareChunks) }

  package static func signatures(of tensor: TableauTensor) -> [Signature] {
    let shared = tensor.base?.offset == nil ? nil : tensor.base
    return (tensor.isPlain ? [Signature(scale: 0, exact: false, tree: shared?.tree, row: shared?.row)] : [])
      + tensor.clauses.map { clause in
        Signature(
          scale: clause.scale, exact: clause.isExact, entrywise: clause.entries != nil,
          rounding: clause.entries?.rounding.map {
            RoundingSignature(
              fineShift: $0.fineShift, kind: $0.hasClasses ? .classes : $0.speaksOfWeights ? .weights : .number)
          }, tree: shared?.tree, row: shared?.row)
      }
  }

  package init(tensors: [TableauTensor], logLength: Int) {
    self.logLength = logLength
    placeTensors(tensors)
    placeBlocks(tensors)
    placeChunks(tensors)
  }

  // MARK: Rows

  private static func grid(rows: Int, columns: Int, rowBits: Int, columnBits: Int, logLength: Int) -> Grid {
    var best: Grid?
    for w in max(0, logLength - rowBits)...min(columnBits, logLength) {
      let tileRows = 1 << (logLength - w)
      let candidate = Grid(
        logColumnsInTile: w, rowTiles: (rows + tileRows - 1) / tileRows,
        columnTiles: (columns + (1 << w) - 1) >> w, rowTileBits: rowBits - (logLength - w),
        columnTileBits: columnBits - w)
      // Ties go to wider tiles, which read longer runs of memory.
      if best.map({ candidate.rowTiles * candidate.columnTiles <= $0.rowTiles * $0.columnTiles }) ?? true {
        best = candidate
      }
    }
    guard let best else { preconditionFailure("a large tensor always fits one tile shape") }
    return best
  }

  /// log2 of the columns of a tile of a tensor that rows of 2^logLength positions hold as a grid; nil for a tensor that
  /// shares a tile.
  package static func logTileColumns(rows: Int, columns: Int, logLength: Int) -> Int? {
    let (rowBits, columnBits) = paddedLogs(rows: rows, columns: columns)
    guard rowBits + columnBits >= logLength else { return nil }
    return grid(rows: rows, columns: columns, rowBits: rowBits, columnBits: columnBits, logLength: logLength)
      .logColumnsInTile
  }

  /// Tiles of a tensor that has its own; 0 of one that shares a tile.
  package static func tileCount(rows: Int, columns: Int, logLength: Int) -> Int {
    let (rowBits, columnBits) = paddedLogs(rows: rows, columns: columns)
    guard rowBits + columnBits >= logLength else { return 0 }
    let grid = grid(rows: rows, columns: columns, rowBits: rowBits, columnBits: columnBits, logLength: logLength)
    return grid.rowTiles * grid.columnTiles
  }

  /// log2 of a matrix's rows and columns, padded to powers of two and to the smallest sub-cube.
  package static func paddedLogs(rows: Int, columns: Int) -> (rows: Int, columns: Int) {
    let rowBits = ceilLog2(rows)
    return (rowBits, max(ceilLog2(columns), Limits.logSmallestCube - rowBits))
  }

  private mutating func placeTensors(_ tensors: [TableauTensor]) {
    var small: [(signature: [Signature], members: [Int])] = []
    for (index, tensor) in tensors.enumerated() {
      let (rowBits, columnBits) = Self.paddedLogs(rows: tensor.rows, columns: tensor.columns)
      self.rowBits.append(rowBits)
      self.columnBits.append(columnBits)
      if rowBits + columnBits >= logLength {
        let grid = Self.grid(
          rows: tensor.rows, columns: tensor.columns, rowBits: rowBits, columnBits: columnBits, logLength: logLength)
        placements.append(.grid(firstRow: rowCount, grid))
        rowCount += grid.rowTiles * grid.columnTiles
      } else {
        placements.append(.shared(row: -1, offset: 0))
        let signature = Self.signatures(of: tensor)
        if let group = small.firstIndex(where: { $0.signature == signature }) {
          small[group].members.append(index)
        } else {
          small.append((signature, [index]))
        }
      }
    }
    for group in small {
      // Weights of the base lie where its own tableau has them: there is one row of it for each row here.
      if let first = group.members.first, tensors[first].base != nil {
        for index in group.members {
          placements[index] = .shared(row: rowCount, offset: tensors[index].base?.offset ?? 0)
        }
        rowCount += 1
        continue
      }
      // Largest first keeps every sub-cube aligned; the sort is stable, so the order is a function of the names.
      let ordered = group.members.sorted {
        let (x, y) = (rowBits[$0] + columnBits[$0], rowBits[$1] + columnBits[$1])
        return x != y ? x > y : $0 < $1
      }
      var used = 1 << logLength
      for index in ordered {
        let size = 1 << (rowBits[index] + columnBits[index])
        if used + size > 1 << logLength {
          rowCount += 1
          used = 0
        }
        placements[index] = .shared(row: rowCount - 1, offset: used)
        used += size
      }
    }
  }

  // MARK: E-tiles

  private mutating func placeBlocks(_ tensors: [TableauTensor]) {
    blockOfSet = tensors.map { [Int](repeating: 0, count: Self.signatures(of: $0).count) }
    var unordered: [Block] = []
    var sharedBlock: [[Int]: Int] = [:]
    for (index, tensor) in tensors.enumerated() {
      for (set, signature) in Self.signatures(of: tensor).enumerated() {
        switch placements[index] {
        case .grid(let firstRow, let grid):
          unordered.append(Block(signature: signature, set: set, members: [index], firstRow: firstRow, grid: grid))
        case .shared(let row, _):
          if let known = sharedBlock[[row, set]] {
            unordered[known].members.append(index)
          } else {
            sharedBlock[[row, set]] = unordered.count
            unordered.append(Block(signature: signature, set: set, members: [index], firstRow: row, grid: nil))
          }
        }
      }
    }
    let order = unordered.indices.sorted {
      let (x, y) = (unordered[$0], unordered[$1])
      if x.signature.entrywise != y.signature.entrywise { return x.signature.entrywise }
      if x.signature.exact != y.signature.exact { return !x.signature.exact }
      return x.logTiles != y.logTiles ? x.logTiles > y.logTiles : $0 < $1
    }
    blocks = order.map { unordered[$0] }
    var next = 0
    for position in blocks.indices {
      let size = 1 << blocks[position].logTiles
      next = (next + size - 1) / size * size
      blocks[position].base = next
      next += size
      for member in blocks[position].members { blockOfSet[member][blocks[position].set] = position }
      if blocks[position].signature.entrywise { (entryBlocks, entryTiles) = (position + 1, next) }
    }
    tileBits = ceilLog2(next)
  }

  /// Where a tensor's matrix lies in the E-space of one of its sets.
  package func cube(tensor: Int, set: Int) -> TensorCube {
    let block = blocks[blockOfSet[tensor][set]]
    switch placements[tensor] {
    case .grid(_, let grid):
      let w = grid.logColumnsInTile
      return TensorCube(
        rowVariables: Array(w..<logLength)
          + (0..<grid.rowTileBits).map { logLength + grid.columnTileBits + $0 },
        columnVariables: Array(0..<w) + (0..<grid.columnTileBits).map { logLength + $0 },
        origin: block.base << logLength)
    case .shared(_, let offset):
      return TensorCube(
        rowVariables: Array(columnBits[tensor]..<columnBits[tensor] + rowBits[tensor]),
        columnVariables: Array(0..<columnBits[tensor]), origin: block.base << logLength | offset)
    }
  }

  /// The existing tiles of a block as aligned cubes.
  package func cubes(of block: Block) -> [IndexCube] {
    let positions = Array(0..<logLength)
    guard let grid = block.grid else { return [IndexCube(free: positions, origin: block.base << logLength)] }
    var result: [IndexCube] = []
    for (row, rowLog) in dyadicIntervals(grid.rowTiles) {
      for (column, columnLog) in dyadicIntervals(grid.columnTiles) {
        let free =
          positions + (0..<columnLog).map { logLength + $0 }
          + (0..<rowLog).map { logLength + grid.columnTileBits + $0 }
        result.append(IndexCube(free: free, origin: (block.base + row << grid.columnTileBits + column) << logLength))
      }
    }
    return result
  }

  // MARK: Chunks

  private mutating func placeChunks(_ tensors: [TableauTensor]) {
    squarePieces = tensors.map { Self.signatures(of: $0).map { _ in [] } }
    var squares: [(tensor: Int, set: Int, piece: ChunkPiece)] = []
    for block in blocks {
      let cubes = cubes(of: block)
      if block.signature.exact {
        exactCubes += cubes
        continue
      }
      let first = projectionPieces.count
      projectionPieces += cubes.map { ChunkPiece(cube: $0, logChunk: min(Limits.logChunk, logLength), base: 0) }
      if block.signature.entrywise { entryPieces.append(first..<projectionPieces.count) }
      // Without a bound on its norm an entrywise set has no sums of squares.
      func hasSquares(_ member: Int) -> Bool {
        !block.signature.entrywise || clause(tensors[member], set: block.set)?.bound != nil
      }
      if block.grid != nil {
        guard hasSquares(block.members[0]) else { continue }
        squares += cubes.map {
          (block.members[0], block.set, ChunkPiece(cube: $0, logChunk: min(Limits.logChunk, logLength), base: 0))
        }
      } else {
        for member in block.members where hasSquares(member) {
          let cube = cube(tensor: member, set: block.set).cube
          let piece = ChunkPiece(cube: cube, logChunk: min(Limits.logChunk, cube.free.count), base: 0)
          squares.append((member, block.set, piece))
        }
      }
    }
    for position in Self.alignedOrder(projectionPieces.map(\.count)) {
      projectionPieces[position].base = projectionChunks
      projectionChunks += projectionPieces[position].count
    }
    for position in Self.alignedOrder(squares.map(\.piece.count)) {
      squares[position].piece.base = squareChunks
      squareChunks += squares[position].piece.count
    }
    for (tensor, set, piece) in squares { squarePieces[tensor][set].append(piece) }
  }

  /// Nil for a tensor's plain set.
  private func clause(_ tensor: TableauTensor, set: Int) -> StructuredClause? {
    let index = set - (tensor.isPlain ? 1 : 0)
    return tensor.clauses.indices.contains(index) ? tensor.clauses[index] : nil
  }

  /// Indices by falling size: powers of two laid out in this order are all aligned.
  package static func alignedOrder(_ sizes: [Int]) -> [Int] {
    sizes.indices.sorted { sizes[$0] != sizes[$1] ? sizes[$0] > sizes[$1] : $0 < $1 }
  }
}
