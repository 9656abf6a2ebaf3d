// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCommitmentProver
import DriftProofCore
import DriftProofField
import DriftProofKernels

/// The oracles of rounding claims on R-space: made from E's tiles, the drift and the base in every pass, never held.
///
/// Values are canonical field elements: an honest prover's are small integers, a cheating prover's may be anything.
struct RoundingOracles: Sendable {
  /// An oracle's values on one tile in place of the honest ones.
  typealias Replacement =
    @Sendable (_ oracle: EntryOracle, _ position: Int, _ values: [UInt64]) -> [UInt64]

  /// One tensor's part of a tile.
  struct Run: Sendable {
    var positions: Range<Int>
    var claim: EntryClaim
    var rounding: RoundingClaim
  }

  let layout: ArgumentLayout
  /// By tile, in rising order of positions.
  let runs: [[Run]]
  /// w by tile.
  let fineShifts: [Int]
  private let drift: any TableauRows
  /// By tree of the statement.
  private let base: [any TableauRows]
  /// By tile: index of the tree and row.
  private let baseRows: [(tree: Int, row: Int)?]
  /// By tile, where all of them are held.
  private var kept: [RoundingValues] = []
  var replacement: Replacement?
  /// Of what is committed, where that is not what the prover argues about.
  var committedReplacement: Replacement?

  init(layout: ArgumentLayout, drift: any TableauRows, base: [any TableauRows]) {
    precondition(base.count == layout.statement.baseTrees.count, "rows for every tree of the base")
    self.layout = layout
    self.drift = drift
    self.base = base
    let tableau = layout.tableau
    var runs: [[Run]] = []
    var shifts: [Int] = []
    for block in tableau.blocks.prefix(tableau.entryBlocks) {
      for (tile, _) in block.tiles {
        runs.append(
          block.members.compactMap { member -> Run? in
            let tensor = layout.statement.tensors[member]
            guard let claim = tensor.clauses[block.set - (tensor.isPlain ? 1 : 0)].entries,
              let rounding = claim.rounding
            else { return nil }
            let region = TileRegion(layout: tableau, block: block, member: member, tile: tile)
            return Run(positions: region.positions, claim: claim, rounding: rounding)
          }.sorted { $0.positions.lowerBound < $1.positions.lowerBound })
        shifts.append(block.signature.rounding?.fineShift ?? 0)
      }
    }
    self.runs = runs
    fineShifts = shifts
    let numbers = layout.statement.baseTrees.map(\.number)
    baseRows = layout.entries.tiles.map { tile in
      tile.base.flatMap { place in numbers.firstIndex(of: place.tree).map { ($0, place.row) } }
    }
  }

  /// Tiles of R-space: the first of E-space's, in the same order.
  var count: Int { runs.count }

  // MARK: Values

  /// What the prover argues about.
  func values(_ position: Int, _ entries: RowMessage) throws -> RoundingValues {
    var values = kept.isEmpty ? try honest(position, entries) : kept[position]
    guard let replacement else { return values }
    for oracle in layout.entries.oracles {
      values.replace(oracle, by: replacement(oracle, position, values[oracle]))
    }
    return values
  }

  /// Bytes of the oracles' values.
  var byteCount: Int { count * layout.length * MemoryLayout<UInt64>.size * EntryOracle.allCases.count }

  /// Makes all of them once, for the passes to come.
  mutating func keep(_ tiles: DriftTiles) throws {
    let own = self
    kept = try Parallel.map(count) { position in
      let entries = try tiles.entries(position)
      defer { tiles.recycle(entries) }
      return try own.honest(position, entries)
    }
  }

  /// A row of P1.
  func committed(_ oracle: EntryOracle, _ position: Int, _ entries: RowMessage) throws -> RowMessage {
    let own = try values(position, entries)[oracle]
    return Self.message(committedReplacement?(oracle, position, own) ?? own)
  }

  private func honest(_ position: Int, _ entries: RowMessage) throws -> RoundingValues {
    let length = layout.length
    let drift = try drift.message(layout.entries.tiles[position].row)
    let base = try baseRows[position].map { try self.base[$0.tree].message($0.row) } ?? .zero
    var result = RoundingValues(length: length)
    result.replace(.drift, by: Self.elements(drift, length))
    result.replace(.base, by: Self.elements(base, length))
    let shift = Int64(fineShifts[position])
    let half = shift == 0 ? 0 : 1 << (shift - 1) as Int64
    for run in runs[position] {
      for x in run.positions {
        let e = entries.element(x).centred
        let (r, u, v, a, a2) = Self.honest(
          residue: (e + half) >> shift, drift: drift.element(x).centred, base: base.element(x).centred, run: run)
        result.set(x, r: r, u: u, v: v, a: a, a2: a2)
      }
    }
    self.drift.recycle(drift)
    if let place = baseRows[position] { self.base[place.tree].recycle(base) }
    return result
  }

  /// The class of a tuned weight: the largest power of two with φ·u ≤ |q'|, at least 1, at most 2^J.
  static func logClass(_ tuned: Int64, logClasses: Int) -> Int64 {
    let log = 63 - max(1, tuned.magnitude).leadingZeroBitCount
    return Int64(min(logClasses, max(0, log - RoundingClaim.floor.trailingZeroBitCount)))
  }

  /// What r² may be at most, times e, for an honest prover: R1 without r and a.
  static func bound(_ claim: EntryClaim, _ rounding: RoundingClaim, u: Int64, drift: Int64, base: Int64) -> Double {
    let (q, x, t, own) = (Double(base + drift), Double(drift), Double(base), Double(u) * Double(rounding.classBound))
    return Double(claim.square) + own * own + Double(rounding.tuned) * q * q + Double(rounding.base) * t * t
      + Double(rounding.drift) * x * x
  }

  private static func honest(
    residue r: Int64, drift: Int64, base: Int64, run: Run
  ) -> (r: Int64, u: Int64, v: Int64, a: Int64, a2: Int64) {
    let rounding = run.rounding
    let q = base + drift
    var (u, v, a2): (Int64, Int64, Int64) = (0, 0, 0)
    if rounding.hasClasses {
      let log = logClass(q, logClasses: rounding.logClasses)
      u = 1 << log
      v = 1 << (Int64(rounding.logClasses) - log)
      let own = Double(q) * Double(q) - Double(RoundingClaim.floor * RoundingClaim.floor) * (Double(u * u) - 1)
      a2 = own > 0 ? Int64(own.squareRoot().rounded()) : 0
    }
    let rest =
      bound(run.claim, rounding, u: u, drift: drift, base: base) / Double(rounding.residualWeight)
      - Double(r) * Double(r)
    return (r, u, v, rest > 0 ? Int64(min(1e15, rest.squareRoot().rounded())) : 0, a2)
  }

  /// What the families project, of one tile: ρ first (nothing without a fine shift), then the layout's families.
  func projected(
    _ position: Int, _ entries: RowMessage, _ values: RoundingValues
  ) -> (lost: RowMessage, families: [RowMessage]) {
    let length = layout.length
    var lost = [UInt64](repeating: 0, count: length)
    if fineShifts[position] > 0 {
      let power = Goldilocks(1 << fineShifts[position])
      for x in 0..<length {
        lost[x] = (entries.element(x) - Goldilocks(reducing: values[.residues][x]) * power).value
      }
    }
    let hasClasses = runs[position].contains { $0.rounding.hasClasses }
    let families = layout.entries.families.map { family -> RowMessage in
      switch family {
      case .roots: return Self.message(values[.roots])
      case .residues: return Self.message(values[.residues])
      case .classRoots: return hasClasses ? Self.message(values[.classRoots]) : .zero
      case .classes: return hasClasses ? Self.message(values[.classes]) : .zero
      case .cofactors: return hasClasses ? Self.message(values[.cofactors]) : .zero
      case .differences: return Self.message(differences(position, values, Self.first))
      case .classDifferences: return Self.message(differences(position, values, Self.second))
      }
    }
    return (Self.message(lost), families)
  }

  private typealias Relation = (Run, (EntryOracle) -> Goldilocks) -> Goldilocks

  private func differences(_ position: Int, _ values: RoundingValues, _ relation: Relation) -> [UInt64] {
    var result = [UInt64](repeating: 0, count: layout.length)
    for run in runs[position] {
      for x in run.positions {
        result[x] = relation(run) { Goldilocks(reducing: values[$0][x]) }.value
      }
    }
    return result
  }

  /// d1.
  private static func first(_ run: Run, _ value: (EntryOracle) -> Goldilocks) -> Goldilocks {
    let rounding = run.rounding
    let (x, t, r, a) = (value(.drift), value(.base), value(.residues), value(.roots))
    let (q, own) = (x + t, value(.classes) * Goldilocks(rounding.classBound))
    return Goldilocks(run.claim.square) + own * own + Goldilocks(rounding.tuned) * q * q
      + Goldilocks(rounding.base) * t * t + Goldilocks(rounding.drift) * x * x
      - Goldilocks(rounding.residualWeight) * (r * r + a * a)
  }

  /// d2.
  private static func second(_ run: Run, _ value: (EntryOracle) -> Goldilocks) -> Goldilocks {
    guard run.rounding.hasClasses else { return .zero }
    let floor = Goldilocks(RoundingClaim.floor)
    let (q, u, a2) = (value(.drift) + value(.base), value(.classes) * floor, value(.classRoots))
    return q * q + floor * floor - u * u - a2 * a2
  }

  // MARK: Completeness

  /// Refuses entries outside their bound, and chunks whose projections might leave their range: before P1, never after R
  /// is known.
  func check(_ entries: RowMessage, position: Int, of tiles: DriftTiles, by completeness: Completeness) throws {
    let values = try values(position, entries)
    for run in runs[position] {
      let weight = Double(run.rounding.residualWeight)
      for x in run.positions {
        let r = Double(Goldilocks(reducing: values[.residues][x]).centred)
        let bound = Self.bound(
          run.claim, run.rounding, u: Goldilocks(reducing: values[.classes][x]).centred,
          drift: Goldilocks(reducing: values[.drift][x]).centred, base: Goldilocks(reducing: values[.base][x]).centred)
        guard weight * r * r > bound else { continue }
        throw completeness.entryRefusal(tiles.tiles[position], at: x)
      }
    }
    let made = projected(position, entries, values)
    let piece = pieces[position]
    try completeness.check(
      made.lost, position: position, of: tiles, range: layout.entries.residualRange(piece: piece))
    for (family, message) in zip(layout.entries.families, made.families) {
      guard let range = layout.entries.range(family, piece: piece) else { continue }
      try completeness.check(message, position: position, of: tiles, range: range)
    }
  }

  /// By tile: its first piece, whose ranges are those of all its block's.
  private var pieces: [Int] {
    let tableau = layout.tableau
    return zip(tableau.blocks, tableau.entryPieces).flatMap { block, own in
      block.tiles.map { _ in own.lowerBound }
    }
  }

  // MARK: Rows

  static func elements(_ message: RowMessage, _ length: Int) -> [UInt64] {
    var result: [UInt64]
    switch message {
    case .zero: result = []
    case .narrow(let values): result = values.map { Goldilocks(Int($0)).value }
    case .field(let values): result = values.map { Goldilocks(reducing: $0).value }
    }
    if result.count < length { result += [UInt64](repeating: 0, count: length - result.count) }
    return result
  }

  /// Narrow where all values are.
  static func message(_ values: [UInt64]) -> RowMessage {
    var narrow = [Int32](repeating: 0, count: values.count)
    var seen: Int64 = 0
    for (index, value) in values.enumerated() {
      let centred = Goldilocks(reducing: value).centred
      let short = Int32(truncatingIfNeeded: centred)
      guard Int64(short) == centred else { return .field(values) }
      narrow[index] = short
      seen |= centred
    }
    return seen == 0 ? .zero : .narrow(narrow)
  }
}

/// Values of R-space's oracles on one tile: canonical field elements.
struct RoundingValues: Sendable {
  private var values: [[UInt64]]

  init(length: Int) {
    values = [[UInt64]](repeating: [UInt64](repeating: 0, count: length), count: EntryOracle.allCases.count)
  }

  subscript(oracle: EntryOracle) -> [UInt64] { values[oracle.rawValue] }

  mutating func replace(_ oracle: EntryOracle, by own: [UInt64]) { values[oracle.rawValue] = own }

  mutating func set(_ x: Int, r: Int64, u: Int64, v: Int64, a: Int64, a2: Int64) {
    values[EntryOracle.residues.rawValue][x] = Goldilocks(r).value
    values[EntryOracle.classes.rawValue][x] = Goldilocks(u).value
    values[EntryOracle.cofactors.rawValue][x] = Goldilocks(v).value
    values[EntryOracle.roots.rawValue][x] = Goldilocks(a).value
    values[EntryOracle.classRoots.rawValue][x] = Goldilocks(a2).value
  }
}
