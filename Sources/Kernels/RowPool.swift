// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Arrays of rows that were used, for the rows to come: a row of 2^24 entries is 64 MiB, and memory that is new costs the
/// system as much time as filling it.
///
/// An array that somebody still holds is copied when it is written again, as Swift's arrays are: forgetting to give one back
/// costs time, and giving one back too early does, too.
package final class RowPool: Sendable {
  private let idle = Mutex<[[Int32]]>([])
  /// As many as are kept: what a batch of rows and the tiles of some workers take.
  private static let capacity = 10

  package init() {}

  /// An array whose content is anything.
  package func narrow(count: Int) -> [Int32] {
    let found = idle.withLock { idle in
      idle.lastIndex { $0.count == count }.map { idle.remove(at: $0) }
    }
    return found ?? LargeArray.zeros(count: count)
  }

  /// Gives the memory of all of them back.
  package func empty() { idle.withLock { $0 = [] } }

  package func recycle(_ message: RowMessage) {
    guard case .narrow(let values) = message, !values.isEmpty else { return }
    idle.withLock { idle in
      if idle.count < Self.capacity { idle.append(values) }
    }
  }
}
