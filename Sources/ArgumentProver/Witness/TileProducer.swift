// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCommitmentProver
import DriftProofField
import DriftProofKernels

/// Makes E-tiles from the drift rows: E = 2^s·Δ - U·Vᵀ - C outside the sparse part, and 0 inside it.
struct TileProducer: Sendable {
  /// What a tile is made of.
  struct Made {
    var entries: RowMessage
    /// What the sparse parts cover, by cell of the factor oracle.
    var sparseValues: [(cell: Int, value: Int64)] = []
  }

  let layout: ArgumentLayout
  private let rows: any TableauRows
  private let parts: [[Int]: StructuredPart]
  /// Block, E-tile index and row of each tile.
  private let places: [(block: Int, tile: Int, row: Int)]
  /// False only for cheating provers, whose tiles may hold anything.
  private let refuses: Bool

  /// - Parameter held: the drift rows of which a worker makes the tiles; nil for all.
  init(layout: ArgumentLayout, witness: ArgumentWitness, refuses: Bool, held: Range<Int>? = nil) {
    self.layout = layout
    self.refuses = refuses
    rows = witness.rows
    var parts: [[Int]: StructuredPart] = [:]
    for (index, tensor) in layout.statement.tensors.enumerated() {
      for (position, clause) in tensor.clauses.enumerated() {
        let set = position + (tensor.isPlain ? 1 : 0)
        let id = ArgumentWitness.ClauseID(tensor: index, clause: position)
        parts[[index, set]] = StructuredPart(
          tensor: tensor, clause: clause, factors: witness.factors[id], diagonals: witness.diagonals[id],
          support: witness.supports[id] ?? [],
          slots: layout.factors.sparse.first { $0.tensor == index && $0.set == set })
      }
    }
    self.parts = parts
    places = layout.tableau.blocks.enumerated().flatMap { index, block in
      block.tiles.filter { held?.contains($0.row) ?? true }.map { (index, $0.tile, $0.row) }
    }
  }

  /// Takes back the entries of a tile that is needed no more.
  func recycle(_ entries: RowMessage) { rows.recycle(entries) }

  /// - Parameter checks: whether to look for what an honest prover refuses.
  func tile(_ position: Int, checks: Bool = false) throws -> Made {
    let place = places[position]
    let block = layout.tableau.blocks[place.block]
    var row = try rows.message(place.row)
    let isPlain = block.members.allSatisfy { parts[[$0, block.set]] == nil }
    if isPlain, row.isZero { return Made(entries: .zero) }
    var message = padded(row)
    row = .zero
    if case .narrow(var entries) = message, refuses || Self.areSmall(entries) {
      // Plain tiles show the row as it is.
      if isPlain { return Made(entries: message) }
      // Nobody else holds a row that was unpacked or read for this: the tile is made where it lies.
      message = .zero
      if let made = try narrowTile(&entries, block: block, tile: place.tile, checks: checks) { return made }
      message = padded(try rows.message(place.row))
    }
    return try wideTile(message, block: block, tile: place.tile)
  }

  /// A narrow row of full length, where a row is narrow.
  private func padded(_ message: RowMessage) -> RowMessage {
    switch message {
    case .zero: .narrow([Int32](repeating: 0, count: layout.length))
    case .narrow(let values) where values.count < layout.length:
      .narrow(values + [Int32](repeating: 0, count: layout.length - values.count))
    default: message
    }
  }

  /// A cheating prover's larger entries take the path of field elements: GramKernel's products of them are not exact.
  private static func areSmall(_ values: [Int32]) -> Bool { values.allSatisfy { $0.magnitude < 1 << 19 } }

  /// Makes a row the tile. Nil when an entry of the tile does not fit 32 bits; then the entries are of no use.
  private func narrowTile(
    _ entries: inout [Int32], block: TableauLayout.Block, tile: Int, checks: Bool
  ) throws -> Made? {
    var sparseValues: [(cell: Int, value: Int64)] = []
    for member in block.members {
      guard let part = parts[[member, block.set]] else { continue }
      let region = TileRegion(layout: layout.tableau, block: block, member: member, tile: tile)
      guard part.subtract(from: &entries, region: region) else { return nil }
      part.coverings(of: region) { x, cell in
        sparseValues.append((cell, Int64(entries[x])))
        entries[x] = 0
      }
      if checks, refuses, part.isExact { try part.checkZero(region: region) { entries[$0] == 0 } }
    }
    guard refuses || Self.areSmall(entries) else { return nil }
    return Made(entries: entries.allSatisfy { $0 == 0 } ? .zero : .narrow(entries), sparseValues: sparseValues)
  }

  private func wideTile(_ message: RowMessage, block: TableauLayout.Block, tile: Int) throws -> Made {
    var entries = Self.integers(message, length: layout.length)
    var sparseValues: [(cell: Int, value: Int64)] = []
    for member in block.members {
      let region = TileRegion(layout: layout.tableau, block: block, member: member, tile: tile)
      if let part = parts[[member, block.set]] {
        part.subtract(from: &entries, region: region)
        part.coverings(of: region) { x, cell in
          sparseValues.append((cell, entries[x]))
          entries[x] = 0
        }
        if refuses, part.isExact { try part.checkZero(region: region) { entries[$0] == 0 } }
      }
      if refuses {
        // With a fine shift E is 2^w·r + ρ, which nothing squares (``RoundingClaim``).
        let isFine = (block.signature.rounding?.fineShift ?? 0) > 0
        for x in region.positions where !Self.fits(entries[x], isFine: isFine) {
          let (row, column) = region.coordinates(x)
          throw ArgumentRefusal.entryTooLarge(
            tensor: layout.statement.tensors[member].name, row: row, column: column)
        }
      }
    }
    if entries.allSatisfy({ $0 == 0 }) { return Made(entries: .zero, sparseValues: sparseValues) }
    let fits =
      refuses
      ? entries.allSatisfy { Self.fits($0, isFine: false) } : entries.allSatisfy { $0.magnitude < 1 << 19 }
    return Made(
      entries: fits
        ? .narrow(entries.map { Int32(truncatingIfNeeded: $0) }) : .field(entries.map { Goldilocks($0).value }),
      sparseValues: sparseValues)
  }

  private static func fits(_ entry: Int64, isFine: Bool) -> Bool {
    isFine ? entry.magnitude < 1 << 47 : entry == Int64(Int32(truncatingIfNeeded: entry))
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
}

/// One structured clause's data for filling E-tiles.
private struct StructuredPart: Sendable {
  let name: String
  let rows: Int
  let columns: Int
  let rank: Int
  let scale: Int
  let isExact: Bool
  let form: SparseForm?
  let blocks: KroneckerBlock?
  let left: [Int32]
  /// Vᵀ, rank × columns, or rank × entries of a block: the products of a row run along it.
  let right: [Int32]
  /// Rows of V.
  private let across: Int
  private let circulant: CirculantBlock?
  private let diagonals: [Int64]
  let support: [Int]
  let slots: FactorLayout.Sparse?

  init(
    tensor: TableauTensor, clause: StructuredClause, factors: ArgumentWitness.Factors?, diagonals: [Int64]?,
    support: [Int], slots: FactorLayout.Sparse?
  ) {
    name = tensor.name
    rows = tensor.rows
    columns = tensor.columns
    rank = factors == nil ? 0 : clause.rank ?? 0
    scale = clause.scale
    isExact = clause.isExact
    form = clause.sparse
    blocks = clause.blocks
    left = factors?.left ?? []
    let across = clause.factorRows(rows: tensor.rows, columns: tensor.columns).right
    right = factors.map { ResidualKernel.transposed($0.right, rows: across, columns: clause.rank ?? 0) } ?? []
    self.across = across
    circulant = diagonals == nil ? nil : clause.circulant
    self.diagonals = diagonals ?? []
    self.support = support
    self.slots = slots
  }

  /// entries := 2^s·entries - U·Vᵀ - C on the region; false when a result does not fit.
  func subtract(from entries: inout [Int32], region: TileRegion) -> Bool {
    guard let circulant else { return subtractFactors(from: &entries, region: region) }
    return subtractFactors(from: &entries, region: region)
      && forEachLine(region) { x, row, column, count in
        for i in 0..<count {
          let number = circulant.number(row: row, column: column + i, columns: columns)
          let (entry, overflow) = Int64(entries[x + i]).subtractingReportingOverflow(diagonals[number])
          guard !overflow, let fitting = Int32(exactly: entry) else { return false }
          entries[x + i] = fitting
        }
        return true
      }
  }

  private func subtractFactors(from entries: inout [Int32], region: TileRegion) -> Bool {
    if rank == 0, scale == 0 { return true }
    return forEachRun(region) { x, u, v, count in
      ResidualKernel.subtract(
        from: &entries, at: x, count: count, shift: scale, left: left[u * rank..<(u + 1) * rank], right: right,
        stride: across, column: v)
    }
  }

  /// entries := 2^s·entries - U·Vᵀ - C on the region, for entries of any size.
  func subtract(from entries: inout [Int64], region: TileRegion) {
    _ = forEachRun(region) { x, u, v, count in
      for i in 0..<count {
        var entry = entries[x + i] << Int64(scale)
        for k in 0..<rank { entry &-= Int64(left[u * rank + k]) &* Int64(right[k * across + v + i]) }
        entries[x + i] = entry
      }
      return true
    }
    guard let circulant else { return }
    _ = forEachLine(region) { x, row, column, count in
      for i in 0..<count {
        entries[x + i] &-= diagonals[circulant.number(row: row, column: column + i, columns: columns)]
      }
      return true
    }
  }

  /// Runs of neighbours whose products have one row `u` of U and neighbouring rows of V, from `v` on.
  private func forEachRun(
    _ region: TileRegion, _ body: (_ x: Int, _ u: Int, _ v: Int, _ count: Int) -> Bool
  ) -> Bool {
    forEachLine(region) { x, row, column, count in
      guard let blocks else { return body(x, row, column, count) }
      var done = 0
      while done < count {
        let at = column + done
        // To the end of the block.
        let run = min(count - done, blocks.columns - at & (blocks.columns - 1))
        let u = blocks.outer(row: row, column: at, columns: columns)
        guard body(x + done, u, blocks.inner(row: row, column: at), run) else { return false }
        done += run
      }
      return true
    }
  }

  private func forEachLine(
    _ region: TileRegion, _ body: (_ x: Int, _ row: Int, _ column: Int, _ count: Int) -> Bool
  ) -> Bool {
    for x in stride(from: region.positions.lowerBound, to: region.positions.upperBound, by: region.width) {
      let (row, column) = region.coordinates(x)
      let count = min(region.width, columns - column)
      if row < rows, count > 0, !body(x, row, column, count) { return false }
    }
    return true
  }

  /// Every position that a slot covers, with the cell of the factor oracle that takes its value.
  func coverings(of region: TileRegion, _ body: (_ position: Int, _ cell: Int) -> Void) {
    guard let slots else { return }
    let vector = slots.vectorVariables.count
    for (slot, number) in support.enumerated() {
      let first = slots.values.offset + slot << vector
      region.forEachPosition(of: number, form: form, columns: columns) { x, y in body(x, first + y) }
    }
  }

  func checkZero(region: TileRegion, _ isZero: (Int) -> Bool) throws {
    guard let x = region.positions.first(where: { !isZero($0) }) else { return }
    let (row, column) = region.coordinates(x)
    throw ArgumentRefusal.exactClauseViolated(tensor: name, row: row, column: column)
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

  /// Positions of this region that an entry, row or column number covers, each with its place y in the slot's vector.
  func forEachPosition(of number: Int, form: SparseForm?, columns: Int, _ body: (_ position: Int, _ y: Int) -> Void) {
    let height = positions.count / width
    switch form {
    case .entries:
      let (i, j) = (number / columns - firstRow, number % columns - firstColumn)
      if i >= 0, i < height, j >= 0, j < width { body(positions.lowerBound + i * width + j, 0) }
    case .rows:
      let i = number - firstRow
      guard i >= 0, i < height else { return }
      for j in 0..<width { body(positions.lowerBound + i * width + j, firstColumn + j) }
    case .columns:
      let j = number - firstColumn
      guard j >= 0, j < width else { return }
      for i in 0..<height { body(positions.lowerBound + i * width + j, firstRow + i) }
    case nil: return
    }
  }
}
