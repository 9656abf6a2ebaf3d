// SPDX-License-Identifier: Apache-2.0

import DriftProofKernels
import Synchronization

/// Block buffers that parallel workers borrow: as many exist as work at one time, not one per task.
final class BufferPool: Sendable {
  private let count: Int
  private let idle = Mutex<[AlignedBuffer<UInt64>]>([])

  /// `count`: elements of each buffer.
  init(count: Int) { self.count = count }

  func withBuffer(_ body: (AlignedBuffer<UInt64>) -> Void) {
    let buffer = idle.withLock { $0.popLast() } ?? AlignedBuffer<UInt64>(count: count)
    body(buffer)
    idle.withLock { $0.append(buffer) }
  }
}
