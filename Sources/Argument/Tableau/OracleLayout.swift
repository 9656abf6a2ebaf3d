import Field

/// An aligned slot of an oracle's payload: cells offset ..< offset + 2^log.
struct Slot: Hashable, Sendable {
  var offset: Int
  var log: Int

  var count: Int { 1 << log }
  var range: Range<Int> { offset..<offset + count }

  /// eq over the address bits above the slot's own.
  func address(_ point: [CubicExtension]) -> CubicExtension {
    Multilinear.equality(point[log...], at: offset >> log)
  }
}

/// Places slots of power-of-two sizes; sizes must come in falling order within one `allocate` run of equal alignment.
struct SlotAllocator {
  private(set) var used = 0

  mutating func allocate(log: Int) -> Slot {
    let size = 1 << log
    let offset = (used + size - 1) / size * size
    used = offset + size
    return Slot(offset: offset, log: log)
  }

  mutating func align(log: Int) {
    let size = 1 << log
    used = (used + size - 1) / size * size
  }
}

/// The digits of a piece's projections: 128 + 4 rows of R per chunk, low and high digit; cell = chunk·rows + row.
struct ProjectionSlots: Hashable, Sendable {
  static let logMain = 7
  static let logRest = 2
  static let mainRows = 1 << logMain
  static let restRows = Limits.projections - mainRows

  /// [low digit, high digit]
  var main: [Slot] = []
  var rest: [Slot] = []
  var logChunks: Int

  func cell(digit: Int, chunk: Int, row: Int) -> Int {
    row < Self.mainRows
      ? main[digit].offset + chunk << Self.logMain + row
      : rest[digit].offset + chunk << Self.logRest + (row - Self.mainRows)
  }
}

/// One norm total: Σ over its chunks of weighted digit sums + slack = N, line by line with carries.
struct BoundLine: Hashable, Sendable {
  struct Term: Hashable, Sendable {
    var piece: ChunkPiece
    /// The digits enter `digitShift` lines higher, times 2^logWeight: 4^(F - f) = 2^(15·digitShift + logWeight).
    var digitShift: Int
    var logWeight: Int
  }
  var terms: [Term]
  /// N, base 2^15, low digit first, exactly `digits` of them.
  var bound: [UInt16]
  var digits: Int { bound.count }
}

/// The digit oracle D (section 5, P2): every digit that must lie in [0, 2^15), and the range table's multiplicities.
///
/// Slots, largest first: projection digits of E's pieces, multiplicities (not range-checked), projection digits of
/// U and V, four square digits per square chunk, and 64 cells per bound line (16 slack digits, then 3 digits of each
/// carry). Unused cells are 0; they count as digits.
struct DigitLayout: Hashable, Sendable {
  static let cellsPerLine = 64
  static let logCellsPerLine = 6

  private(set) var projections: [ProjectionSlots] = []
  private(set) var factorProjections: ProjectionSlots?
  private(set) var multiplicities = Slot(offset: 0, log: 0)
  private(set) var squares: [Slot] = []
  private(set) var totals: Slot?
  private(set) var lines: [BoundLine] = []
  private(set) var used = 0
  /// All slots whose cells are range-checked.
  private(set) var digitSlots: [Slot] = []

  var variables: Int { ceilLog2(used) }

  static func slackCell(line: Int, digit: Int) -> Int { line * cellsPerLine + digit }
  static func carryCell(line: Int, digit: Int, part: Int) -> Int {
    line * cellsPerLine + Limits.maximumBoundDigits + Limits.carryDigits * digit + part
  }

  init(layout: TableauLayout, lines: [BoundLine], factorChunks: Int) {
    self.lines = lines
    // (log size, what to do with the slot), in falling order of size.
    var wanted: [(log: Int, assign: (inout DigitLayout, Slot) -> Void)] = []
    for (index, piece) in layout.projectionPieces.enumerated() {
      projections.append(ProjectionSlots(logChunks: piece.logCount))
      for _ in 0..<2 {
        wanted.append((piece.logCount + ProjectionSlots.logMain, { $0.projections[index].main.append($1) }))
        wanted.append((piece.logCount + ProjectionSlots.logRest, { $0.projections[index].rest.append($1) }))
      }
    }
    if factorChunks > 0 {
      let log = ceilLog2(factorChunks)
      factorProjections = ProjectionSlots(logChunks: log)
      for _ in 0..<2 {
        wanted.append((log + ProjectionSlots.logMain, { $0.factorProjections?.main.append($1) }))
        wanted.append((log + ProjectionSlots.logRest, { $0.factorProjections?.rest.append($1) }))
      }
    }
    wanted.append((Limits.logDigit, { $0.multiplicities = $1 }))
    if layout.squareChunks > 0 {
      for _ in 0..<Limits.squareDigits { wanted.append((layout.squareVariables, { $0.squares.append($1) })) }
    }
    if !lines.isEmpty {
      wanted.append((ceilLog2(lines.count) + Self.logCellsPerLine, { $0.totals = $1 }))
    }
    var allocator = SlotAllocator()
    for index in TableauLayout.alignedOrder(wanted.map { 1 << $0.log }) {
      wanted[index].assign(&self, allocator.allocate(log: wanted[index].log))
    }
    used = allocator.used
    digitSlots =
      projections.flatMap { $0.main + $0.rest } + (factorProjections.map { $0.main + $0.rest } ?? []) + squares
      + (totals.map { [$0] } ?? [])
  }

  /// The lines that a statement asks for: one per bounded E-set, then the global ball.
  static func lines(tensors: [TableauTensor], totalBound: [UInt16]?, layout: TableauLayout) -> [BoundLine] {
    func terms(_ tensor: Int, _ set: Int, shift: Int) -> [BoundLine.Term] {
      layout.squarePieces[tensor][set].map {
        BoundLine.Term(piece: $0, digitShift: shift / Limits.logDigit, logWeight: shift % Limits.logDigit)
      }
    }
    func padded(_ bound: [UInt16], _ digits: Int) -> [UInt16] {
      bound + [UInt16](repeating: 0, count: max(0, digits - bound.count))
    }
    var lines: [BoundLine] = []
    for (index, tensor) in tensors.enumerated() {
      var set = 0
      if tensor.isPlain {
        if let bound = tensor.plainBound {
          lines.append(
            BoundLine(terms: terms(index, 0, shift: 0), bound: padded(bound, Limits.boundDigits)))
        }
        set = 1
      }
      for clause in tensor.clauses {
        if let bound = clause.bound {
          lines.append(
            BoundLine(terms: terms(index, set, shift: 0), bound: padded(bound, Limits.boundDigits)))
        }
        set += 1
      }
    }
    if let totalBound, let finest = tensors.map(\.fractionBits).max() {
      let shifts = tensors.map { 2 * (finest - $0.fractionBits) }
      let digits = Limits.boundDigits + (shifts.max() ?? 0) / Limits.logDigit + 1
      lines.append(
        BoundLine(
          terms: tensors.indices.flatMap { terms($0, 0, shift: shifts[$0]) }, bound: padded(totalBound, digits)))
    }
    return lines
  }
}

/// The factor oracle G (section 5, P1): U and V of every low-rank clause, index bits and values of every sparse clause,
/// and the masks of Stage B.
///
/// U and V come first, so that chunks of 2^14 cells from 0 cover them; a matrix row (2^logRank cells, k low) lies
/// inside one chunk.
struct FactorLayout: Hashable, Sendable {
  struct LowRank: Hashable, Sendable {
    var tensor: Int
    var set: Int
    var rank: Int
    var logRank: Int
    /// Cell = row·2^logRank + k.
    var left: Slot
    var right: Slot
    var cube: TensorCube
    /// First index of this clause's columns in Stage B.
    var base: Int
  }

  struct Sparse: Hashable, Sendable {
    var tensor: Int
    var set: Int
    /// Slots that count; the rest of the aligned run has weight 0.
    var count: Int
    var logCount: Int
    /// First slot index in Stage B.
    var base: Int
    /// Variables of E-space whose bits the prover chooses, in order.
    var variables: [Int]
    /// Variables over which a slot's value vector runs (none for single entries).
    var vectorVariables: [Int]
    /// Cell = slot·2^vectorVariables.count + y.
    var values: Slot
    var cube: TensorCube
  }

  private(set) var lowRank: [LowRank] = []
  private(set) var sparse: [Sparse] = []
  /// Chunks of 2^14 cells that hold U and V.
  private(set) var factorChunks = 0
  /// Cell = bit·2^logSlots + slot.
  private(set) var bits: Slot?
  private(set) var logSlots = 0
  /// Most bits that a slot has.
  private(set) var bitCount = 0
  /// Runs of ``Limits/maskEntries`` cells: U, V, values, dummy, dummy's mask, then one run per bit.
  private(set) var masks: Slot?
  private(set) var used = 0
  private(set) var logRankColumns = 0

  var isEmpty: Bool { lowRank.isEmpty && sparse.isEmpty }
  var variables: Int { ceilLog2(used) }
  /// Variables of Stage B without its own top.
  var stageBVariables: Int { max(Limits.logMaskEntries, logRankColumns, logSlots) }

  enum Mask: Int {
    case left = 0
    case right, values, dummy, dummyMask, firstBit
  }

  func maskCell(_ mask: Mask, bit: Int = 0, entry: Int) -> Int {
    (masks?.offset ?? 0) + (mask.rawValue + bit) * Limits.maskEntries + entry
  }

  init(tensors: [TableauTensor], layout: TableauLayout) {
    var allocator = SlotAllocator()
    var factorSlots: [(log: Int, clause: Int, isLeft: Bool)] = []
    var columns: [Int] = []
    for (index, tensor) in tensors.enumerated() {
      for (position, clause) in tensor.clauses.enumerated() {
        let set = position + (tensor.isPlain ? 1 : 0)
        let cube = layout.cube(tensor: index, set: set)
        if let rank = clause.rank {
          let logRank = ceilLog2(rank)
          factorSlots.append((layout.rowBits[index] + logRank, lowRank.count, true))
          factorSlots.append((layout.columnBits[index] + logRank, lowRank.count, false))
          columns.append(1 << logRank)
          lowRank.append(
            LowRank(
              tensor: index, set: set, rank: rank, logRank: logRank, left: Slot(offset: 0, log: 0),
              right: Slot(offset: 0, log: 0), cube: cube, base: 0))
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

    guard !isEmpty else { return }
    for index in TableauLayout.alignedOrder(sparse.map { 1 << ($0.logCount + $0.vectorVariables.count) }) {
      sparse[index].values = allocator.allocate(log: sparse[index].logCount + sparse[index].vectorVariables.count)
    }
    if bitCount > 0 { bits = allocator.allocate(log: logSlots + ceilLog2(bitCount)) }
    masks = allocator.allocate(log: Limits.logMaskEntries + ceilLog2(Mask.firstBit.rawValue + bitCount))
    used = allocator.used
  }
}
