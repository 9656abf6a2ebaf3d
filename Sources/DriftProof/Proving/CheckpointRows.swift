import Argument
import Checkpoint
import Commitment
import Field
import Kernels
import Synchronization

/// The rows of the drift tableau, streamed from two checkpoints in the order of the tableau's plan.
///
/// A row is narrow when all its entries fit 32 bits, otherwise made of field elements (d < 0 becomes p + d). Cells
/// outside a tensor are zero. All calls are read-only and may run on several threads at once.
package struct CheckpointRows: TableauRows {
  private let plan: TableauPlan
  private let sources: [DriftSource]
  private let cache: [RowMessage]?

  package var rowCount: Int { plan.rowCount }

  /// Bytes of rows that are kept in memory unless the caller says otherwise: the prover asks several times for each.
  package static let defaultCacheLimit = 1 << 30

  /// - Parameters:
  ///   - plan: of `tensors`.
  ///   - tensors: the tableau's tensors; each is in both checkpoints with one dtype and shape.
  ///   - cacheLimit: in bytes; rows are computed once, now and on all cores, when they fit into it.
  /// - Throws: `CheckpointError`; `DriftProofError` for a tensor that a checkpoint lacks.
  package init(
    plan: TableauPlan, tensors: [TableauTensor], base: Checkpoint, tuned: Checkpoint,
    cacheLimit: Int = CheckpointRows.defaultCacheLimit
  ) throws {
    self.plan = plan
    let sources = try tensors.map { tensor in
      try DriftSource(
        base: base, tuned: tuned, name: tensor.name, fractionBits: tensor.fractionBits, block: tensor.block)
    }
    self.sources = sources
    guard plan.rowCount * plan.length * MemoryLayout<Int32>.size <= cacheLimit else {
      cache = nil
      return
    }
    let results = Mutex([Result<RowMessage, any Error>?](repeating: nil, count: plan.rowCount))
    Parallel.forEach(plan.rowCount) { row in
      let result = Result { try Self.compute(row, plan: plan, sources: sources) }
      results.withLock { $0[row] = result }
    }
    // An array index misses only if a row was not computed, which cannot be.
    cache = try results.withLock { try $0.compactMap { try $0?.get() } }
  }

  package func message(_ row: Int) throws -> RowMessage {
    if let cache { return cache[row] }
    return try Self.compute(row, plan: plan, sources: sources)
  }

  private static func compute(_ row: Int, plan: TableauPlan, sources: [DriftSource]) throws -> RowMessage {
    var filler = RowFiller(length: plan.length)
    for region in plan.regions(ofRow: row) { try filler.fill(region, from: sources[region.tensor]) }
    return filler.message
  }
}

/// One row on its way from checkpoints to field elements.
private struct RowFiller {
  /// Entries that one read covers: two blocks of weights and their drift stay in the second-level cache.
  private static let readLimit = 1 << 14

  private var narrow: [Int32]
  /// Entries that do not fit 32 bits, in rising order of their positions.
  private var wide: [(position: Int, value: Int64)] = []
  private var isZero = true
  private var buffer: [Int64] = []

  init(length: Int) { narrow = [Int32](repeating: 0, count: length) }

  mutating func fill(_ region: TableauPlan.Region, from source: DriftSource) throws {
    let height = region.positions.count / region.width
    let rows = region.firstRow..<max(region.firstRow, min(source.rows, region.firstRow + height))
    let columns = region.firstColumn..<max(region.firstColumn, min(source.columns, region.firstColumn + region.width))
    guard !rows.isEmpty, !columns.isEmpty else { return }
    // Runs that cover whole matrix rows follow each other in the file: several in one read.
    let step = columns.count == source.columns ? max(1, Self.readLimit / source.columns) : 1
    for first in stride(from: rows.lowerBound, to: rows.upperBound, by: step) {
      let count = min(step, rows.upperBound - first)
      let start = first * source.columns + columns.lowerBound
      try source.read(start..<start + (count - 1) * source.columns + columns.count, into: &buffer)
      let target = region.positions.lowerBound + (first - region.firstRow) * region.width
      if region.width == columns.count {
        store(from: 0, count: count * columns.count, at: target)
      } else {
        for row in 0..<count {
          store(from: row * columns.count, count: columns.count, at: target + row * region.width)
        }
      }
    }
  }

  private mutating func store(from start: Int, count: Int, at position: Int) {
    var lost: Int64 = 0
    var seen: Int64 = 0
    buffer.withUnsafeBufferPointer { source in
      narrow.withUnsafeMutableBufferPointer { target in
        for i in 0..<count {
          let value = source[start + i]
          let short = Int32(truncatingIfNeeded: value)
          lost |= value ^ Int64(short)
          seen |= value
          target[position + i] = short
        }
      }
    }
    if seen != 0 { isZero = false }
    guard lost != 0 else { return }
    for i in 0..<count where Int32(exactly: buffer[start + i]) == nil { wide.append((position + i, buffer[start + i])) }
  }

  var message: RowMessage {
    if isZero { return .zero }
    if wide.isEmpty { return .narrow(narrow) }
    var cells = narrow.map { Self.element(Int64($0)) }
    for (position, value) in wide { cells[position] = Self.element(value) }
    return .field(cells)
  }

  private static func element(_ value: Int64) -> UInt64 { Goldilocks(value).value }
}
