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

  /// While memory is kept, what was in use at a time may lie idle, and no more; afterwards it goes back.
  @Test func memoryIsKeptUpToTheMostInUse() throws {
    let large = IdleMappings.capacity + 4096
    func mapping(_ number: Int, _ length: Int) throws -> IdleMappings.Mapping {
      .init(base: try #require(UnsafeMutableRawPointer(bitPattern: number)), length: length)
    }
    let (one, two) = (try mapping(1, large), try mapping(2, large))
    let longer = try mapping(3, large + 4096)
    var state = IdleMappings.State()
    state.keep()
    #expect(state.take(length: large).found == nil)
    #expect(state.take(length: large).found == nil)
    #expect(state.used == 2 * large && state.mostUsed == 2 * large)
    #expect(state.give(one).isEmpty)
    #expect(state.give(two).isEmpty)
    #expect(state.idleBytes == 2 * large)
    #expect(state.take(length: large).found?.base == two.base)
    // Of another length: the one that is idle gives way, for all together would be more than there ever was.
    let other = state.take(length: longer.length)
    #expect(other.found == nil && other.superfluous.map(\.length) == [large] && state.idleBytes == 0)
    #expect(state.give(two).isEmpty)
    #expect(state.isKept && state.idleBytes == large)
    #expect(state.stopKeeping().map(\.length) == [large])
    #expect(state.give(longer).map(\.length) == [longer.length])
    #expect(state.idleBytes == 0 && state.used == 0)
    // What was in use before does not count for those who come later.
    state.keep()
    #expect(state.mostUsed == 0)
  }

  @Test func memoryIsGivenBackInTheEnd() {
    let length = IdleMappings.capacity + 4096
    let isKept = ReusedMemory.whileKept {
      _ = AlignedBuffer<UInt8>(count: length, cleared: false)
      return IdleMappings.state.isKept
    }
    #expect(isKept && !IdleMappings.state.isKept)
    #expect(IdleMappings.state.idleBytes <= IdleMappings.capacity)
  }

  @Test func rowsGoFromHandToHand() {
    let pool = RowPool()
    for count in [3000, 3000, 5000] { pool.recycle(.narrow([Int32](repeating: 7, count: count))) }
    #expect(pool.narrow(count: 5000).count == 5000)
    for _ in 0..<20 { pool.recycle(.narrow([Int32](repeating: 7, count: 3000))) }
    pool.trim()
    #expect(pool.narrow(count: 3000).allSatisfy { $0 == 7 })
    pool.recycle(.zero)
    pool.release()
    #expect(pool.narrow(count: 3000).count == 3000)
  }

  /// What is idle stays below the limit: the oldest goes, and what is larger does not come in.
  @Test func idleMemoryIsBounded() {
    let parts = 5
    let lengths = (0..<parts).map { IdleMappings.capacity / (parts - 1) - 4096 * $0 }
    for length in lengths { _ = AlignedBuffer<UInt8>(count: length - 1 << 21, cleared: false) }
    #expect(IdleMappings.state.idleBytes <= IdleMappings.capacity)
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
