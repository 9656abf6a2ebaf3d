// SPDX-License-Identifier: Apache-2.0

import DriftProofField

/// An aligned slot of an oracle's payload: cells offset ..< offset + 2^log.
package struct Slot: Hashable, Sendable {
  package var offset: Int
  package var log: Int

  package var count: Int { 1 << log }
  package var range: Range<Int> { offset..<offset + count }

  /// eq over the address bits above the slot's own.
  package func address(_ point: [CubicExtension]) -> CubicExtension {
    Multilinear.equality(point[log...], at: offset >> log)
  }
}

/// Places slots of power-of-two sizes; sizes must come in falling order within one `allocate` run of equal alignment.
package struct SlotAllocator {
  package private(set) var used = 0

  package mutating func allocate(log: Int) -> Slot {
    let size = 1 << log
    let offset = (used + size - 1) / size * size
    used = offset + size
    return Slot(offset: offset, log: log)
  }

  package mutating func align(log: Int) {
    let size = 1 << log
    used = (used + size - 1) / size * size
  }
}

/// The base-4 digits of a piece's projections: 128 + 4 rows of R per chunk, 16 cells per row (the last one unused);
/// cell = (chunk·rows + row)·16 + digit.
package struct ProjectionSlots: Hashable, Sendable {
  package static let logMain = 7
  package static let logRest = 2
  package static let logCells = 4
  package static let mainRows = 1 << logMain

  package var main = Slot(offset: 0, log: 0)
  package var rest = Slot(offset: 0, log: 0)
  package var logChunks: Int
  /// What the digits can be.
  package var range = DigitRange.projections

  package init(logChunks: Int, range: DigitRange = .projections) {
    self.logChunks = logChunks
    self.range = range
  }

  /// First cell of one projection.
  package func cell(chunk: Int, row: Int) -> Int {
    row < Self.mainRows
      ? main.offset + (chunk << Self.logMain + row) << Self.logCells
      : rest.offset + (chunk << Self.logRest + (row - Self.mainRows)) << Self.logCells
  }
}

/// The base-4 digits of g + 2^29 for every pair of rows of an orthonormal tensor, as those of a projection;
/// cell = (j·2^logRows + k)·16 + digit.
package struct ProductSlot: Hashable, Sendable {
  package var slot: Slot
  package var logRows: Int

  package var logCells: Int { 2 * logRows + ProjectionSlots.logCells }

  /// First cell of one product.
  package func cell(_ j: Int, _ k: Int) -> Int { slot.offset + (j << logRows + k) << ProjectionSlots.logCells }
}

/// One norm total: Σ over its chunks of weighted limb sums + slack = N, line by line with carries.
package struct BoundLine: Hashable, Sendable {
  package struct Term: Hashable, Sendable {
    package var piece: ChunkPiece
    /// The limbs enter `limbShift` lines higher, times 2^logWeight: 4^(F - f) = 2^(15·limbShift + logWeight).
    package var limbShift: Int
    package var logWeight: Int
  }
  package var terms: [Term]
  /// N, base 2^15, low limb first, exactly `limbs` of them.
  package var bound: [UInt16]
  package var limbs: Int { bound.count }

  // Cells: one run of 32 per limb, 8 digits of slack, then 23 digits of the carry into the next limb.
  package static let logCellsPerLimb = 5
  package var logCells: Int { Self.logCellsPerLimb + ceilLog2(limbs) }
  package static func slackCell(limb: Int, digit: Int) -> Int { limb << logCellsPerLimb + digit }
  package static func carryCell(limb: Int, digit: Int) -> Int { limb << logCellsPerLimb + Limits.limbDigits + digit }
}

/// The digit oracle D (section 5, P2): base-4 digits of everything that must be small. Every cell is a digit.
///
/// Slots: projections of E's pieces and of U and V; 32 cells for each square chunk (4 limbs of 8 digits); one slot per
/// bound line; the products of an orthonormal tensor's rows. Unused cells are 0, a digit like others.
package struct DigitLayout: Hashable, Sendable {
  package static let logCellsPerSquare = 5

  package private(set) var projections: [ProjectionSlots] = []
  package private(set) var factorProjections: ProjectionSlots?
  /// By ``EntryFamily``, then by piece of R-space; nil for what a piece does not have.
  package private(set) var entryProjections: [[ProjectionSlots?]] = []
  package private(set) var squares: Slot?
  package private(set) var lineSlots: [Slot] = []
  package private(set) var lines: [BoundLine] = []
  /// By orthonormal tensor: g + 2^29 of every pair of rows.
  package private(set) var products: [ProductSlot] = []
  package private(set) var used = 0

  /// At least what the oracle's mask needs.
  package var variables: Int { max(Limits.logMaskEntries, ceilLog2(used)) }

  /// All slots, in no particular order.
  package var slots: [Slot] {
    (projections + entryProjections.joined().compactMap(\.self)).flatMap { [$0.main, $0.rest] }
      + (factorProjections.map { [$0.main, $0.rest] } ?? [])
      + (squares.map { [$0] } ?? []) + lineSlots + products.map(\.slot)
  }

  /// First cell of a limb of a square chunk.
  package func squareCell(chunk: Int, limb: Int) -> Int {
    (squares?.offset ?? 0) + chunk << Self.logCellsPerSquare + limb * Limits.limbDigits
  }

  package init(
    layout: TableauLayout, lines: [BoundLine], factorChunks: Int, orthonormal: OrthonormalLayout,
    entries: EntryLayout? = nil
  ) {
    self.lines = lines
    // (log size, what to do with the slot).
    var wanted: [(log: Int, assign: (inout DigitLayout, Slot) -> Void)] = []
    for (index, piece) in layout.projectionPieces.enumerated() {
      projections.append(
        ProjectionSlots(logChunks: piece.logCount, range: entries?.residualRange(piece: index) ?? .projections))
      let log = piece.logCount + ProjectionSlots.logCells
      wanted.append((log + ProjectionSlots.logMain, { $0.projections[index].main = $1 }))
      wanted.append((log + ProjectionSlots.logRest, { $0.projections[index].rest = $1 }))
    }
    if factorChunks > 0 {
      let log = ceilLog2(factorChunks)
      factorProjections = ProjectionSlots(logChunks: log)
      wanted.append(
        (log + ProjectionSlots.logCells + ProjectionSlots.logMain, { $0.factorProjections?.main = $1 }))
      wanted.append(
        (log + ProjectionSlots.logCells + ProjectionSlots.logRest, { $0.factorProjections?.rest = $1 }))
    }
    if layout.squareChunks > 0 {
      wanted.append((layout.squareVariables + Self.logCellsPerSquare, { $0.squares = $1 }))
    }
    lineSlots = lines.map { Slot(offset: 0, log: $0.logCells) }
    for index in lines.indices { wanted.append((lines[index].logCells, { $0.lineSlots[index] = $1 })) }
    products = orthonormal.members.map { ProductSlot(slot: Slot(offset: 0, log: 0), logRows: $0.logRows) }
    for index in products.indices {
      wanted.append((products[index].logCells, { $0.products[index].slot = $1 }))
    }
    if let entries, !entries.isEmpty {
      entryProjections = entries.families.map { family in
        entries.pieces.map { piece in
          entries.range(family, piece: piece).map {
            ProjectionSlots(logChunks: layout.projectionPieces[piece].logCount, range: $0)
          }
        }
      }
    }
    for family in entryProjections.indices {
      for (piece, slots) in entryProjections[family].enumerated() {
        guard let slots else { continue }
        let log = slots.logChunks + ProjectionSlots.logCells
        wanted.append((log + ProjectionSlots.logMain, { $0.entryProjections[family][piece]?.main = $1 }))
        wanted.append((log + ProjectionSlots.logRest, { $0.entryProjections[family][piece]?.rest = $1 }))
      }
    }
    // Falling sizes keep every slot aligned without holes.
    var allocator = SlotAllocator()
    for index in TableauLayout.alignedOrder(wanted.map { 1 << $0.log }) {
      wanted[index].assign(&self, allocator.allocate(log: wanted[index].log))
    }
    used = allocator.used
  }

  /// The lines that a statement asks for: one per bounded E-set, then the global ball.
  package static func lines(tensors: [TableauTensor], totalBound: [UInt16]?, layout: TableauLayout) -> [BoundLine] {
    func terms(_ tensor: Int, _ set: Int, shift: Int) -> [BoundLine.Term] {
      layout.squarePieces[tensor][set].map {
        BoundLine.Term(piece: $0, limbShift: shift / Limits.logLimb, logWeight: shift % Limits.logLimb)
      }
    }
    func padded(_ bound: [UInt16], _ limbs: Int) -> [UInt16] {
      bound + [UInt16](repeating: 0, count: max(0, limbs - bound.count))
    }
    var lines: [BoundLine] = []
    for (index, tensor) in tensors.enumerated() {
      var set = 0
      if tensor.isPlain {
        if let bound = tensor.plainBound {
          lines.append(
            BoundLine(terms: terms(index, 0, shift: 0), bound: padded(bound, Limits.boundLimbs)))
        }
        set = 1
      }
      for clause in tensor.clauses {
        if let bound = clause.bound {
          lines.append(
            BoundLine(terms: terms(index, set, shift: 0), bound: padded(bound, Limits.boundLimbs)))
        }
        set += 1
      }
    }
    let counted = tensors.indices.filter { tensors[$0].countsInTotal }
    if let totalBound, let finest = counted.map({ tensors[$0].fractionBits }).max() {
      let shifts = counted.map { 2 * (finest - tensors[$0].fractionBits) }
      let limbs = Limits.boundLimbs + (shifts.max() ?? 0) / Limits.logLimb + 1
      lines.append(
        BoundLine(
          terms: zip(counted, shifts).flatMap { terms($0, 0, shift: $1) }, bound: padded(totalBound, limbs)))
    }
    return lines
  }
}

/// The factor oracle G (section 5, P1): U and V of every low-rank clause, index bits and values of every sparse clause,
/// and the masks of the structure stage.
///
/// U and V come first, so that chunks of 2^14 cells from 0 cover them; a matrix row (2^logRank cells, k low) lies
/// inside one chunk.
package struct FactorLayout: Hashable, Sendable {
  package struct LowRank: Hashable, Sendable {
    package var tensor: Int
    package var set: Int
    package var rank: Int
    package var logRank: Int
    /// Cell = row·2^logRank + k.
    package var left: Slot
    package var right: Slot
    package var cube: TensorCube
    /// Variables of E-space whose bits number the rows of U and of V, low bit first: the matrix' rows and columns, or the bits
    /// of blocks and those inside one (``KroneckerBlock``).
    package var leftVariables: [Int]
    package var rightVariables: [Int]
    /// First index of this clause's columns in the structure stage.
    package var base: Int
  }

  package struct Sparse: Hashable, Sendable {
    package var tensor: Int
    package var set: Int
    /// Slots that count; the rest of the aligned run has weight 0.
    package var count: Int
    package var logCount: Int
    /// First slot index in the structure stage.
    package var base: Int
    /// Variables of E-space whose bits the prover chooses, in order.
    package var variables: [Int]
    /// Variables over which a slot's value vector runs (none for single entries).
    package var vectorVariables: [Int]
    /// Cell = slot·2^vectorVariables.count + y.
    package var values: Slot
    package var cube: TensorCube
  }

  package struct Circulant: Hashable, Sendable {
    package var tensor: Int
    package var set: Int
    /// μ.
    package var logSize: Int
    /// Cell = block·2^logSize + diagonal, blocks as in E-space.
    package var cells: Slot
    package var cube: TensorCube
    /// Variables of E-space whose bits are an entry's row in its block, its column there, and the block's number, low bit first.
    package var rowVariables: [Int]
    package var columnVariables: [Int]
    package var blockVariables: [Int]
    /// First index of this clause's diagonals in the structure stage.
    package var base: Int

    init(tensor: Int, set: Int, block: CirculantBlock, cube: TensorCube) {
      self.tensor = tensor
      self.set = set
      logSize = block.logSize
      cells = Slot(offset: 0, log: 0)
      self.cube = cube
      rowVariables = Array(cube.rowVariables.prefix(block.logSize))
      columnVariables = Array(cube.columnVariables.prefix(block.logSize))
      blockVariables = Array(cube.columnVariables.dropFirst(block.logSize) + cube.rowVariables.dropFirst(block.logSize))
      base = 0
    }

    var logCells: Int { logSize + blockVariables.count }
  }

  package internal(set) var lowRank: [LowRank] = []
  package internal(set) var sparse: [Sparse] = []
  package internal(set) var circulants: [Circulant] = []
  /// Chunks of 2^14 cells that hold U and V.
  package private(set) var factorChunks = 0
  /// Cell = bit·2^logSlots + slot.
  package private(set) var bits: Slot?
  package private(set) var logSlots = 0
  /// Most bits that a slot has.
  package private(set) var bitCount = 0
  /// Runs of ``Limits/maskEntries`` cells: U, V, values, dummy, dummy's mask, then one run per bit, and one of the diagonals.
  package private(set) var masks: Slot?
  package private(set) var used = 0
  package private(set) var logRankColumns = 0
  package private(set) var logDiagonals = 0

  package var isEmpty: Bool { lowRank.isEmpty && sparse.isEmpty && circulants.isEmpty }
  package var variables: Int { ceilLog2(used) }
  /// Variables of the structure stage without its own top.
  package var structureVariables: Int { max(Limits.logMaskEntries, logRankColumns, logSlots, logDiagonals) }

  package enum Mask: Int {
    case left = 0
    case right, values, dummy, dummyMask, firstBit
  }

  /// The mask of the diagonals, as the number of a bit behind all bits: layouts without any are what they were before there were
  /// any.
  package var diagonalMask: Int { bitCount }
  /// Runs of masks.
  package var maskRuns: Int { Mask.firstBit.rawValue + bitCount + (circulants.isEmpty ? 0 : 1) }

  package func maskCell(_ mask: Mask, bit: Int = 0, entry: Int) -> Int {
    (masks?.offset ?? 0) + (mask.rawValue + bit) * Limits.maskEntries + entry
  }

  package init(tensors: [TableauTensor], layout: TableauLayout) {
    var allocator = SlotAllocator()
    var factorSlots: [(log: Int, clause: Int, isLeft: Bool)] = []
    var columns: [Int] = []
    for (index, tensor) in tensors.enumerated() {
      for (position, clause) in tensor.clauses.enumerated() {
        let set = position + (tensor.isPlain ? 1 : 0)
        let cube = layout.cube(tensor: index, set: set)
        if let rank = clause.rank {
          let logRank = ceilLog2(rank)
          let (leftVariables, rightVariables) = cube.factorVariables(clause.blocks)
          factorSlots.append((leftVariables.count + logRank, lowRank.count, true))
          factorSlots.append((rightVariables.count + logRank, lowRank.count, false))
          columns.append(1 << logRank)
          lowRank.append(
            LowRank(
              tensor: index, set: set, rank: rank, logRank: logRank, left: Slot(offset: 0, log: 0),
              right: Slot(offset: 0, log: 0), cube: cube, leftVariables: leftVariables,
              rightVariables: rightVariables, base: 0))
        }
        if let block = clause.circulant {
          circulants.append(Circulant(tensor: index, set: set, block: block, cube: cube))
        }
        if let form = clause.sparse {
          let (variables, vector): ([Int], [Int]) =
            switch form {
            case .entries: (cube.columnVariables + cube.rowVariables, [])
            case .rows: (cube.rowVariables, cube.columnVariables)
            case .columns: (cube.columnVariables, cube.rowVariables)
            }
          sparse.append(
            Sparse(
              tensor: index, set: set, count: form.count, logCount: ceilLog2(form.count), base: 0,
              variables: variables, vectorVariables: vector, values: Slot(offset: 0, log: 0), cube: cube))
        }
      }
    }
    for index in TableauLayout.alignedOrder(factorSlots.map { 1 << $0.log }) {
      let slot = allocator.allocate(log: factorSlots[index].log)
      if factorSlots[index].isLeft {
        lowRank[factorSlots[index].clause].left = slot
      } else {
        lowRank[factorSlots[index].clause].right = slot
      }
    }
    allocator.align(log: Limits.logChunk)
    factorChunks = allocator.used >> Limits.logChunk

    var column = 0
    for index in TableauLayout.alignedOrder(columns) {
      lowRank[index].base = column
      column += columns[index]
    }
    logRankColumns = ceilLog2(column)
    var slot = 0
    for index in TableauLayout.alignedOrder(sparse.map { 1 << $0.logCount }) {
      sparse[index].base = slot
      slot += 1 << sparse[index].logCount
    }
    logSlots = ceilLog2(slot)
    bitCount = sparse.map(\.variables.count).max() ?? 0
    var diagonal = 0
    for index in TableauLayout.alignedOrder(circulants.map { 1 << $0.logSize }) {
      circulants[index].base = diagonal
      diagonal += 1 << circulants[index].logSize
    }
    logDiagonals = ceilLog2(diagonal)

    guard !isEmpty else { return }
    // Behind the chunks of U and V: diagonals need no range.
    for index in TableauLayout.alignedOrder(circulants.map { 1 << $0.logCells }) {
      circulants[index].cells = allocator.allocate(log: circulants[index].logCells)
    }
    for index in TableauLayout.alignedOrder(sparse.map { 1 << ($0.logCount + $0.vectorVariables.count) }) {
      sparse[index].values = allocator.allocate(log: sparse[index].logCount + sparse[index].vectorVariables.count)
    }
    if bitCount > 0 { bits = allocator.allocate(log: logSlots + ceilLog2(bitCount)) }
    masks = allocator.allocate(log: Limits.logMaskEntries + ceilLog2(maskRuns))
    used = allocator.used
  }
}
