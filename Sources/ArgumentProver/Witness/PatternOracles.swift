// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCommitmentProver
import DriftProofCore
import DriftProofField
import DriftProofKernels

/// The oracles of pattern claims on Z-space: cells made from the drift and the base in every pass, held where they are few.
struct PatternOracles: Sendable {
  /// An oracle's row of one tile in place of the honest one.
  typealias Replacement = @Sendable (_ oracle: PatternOracle, _ position: Int, _ row: RowMessage) -> RowMessage

  /// One tensor's part of a tile.
  struct Run: Sendable {
    var region: TileRegion
    var claim: PatternClaim
    var tensor: Int
    var positions: Range<Int> { region.positions }
  }

  let layout: ArgumentLayout
  /// By tile, in rising order of positions.
  let runs: [[Run]]
  private let drift: any TableauRows
  /// By tree of the statement.
  private let base: [any TableauRows]
  /// By tile: index of the tree and row.
  private let baseRows: [(tree: Int, row: Int)?]
  /// By tile, where all of them are held.
  private var kept: [PatternRows] = []
  var replacement: Replacement?
  /// Of what is committed, where that is not what the prover argues about.
  var committedReplacement: Replacement?

  init(layout: ArgumentLayout, drift: any TableauRows, base: [any TableauRows]) {
    precondition(base.count == layout.statement.baseTrees.count, "rows for every tree of the base")
    self.layout = layout
    self.drift = drift
    self.base = base
    let patterns = layout.patterns
    runs = patterns.tiles.map { tile in
      let block = patterns.blocks[tile.block]
      return block.members.map { member in
        Run(
          region: TileRegion(layout: layout.tableau, block: block, member: member, tile: tile.tile),
          claim: layout.statement.tensors[member].patterns[block.set], tensor: member)
      }.sorted { $0.positions.lowerBound < $1.positions.lowerBound }
    }
    let numbers = layout.statement.baseTrees.map(\.number)
    baseRows = patterns.tiles.map { tile in
      tile.base.flatMap { place in numbers.firstIndex(of: place.tree).map { ($0, place.row) } }
    }
  }

  /// Tiles of Z-space.
  var count: Int { runs.count }

  /// Bytes of all rows, as far as they are narrow.
  var byteCount: Int { count * layout.length * MemoryLayout<Int32>.size * PatternOracle.allCases.count }

  // MARK: Rows

  /// What the prover argues about.
  func rows(_ position: Int) throws -> PatternRows {
    var rows = kept.isEmpty ? try honest(position) : kept[position]
    guard let replacement else { return rows }
    for oracle in layout.patterns.oracles { rows[oracle] = replacement(oracle, position, rows[oracle]) }
    return rows
  }

  /// Takes back what ``rows(_:)`` gave, unless it is held here.
  func recycle(_ rows: PatternRows, _ position: Int) {
    guard kept.isEmpty, replacement == nil else { return }
    drift.recycle(rows.drift)
    if let place = baseRows[position] { base[place.tree].recycle(rows.base) }
  }

  /// Makes all of them once, for the passes to come.
  mutating func keep() throws {
    let own = self
    kept = try Parallel.map(count) { position in try own.honest(position) }
  }

  /// A row of P1.
  func committed(_ position: Int) throws -> RowMessage {
    let own = try rows(position)
    defer { recycle(own, position) }
    return committedReplacement?(.cells, position, own.cells) ?? own.cells
  }

  private func honest(_ position: Int) throws -> PatternRows {
    let drift = try drift.message(layout.patterns.tiles[position].row)
    let base = try baseRows[position].map { try self.base[$0.tree].message($0.row) } ?? .zero
    return PatternRows(cells: cells(position, drift, base), drift: drift, base: base)
  }

  // MARK: Cells

  private func cells(_ position: Int, _ drift: RowMessage, _ base: RowMessage) -> RowMessage {
    let runs = runs[position]
    let (drift, base) = (PatternValues(drift), PatternValues(base))
    guard runs.contains(where: { !$0.claim.hasGroups }) else {
      var bits = [Int32](repeating: 0, count: layout.length)
      for run in runs { Self.groups(run, drift, base) { bits[$0] = 1 } }
      return .narrow(bits)
    }
    var values = [UInt64](repeating: 0, count: layout.length)
    for run in runs {
      if run.claim.hasGroups {
        Self.groups(run, drift, base) { values[$0] = 1 }
      } else {
        Self.ratios(run, drift, base, &values)
      }
    }
    return .field(values)
  }

  /// Calls `set` for the places of a pattern: where the value is not 0, and for as many others of each group as it lacks.
  private static func groups(_ run: Run, _ drift: PatternValues, _ base: PatternValues, _ set: (Int) -> Void) {
    let size = run.claim.group
    for first in stride(from: run.positions.lowerBound, to: run.positions.upperBound, by: size) {
      var bits = occupied(run, first, drift, base)
      var missing = run.claim.count - bits.nonzeroBitCount
      for x in 0..<size {
        let bit: UInt64 = 1 << UInt64(x)
        if bits & bit == 0 {
          guard missing > 0 else { continue }
          bits |= bit
          missing -= 1
        }
        set(first + x)
      }
    }
  }

  /// The places of a group whose value is not 0, lowest first.
  private static func occupied(_ run: Run, _ first: Int, _ drift: PatternValues, _ base: PatternValues) -> UInt64 {
    let tuned = run.claim.speaksOfBase
    var bits: UInt64 = 0
    for x in 0..<run.claim.group {
      let value = tuned ? drift[first + x] + base[first + x] : drift[first + x]
      if value != .zero { bits |= 1 << UInt64(x) }
    }
    return bits
  }

  /// X/T where T is not 0. The inverses of a block of places come from one.
  private static func ratios(_ run: Run, _ drift: PatternValues, _ base: PatternValues, _ values: inout [UInt64]) {
    let block = 256
    for first in stride(from: run.positions.lowerBound, to: run.positions.upperBound, by: block) {
      let places = (first..<min(first + block, run.positions.upperBound)).filter {
        drift[$0] != .zero && base[$0] != .zero
      }
      var products = [Goldilocks.one]
      for x in places { products.append(products[products.count - 1] * base[x]) }
      var inverse = products[products.count - 1].inverse
      for (index, x) in places.enumerated().reversed() {
        values[x] = (drift[x] * products[index] * inverse).value
        inverse *= base[x]
      }
    }
  }

  // MARK: Completeness

  /// Refuses a drift outside its patterns: before P1.
  func check() throws {
    try DriftTiles.ascending(count, workers: DriftTiles.workers(length: layout.length), {}, merge: { _, _ in }) {
      _, position in
      let rows = try rows(position)
      defer { recycle(rows, position) }
      for run in runs[position] {
        guard let x = Self.violation(run, rows) else { continue }
        let (row, column) = run.region.coordinates(x)
        throw ArgumentRefusal.patternViolated(
          tensor: layout.statement.tensors[run.tensor].name, row: row, column: column)
      }
    }
  }

  /// The first place of a group with too many values that are not 0, or of a weight that must stay 0.
  private static func violation(_ run: Run, _ rows: PatternRows) -> Int? {
    let (drift, base) = (PatternValues(rows.drift), PatternValues(rows.base))
    guard run.claim.hasGroups else {
      return run.positions.first { base[$0] == .zero && drift[$0] != .zero }
    }
    return stride(from: run.positions.lowerBound, to: run.positions.upperBound, by: run.claim.group).first {
      occupied(run, $0, drift, base).nonzeroBitCount > run.claim.count
    }
  }
}

/// A row's values, place by place; a row may be shorter than its tile, and is 0 behind.
struct PatternValues {
  private var narrow: [Int32] = []
  private var field: [UInt64] = []

  init(_ row: RowMessage) {
    switch row {
    case .zero: break
    case .narrow(let values): narrow = values
    case .field(let values): field = values
    }
  }

  /// Sets each entry to Σ_b weights[b]·value over as many places, from `start` on.
  func fold(_ start: Int, weights: [CubicExtension], into table: inout [CubicExtension]) {
    let size = weights.count
    for group in table.indices {
      let first = start + group * size
      var sum = CubicExtension.zero
      if first + size <= narrow.count {
        for offset in 0..<size {
          let value = narrow[first + offset]
          // Most cells are bits.
          if value == 1 {
            sum += weights[offset]
          } else if value != 0 {
            sum += weights[offset] * Goldilocks(Int(value))
          }
        }
      } else {
        for offset in 0..<size where self[first + offset] != .zero { sum += weights[offset] * self[first + offset] }
      }
      table[group] = sum
    }
  }

  subscript(x: Int) -> Goldilocks {
    if x < narrow.count { return Goldilocks(Int(narrow[x])) }
    return x < field.count ? Goldilocks(reducing: field[x]) : .zero
  }
}

/// The rows of Z-space's oracles on one tile.
struct PatternRows: Sendable {
  var cells: RowMessage
  var drift: RowMessage
  var base: RowMessage

  subscript(oracle: PatternOracle) -> RowMessage {
    get {
      switch oracle {
      case .cells: cells
      case .drift: drift
      case .base: base
      }
    }
    set {
      switch oracle {
      case .cells: cells = newValue
      case .drift: drift = newValue
      case .base: base = newValue
      }
    }
  }
}
