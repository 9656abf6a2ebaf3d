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
  /// Of a tableau that hides the weights.
  package struct Hiding: Sendable {
    /// Of the base's opening: all randomness follows from it and the identity.
    let secret: [UInt8]
    /// That its tails can serve.
    let proofs: Int

    package init(secret: [UInt8], proofs: Int = defaultProofs) {
      self.secret = secret
      self.proofs = proofs
    }

    /// A base serves many fine-tunes.
    package static let defaultProofs = 16
  }

  /// The identity with its linked part: two more readings of the base, or three, one tree at a time in memory.
  /// - Parameters:
  ///   - identity: of `base`.
  ///   - hiding: of a tableau that hides the weights; nil for a public one, a function of the weights.
  ///   - cache: a folder that keeps the trees' leaves, which spares provers the work; nil to keep none.
  ///   - progress: told the fraction that is done, from several threads.
  /// - Throws: `operational` for a base without tensors of 16 bits; `tooLarge` where no code serves so many proofs; errors of
  ///   the weights and of the folder.
  package static func link(
    _ identity: BaseIdentity, base: Checkpoint, hiding: Hiding? = nil, cache: String? = nil,
    progress: (@Sendable (Double) -> Void)? = nil
  ) throws -> BaseIdentity {
    guard identity.tensors.contains(where: LinkedBase.contains) else {
      throw DriftProofError.operational(
        "\(base.path): no tensor of F16 or BF16 that has integers, so there is nothing to commit to; rounding clauses and "
          + "bounds relative to a weight are for these types, entrywise bounds need no commitment")
    }
    var code = try BaseTableauLayout.code(identity)
    let layout = BaseTableauLayout(identity, logLength: code.logLength)
    if let hiding { code = try CodeSelection.hiding(code, trees: layout.trees.count, proofs: hiding.proofs) }
    let passes = hiding == nil ? 2 : 3
    let counter = Counter(passes * layout.trees.reduce(0) { $0 + $1.layout.rowCount }, progress)
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
    let tail = code.hidingBase?.tail ?? 0
    let secret =
      hiding.map { treeSecret($0.secret, identity: identity, layoutDigest: digest, tail: tail) }
      ?? PublicTableau.secret
    let archive = try cache.map {
      try BaseCache(path: $0, identity: identity, layoutDigest: digest, secret: secret)
    }

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
      let scheme = HashCommitment(code)
      var committed = try scheme.commit(
        label: BaseTableauLayout.label(index), rows: CountedRows(rows: rows, counter: counter),
        shapes: shapes(rowCount: rows.rowCount, code), secret: secret, archive: nil)
      try archive?.write(BaseTableauLayout.label(index), committed)
      // Before the pins: they are another pass over the rows, which would count the entries again.
      let entriesBelow = below.counts
      if hiding != nil { committed = try scheme.pinBase(committed) }
      trees.append(
        LinkedBase.Tree(rows: rows.rowCount, root: committed.root, pins: committed.pins?.bytes ?? []))
      for (place, tensor) in tree.tensors.enumerated() {
        // The padding of a tensor is zero, and below the floor, but no entry.
        let padding = paddedEntries(tree.layout, place) - tensor.rows * tensor.columns
        tensors.append(
          LinkedBase.Tensor(
            name: tensor.name, heaviestChunk: chunks[place], entriesBelowFloor: entriesBelow[place] - padding,
            fractionBits: units[tensor.name] ?? 0))
      }
    }
    tensors.sort { UTF8Order.precedes($0.name, $1.name) }
    return identity.linking(
      LinkedBase(
        logLength: code.logLength, logBlowup: code.logBlowup, tail: tail, trees: trees, tensors: tensors,
        layoutDigest: digest))
  }

  /// Rows of a public tableau have no random tail.
  package static func shapes(rowCount: Int, _ code: CodeParameters) -> [RowShape] {
    let shape = RowShape(tailOffset: code.length, tailCount: code.hidingBase?.tail ?? 0)
    return [RowShape](repeating: shape, count: rowCount)
  }

  /// One opening never serves two bases, two layouts or two lengths of tails with the same randomness.
  /// - Parameter predecessor: of a next base, the linked root of its base.
  static func treeSecret(
    _ opening: [UInt8], identity: BaseIdentity, layoutDigest: [UInt8], tail: Int, predecessor: [UInt8]? = nil
  ) -> [UInt8] {
    var message: [UInt8] = []
    message.append(lengthPrefixed: "driftproof/base tableau/\(predecessor == nil ? "hiding" : "next")/v1")
    message += (predecessor ?? identity.root) + layoutDigest
    message.append(littleEndian: UInt64(tail))
    return SHA256.authenticate(key: opening, message: message)
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
    private let tally: Mutex<[Int]>
    init(_ count: Int) { tally = Mutex([Int](repeating: 0, count: count)) }
    func add(_ count: Int, to index: Int) { tally.withLock { $0[index] += count } }
    var counts: [Int] { tally.withLock { $0 } }
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
