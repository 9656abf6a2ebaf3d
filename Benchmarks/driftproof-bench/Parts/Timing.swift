// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Prints how long parts of the library take; figures for people who change them, of a release build.
enum Timing {
  /// Wall time of one call.
  static func once<Result>(_ what: String, _ body: () throws -> Result) rethrows -> Result {
    let start = ContinuousClock.now
    let result = try body()
    print(what, ContinuousClock.now - start)
    return result
  }

  /// Wall seconds of the best of three calls.
  static func best(_ body: () throws -> Void) rethrows -> Double {
    var best = Double.infinity
    for _ in 0..<3 {
      let start = ContinuousClock.now
      try body()
      best = min(best, (ContinuousClock.now - start) / .seconds(1))
    }
    return best
  }

  /// Processor time of all threads, best of three calls, as nanoseconds for each of `count` entries.
  static func processor(_ what: String, per count: Int, _ body: () -> Void) {
    var best = Double.infinity
    for _ in 0..<3 {
      let start = clock()
      body()
      best = min(best, Double(clock() - start) / Double(CLOCKS_PER_SEC))
    }
    print(what, best * 1e9 / Double(count), "ns")
  }
}
