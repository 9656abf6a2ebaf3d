// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofCore
import DriftProofArgument
import DriftProofField
import Foundation
import DriftProofKernels
import Synchronization

/// The E-tiles, in E-tile order by block: held when they are few, otherwise made anew from the drift rows in every
/// pass.
struct DriftTiles: Sendable {
  let layout: ArgumentLayout
  /// Without entries.
  let tiles: [DriftTile]
  let chunks: ChunkMap
  private let producer: TileProducer?
  private var kept: [RowMessage]?

  /// Bytes of tiles that are held at most. Plain tiles share the memory of the witness' rows.
  static let keptLimit = 1 << 30

  /// - Parameter held: the drift rows of which a worker makes the tiles; nil for all.
  init(layout: ArgumentLayout, producer: TileProducer?, held: Range<Int>? = nil) {
    self.layout = layout
    self.producer = producer
    tiles = layout.tableau.blocks.flatMap { block in
      block.tiles.compactMap { place in
        guard held?.contains(place.row) ?? true else { return nil }
        return DriftTile(index: place.tile, row: place.row, exact: block.signature.exact, entries: .zero)
      }
    }
    chunks = ChunkMap(layout: layout.tableau, tiles: tiles.map(\.index))
    if producer == nil { kept = tiles.map(\.entries) }
  }

  var count: Int { tiles.count }
  var isKept: Bool { kept != nil }
  /// Of all tiles, were they held.
  var bytes: Int { count * layout.length * MemoryLayout<Int32>.size }

  mutating func keep(_ entries: [RowMessage]) { kept = entries }

  func entries(_ position: Int) throws -> RowMessage {
    if let kept { return kept[position] }
    return try producer?.tile(position).entries ?? .zero
  }

  /// Takes back what ``entries(_:)`` gave, unless it is held here.
  func recycle(_ entries: RowMessage) { if !isKept { producer?.recycle(entries) } }

  /// The tile of E-space's first positions, which carry the mask.
  var maskTile: Int? { tiles.firstIndex { $0.index == 0 } }

  /// One pass over all tiles, in ascending order on several cores: each worker accumulates in a state of its own.
  ///
  /// A tile that must be made is one piece of work; a tile in memory may come in several, by chunks.
  /// - Parameter first: how many tiles; all of them without it.
  func pass<State: Sendable>(
    first: Int? = nil, _ initial: @Sendable () -> State, merge: @Sendable (inout State, State) -> Void,
    _ body: @Sendable (inout State, _ position: Int, _ entries: RowMessage, _ chunks: Range<Int>) throws -> Void
  ) throws -> State {
    let count = first ?? count
    let chunkCount = layout.length >> Limits.logChunk
    let parts = isKept ? max(1, min(chunkCount, (16 + count - 1) / max(1, count))) : 1
    return try Self.ascending(count * parts, workers: Self.workers(length: layout.length), initial, merge: merge) {
      state, item in
      let (position, part) = (item / parts, item % parts)
      let entries = try entries(position)
      try body(&state, position, entries, chunkCount * part / parts..<chunkCount * (part + 1) / parts)
      recycle(entries)
    }
  }

  /// As many tiles are in memory at a time: at most half a GiB of 16 bytes a position, but never fewer than two.
  static func workers(length: Int) -> Int {
    min(ProcessInfo.processInfo.activeProcessorCount, max(2, 1 << 29 / (16 * length)))
  }

  /// Calls the body for 0..<count, each worker taking the next number; of several errors the first number's is thrown.
  static func ascending<State: Sendable>(
    _ count: Int, workers: Int, _ initial: @Sendable () -> State, merge: @Sendable (inout State, State) -> Void,
    _ body: @Sendable (inout State, Int) throws -> Void
  ) throws -> State {
    let progress = Mutex(Progress<State>())
    Parallel.forEach(max(1, min(workers, count))) { _ in
      var state = initial()
      while let item = progress.withLock({ progress -> Int? in
        guard progress.next < count, progress.failure == nil else { return nil }
        progress.next += 1
        return progress.next - 1
      }) {
        do {
          try body(&state, item)
        } catch {
          progress.withLock { if item < $0.failure?.item ?? .max { $0.failure = (item, error) } }
        }
      }
      let own = state
      progress.withLock { progress in
        if var result = progress.result {
          progress.result = nil
          merge(&result, own)
          progress.result = result
        } else {
          progress.result = own
        }
      }
    }
    return try progress.withLock { progress in
      if let failure = progress.failure { throw failure.error }
      return progress.result ?? initial()
    }
  }
}

private struct Progress<State: Sendable>: Sendable {
  var next = 0
  var failure: (item: Int, error: any Error)?
  var result: State?
}

/// Changes arrays in place, several at a time.
func parallelUpdate<T: Sendable>(_ arrays: inout [[T]], _ body: @Sendable (Int, inout [T]) -> Void) {
  let count = arrays.count
  let shared = Mutex<[[T]]>([])
  shared.withLock { swap(&$0, &arrays) }
  Parallel.forEach(count) { index in
    var own: [T] = []
    shared.withLock { swap(&$0[index], &own) }
    body(index, &own)
    shared.withLock { swap(&$0[index], &own) }
  }
  shared.withLock { swap(&$0, &arrays) }
}
