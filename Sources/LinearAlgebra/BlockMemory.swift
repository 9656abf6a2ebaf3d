// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Memory of blocks that were used, for blocks of the same size to come: a fit goes several times over a matrix, and new memory costs
/// the system as much time as filling it.
package enum BlockMemory {
  private static let idle = Mutex<[[Double]]>([])
  /// Blocks of 8 MiB that are kept, as many as some workers use at a time.
  private static let capacity = 8

  /// Lends a block whose content is anything.
  static func with<Result, Failure: Error>(
    count: Int, _ body: (inout [Double]) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    var block = take(count)
    let result = try body(&block)
    give(block)
    return result
  }

  private static func take(_ count: Int) -> [Double] {
    let found = idle.withLock { idle in
      idle.lastIndex { $0.count == count }.map { idle.remove(at: $0) }
    }
    return found ?? [Double](repeating: 0, count: count)
  }

  private static func give(_ block: [Double]) {
    idle.withLock { idle in
      if idle.count >= capacity { idle.removeFirst() }
      idle.append(block)
    }
  }

  /// Gives all of it back to the system: after the last fit.
  package static func empty() { idle.withLock { $0 = [] } }
}
