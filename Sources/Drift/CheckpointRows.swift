// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCheckpoint
import DriftProofCertificate
import DriftProofCore
import DriftProofCommitmentProver
import DriftProofField
import DriftProofKernels

/// The rows of the drift tableau, streamed from two checkpoints in the order of the tableau's plan.
///
/// A row is narrow when all its entries fit 32 bits, otherwise made of field elements (d < 0 becomes p + d). Cells
/// outside a tensor are zero. All calls are read-only and may run on several threads at once.
package struct CheckpointRows: TableauRows {
  private let plan: TableauPlan
  private let sources: [RowSource]
  private let cache: RowCache
  private let asked: (@Sendable () -> Void)?

  package var rowCount: Int { plan.rowCount }

  /// Rows after the one asked for that the system is told to fetch: what a commitment encodes at once.
  private static let lookAhead = 8

  /// - Parameters:
  ///   - plan: of `tensors`.
  ///   - tensors: the tableau's tensors; each is in both checkpoints with one dtype and shape.
  ///   - room: for rows in memory. When all rows fit as they are they are made now, on all cores; otherwise each is packed
  ///     when it is first asked for.
  ///   - asked: told of each row that is asked for: a unit of progress.
  /// - Throws: `CheckpointError`; `DriftProofError` for a tensor that a checkpoint lacks.
  package init(
    plan: TableauPlan, tensors: [TableauTensor], base: Checkpoint, tuned: Checkpoint, room: RowRoom = RowRoom(),
    asked: (@Sendable () -> Void)? = nil
  ) throws {
    try self.init(
      plan: plan, tensors: tensors, pair: CheckpointPair(base: base, tuned: tuned), factors: [:], room: room,
      asked: asked)
  }

  /// With tensors that lie in memory, by name; the others are in both checkpoints, without which they cannot be.
  package init(
    plan: TableauPlan, tensors: [TableauTensor], pair: CheckpointPair?, factors: [String: FactorMatrix],
    room: RowRoom = RowRoom(), asked: (@Sendable () -> Void)? = nil
  ) throws {
    self.plan = plan
    self.asked = asked
    let sources = try tensors.map { tensor in
      if let matrix = factors[tensor.name] { return RowSource.memory(matrix) }
      guard let pair else { throw DriftProofError.missingInput(.baseOfAdapter) }
      return .checkpoints(
        try DriftSource(pair, name: tensor.name, fractionBits: tensor.fractionBits, block: tensor.block))
    }
    self.sources = sources
    let cache = RowCache(rowCount: plan.rowCount, length: plan.length, room: room)
    self.cache = cache
    guard cache.keepsWhole else { return }
    _ = try Parallel.map(plan.rowCount) { row in
      cache.keep(try Self.compute(row, plan: plan, sources: sources, cache: cache), row: row)
    }
  }

  package func message(_ row: Int) throws -> RowMessage {
    asked?()
    if let kept = cache.message(row) { return kept }
    if row + Self.lookAhead < rowCount, !cache.holds(row + Self.lookAhead) { fetch(row + Self.lookAhead) }
    let message = try Self.compute(row, plan: plan, sources: sources, cache: cache)
    cache.keep(message, row: row)
    return message
  }

  package func recycle(_ message: RowMessage) { cache.recycle(message) }
  package func releaseRecycled() { cache.releaseRecycled() }

  /// A hint for runs that lie together in the files.
  private func fetch(_ row: Int) {
    for region in plan.regions(ofRow: row) {
      guard case .checkpoints(let source) = sources[region.tensor] else { continue }
      let run = RegionRun(region, source)
      if run.isDense { source.willRead(run.entries) }
    }
  }

  private static func compute(
    _ row: Int, plan: TableauPlan, sources: [RowSource], cache: RowCache
  ) throws -> RowMessage {
    let regions = plan.regions(ofRow: row)
    let filled = regions.reduce(0) { $0 + sources[$1.tensor].cellCount($1) }
    var filler = RowFiller(length: plan.length, cache: cache, isFull: filled == plan.length)
    for region in regions {
      switch sources[region.tensor] {
      case .checkpoints(let source): try filler.fill(region, from: source)
      case .memory(let matrix): filler.fill(region, from: matrix)
      }
    }
    return filler.message
  }
}

/// Where a tensor's integers come from.
private enum RowSource: Sendable {
  case checkpoints(DriftSource)
  case memory(FactorMatrix)

  /// Cells of a region that lie inside the tensor: all that are written.
  func cellCount(_ region: TableauPlan.Region) -> Int {
    switch self {
    case .checkpoints(let source):
      let run = RegionRun(region, source)
      return run.rows.count * run.columns.count
    case .memory(let matrix):
      let height = region.positions.count / region.width
      return max(0, min(height, matrix.rows - region.firstRow))
        * max(0, min(region.width, matrix.columns - region.firstColumn))
    }
  }
}

/// The part of a region that lies inside its tensor.
private struct RegionRun {
  let rows: Range<Int>
  let columns: Range<Int>
  /// Whole rows of the file's matrix: neighbours in the file, too.
  let isDense: Bool
  /// Flat indices, in the whole tensor, from the first entry to the last.
  let entries: Range<Int>

  init(_ region: TableauPlan.Region, _ source: DriftSource) {
    let height = region.positions.count / region.width
    rows = region.firstRow..<max(region.firstRow, min(source.rows, region.firstRow + height))
    columns = region.firstColumn..<max(region.firstColumn, min(source.columns, region.firstColumn + region.width))
    isDense = source.isDense && columns.count == source.columns
    let start = source.wholeIndex(row: rows.lowerBound, column: columns.lowerBound)
    guard !rows.isEmpty, !columns.isEmpty else {
      entries = start..<start
      return
    }
    entries = start..<source.wholeIndex(row: rows.upperBound - 1, column: columns.upperBound - 1) + 1
  }
}

/// One row on its way from checkpoints to field elements.
private struct RowFiller {
  private var narrow: [Int32]
  private var wide: [DriftReader.Wide] = []
  private var isZero = true

  /// - Parameter isFull: every cell lies in a tensor and will be written.
  init(length: Int, cache: RowCache, isFull: Bool) {
    narrow = cache.emptyRow(count: length)
    // Cells outside all tensors are zero.
    guard !isFull else { return }
    var cells = narrow.mutableSpan
    cells.update(repeating: 0)
  }

  mutating func fill(_ region: TableauPlan.Region, from source: DriftSource) throws {
    let run = RegionRun(region, source)
    let columns = run.columns.count
    guard !run.entries.isEmpty else { return }
    var reader = try source.reader()
    // Whole matrix rows follow each other in the file: several in one read. Long ones are cut.
    let step = run.isDense ? max(1, DriftSource.block / columns) : 1
    for first in stride(from: run.rows.lowerBound, to: run.rows.upperBound, by: step) {
      let count = min(step, run.rows.upperBound - first)
      let start = source.wholeIndex(row: first, column: run.columns.lowerBound)
      let target = region.positions.lowerBound + (first - region.firstRow) * region.width
      if count == 1 {
        for piece in stride(from: 0, to: columns, by: DriftSource.block) {
          let length = min(DriftSource.block, columns - piece)
          try reader.load(start + piece..<start + piece + length)
          try convert(&reader, first: 0, count: length, at: target + piece)
        }
        continue
      }
      try reader.load(start..<start + count * columns)
      if region.width == columns {
        try convert(&reader, first: 0, count: count * columns, at: target)
      } else {
        for row in 0..<count {
          try convert(&reader, first: row * columns, count: columns, at: target + row * region.width)
        }
      }
    }
  }

  mutating func fill(_ region: TableauPlan.Region, from matrix: FactorMatrix) {
    let height = region.positions.count / region.width
    let rows = min(height, matrix.rows - region.firstRow)
    let columns = min(region.width, matrix.columns - region.firstColumn)
    guard rows > 0, columns > 0 else { return }
    for row in 0..<rows {
      let source = (region.firstRow + row) * matrix.columns + region.firstColumn
      let target = region.positions.lowerBound + row * region.width
      for column in 0..<columns {
        let value = matrix.narrow[source + column]
        narrow[target + column] = value
        if value != 0 { isZero = false }
      }
    }
    for entry in matrix.wide {
      let (row, column) = entry.position.quotientAndRemainder(dividingBy: matrix.columns)
      let (i, j) = (row - region.firstRow, column - region.firstColumn)
      guard (0..<rows).contains(i), (0..<columns).contains(j) else { continue }
      wide.append(.init(position: region.positions.lowerBound + i * region.width + j, value: entry.value))
      isZero = false
    }
  }

  private mutating func convert(_ reader: inout DriftReader, first: Int, count: Int, at position: Int) throws {
    if try reader.convert(first: first, count: count, into: &narrow, at: position, wide: &wide) { isZero = false }
  }

  var message: RowMessage {
    if isZero { return .zero }
    if wide.isEmpty { return .narrow(narrow) }
    var cells = narrow.map { Self.element(Int64($0)) }
    for entry in wide { cells[entry.position] = Self.element(entry.value) }
    return .field(cells)
  }

  private static func element(_ value: Int64) -> UInt64 { Goldilocks(value).value }
}
