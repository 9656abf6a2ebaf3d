// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// Arrays of rows that were used, for the rows to come: a row of 2^24 entries is 64 MiB, and memory that is new costs the
/// system as much time as filling it.
///
/// An array that somebody still holds is copied when it is written again, as Swift's arrays are: forgetting to give one back
/// costs time, and giving one back too early does, too.
package final class RowPool: Sendable {
  /// All tableaux of a proof have rows of one length, and are passed over one after the other.
  package static let shared = RowPool()

  private let idle = Mutex<[[Int32]]>([])
  /// As many as are kept: what a batch of rows and the tiles of some workers take.
  private static let capacity = 10

  package init() {}

  /// An array whose content is anything.
  package func narrow(count: Int) -> [Int32] {
    let found = idle.withLock { idle in
      idle.lastIndex { $0.count == count }.map { idle.remove(at: $0) }
    }
    return found ?? LargeArray.unwritten(count: count)
  }

  /// Gives the memory of all of them back.
  package func empty() { idle.withLock { $0 = [] } }

  /// The same after a pass over rows, unless others follow: while memory is kept (``ReusedMemory``).
  package func release() { if !IdleMappings.state.isKept { empty() } }

  /// Gives the memory of all back but of those that a pass over the rows takes, a row for each core.
  package func trim() {
    let cores = ProcessInfo.processInfo.activeProcessorCount
    idle.withLock { idle in
      if idle.count > cores { idle.removeFirst(idle.count - cores) }
    }
  }

  package func recycle(_ message: RowMessage) {
    guard case .narrow(let values) = message, !values.isEmpty else { return }
    idle.withLock { idle in
      if idle.count >= Self.capacity { idle.removeFirst() }
      idle.append(values)
    }
  }
}
