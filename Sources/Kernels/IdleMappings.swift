// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// Large blocks of memory that were given back, for those of the same size to come: the system clears a new page before it
/// hands it out, which takes longer than to fill it. Under a hypervisor that takes free memory back, the first touch of a page costs
/// thirty times as much as that.
enum IdleMappings {
  struct Mapping: @unchecked Sendable {
    let base: UnsafeMutableRawPointer
    let length: Int
  }

  /// What is idle, and what is in use. What its functions give back is to be unmapped.
  struct State: Sendable {
    private(set) var idle: [Mapping] = []
    /// Bytes that are in use, and the most that ever were since the first of the keepers of now.
    private(set) var used = 0
    private(set) var mostUsed = 0
    /// How many want memory to be kept.
    private var keepers = 0

    var isKept: Bool { keepers > 0 }
    var idleBytes: Int { idle.reduce(0) { $0 + $1.length } }

    /// Bytes that may lie idle.
    private var room: Int { max(IdleMappings.capacity, keepers > 0 ? mostUsed - used : 0) }

    mutating func take(length: Int) -> (found: Mapping?, superfluous: [Mapping]) {
      let found = idle.lastIndex { $0.length == length }.map { idle.remove(at: $0) }
      used += length
      mostUsed = max(mostUsed, used)
      return (found, superfluous(room: room))
    }

    mutating func give(_ mapping: Mapping) -> [Mapping] {
      used -= mapping.length
      guard mapping.length <= room else { return [mapping] }
      idle.append(mapping)
      return superfluous(room: room)
    }

    mutating func keep() {
      if keepers == 0 { mostUsed = used }
      keepers += 1
    }

    mutating func stopKeeping() -> [Mapping] {
      keepers -= 1
      return superfluous(room: room)
    }

    /// Takes out what has waited longest until the others have room.
    mutating func superfluous(room: Int) -> [Mapping] {
      var (total, count) = (idleBytes, 0)
      while total > room {
        total -= idle[count].length
        count += 1
      }
      let oldest = Array(idle.prefix(count))
      idle.removeFirst(count)
      return oldest
    }
  }

  /// Bytes that lie idle, at most, while nobody wants more to be kept: of the order of what a program takes before it has done
  /// anything.
  static let capacity = 96 << 20

  private static let shared = Mutex(State())

  /// One of exactly this length, with whatever it held; nil if there is none, and then the caller maps one. It counts as used.
  static func take(length: Int) -> Mapping? {
    let result = shared.withLock { $0.take(length: length) }
    result.superfluous.forEach(unmap)
    return result.found
  }

  /// Keeps what ``take(length:)`` counted, or those that wait for longest go back to the system until there is room.
  static func give(_ mapping: Mapping) {
    shared.withLock { $0.give(mapping) }.forEach(unmap)
  }

  static func keep() { shared.withLock { $0.keep() } }

  static func stopKeeping() {
    shared.withLock { $0.stopKeeping() }.forEach(unmap)
  }

  /// Gives what lies idle beyond ``capacity`` back to the system.
  static func release() {
    shared.withLock { $0.superfluous(room: capacity) }.forEach(unmap)
  }

  static var state: State { shared.withLock { $0 } }

  private static func unmap(_ mapping: Mapping) { munmap(mapping.base, mapping.length) }
}
