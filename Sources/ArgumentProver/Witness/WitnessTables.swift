// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofField
import DriftProofKernels

/// E-tiles, their sums of squares and the factor oracle's payload, from the drift rows: the first pass over E.
struct WitnessTables {
  let layout: ArgumentLayout
  var tiles: DriftTiles
  /// S of every square chunk, by compact index.
  private(set) var squares: [UInt64]
  /// G's payload as signed integers; masks are filled in later.
  var factors: [Int64]
  /// Of entrywise clauses that bound E itself.
  var roots: EntryRoots
  /// Of rounding clauses; then all entrywise clauses are of their form.
  var rounding: RoundingOracles?

  /// What the sparse parts of ``tiles`` cover, by cell of the factor oracle.
  private(set) var sparseValues: [(cell: Int, value: Int64)] = []

  /// - Parameters:
  ///   - refuses: false only for cheating provers, whose tables may hold anything.
  ///   - keptLimit: bytes of tiles that stay in memory, when all of them fit.
  ///   - held: the drift rows of which a worker makes the tiles; nil for all.
  /// - Throws: ``ArgumentRefusal``, or what the witness' rows throw.
  init(
    layout: ArgumentLayout, witness: ArgumentWitness, refuses: Bool = true, keptLimit: Int = DriftTiles.keptLimit,
    held: Range<Int>? = nil
  ) throws {
    self.layout = layout
    factors = [Int64](repeating: 0, count: layout.hasFactors ? layout.factors.used : 0)
    squares = []
    let roots = EntryRoots(layout: layout)
    self.roots = roots
    let rounding =
      layout.entries.hasRounding
      ? RoundingOracles(layout: layout, drift: witness.rows, base: witness.base) : nil
    self.rounding = rounding
    let producer = TileProducer(layout: layout, witness: witness, refuses: refuses, held: held)
    tiles = DriftTiles(layout: layout, producer: producer, held: held)
    placeFactors(witness)

    let (source, keeps) = (tiles, tiles.bytes <= keptLimit || !refuses)
    let completeness = Completeness(layout: layout)
    typealias State = (entries: [(Int, RowMessage)], values: [(cell: Int, value: Int64)], squares: [(Int, UInt64)])
    let result = try DriftTiles.ascending(
      tiles.count, workers: DriftTiles.workers(length: layout.length), { State([], [], []) },
      merge: { (all: inout State, own: State) in
        all.entries += own.entries
        all.values += own.values
        all.squares += own.squares
      },
      { (state: inout State, position: Int) in
        let made = try producer.tile(position, checks: true)
        if refuses {
          if let rounding, position < rounding.count {
            try rounding.check(made.entries, position: position, of: source, by: completeness)
          } else {
            if position < roots.count {
              try roots.check(made.entries, position: position, of: source, by: completeness)
            }
            try completeness.check(made.entries, position: position, of: source)
          }
        }
        state.squares += Self.squares(made.entries, source.chunks.squares[position])
        state.values += made.sparseValues
        if keeps { state.entries.append((position, made.entries)) } else { producer.recycle(made.entries) }
      })
    sparseValues = result.values
    setSparse(result.values)
    setSquares(result.squares)
    if keeps {
      var entries = [RowMessage](repeating: .zero, count: tiles.count)
      for (position, own) in result.entries { entries[position] = own }
      tiles.keep(entries)
    }
    if refuses { try completeness.check(factors: factors) }
  }

  /// From what the holders of the rows have found; no tile is here.
  init(
    layout: ArgumentLayout, witness: ArgumentWitness, squares: [(Int, UInt64)],
    sparseValues: [(cell: Int, value: Int64)]
  ) throws {
    self.layout = layout
    factors = [Int64](repeating: 0, count: layout.hasFactors ? layout.factors.used : 0)
    self.squares = []
    roots = EntryRoots(layout: layout)
    rounding = nil
    tiles = DriftTiles(layout: layout, producer: nil)
    placeFactors(witness)
    setSparse(sparseValues)
    setSquares(squares)
    try Completeness(layout: layout).check(factors: factors)
  }

  private mutating func setSparse(_ values: [(cell: Int, value: Int64)]) {
    for (cell, value) in values { factors[cell] = value }
  }

  static func squares(_ entries: RowMessage, _ ranges: [ChunkMap.SquareRange]) -> [(Int, UInt64)] {
    ranges.map { ($0.index, entries.squareSum($0.positions)) }
  }

  mutating func setSquares(_ values: [(Int, UInt64)]) {
    squares = [UInt64](repeating: 0, count: layout.tableau.squareChunks)
    for (index, value) in values { squares[index] = value }
  }

  // MARK: Factors

  private mutating func placeFactors(_ witness: ArgumentWitness) {
    for clause in layout.factors.lowRank {
      let tensor = layout.statement.tensors[clause.tensor]
      let id = ArgumentWitness.ClauseID(tensor: clause.tensor, clause: clause.set - (tensor.isPlain ? 1 : 0))
      guard let pair = witness.factors[id] else { continue }
      let blocks = tensor.clauses[id.clause].blocks
      let counts = tensor.clauses[id.clause].factorRows(rows: tensor.rows, columns: tensor.columns)
      // Blocks lie in G as in E-space, where their number in a row is padded.
      let across = blocks.map { tensor.columns >> $0.logColumns }
      let acrossBits = clause.cube.columnVariables.count - (blocks?.logColumns ?? 0)
      for (slot, values, count, stride) in [
        (clause.left, pair.left, counts.left, across), (clause.right, pair.right, counts.right, nil),
      ] {
        for index in 0..<count {
          let place = stride.map { (index / $0) << acrossBits + index % $0 } ?? index
          for k in 0..<clause.rank {
            factors[slot.offset + place << clause.logRank + k] = Int64(values[index * clause.rank + k])
          }
        }
      }
    }
    for clause in layout.factors.circulants {
      let tensor = layout.statement.tensors[clause.tensor]
      let id = ArgumentWitness.ClauseID(tensor: clause.tensor, clause: clause.set - (tensor.isPlain ? 1 : 0))
      guard let values = witness.diagonals[id] else { continue }
      // Blocks lie in G as in E-space, where their number in a row is padded.
      let across = tensor.columns >> clause.logSize
      let acrossBits = clause.cube.columnVariables.count - clause.logSize
      for (number, value) in values.enumerated() {
        let (block, t) = (number >> clause.logSize, number & (1 << clause.logSize - 1))
        let place = (block / across) << acrossBits + block % across
        factors[clause.cells.offset + place << clause.logSize + t] = value
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
}
