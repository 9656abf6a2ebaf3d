// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCommitment
import DriftProofKernels

/// A Merkle tree over 2^depth leaf digests (prover): 32 bytes a leaf, and but for very small ones hardly more.
///
/// The levels between the leaves and the roots of *subtrees* are not stored: opened leaves lie in few subtrees, and hashing
/// one of 2^5 leaves again takes some microseconds, one of 2^10 less than 0.1 ms.
package struct MerkleTree: Sendable {
  let depth: Int
  /// Levels 1 ..< subtreeLog are not stored; at least 1, at most `depth`.
  private let subtreeLog: Int
  /// Level 0.
  private let leaves: AlignedBuffer<UInt8>
  /// Levels subtreeLog ... depth, lowest first; in a tree of one leaf nothing.
  private let upper: AlignedBuffer<UInt8>

  /// The height of the subtrees: what an opening hashes again is to be little beside making the tree.
  private static func subtreeLog(depth: Int) -> Int {
    switch depth {
    case ..<14: 1
    case ..<22: 5
    default: 10
    }
  }

  /// `fillLeaves` writes the 2^depth leaf digests, 32 bytes each, to a zeroed buffer.
  init(depth: Int, subtreeLog: Int? = nil, fillLeaves: (AlignedBuffer<UInt8>) throws -> Void) rethrows {
    self.depth = depth
    self.subtreeLog = subtreeLog ?? Self.subtreeLog(depth: depth)
    precondition(
      self.subtreeLog >= 1 && (depth == 0 || self.subtreeLog <= depth), "subtrees of height \(subtreeLog ?? 0)")
    leaves = AlignedBuffer(count: 32 << depth)
    try fillLeaves(leaves)
    guard depth > 0 else {
      upper = AlignedBuffer(count: 0)
      return
    }
    upper = AlignedBuffer(count: 32 * ((2 << (depth - self.subtreeLog)) - 1))
    hashSubtrees()
    for level in self.subtreeLog..<depth {
      let (children, parents) = (start(level: level), start(level: level + 1))
      let count = 1 << (depth - level - 1)
      let chunk = min(count, 1 << 12)
      let buffer = upper
      Parallel.forEach(count / chunk) { index in
        LeafHashing.parents(
          children: buffer, childOffset: children + 64 * chunk * index, parents: buffer,
          parentOffset: parents + 32 * chunk * index, count: chunk)
      }
    }
  }

  /// The byte in `upper` at which a level begins.
  private func start(level: Int) -> Int { 32 * ((2 << (depth - subtreeLog)) - (2 << (depth - level))) }

  /// Fills level subtreeLog.
  private func hashSubtrees() {
    let chunk = min(depth, max(subtreeLog, 12))
    let (leaves, upper, subtreeLog) = (leaves, upper, subtreeLog)
    Parallel.forEach(1 << (depth - chunk)) { index in
      let scratch = AlignedBuffer<UInt8>(count: subtreeLog == 1 ? 0 : 16 << chunk)
      for level in 1...subtreeLog {
        let count = 1 << (chunk - level)
        // In the scratch a parent takes the place of a child that has been read.
        let (target, offset) = level == subtreeLog ? (upper, 32 * count * index) : (scratch, 0)
        if level == 1 {
          LeafHashing.parents(
            children: leaves, childOffset: 32 * index << chunk, parents: target, parentOffset: offset, count: count)
        } else {
          LeafHashing.parents(
            children: scratch, childOffset: 0, parents: target, parentOffset: offset, count: count)
        }
      }
    }
  }

  /// The levels 1 ..< subtreeLog of one subtree, lowest first; level j begins at digest 2^s - 2^(s - j + 1), s the
  /// height.
  private func hiddenLevels(subtree: Int) -> AlignedBuffer<UInt8> {
    let levels = AlignedBuffer<UInt8>(count: 32 << subtreeLog)
    for level in 1..<subtreeLog {
      let target = 32 * (1 << subtreeLog - 1 << (subtreeLog - level + 1))
      let count = 1 << (subtreeLog - level)
      if level == 1 {
        LeafHashing.parents(
          children: leaves, childOffset: 32 * subtree << subtreeLog, parents: levels, parentOffset: target, count: count
        )
      } else {
        LeafHashing.parents(
          children: levels, childOffset: target - 64 * count, parents: levels, parentOffset: target, count: count)
      }
    }
    return levels
  }

  /// Bytes of the leaf digests, which come one after the other.
  func leafDigests(_ range: Range<Int>) -> [UInt8] {
    precondition(range.upperBound <= 32 << depth, "beyond the leaves")
    return leaves.copy(range)
  }

  var root: [UInt8] { digest(level: depth, index: 0) }

  func digest(level: Int, index: Int) -> [UInt8] {
    var subtrees: [Int: AlignedBuffer<UInt8>] = [:]
    return digest(level: level, index: index, subtrees: &subtrees)
  }

  /// `subtrees`: the hidden levels that are known already.
  private func digest(level: Int, index: Int, subtrees: inout [Int: AlignedBuffer<UInt8>]) -> [UInt8] {
    func bytes(_ buffer: AlignedBuffer<UInt8>, at start: Int) -> [UInt8] { (start..<start + 32).map { buffer[$0] } }
    if level == 0 { return bytes(leaves, at: 32 * index) }
    if level >= subtreeLog { return bytes(upper, at: start(level: level) + 32 * index) }
    let log = subtreeLog - level
    let subtree = index >> log
    let levels = subtrees[subtree] ?? hiddenLevels(subtree: subtree)
    subtrees[subtree] = levels
    return bytes(levels, at: 32 * (1 << subtreeLog - 2 << log + index & (1 << log - 1)))
  }

  /// The siblings of ``MerkleMultiproof`` for these leaves (distinct, ascending).
  package func multiproof(_ leaves: [Int]) -> [UInt8] {
    var result: [UInt8] = []
    var subtrees: [Int: AlignedBuffer<UInt8>] = [:]
    MerkleMultiproof.forEachSibling(of: leaves, depth: depth) { level, index in
      result += digest(level: level, index: index, subtrees: &subtrees)
    }
    return result
  }
}
