import Commitment
import Field
import Foundation
import Kernels
import Transcript

/// E-tiles and the factor oracle's payload, from the drift rows.
struct WitnessTables {
  let layout: ArgumentLayout
  /// In E-tile order.
  private(set) var tiles: [DriftTile] = []
  /// G's payload as signed integers; masks are filled in later.
  private(set) var factors: [Int64]

  /// - Parameter refuses: false only for cheating provers, whose tables may hold anything.
  init(layout: ArgumentLayout, witness: ArgumentWitness, refuses: Bool = true) throws {
    self.layout = layout
    factors = [Int64](repeating: 0, count: layout.hasFactors ? layout.factors.used : 0)
    try placeFactors(witness)
    var clauses: [[Int]: StructuredPart] = [:]
    for (index, tensor) in layout.statement.tensors.enumerated() {
      for (position, clause) in tensor.clauses.enumerated() {
        let set = position + (tensor.isPlain ? 1 : 0)
        clauses[[index, set]] = StructuredPart(
          tensor: tensor, clause: clause,
          factors: witness.factors[.init(tensor: index, clause: position)],
          support: witness.supports[.init(tensor: index, clause: position)] ?? [])
      }
    }
    for block in layout.tableau.blocks {
      for (tile, row) in block.tiles {
        let granule = block.grid == nil ? Limits.logSmallestCube : Limits.logChunk
        let message = try witness.rows.message(row)
        if case .narrow(let values) = message, values.count == layout.length,
          block.members.allSatisfy({ clauses[[$0, block.set]] == nil }),
          refuses || values.allSatisfy({ $0.magnitude < 1 << 19 })
        {
          // Plain tiles show the row as it is.
          tiles.append(
            DriftTile(index: tile, row: row, exact: false, logGranule: granule, entries: message))
          continue
        }
        var entries = Self.integers(message, length: layout.length)
        for member in block.members {
          let region = TileRegion(layout: layout.tableau, block: block, member: member, tile: tile)
          let tensor = layout.statement.tensors[member]
          if let part = clauses[[member, block.set]] {
            try reduce(&entries, part: part, region: region, set: block.set, member: member, refuses: refuses)
          }
          if refuses { try Self.checkRange(entries, region: region, tensor: tensor) }
        }
        let fits = refuses || entries.allSatisfy { $0.magnitude < 1 << 19 }
        tiles.append(
          DriftTile(
            index: tile, row: row, exact: block.signature.exact,
            logGranule: granule,
            entries: entries.allSatisfy { $0 == 0 }
              ? .zero
              : fits
                ? .narrow(entries.map { Int32(truncatingIfNeeded: $0) }) : .field(entries.map { Goldilocks($0).value }))
        )
      }
    }
  }

  private static func integers(_ message: RowMessage, length: Int) -> [Int64] {
    var result: [Int64]
    switch message {
    case .zero: result = []
    case .narrow(let values): result = values.map(Int64.init)
    case .field(let values): result = values.map { Goldilocks(reducing: $0).centred }
    }
    if result.count < length { result += [Int64](repeating: 0, count: length - result.count) }
    return result
  }

  private static func checkRange(_ entries: [Int64], region: TileRegion, tensor: TableauTensor) throws {
    for x in region.positions where entries[x] != Int64(Int32(truncatingIfNeeded: entries[x])) {
      let (row, column) = region.coordinates(x)
      throw ArgumentRefusal.entryTooLarge(tensor: tensor.name, row: row, column: column)
    }
  }

  /// For cheating provers: any change of E, U, V and S.
  mutating func tamper(_ change: (inout [DriftTile], inout [Int64]) -> Void) { change(&tiles, &factors) }

  // MARK: Factors

  private mutating func placeFactors(_ witness: ArgumentWitness) throws {
    for clause in layout.factors.lowRank {
      let tensor = layout.statement.tensors[clause.tensor]
      let id = ArgumentWitness.ClauseID(tensor: clause.tensor, clause: clause.set - (tensor.isPlain ? 1 : 0))
      guard let pair = witness.factors[id] else { continue }
      for (slot, values, count) in [(clause.left, pair.left, tensor.rows), (clause.right, pair.right, tensor.columns)] {
        for index in 0..<count {
          for k in 0..<clause.rank {
            factors[slot.offset + index << clause.logRank + k] = Int64(values[index * clause.rank + k])
          }
        }
      }
    }
    for group in layout.factors.sparse {
      let tensor = layout.statement.tensors[group.tensor]
      let id = ArgumentWitness.ClauseID(tensor: group.tensor, clause: group.set - (tensor.isPlain ? 1 : 0))
      guard let support = witness.supports[id], let bits = layout.factors.bits else { continue }
      let columnBits = group.cube.columnVariables.count
      for (slot, position) in support.enumerated() {
        // Bits in the order of the group's variables: an entry's column bits, then its row bits.
        let address =
          group.vectorVariables.isEmpty
          ? (position / tensor.columns) << columnBits + position % tensor.columns : position
        for bit in group.variables.indices where address >> bit & 1 == 1 {
          factors[bits.offset + bit << layout.factors.logSlots + group.base + slot] = 1
        }
      }
    }
  }

  /// entries := 2^s·Δ - U Vᵀ on the region; what the sparse part covers moves into its values.
  private mutating func reduce(
    _ entries: inout [Int64], part: StructuredPart, region: TileRegion, set: Int, member: Int, refuses: Bool
  ) throws {
    part.subtract(from: &entries, region: region)
    if let group = layout.factors.sparse.first(where: { $0.tensor == member && $0.set == set }) {
      let vector = group.vectorVariables.count
      for (slot, position) in part.support.enumerated() {
        for x in region.positions(of: position, form: part.form, columns: part.columns) {
          let (row, column) = region.coordinates(x)
          let y: Int =
            switch part.form {
            case .rows: column
            case .columns: row
            default: 0
            }
          factors[group.values.offset + slot << vector + y] = entries[x]
          entries[x] = 0
        }
      }
    }
    if refuses, part.isExact, let x = region.positions.first(where: { entries[$0] != 0 }) {
      let (row, column) = region.coordinates(x)
      throw ArgumentRefusal.exactClauseViolated(tensor: part.name, row: row, column: column)
    }
  }
}

/// One structured clause's data for filling E-tiles.
private struct StructuredPart {
  let name: String
  let rows: Int
  let columns: Int
  let rank: Int
  let scale: Int
  let isExact: Bool
  let form: SparseForm?
  let factors: ArgumentWitness.Factors?
  let support: [Int]

  init(tensor: TableauTensor, clause: StructuredClause, factors: ArgumentWitness.Factors?, support: [Int]) {
    name = tensor.name
    rows = tensor.rows
    columns = tensor.columns
    rank = clause.rank ?? 0
    scale = clause.scale
    isExact = clause.bound == nil
    form = clause.sparse
    self.factors = factors
    self.support = support
  }

  func subtract(from entries: inout [Int64], region: TileRegion) {
    let factors = factors
    let shift = Int64(scale)
    let rank = rank
    var line = [Int64](repeating: 0, count: region.width)
    var x = region.positions.lowerBound
    while x < region.positions.upperBound {
      let (row, firstColumn) = region.coordinates(x)
      let count = min(region.width, max(0, columns - firstColumn))
      if row < rows, count > 0 {
        for i in 0..<count { line[i] = entries[x + i] << shift }
        if let factors {
          factors.right.withUnsafeBufferPointer { right in
            for i in 0..<count {
              var dot: Int64 = 0
              for k in 0..<rank {
                dot &+= Int64(factors.left[row * rank + k]) &* Int64(right[(firstColumn + i) * rank + k])
              }
              line[i] &-= dot
            }
          }
        }
        for i in 0..<count { entries[x + i] = line[i] }
      }
      x += region.width
    }
  }
}

/// The positions of one tensor in one tile, and their matrix coordinates.
struct TileRegion {
  let positions: Range<Int>
  /// Neighbouring columns in the tile.
  let width: Int
  private let firstRow: Int
  private let firstColumn: Int

  init(layout: TableauLayout, block: TableauLayout.Block, member: Int, tile: Int) {
    switch layout.placements[member] {
    case .grid(_, let grid):
      let number = tile - block.base
      let (i, j) = (number >> grid.columnTileBits, number & (1 << grid.columnTileBits - 1))
      positions = 0..<1 << layout.logLength
      width = 1 << grid.logColumnsInTile
      firstRow = i << (layout.logLength - grid.logColumnsInTile)
      firstColumn = j << grid.logColumnsInTile
    case .shared(_, let offset):
      positions = offset..<offset + 1 << (layout.rowBits[member] + layout.columnBits[member])
      width = 1 << layout.columnBits[member]
      firstRow = 0
      firstColumn = 0
    }
  }

  func coordinates(_ x: Int) -> (row: Int, column: Int) {
    let offset = x - positions.lowerBound
    return (firstRow + offset / width, firstColumn + offset % width)
  }

  /// Positions of this region that an entry, row or column number covers.
  func positions(of number: Int, form: SparseForm?, columns: Int) -> [Int] {
    let height = positions.count / width
    func position(_ row: Int, _ column: Int) -> Int? {
      let (i, j) = (row - firstRow, column - firstColumn)
      return i >= 0 && i < height && j >= 0 && j < width ? positions.lowerBound + i * width + j : nil
    }
    switch form {
    case .entries: return [position(number / columns, number % columns)].compactMap { $0 }
    case .rows: return (0..<width).compactMap { position(number, firstColumn + $0) }
    case .columns: return (0..<height).compactMap { position(firstRow + $0, number) }
    case nil: return []
    }
  }
}
