// SPDX-License-Identifier: Apache-2.0

import CDriftProofKernels

/// SHA-256 of many messages at once, for the leaves and nodes of Merkle trees.
///
/// Message j is header (32 bytes, one for all) || salt_j (32 bytes) || blocks of 64 bytes. Begin, absorb once for each
/// block, finish. A state is 32 bytes, at byte 32j of a buffer of any elements; as states come from salts and become
/// digests one by one, one buffer may serve as all three.
package enum LeafHashing {
  /// Sets the states of messages first ..< first + count after the block header || salts[32j ..< 32j + 32].
  package static func begin<State>(
    states: AlignedBuffer<State>, first: Int, count: Int, header: [UInt8], salts: AlignedBuffer<UInt8>,
    path: KernelPath = .selected
  ) {
    precondition(header.count == 32, "a header of \(header.count) bytes")
    let states = words(states, first, count)
    salts.check(32 * first, 32 * count)
    if let level = path.level {
      dp_sha_begin(level, states, header, salts.pointer + 32 * first, count)
      return
    }
    for j in 0..<count {
      var state = PortableSHA256()
      let salt = UnsafeRawBufferPointer(start: salts.pointer + 32 * (first + j), count: 32)
      state.compress(PortableSHA256.words(header) + PortableSHA256.words(salt))
      state.store(states + 8 * j)
    }
  }

  /// Message first + i absorbs the 64 bytes of blocks[8b ..< 8b + 8], b = firstBlock + i, little-endian.
  package static func absorb<State>(
    states: AlignedBuffer<State>, first: Int, blocks: AlignedBuffer<UInt64>, firstBlock: Int = 0, count: Int,
    path: KernelPath = .selected
  ) {
    let states = words(states, first, count)
    blocks.check(8 * firstBlock, 8 * count)
    let source = UnsafeRawPointer(blocks.pointer + 8 * firstBlock)
    if let level = path.level {
      dp_sha_absorb(level, states, source, count)
      return
    }
    for i in 0..<count {
      var state = PortableSHA256(states + 8 * i)
      state.compress(PortableSHA256.words(UnsafeRawBufferPointer(start: source + 64 * i, count: 64)))
      state.store(states + 8 * i)
    }
  }

  /// Message j of first ..< first + count absorbs the block left[32j ..< 32j + 32] || right[32j ..< 32j + 32], right being
  /// zeros where there is none.
  package static func absorbPairs<State>(
    states: AlignedBuffer<State>, left: AlignedBuffer<UInt8>, right: AlignedBuffer<UInt8>?, first: Int, count: Int,
    path: KernelPath = .selected
  ) {
    let states = words(states, first, count)
    left.check(32 * first, 32 * count)
    right?.check(32 * first, 32 * count)
    if let level = path.level {
      dp_sha_pairs(level, states, left.pointer + 32 * first, right.map { $0.pointer + 32 * first }, count)
      return
    }
    for j in 0..<count {
      var state = PortableSHA256(states + 8 * j)
      var block = PortableSHA256.words(UnsafeRawBufferPointer(start: left.pointer + 32 * (first + j), count: 32))
      block +=
        right.map { PortableSHA256.words(UnsafeRawBufferPointer(start: $0.pointer + 32 * (first + j), count: 32)) }
        ?? [UInt32](repeating: 0, count: 8)
      state.compress(block)
      state.store(states + 8 * j)
    }
  }

  /// digests[32j ..< 32j + 32] = the digest of message j, which has totalBytes bytes, a multiple of 64.
  package static func finish<State>(
    states: AlignedBuffer<State>, first: Int, count: Int, totalBytes: Int, digests: AlignedBuffer<UInt8>,
    path: KernelPath = .selected
  ) {
    precondition(totalBytes >= 0 && totalBytes % 64 == 0, "a message of \(totalBytes) bytes")
    let states = words(states, first, count)
    digests.check(32 * first, 32 * count)
    if let level = path.level {
      dp_sha_finish(level, states, UInt64(totalBytes), digests.pointer + 32 * first, count)
      return
    }
    let bits = UInt64(totalBytes) * 8
    var padding = [UInt32](repeating: 0, count: 16)
    padding[0] = 0x8000_0000
    padding[14] = UInt32(bits >> 32)
    padding[15] = UInt32(truncatingIfNeeded: bits)
    for j in 0..<count {
      var state = PortableSHA256(states + 8 * j)
      state.compress(padding)
      state.digest(digests.pointer + 32 * (first + j))
    }
  }

  /// The words of some states; the memory is aligned for them.
  private static func words<State>(
    _ states: AlignedBuffer<State>, _ first: Int, _ count: Int
  ) -> UnsafeMutablePointer<UInt32> {
    let size = MemoryLayout<State>.stride
    precondition(32 % size == 0, "elements of \(size) bytes")
    states.check(32 / size * first, 32 / size * count)
    return UnsafeMutableRawPointer(states.pointer + 32 / size * first).assumingMemoryBound(to: UInt32.self)
  }

  /// parent_i = SHA-256(0x01 || left child || right child), 32 bytes each, for `count` parents. The offsets are in
  /// bytes; the children written over, if any, must not be read later.
  package static func parents(
    children: AlignedBuffer<UInt8>, childOffset: Int, parents: AlignedBuffer<UInt8>, parentOffset: Int, count: Int,
    path: KernelPath = .selected
  ) {
    children.check(childOffset, 64 * count)
    parents.check(parentOffset, 32 * count)
    if let level = path.level {
      dp_sha_parents(level, children.pointer + childOffset, parents.pointer + parentOffset, count)
      return
    }
    for i in 0..<count {
      let pair = UnsafeRawBufferPointer(start: children.pointer + childOffset + 64 * i, count: 64)
      var message: [UInt8] = [1] + pair
      message.append(0x80)
      message += [UInt8](repeating: 0, count: 60)
      message += [0x02, 0x08]  // 520 bits
      var state = PortableSHA256()
      state.compress(PortableSHA256.words(message[0..<64]))
      state.compress(PortableSHA256.words(message[64..<128]))
      state.digest(parents.pointer + parentOffset + 32 * i)
    }
  }
}
