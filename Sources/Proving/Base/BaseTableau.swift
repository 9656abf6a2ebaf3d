// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofCommitment
import DriftProofCommitmentProver
import DriftProofCore
import DriftProofDrift
import DriftProofKernels
import DriftProofStatement
import Synchronization

/// Commits to a base's weights: the linked part of its identity (docs/protocol.md, section 3, "Linked base").
package struct BaseTableau {
  /// The identity with its linked part: two more readings of the base, one tree at a time in memory.
  /// - Parameters:
  ///   - identity: of `base`.
  ///   - cache: a folder that keeps the trees' leaves, which spares provers the work; nil to keep none.
  ///   - progress: told the fraction that is done, from several threads.
  /// - Throws: `operational` for a base without tensors of 16 bits; errors of the weights and of the folder.
  package static func link(
    _ identity: BaseIdentity, base: Checkpoint, cache: String? = nil, progress: (@Sendable (Double) -> Void)? = nil
  ) throws -> BaseIdentity {
    guard identity.tensors.contains(where: LinkedBase.contains) else {
      throw DriftProofError.operational(
        "\(base.path): no tensor of F16 or BF16 that has integers, so there is nothing to commit to; rounding clauses and "
          + "bounds relative to a weight are for these types, entrywise bounds need no commitment")
    }
    let code = try BaseTableauLayout.code(identity)
    let layout = BaseTableauLayout(identity, logLength: code.logLength)
    let counter = Counter(2 * layout.trees.reduce(0) { $0 + $1.layout.rowCount }, progress)
    let heaviest = try layout.trees.map { try heaviestChunks($0, identity, base, code, counter) }

    var units: [String: Int] = [:]
    for (tree, chunks) in zip(layout.trees, heaviest) {
      for (tensor, chunk) in zip(tree.tensors, chunks) {
        guard let leaf = identity.tensor(named: tensor.name) else { continue }
        units[tensor.name] =
          LinkedBase.units(
            leaf.dtype, fractionBits: leaf.statistics.fractionBits, heaviestChunk: chunk,
            chunkEntries: BaseTableauLayout.chunkEntries(rows: tensor.rows, columns: tensor.columns)
          ).fractionBits
      }
    }
    let digest = layout.digest(fractionBits: units)
    let archive = try cache.map { try BaseCache(path: $0, identity: identity, layoutDigest: digest) }

    var trees: [LinkedBase.Tree] = []
    var tensors: [LinkedBase.Tensor] = []
    for (index, (tree, chunks)) in zip(layout.trees, heaviest).enumerated() {
      let below = Tally(tree.tensors.count)
      let rows = try BaseRows(
        plan: TableauPlan(tensors: tree.tensors, logLength: code.logLength), tensors: tree.tensors,
        fractionBits: tree.tensors.map { units[$0.name] ?? 0 }, base: base
      ) { tensor, entries in
        let count = entries.reduce(0) { $0 + ($1.magnitude < LinkedBase.floor ? 1 : 0) }
        below.add(count, to: tensor)
      }
      let committed = try HashCommitment(code).commit(
        label: BaseTableauLayout.label(index), rows: CountedRows(rows: rows, counter: counter),
        shapes: shapes(rowCount: rows.rowCount, code), secret: PublicTableau.secret, archive: nil)
      try archive?.write(BaseTableauLayout.label(index), committed)
      trees.append(LinkedBase.Tree(rows: rows.rowCount, root: committed.root))
      for (place, tensor) in tree.tensors.enumerated() {
        // The padding of a tensor is zero, and below the floor, but no entry.
        let padding = paddedEntries(tree.layout, place) - tensor.rows * tensor.columns
        tensors.append(
          LinkedBase.Tensor(
            name: tensor.name, heaviestChunk: chunks[place], entriesBelowFloor: below.count(of: place) - padding,
            fractionBits: units[tensor.name] ?? 0))
      }
    }
    tensors.sort { UTF8Order.precedes($0.name, $1.name) }
    return identity.linking(
      LinkedBase(
        logLength: code.logLength, logBlowup: code.logBlowup, trees: trees, tensors: tensors, layoutDigest: digest))
  }

  /// Rows of a public tableau have no random tail.
  package static func shapes(rowCount: Int, _ code: CodeParameters) -> [RowShape] {
    [RowShape](repeating: RowShape(tailOffset: code.length, tailCount: 0), count: rowCount)
  }

  /// Positions of a tensor's regions.
  private static func paddedEntries(_ layout: TableauLayout, _ tensor: Int) -> Int {
    switch layout.placements[tensor] {
    case .grid(_, let grid): grid.rowTiles * grid.columnTiles << layout.logLength
    case .shared: 1 << (layout.rowBits[tensor] + layout.columnBits[tensor])
    }
  }

  /// The largest Σq² of a chunk of each tensor of a tree, in the identity's units.
  private static func heaviestChunks(
    _ tree: BaseTableauLayout.Tree, _ identity: BaseIdentity, _ base: Checkpoint, _ code: CodeParameters,
    _ counter: Counter
  ) throws -> [UInt128] {
    let found = Mutex([UInt128](repeating: 0, count: tree.tensors.count))
    let rows = try BaseRows(
      plan: TableauPlan(tensors: tree.tensors, logLength: code.logLength), tensors: tree.tensors,
      fractionBits: tree.tensors.map { identity.tensor(named: $0.name)?.statistics.fractionBits ?? 0 }, base: base
    ) { tensor, entries in
      let length = min(Limits.chunk, entries.count)
      for start in stride(from: entries.startIndex, to: entries.endIndex, by: length) {
        // |q| ≤ 2^21 in these units: 2^14 squares are below 2^56.
        var sum: UInt64 = 0
        for value in entries[start..<start + length] { sum &+= UInt64(value.magnitude) &* UInt64(value.magnitude) }
        found.withLock { $0[tensor] = max($0[tensor], UInt128(sum)) }
      }
    }
    _ = try Parallel.map(rows.rowCount) { row in
      rows.recycle(try rows.message(row))
      counter.step()
    }
    return found.withLock { $0 }
  }

  /// How many rows are done of all passes.
  private final class Counter: Sendable {
    private let done = Mutex(0)
    private let total: Int
    private let progress: (@Sendable (Double) -> Void)?

    init(_ total: Int, _ progress: (@Sendable (Double) -> Void)?) {
      self.total = total
      self.progress = progress
    }

    func step() {
      let now = done.withLock {
        $0 += 1
        return $0
      }
      progress?(Double(now) / Double(max(1, total)))
    }
  }

  private final class Tally: Sendable {
    private let counts: Mutex<[Int]>
    init(_ count: Int) { counts = Mutex([Int](repeating: 0, count: count)) }
    func add(_ count: Int, to index: Int) { counts.withLock { $0[index] += count } }
    func count(of index: Int) -> Int { counts.withLock { $0[index] } }
  }

  private struct CountedRows: TableauRows {
    let rows: BaseRows
    let counter: Counter
    var rowCount: Int { rows.rowCount }
    func message(_ row: Int) throws -> RowMessage {
      defer { counter.step() }
      return try rows.message(row)
    }
    func recycle(_ message: RowMessage) { rows.recycle(message) }
    func releaseRecycled() { rows.releaseRecycled() }
  }
}
