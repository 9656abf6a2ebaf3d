// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import Testing

@testable import DriftProofKernels

/// Memory that is used again, and arrays on huge pages.
@Suite(.serialized) struct LargeMemoryTests {
  /// Never touched: what a state counts does not depend on what lies there.
  private func mapping(_ number: Int, _ length: Int) throws -> IdleMappings.Mapping {
    .init(base: try #require(UnsafeMutableRawPointer(bitPattern: number)), length: length)
  }

  @Test(arguments: [1 << 10, 1 << 19]) func aBufferIsZeroThoughItsMemoryWasUsed(count: Int) {
    for _ in 0..<3 {
      let buffer = AlignedBuffer<UInt64>(count: count)
      #expect((0..<count).allSatisfy { buffer.pointer[$0] == 0 })
      buffer.pointer.update(repeating: .max, count: count)
    }
  }

  /// Other tests run beside and may push what lies idle out at once, so there are several attempts.
  @Test func memoryThatWasGivenBackIsTaken() {
    // A length of its own: nobody else takes it.
    let length = 17 << 20 + 4096
    let isTaken = (0..<20).contains { _ in
      var buffer: AlignedBuffer<UInt8>? = AlignedBuffer(count: length - 1 << 21, cleared: false)
      buffer?[4711] = 7
      #expect(buffer?.footprint == length)
      buffer = nil
      // What the system hands out is zero.
      return AlignedBuffer<UInt8>(count: length - 1 << 21, cleared: false)[4711] == 7
    }
    #expect(isTaken)
  }

  /// While memory is kept, what was in use at a time may lie idle, and no more; afterwards it goes back.
  @Test func memoryIsKeptUpToTheMostInUse() throws {
    let large = IdleMappings.capacity + 4096
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

  /// Whoever asks for memory to be kept has it while it works. Others may keep some at the same time.
  @Test func memoryIsKeptWhileItIsAskedFor() {
    let isKept = ReusedMemory.whileKept { IdleMappings.state.isKept }
    #expect(isKept)
  }

  /// With the last of the keepers goes what lies idle beyond the limit.
  @Test func memoryIsGivenBackInTheEnd() throws {
    let mapping = try mapping(1, IdleMappings.capacity + 4096)
    var state = IdleMappings.State()
    state.keep()
    state.keep()
    #expect(state.take(length: mapping.length).found == nil)
    #expect(state.give(mapping).isEmpty)
    #expect(state.stopKeeping().isEmpty && state.isKept && state.idleBytes == mapping.length)
    #expect(state.stopKeeping().map(\.base) == [mapping.base])
    #expect(!state.isKept && state.idleBytes == 0)
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
  @Test func idleMemoryIsBounded() throws {
    let parts = 5
    let mappings = try (0..<parts).map { try mapping($0 + 1, IdleMappings.capacity / (parts - 1) - 4096 * $0) }
    let tooLarge = try mapping(parts + 1, IdleMappings.capacity + 4096)
    var state = IdleMappings.State()
    for one in mappings + [tooLarge] { _ = state.take(length: one.length) }
    #expect(state.give(tooLarge).map(\.base) == [tooLarge.base] && state.idleBytes == 0)
    // Four of them have room, the fifth has not.
    for one in mappings.prefix(parts - 1) { #expect(state.give(one).isEmpty) }
    #expect(state.give(mappings[parts - 1]).map(\.base) == [mappings[0].base])
    #expect(state.idleBytes == mappings.dropFirst().reduce(0) { $0 + $1.length })
    #expect(state.idleBytes <= IdleMappings.capacity)
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
