// SPDX-License-Identifier: Apache-2.0

import DriftProofKernels
import Synchronization

/// Block buffers that parallel workers borrow: as many exist as work at one time, not one per task.
final class BufferPool: Sendable {
  private let count: Int
  private let idle = Mutex<[AlignedBuffer<UInt64>]>([])

  /// `count`: elements of each buffer.
  init(count: Int) { self.count = count }

  /// With memory that holds anything.
  func withBuffer(_ body: (AlignedBuffer<UInt64>) -> Void) {
    let buffer = idle.withLock { $0.popLast() } ?? AlignedBuffer<UInt64>(count: count, cleared: false)
    body(buffer)
    idle.withLock { $0.append(buffer) }
  }

  /// The same with several.
  func withBuffers(_ number: Int, _ body: ([AlignedBuffer<UInt64>]) -> Void) {
    func borrow(_ buffers: [AlignedBuffer<UInt64>]) {
      if buffers.count == number { return body(buffers) }
      withBuffer { borrow(buffers + [$0]) }
    }
    borrow([])
  }
}
