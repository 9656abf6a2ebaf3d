// SPDX-License-Identifier: Apache-2.0

import DriftProofAdapter
import DriftProofDrift
import DriftProofStatement
import DriftProofArgument
import DriftProofArgumentProver
import DriftProofCheckpoint
import DriftProofCommitment
import DriftProofCore
import DriftProofCommitmentProver
import Foundation
import DriftProofKernels

/// Predicts what proving a statement costs, from sizes alone.
package struct CostModel: Sendable {
  let tensors: [TableauTensor]
  /// Nil when nothing is to be proved.
  let code: CodeParameters?
  package let sizes: ArgumentSizes?
  /// Bytes of both checkpoints that go through SHA-256, and bytes that are read only to be compared.
  let hashedBytes: Int
  let comparedBytes: Int
  /// Rows of each tree of the base's tableau that the proof opens, and whether their leaves are kept somewhere.
  let baseRows: [Int]
  let hasBaseCache: Bool
  /// Of a transition that is proved, too; nil for a certificate alone.
  let transition: TransitionCost?
  /// Bytes that packed rows may take.
  let packedRoom: Int

  /// A byte that is only read costs this part of one that is hashed.
  private static let comparedShare = 0.15

  /// - Parameters:
  ///   - hasIdentity: the base's identity is given, so that frozen tensors are not hashed.
  ///   - isLink: the base is a parent's model, which is not hashed at all.
  ///   - hasBaseCache: the leaves of the base's trees are at hand.
  ///   - transition: what else is proved.
  ///   - budget: from which packed rows get what the proof itself does not need.
  package init(
    derived: DerivedStatement, code: CodeParameters?, model: TunedModel, hasIdentity: Bool, isLink: Bool = false,
    hasBaseCache: Bool = false, transition: TransitionCost? = nil
  ) {
    self.init(
      derived: derived, code: code, model: model, hasIdentity: hasIdentity, isLink: isLink, hasBaseCache: hasBaseCache,
      transition: transition, budget: MemoryBudget())
  }

  init(
    derived: DerivedStatement, code: CodeParameters?, model: TunedModel, hasIdentity: Bool, isLink: Bool,
    hasBaseCache: Bool = false, transition: TransitionCost? = nil, budget: MemoryBudget
  ) {
    tensors = derived.tensors
    self.code = code
    self.hasBaseCache = hasBaseCache
    self.transition = transition
    let baseRows = code == nil ? [] : derived.baseTrees.map(\.rows)
    self.baseRows = baseRows
    sizes = code.map { ArgumentSizes(derived.statement(code: $0, binding: [])) }
    packedRoom =
      sizes.map {
        budget.room(beside: Self.peakBytes($0, baseTrees: baseRows.count, transition), workers: Self.workers)
      } ?? 0
    switch model {
    case .adapter(let adapter, let base):
      func bytes(_ checkpoint: Checkpoint) -> Int { checkpoint.tensors.reduce(0) { $0 + $1.byteRange.count } }
      // Once for the factors, once for the digests; replaced tensors of the base are as large as the adapter's.
      hashedBytes = 2 * bytes(adapter.checkpoint) + (hasIdentity ? 0 : base.map(bytes) ?? 0)
      comparedBytes = 0
    case .checkpoint(let tuned, let base):
      (hashedBytes, comparedBytes) = Self.readBytes(
        derived, base: base, tuned: tuned, hasIdentity: hasIdentity, isLink: isLink)
    }
  }

  /// Of a statement about a witness that is at hand: no file is read.
  package init(_ statement: DriftStatement) {
    tensors = statement.tensors
    code = statement.code
    sizes = ArgumentSizes(statement)
    (hashedBytes, comparedBytes, baseRows, hasBaseCache, transition, packedRoom) = (0, 0, [], false, nil, 0)
  }

  private static func readBytes(
    _ derived: DerivedStatement, base: Checkpoint, tuned: Checkpoint, hasIdentity: Bool, isLink: Bool
  ) -> (hashed: Int, compared: Int) {
    var (hashed, compared) = (0, 0)
    let divided = Set(derived.tensors.compactMap { $0.block?.tensor })
    for tensor in derived.coverage {
      let before = base.tensor(named: tensor.name)?.byteRange.count ?? 0
      let after = tuned.tensor(named: tensor.name)?.byteRange.count ?? 0
      switch tensor.tensorClass {
      case .frozen:
        hashed += hasIdentity ? 0 : before
        compared += hasIdentity ? before + after : after
      case .excluded: hashed += after + (hasIdentity ? 0 : before)
      case .norm, .rank, .kronecker, .circulant, .sparse, .entrywise, .pattern, .composed:
        hashed += after + (isLink ? 0 : before)
        compared += isLink ? before : 0
        // Heads are measured in another reading.
        if divided.contains(tensor.name) { compared += before + after }
      }
    }
    return (hashed, compared)
  }

  /// Units of work of a phase; 0 for a phase that does not occur or that no forecast counts.
  package func work(of phase: ProofPhase) -> Double {
    if phase == .reading { return Double(hashedBytes) + Self.comparedShare * Double(comparedBytes) }
    guard let sizes, let code else { return 0 }
    let driftCells = Double(sizes.driftRows * sizes.length)
    switch phase {
    case .policyCheck: return tensors.reduce(0) { $0 + Self.fittingWork($1) + Self.patternWork($1) }
    // Rows that find no room in the cache are not made beforehand.
    case .rows: return cacheBytes > 0 ? driftCells : 0
    // The base's trees are made again where their leaves are not kept.
    case .commitment:
      let base = hasBaseCache ? 0 : baseRows.reduce(0) { $0 + Self.encoding($1, sizes, bands: 1) }
      return Self.encoding(sizes.driftRows, sizes, bands: sizes.bands) + base
    case .witness:
      return Double(sizes.tileCells) + Double(sizes.structuredCells) * 8 + Double(sizes.orthonormalCells) * 46
        + Double(sizes.orthonormalProducts) * 5
    case .factors: return Self.encoding(sizes.factorRows, sizes, bands: sizes.bands)
    // The roots and differences of entrywise clauses are projected as E is.
    case .projections: return Double(sizes.tileCells + 2 * sizes.entryCells)
    case .digitCommitment: return Self.encoding(sizes.digitRows, sizes, bands: sizes.bands)
    case .boundsStage:
      return Double(
        sizes.tileCells + CostTable.entryShare * sizes.entryCells + CostTable.patternShare * sizes.patternCells + 4
          * sizes.digitCells + 2 * sizes.factorCells + 11
          * sizes.orthonormalCells)
    case .factorStages: return Double(sizes.factorCells)
    case .opening:
      let rows = sizes.driftRows + sizes.digitRows + sizes.factorRows + baseRows.reduce(0, +)
      return Double(rows * sizes.length) + 4 * Double(sizes.positions) + 1e6 * Double(code.queries) / 128
    // Reading is counted above, without sizes.
    case .reading, .byteDigests, .selfCheck, .transition: return 0
    }
  }

  /// Code positions of a tree: rows are encoded eight at a time, empty lanes too; bands are hashed besides.
  private static func encoding(_ rows: Int, _ sizes: ArgumentSizes, bands: Int) -> Double {
    let lanes = CostTable.encodedRows
    let runs = RowLeafFormat.runs(rows: rows, bands: bands).count
    let hashed = runs > 1 ? CostTable.rowsPerBand * runs : 0
    return Double(((rows + lanes - 1) / lanes * lanes + hashed) * sizes.positions)
  }

  /// Multiplications of a tensor's fits: the range finder has ten columns more than the rank.
  private static func fittingWork(_ tensor: TableauTensor) -> Double {
    tensor.clauses.reduce(0) { $0 + Double(tensor.rows * tensor.columns * (10 + ($1.rank ?? 0))) }
  }

  /// Reads of a tensor for its patterns.
  private static func patternWork(_ tensor: TableauTensor) -> Double {
    Double(tensor.patterns.count * tensor.rows * tensor.columns)
  }

  /// Seconds of each phase that occurs, on a machine `speed` times as fast as the table's.
  package func phases(speed: Double = 1) -> [(phase: ProofPhase, seconds: Double)] {
    CostTable.costs.compactMap { cost in
      let units = work(of: cost.phase)
      guard units > 0 || cost.phase == .selfCheck else { return nil }
      return (cost.phase, (cost.fixed + (cost.nanoseconds * units + streaming(cost.phase)) / 1e9) / speed)
    } + (transition.map { [(.transition, $0.seconds(hasBaseCache: hasBaseCache) / speed)] } ?? [])
  }

  /// Nanoseconds of a phase's passes over rows that are not kept as they are: most of them are unpacked; for those that
  /// found no room both checkpoints are read again in each.
  private func streaming(_ phase: ProofPhase) -> Double {
    guard let sizes, cacheBytes == 0 else { return 0 }
    let passes = Double(CostTable.streamedPasses[phase] ?? 0)
    let missing = 1 - Double(packedBytes) / Double(max(1, packedBytesOfAll))
    let first = phase == .commitment ? 1.0 : 0
    let nanoseconds =
      (first + (passes - first) * missing) * CostTable.streamedNanoseconds
      + (passes - first) * (1 - missing) * CostTable.unpackingNanoseconds
    return nanoseconds * Double(sizes.driftRows * sizes.length)
  }

  /// Bytes of rows that are kept as they are between passes: all or none.
  var cacheBytes: Int { sizes.map(Self.cacheBytes) ?? 0 }

  private static func cacheBytes(_ sizes: ArgumentSizes) -> Int {
    let bytes = 4 * sizes.driftRows * sizes.length
    return bytes <= RowRoom.defaultWhole ? bytes : 0
  }

  /// What all rows take when they are packed.
  private var packedBytesOfAll: Int {
    guard let sizes, cacheBytes == 0 else { return 0 }
    return CostTable.bytesPerPackedCell * sizes.driftRows * sizes.length
  }

  /// What packed rows will take: as much of it as there is room for.
  var packedBytes: Int { min(packedRoom, packedBytesOfAll) }

  /// Resident bytes without which the proof cannot be, at the peak: rows that are kept whole, tiles that are kept and the
  /// trees last; on top of them a tree is being made, the bounds stage's tables stand, or the combinations of an opening.
  /// Packed rows come on top, where there is room for them.
  package var peakBytes: Int {
    sizes.map { Self.peakBytes($0, baseTrees: baseRows.count, transition) } ?? CostTable.fixedBytes
  }

  static var workers: Int { ProcessInfo.processInfo.activeProcessorCount }

  /// - Parameters:
  ///   - baseTrees: how many of the base's the proof holds besides its own.
  ///   - transition: whose trees stand when the proof's own are gone, the drift's excepted.
  private static func peakBytes(_ sizes: ArgumentSizes, baseTrees: Int, _ transition: TransitionCost?) -> Int {
    let isLarge = sizes.positions >= 1 << CostTable.logLargeTree
    let treeBytes = (isLarge ? CostTable.bytesPerPosition : 2 * CostTable.bytesPerPosition) * sizes.positions
    let workers = sizes.length >= 1 << CostTable.logSharedRow ? 1 : Self.workers
    // Two runs of a banded tree have an array each while it is made.
    let runs = sizes.bands > 1 ? 2 * CostTable.bytesPerPosition * sizes.positions : 0
    let encoding = CostTable.encodedRows * sizes.length * (CostTable.bytesPerEncodedCell * workers + 4) + runs
    let tables =
      CostTable.tableBytesPerTileCell * Double(sizes.tileCells)
      + CostTable.tableBytesPerEntryCell * Double(sizes.entryCells)
      + CostTable.tableBytesPerPatternCell * Double(sizes.patternCells)
      + CostTable.tableBytesPerDigitCell * Double(sizes.digitCells)
      + CostTable.tableBytesPerFactorCell * Double(sizes.factorCells)
      + CostTable.tableBytesPerOrthonormalColumn * Double(sizes.orthonormalColumns)
    let claims = sizes.factorRows > 0 ? 2.0 : 1.0
    // All combinations are encoded at once, a coset after the other.
    let opening =
      claims * CostTable.openingBytesPerCell * Double(sizes.length)
      + Double(CostTable.encodedRows * CostTable.bytesPerEncodedCell * workers * sizes.length)
    let tiles = 4 * sizes.structuredCells <= RowRoom.defaultWhole ? 4 * sizes.structuredCells : 0
    return CostTable.fixedBytes + cacheBytes(sizes) + tiles
      + max((sizes.factorRows > 0 ? 3 : 2) + baseTrees, transition?.trees ?? 0) * treeBytes
      + max(encoding, Int(tables), Int(opening))
  }

  /// Seconds of a small commitment, the best of a few: what encoding, hashing and threads cost here. About a second.
  package static func machineSeconds() -> Double {
    let rows = MicroRows(rowCount: 16, length: 1 << 16)
    let code = CodeParameters(unchecked: 16, logBlowup: 2, queries: 64, grindingBits: 0, driftTail: 64)
    let shapes = [RowShape](repeating: RowShape(tailOffset: 1 << 16, tailCount: 64), count: rows.rowCount)
    var best = Double.infinity
    for _ in 0..<5 {
      let start = ContinuousClock.now
      let secret = [UInt8](repeating: 0, count: SHA256.digestLength)
      _ = try? HashCommitment(code).commit(label: ArgumentLabel.drift, rows: rows, shapes: shapes, secret: secret)
      best = min(best, (ContinuousClock.now - start) / .seconds(1))
    }
    return best
  }

  /// How many times as fast as the table's machine this one is.
  package static func measuredSpeed() -> Double { CostTable.referenceSeconds / max(1e-6, machineSeconds()) }
}

/// Rows of small integers without any meaning.
private struct MicroRows: TableauRows {
  let rowCount: Int
  let length: Int

  func message(_ row: Int) -> RowMessage {
    .narrow((0..<length).map { Int32(truncatingIfNeeded: ($0 &* 2_654_435_761 &+ row) & 0xFFFF) - 0x8000 })
  }
}
