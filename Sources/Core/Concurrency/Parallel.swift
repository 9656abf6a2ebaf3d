// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Synchronization

/// Work over all cores.
package enum Parallel {
  /// Runs the body for 0..<count, in any order and concurrently; returns when all are done. May be nested.
  package static func forEach(_ count: Int, _ body: @Sendable (Int) -> Void) {
    if count <= 1 {
      if count == 1 { body(0) }
    } else {
      DispatchQueue.concurrentPerform(iterations: count, execute: body)
    }
  }

  /// [body(0), …, body(count - 1)], computed concurrently. May be nested.
  ///
  /// Of several errors the one of the lowest index is thrown, so that the same input gives the same error on every run;
  /// indices above one that failed need not be run.
  /// - Parameters:
  ///   - order: the indices 0..<count in the order in which to begin them, the longest work first; nil for the rising one.
  ///   - workers: how many may be computed at a time, at least 1, where each needs much memory; nil for all cores.
  package static func map<T: Sendable, Failure: Error>(
    _ count: Int, order: [Int]? = nil, workers: Int? = nil, _ body: @Sendable (Int) throws(Failure) -> T
  ) throws(Failure) -> [T] {
    precondition(order == nil || order?.count == count, "an order has every index once")
    let outcome = Mutex(MapOutcome<T, Failure>(count: count))
    @Sendable func run(_ position: Int) {
      let index = order?[position] ?? position
      guard outcome.withLock({ index <= $0.failure?.index ?? .max }) else { return }
      do throws(Failure) {
        let value = try body(index)
        outcome.withLock { $0.values[index] = value }
      } catch {
        outcome.withLock { $0.record(error, at: index) }
      }
    }
    if let workers, workers < count {
      forEach(max(1, workers)) { _ in
        while let position = outcome.withLock({ $0.take() }) { run(position) }
      }
    } else {
      forEach(count, run)
    }
    let (values, failure) = outcome.withLock { ($0.values, $0.failure) }
    if let failure { throw failure.error }
    return values.compactMap { $0 }
  }
}

/// What the threads of a map share.
private struct MapOutcome<T: Sendable, Failure: Error>: Sendable {
  var values: [T?]
  /// The failure of the lowest index so far.
  var failure: (index: Int, error: Failure)?

  /// The next position that no worker has taken.
  private var next = 0

  init(count: Int) { values = [T?](repeating: nil, count: count) }

  mutating func take() -> Int? {
    guard next < values.count else { return nil }
    defer { next += 1 }
    return next
  }

  mutating func record(_ error: Failure, at index: Int) {
    if index < failure?.index ?? .max { failure = (index, error) }
  }
}
