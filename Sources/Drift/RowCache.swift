// SPDX-License-Identifier: Apache-2.0

import DriftProofKernels
import Synchronization

/// Bytes of memory that rows of the drift may take.
package struct RowRoom: Sendable, Equatable {
  /// For rows as they are, when all of them fit.
  package var whole: Int
  /// For packed rows otherwise.
  package var packed: Int

  package static let defaultWhole = 1 << 30

  package init(whole: Int = RowRoom.defaultWhole, packed: Int = 0) {
    self.whole = whole
    self.packed = packed
  }
}

/// Rows of the drift that stay in memory once they were made from the checkpoints: the prover asks several times for each.
///
/// Few rows stay as they are. Of many, each is packed when it is first asked for, as long as there is room: what does not
/// fit is read again in every pass.
final class RowCache: Sendable {
  private enum Kept: Sendable {
    case whole(RowMessage)
    case packed(PackedIntegers)
  }

  private struct State: Sendable {
    var rows: [Kept?]
    var room: Int
  }

  /// All rows fit as they are.
  let keepsWhole: Bool
  private let state: Mutex<State>
  private let pool = RowPool.shared

  init(rowCount: Int, length: Int, room: RowRoom) {
    keepsWhole = rowCount * length * MemoryLayout<Int32>.size <= room.whole
    state = Mutex(
      State(rows: [Kept?](repeating: nil, count: rowCount), room: keepsWhole ? .max : max(0, room.packed)))
  }

  /// Whether a row is here.
  func holds(_ row: Int) -> Bool { state.withLock { $0.rows[row] != nil } }

  func message(_ row: Int) -> RowMessage? {
    switch state.withLock({ $0.rows[row] }) {
    case .whole(let message): return message
    case .packed(let integers):
      var values = pool.narrow(count: integers.count)
      integers.unpack(into: &values)
      return .narrow(values)
    case nil: return nil
    }
  }

  /// Keeps a row that was just made, if there is room. Rows with an entry beyond 32 bits are rare and stay as they are.
  func keep(_ message: RowMessage, row: Int) {
    guard state.withLock({ $0.rows[row] == nil && $0.room > 0 }) else { return }
    let kept: Kept
    let bytes: Int
    switch message {
    case .narrow(let values) where !keepsWhole:
      let packed = PackedIntegers(values)
      (kept, bytes) = (.packed(packed), packed.byteCount)
    case .zero: (kept, bytes) = (.whole(.zero), 0)
    case .narrow(let values): (kept, bytes) = (.whole(message), 4 * values.count)
    case .field(let values): (kept, bytes) = (.whole(message), 8 * values.count)
    }
    state.withLock { state in
      guard state.rows[row] == nil else { return }
      // The first row that finds no room is the last one to be packed: each pass would pack the others in vain.
      guard bytes <= state.room else { return state.room = 0 }
      state.room -= bytes
      state.rows[row] = kept
    }
  }

  /// An array for a row to be made, whose content is anything.
  func emptyRow(count: Int) -> [Int32] { pool.narrow(count: count) }

  func releaseRecycled() { pool.release() }

  /// Rows that are kept as they are share the memory of what was given out.
  func recycle(_ message: RowMessage) {
    if !keepsWhole { pool.recycle(message) }
  }
}
