// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// How many threads share one product; a setting of the whole process.
package enum ThreadCount {
  /// How many bodies of `withOne` are running.
  private static let alone = Atomic<Int>(0)

  /// Runs `body` while each product keeps to one thread: for work that is parallel already.
  package static func withOne<R>(_ body: () throws -> R) rethrows -> R {
    alone.add(1, ordering: .relaxed)
    let before = OpenBLAS.found.map { $0.threads() }
    OpenBLAS.found?.setThreads(1)
    defer {
      if let before { OpenBLAS.found?.setThreads(before) }
      alone.subtract(1, ordering: .relaxed)
    }
    return try body()
  }

  /// Whether a body of `withOne` is running.
  static var isOne: Bool { alone.load(ordering: .relaxed) > 0 }
}
