// SPDX-License-Identifier: Apache-2.0

/// Memory of a long computation that goes from hand to hand inside of the process. It asks the system for no more than the most
/// that was ever in use at a time.
package enum ReusedMemory {
  /// Large buffers that are given back while the body runs are kept for the next ones, as long as all together are no more than the
  /// most that were in use at a time.
  package static func whileKept<Result>(_ body: () throws -> Result) rethrows -> Result {
    IdleMappings.keep()
    defer {
      RowPool.shared.empty()
      IdleMappings.stopKeeping()
    }
    return try body()
  }

  /// Gives what lies idle back to the system: before other memory is needed much.
  package static func release() {
    RowPool.shared.trim()
    IdleMappings.release()
  }
}
