// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// Large blocks of memory that were given back, for those of the same size to come: the system clears a new page before it
/// hands it out, which takes longer than to fill it.
enum IdleMappings {
  struct Mapping: @unchecked Sendable {
    let base: UnsafeMutableRawPointer
    let length: Int
  }

  /// Bytes that lie idle, at most: of the order of what a program takes before it has done anything.
  static let capacity = 96 << 20

  private static let idle = Mutex<[Mapping]>([])

  /// One of exactly this length, with whatever it held; nil if there is none.
  static func take(length: Int) -> Mapping? {
    idle.withLock { idle in
      idle.lastIndex { $0.length == length }.map { idle.remove(at: $0) }
    }
  }

  /// Keeps it, or those that wait for longest go back to the system until there is room.
  static func give(_ mapping: Mapping) {
    guard mapping.length <= capacity else { return unmap(mapping) }
    let superfluous = idle.withLock { idle in
      idle.append(mapping)
      var total = idle.reduce(0) { $0 + $1.length }
      var count = 0
      while total > capacity {
        total -= idle[count].length
        count += 1
      }
      let oldest = Array(idle.prefix(count))
      idle.removeFirst(count)
      return oldest
    }
    superfluous.forEach(unmap)
  }

  static var idleBytes: Int { idle.withLock { $0.reduce(0) { $0 + $1.length } } }

  private static func unmap(_ mapping: Mapping) { munmap(mapping.base, mapping.length) }
}
