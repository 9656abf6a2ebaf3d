// SPDX-License-Identifier: Apache-2.0

/// The cells of P1, the oracle G: U and V of every clause with a rank, from cell 0; then the values of sparse slots, the one-hot chunks of
/// their addresses, and Stage B's masks.
package struct CurveFactorLayout: Sendable {
  /// An aligned run of 2^log cells.
  package struct Slot: Sendable, Hashable {
    package var offset = 0
    package var log: Int
  }

  package struct LowRank: Sendable {
    /// Of E-space.
    package let line: Int
    package let rank: Int
    package let logRank: Int
    /// Cell = row·2^logRank + k.
    package var left: Slot
    package var right: Slot
    /// First index of its columns in Stage B.
    package var base = 0

    /// Columns of U and V that count: those of padding do not.
    package var counted: Int { rank }
  }

  package struct Sparse: Sendable {
    package let line: Int
    package let form: CurveClause.SparseForm
    package let logCount: Int
    /// Coordinates of E-space whose bits are a slot's address, and those over which its values run.
    package let address: Range<Int>
    package let vector: Range<Int>
    /// Cell = slot·2^vector.count + y.
    package var values: Slot
    /// First of its slots in Stage B.
    package var base = 0

    /// Slots that count: those of padding do not.
    package var counted: Int { form.count }

    /// Chunks of an address.
    package var chunks: Int { (address.count + CurveLimits.logChunk - 1) / CurveLimits.logChunk }

    /// Coordinates of a chunk.
    package func chunk(_ index: Int) -> Range<Int> {
      let start = address.lowerBound + index << 3
      return start..<min(address.upperBound, start + CurveLimits.logChunk)
    }
  }

  package private(set) var lowRank: [LowRank] = []
  package private(set) var sparse: [Sparse] = []
  /// n_U: U and V and nothing else lie in cells below 2^n_U; nil without them.
  package private(set) var factorVariables: Int?
  package private(set) var logColumns = 0
  package private(set) var logSlots = 0
  /// Most chunks that an address has.
  package private(set) var chunks = 0
  /// Cell = (chunk·2^logSlots + slot)·256 + y; nil without addresses.
  package private(set) var hot: Slot?
  /// The first of the masks' cells.
  package private(set) var masks = 0
  /// The first cell that means nothing, and all behind it.
  package private(set) var used = 0

  /// v_G.
  package var variables: Int { ceilLog2(used) }
  /// Variables of Stage B besides its own `top`.
  package var structureVariables: Int { max(logColumns, logSlots) }
  /// Values that Stage B ends with: U and V, values and chunks of slots, the dummy. Each has a mask cell, in this order.
  package var valueCount: Int { (lowRank.isEmpty ? 0 : 2) + (sparse.isEmpty ? 0 : 1 + chunks) + 1 }
  /// δ, what E's mask is lessened by.
  package var dummyCell: Int { masks + valueCount }
  /// Bits of a one-hot cell's number: chunk, slot, y.
  package var hotVariables: Int { hot?.log ?? 0 }

  /// Of a round of Stage B but the first, which has one more.
  package var structureDegree: Int { max(lowRank.isEmpty ? 1 : 2, sparse.isEmpty ? 1 : 1 + chunks) }
  package var structureDegrees: [Int] {
    [structureDegree + 1] + [Int](repeating: structureDegree, count: structureVariables)
  }

  init(lines: [CurveArgumentLayout.Line], statement: CurveStatement) {
    for (index, line) in lines.enumerated() {
      guard let number = line.clause else { continue }
      let tensor = statement.tensors[line.tensor]
      let clause = tensor.clauses[number]
      let (columns, rows) = (ceilLog2(tensor.columns), ceilLog2(tensor.rows))
      if let rank = clause.rank {
        let log = ceilLog2(rank)
        lowRank.append(
          LowRank(line: index, rank: rank, logRank: log, left: Slot(log: rows + log), right: Slot(log: columns + log)))
      }
      if let form = clause.sparse {
        let (address, vector): (Range<Int>, Range<Int>) =
          switch form {
          case .entries: (0..<columns + rows, 0..<0)
          case .rows: (columns..<columns + rows, 0..<columns)
          case .columns: (0..<columns, columns..<columns + rows)
          }
        let log = ceilLog2(form.count)
        sparse.append(
          Sparse(
            line: index, form: form, logCount: log, address: address, vector: vector,
            values: Slot(log: log + vector.count)))
      }
    }
    placeFactors()
    placeSlots()
    masks = used
    used += valueCount + 1
  }

  /// Numbers in falling order of size, equal ones in theirs: one after the other they are aligned.
  private static func falling(_ logs: [Int]) -> [Int] {
    logs.indices.sorted { (logs[$1], $0) < (logs[$0], $1) }
  }

  private mutating func placeFactors() {
    guard !lowRank.isEmpty else { return }
    // U, V, U, V, …
    for index in Self.falling(lowRank.flatMap { [$0.left.log, $0.right.log] }) {
      let clause = index / 2
      if index.isMultiple(of: 2) {
        lowRank[clause].left.offset = used
        used += 1 << lowRank[clause].left.log
      } else {
        lowRank[clause].right.offset = used
        used += 1 << lowRank[clause].right.log
      }
    }
    let variables = ceilLog2(used)
    factorVariables = variables
    used = 1 << variables
    var column = 0
    for index in Self.falling(lowRank.map(\.logRank)) {
      lowRank[index].base = column
      column += 1 << lowRank[index].logRank
    }
    logColumns = ceilLog2(column)
  }

  private mutating func placeSlots() {
    guard !sparse.isEmpty else { return }
    var slot = 0
    for index in Self.falling(sparse.map(\.logCount)) {
      sparse[index].base = slot
      slot += 1 << sparse[index].logCount
    }
    logSlots = ceilLog2(slot)
    chunks = sparse.map(\.chunks).max() ?? 0
    let region = chunks > 0 ? [CurveLimits.logChunk + logSlots + ceilLog2(chunks)] : []
    // The chunks first, then values.
    for index in Self.falling(region + sparse.map(\.values.log)) {
      let log = index < region.count ? region[index] : sparse[index - region.count].values.log
      used = ((used + 1 << log - 1) >> log) << log
      if index < region.count {
        hot = Slot(offset: used, log: log)
      } else {
        sparse[index - region.count].values.offset = used
      }
      used += 1 << log
    }
  }

  /// Cells that a clause takes, before anything is made of them.
  static func cellCount(_ clause: CurveClause, of tensor: CurveTensor) -> Int {
    let (columns, rows) = (ceilLog2(tensor.columns), ceilLog2(tensor.rows))
    var count = 0
    if let rank = clause.rank { count += 1 << (rows + ceilLog2(rank)) + 1 << (columns + ceilLog2(rank)) }
    guard let form = clause.sparse else { return count }
    let slots = 1 << ceilLog2(form.count)
    let (address, vector) =
      switch form {
      case .entries: (rows + columns, 0)
      case .rows: (rows, columns)
      case .columns: (columns, rows)
      }
    let chunks = (address + CurveLimits.logChunk - 1) / CurveLimits.logChunk
    return count + slots << vector + chunks * slots << CurveLimits.logChunk
  }

  // MARK: One-hot chunks

  /// Every chunk and its slots that have an address: each sums up to 1.
  package var liveChunks: [(chunk: Int, slots: Range<Int>)] {
    sparse.flatMap { group in
      (0..<group.chunks).map { (chunk: $0, slots: group.base..<group.base + 1 << group.logCount) }
    }
  }

  /// The first of a slot's cells in a chunk.
  package func hotCell(chunk: Int, slot: Int) -> Int {
    (hot?.offset ?? 0) + (chunk << logSlots + slot) << CurveLimits.logChunk
  }
}
