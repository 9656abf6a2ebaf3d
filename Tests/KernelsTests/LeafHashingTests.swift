// SPDX-License-Identifier: Apache-2.0

import DriftProofKernels
import TestSupport
import Testing

@Suite struct LeafHashingTests {
  private func hex(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// The digests of `count` messages with the given salts and blocks.
  private func digests(_ salts: [UInt8], _ blocks: [[UInt64]], count: Int, _ path: KernelPath) -> [UInt8] {
    let states = AlignedBuffer<UInt32>(count: 8 * count)
    let out = AlignedBuffer<UInt8>(count: 32 * count)
    let header = (0..<32).map(UInt8.init)
    LeafHashing.begin(states: states, first: 0, count: count, header: header, salts: AlignedBuffer(salts), path: path)
    for block in blocks {
      LeafHashing.absorb(states: states, first: 0, blocks: AlignedBuffer(block), count: count, path: path)
    }
    LeafHashing.finish(
      states: states, first: 0, count: count, totalBytes: 64 * (1 + blocks.count), digests: out, path: path)
    return out.array
  }

  /// Little-endian words of the bytes.
  private func words(_ bytes: [UInt8]) -> [UInt64] {
    stride(from: 0, to: bytes.count, by: 8).map { start in
      (0..<8).reduce(0) { $0 | UInt64(bytes[start + $1]) << UInt64(8 * $1) }
    }
  }

  /// Python's hashlib gives these digests.
  @Test(arguments: KernelPath.allCases)
  func knownAnswers(path: KernelPath) {
    let count = 37
    let salt = (0..<32).map { UInt8(255 - $0) }
    let salts = Array(repeatElement(salt, count: count).joined())
    let first = (0..<64).map { UInt8(truncatingIfNeeded: 7 * $0) }
    let second = (0..<64).map { UInt8(truncatingIfNeeded: 11 * $0 + 3) }
    let blocks = [first, second].map { Array(repeatElement(words($0), count: count).joined()) }
    let short = digests(salts, [], count: count, path)
    let long = digests(salts, blocks, count: count, path)
    let tree = AlignedBuffer<UInt8>(count: 96 * count + 32)
    for (index, byte) in Array(repeatElement(first, count: count).joined()).enumerated() { tree[32 + index] = byte }
    LeafHashing.parents(
      children: tree, childOffset: 32, parents: tree, parentOffset: 64 * count + 32, count: count, path: path)
    for j in 0..<count {
      #expect(
        hex(short[32 * j..<32 * j + 32]) == "cbd3aabe6d5a9125f0e086ced756cff43bcf46c307d73ec8c6bc5382c5640689")
      #expect(
        hex(long[32 * j..<32 * j + 32]) == "5e7c7c035fbb267325c2199628b43a3531515482dbe1bd02ad4fd0fe94a2e9ec")
      #expect(
        hex((0..<32).map { tree[64 * count + 32 + 32 * j + $0] })
          == "a0865cbc84d40659c5905cfecc22fba856ed71d93aa994a120a452f2c400433a")
    }
  }

  /// Different messages in different lanes, for counts around the widths of the kernels.
  @Test(arguments: [1, 2, 7, 8, 15, 16, 17, 33])
  func pathsAgree(count: Int) {
    var random = SeededGenerator(seed: UInt64(count))
    let salts = (0..<32 * count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    let blocks = (0..<3).map { _ in (0..<8 * count).map { _ in random.next() } }
    let children = AlignedBuffer<UInt8>((0..<64 * count).map { _ in UInt8(truncatingIfNeeded: random.next()) })
    func run(_ path: KernelPath) -> [UInt8] {
      let parents = AlignedBuffer<UInt8>(count: 32 * count)
      LeafHashing.parents(
        children: children, childOffset: 0, parents: parents, parentOffset: 0, count: count, path: path)
      return digests(salts, blocks, count: count, path) + parents.array
    }
    let expected = run(.portable)
    for path in KernelPath.allCases.dropFirst() { #expect(run(path) == expected, "\(path)") }
  }

  /// A range of messages in the middle leaves the others alone.
  @Test(arguments: KernelPath.allCases)
  func ranges(path: KernelPath) {
    var random = SeededGenerator(seed: 3)
    let salts = AlignedBuffer<UInt8>((0..<32 * 40).map { _ in UInt8(truncatingIfNeeded: random.next()) })
    let block = AlignedBuffer<UInt64>((0..<8 * 20).map { _ in random.next() })
    let header = [UInt8](repeating: 9, count: 32)
    func run(_ path: KernelPath) -> ([UInt32], [UInt8]) {
      let states = AlignedBuffer<UInt32>(count: 8 * 40)
      let digests = AlignedBuffer<UInt8>(count: 32 * 40)
      LeafHashing.begin(states: states, first: 3, count: 30, header: header, salts: salts, path: path)
      LeafHashing.absorb(states: states, first: 5, blocks: block, count: 20, path: path)
      LeafHashing.finish(states: states, first: 4, count: 19, totalBytes: 128, digests: digests, path: path)
      return (states.array, digests.array)
    }
    let (states, digests) = run(path)
    #expect((states, digests) == run(.portable))
    #expect(states[0..<24].allSatisfy { $0 == 0 } && states[8 * 33..<8 * 40].allSatisfy { $0 == 0 })
    #expect(digests[0..<128].allSatisfy { $0 == 0 } && digests[32 * 23..<32 * 40].allSatisfy { $0 == 0 })
  }

  /// One buffer as salts, states and digests, and blocks from the middle of a buffer.
  @Test(arguments: KernelPath.allCases, [1, 5, 16, 40])
  func inPlace(path: KernelPath, count: Int) {
    var random = SeededGenerator(seed: 4)
    let salts = (0..<32 * count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    let block = (0..<8 * count).map { _ in random.next() }
    let memory = AlignedBuffer<UInt8>(salts)
    let blocks = AlignedBuffer<UInt64>([UInt64](repeating: 0, count: 24) + block)
    LeafHashing.begin(
      states: memory, first: 0, count: count, header: (0..<32).map(UInt8.init), salts: memory, path: path)
    LeafHashing.absorb(states: memory, first: 0, blocks: blocks, firstBlock: 3, count: count, path: path)
    LeafHashing.finish(states: memory, first: 0, count: count, totalBytes: 128, digests: memory, path: path)
    #expect(memory.array == digests(salts, [block], count: count, .portable))
  }
}
