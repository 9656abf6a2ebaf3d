// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import Testing

@testable import DriftProofKernels

/// Memory that is used again, and arrays on huge pages.
@Suite(.serialized) struct LargeMemoryTests {
  @Test(arguments: [1 << 10, 1 << 19]) func aBufferIsZeroThoughItsMemoryWasUsed(count: Int) {
    for _ in 0..<3 {
      let buffer = AlignedBuffer<UInt64>(count: count)
      #expect((0..<count).allSatisfy { buffer.pointer[$0] == 0 })
      buffer.pointer.update(repeating: .max, count: count)
    }
  }

  @Test func memoryThatWasGivenBackIsTaken() {
    // A length of its own, for other tests run beside.
    let length = 17 << 20 + 4096
    #expect(IdleMappings.take(length: length) == nil)
    var buffer: AlignedBuffer<UInt8>? = AlignedBuffer(count: length - 1 << 21, cleared: false)
    #expect(buffer?.footprint == length)
    buffer = nil
    let found = IdleMappings.take(length: length)
    #expect(found != nil)
    #expect(IdleMappings.take(length: length) == nil)
    if let found { IdleMappings.give(found) }
  }

  /// What is idle stays below the limit: the oldest goes, and what is larger does not come in.
  @Test func idleMemoryIsBounded() {
    let parts = 5
    let lengths = (0..<parts).map { IdleMappings.capacity / (parts - 1) - 4096 * $0 }
    for length in lengths { _ = AlignedBuffer<UInt8>(count: length - 1 << 21, cleared: false) }
    #expect(IdleMappings.idleBytes <= IdleMappings.capacity)
    _ = AlignedBuffer<UInt8>(count: IdleMappings.capacity, cleared: false)
    #expect(IdleMappings.take(length: IdleMappings.capacity + 1 << 21) == nil)
  }

  @Test(arguments: [0, 1, 1000, 3 << 20]) func arraysAreWhole(count: Int) {
    let zeros: [UInt64] = LargeArray.zeros(count: count)
    #expect(zeros.count == count && zeros.allSatisfy { $0 == 0 })
    let numbers: [UInt32] = LargeArray.made(count: count, piece: 700) { range, target in
      for i in range { target[i - range.lowerBound] = UInt32(i) }
    }
    #expect(numbers.count == count && numbers.indices.allSatisfy { numbers[$0] == UInt32($0) })
  }
}
