import CKernels

/// SHA-256 of many messages at once, for the leaves and nodes of Merkle trees.
///
/// Message j is header (32 bytes, one for all) || salt_j (32 bytes) || blocks of 64 bytes. Begin, absorb once for each
/// block, finish.
package enum LeafHashing {
  /// Sets states[8j ..< 8j + 8], j in first ..< first + count, after the block header || salts[32j ..< 32j + 32].
  package static func begin(
    states: AlignedBuffer<UInt32>, first: Int, count: Int, header: [UInt8], salts: AlignedBuffer<UInt8>,
    path: KernelPath = .selected
  ) {
    precondition(header.count == 32, "a header of \(header.count) bytes")
    states.check(8 * first, 8 * count)
    salts.check(32 * first, 32 * count)
    if let level = path.level {
      dp_sha_begin(level, states.pointer + 8 * first, header, salts.pointer + 32 * first, count)
      return
    }
    for j in first..<first + count {
      var state = PortableSHA256()
      let salt = UnsafeRawBufferPointer(start: salts.pointer + 32 * j, count: 32)
      state.compress(PortableSHA256.words(header) + PortableSHA256.words(salt))
      state.store(states.pointer + 8 * j)
    }
  }

  /// Message first + i absorbs the 64 bytes of blocks[8i ..< 8i + 8], little-endian.
  package static func absorb(
    states: AlignedBuffer<UInt32>, first: Int, blocks: AlignedBuffer<UInt64>, count: Int, path: KernelPath = .selected
  ) {
    states.check(8 * first, 8 * count)
    blocks.check(0, 8 * count)
    if let level = path.level {
      dp_sha_absorb(level, states.pointer + 8 * first, UnsafeRawPointer(blocks.pointer), count)
      return
    }
    for i in 0..<count {
      var state = PortableSHA256(states.pointer + 8 * (first + i))
      state.compress(PortableSHA256.words(UnsafeRawBufferPointer(start: blocks.pointer + 8 * i, count: 64)))
      state.store(states.pointer + 8 * (first + i))
    }
  }

  /// digests[32j ..< 32j + 32] = the digest of message j, which has totalBytes bytes, a multiple of 64.
  package static func finish(
    states: AlignedBuffer<UInt32>, first: Int, count: Int, totalBytes: Int, digests: AlignedBuffer<UInt8>,
    path: KernelPath = .selected
  ) {
    precondition(totalBytes >= 0 && totalBytes % 64 == 0, "a message of \(totalBytes) bytes")
    states.check(8 * first, 8 * count)
    digests.check(32 * first, 32 * count)
    if let level = path.level {
      dp_sha_finish(level, states.pointer + 8 * first, UInt64(totalBytes), digests.pointer + 32 * first, count)
      return
    }
    let bits = UInt64(totalBytes) * 8
    var padding = [UInt32](repeating: 0, count: 16)
    padding[0] = 0x8000_0000
    padding[14] = UInt32(bits >> 32)
    padding[15] = UInt32(truncatingIfNeeded: bits)
    for j in first..<first + count {
      var state = PortableSHA256(states.pointer + 8 * j)
      state.compress(padding)
      state.digest(digests.pointer + 32 * j)
    }
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
