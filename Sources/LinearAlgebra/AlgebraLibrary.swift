// SPDX-License-Identifier: Apache-2.0

import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What computes fits of ranks: OpenBLAS where it can be loaded, this module's own code elsewhere. Neither is trusted: a fit
/// suggests, exact integers decide.
package enum AlgebraLibrary {
  /// Forbids OpenBLAS within a task, for tests.
  @TaskLocal package static var isPlain = false

  /// Whether OpenBLAS is on this machine and not forbidden.
  package static var hasOpenBLAS: Bool { openBLAS != nil }

  static var openBLAS: OpenBLAS? { isPlain ? nil : OpenBLAS.found }

  /// Calls `handler` once, on any thread, when so much was computed without OpenBLAS that it would be felt.
  package static func whenSlow(_ handler: @escaping @Sendable () -> Void) {
    slow.withLock { $0.handler = handler }
  }

  private struct Slowness {
    var products = 0
    var handler: (@Sendable () -> Void)?
  }

  private static let slow = Mutex(Slowness())

  /// Products of numbers that take this module's code some seconds more.
  private static let enough = 20_000_000_000

  static func count(_ products: Int) {
    let handler = slow.withLock { slow -> (@Sendable () -> Void)? in
      slow.products += products
      guard slow.products >= enough, let handler = slow.handler else { return nil }
      slow.handler = nil
      return handler
    }
    handler?()
  }

  /// Threads that share a large product.
  static var workers: Int { ThreadCount.isOne ? 1 : cores }

  private static let cores = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
}
