// SPDX-License-Identifier: Apache-2.0

import DriftProofKernels

/// The merged Merkle paths of several leaves; shared by both sides.
///
/// Siblings come level by level from the leaves up, ascending in each level, and only where they are not computed from
/// other opened leaves. The order follows from the set of leaves, so the proof carries nothing but digests.
package enum MerkleMultiproof {
  /// Calls `visit(level, index)` for every node that the proof must supply. `leaves`: distinct, ascending, below
  /// 2^depth.
  package static func forEachSibling(of leaves: [Int], depth: Int, _ visit: (_ level: Int, _ index: Int) -> Void) {
    var nodes = leaves
    for level in 0..<depth {
      var parents: [Int] = []
      parents.reserveCapacity(nodes.count)
      var i = 0
      while i < nodes.count {
        let node = nodes[i]
        if node & 1 == 0, i + 1 < nodes.count, nodes[i + 1] == node + 1 {
          i += 1
        } else {
          visit(level, node ^ 1)
        }
        parents.append(node >> 1)
        i += 1
      }
      nodes = parents
    }
  }

  package static func siblingCount(of leaves: [Int], depth: Int) -> Int {
    var count = 0
    forEachSibling(of: leaves, depth: depth) { _, _ in count += 1 }
    return count
  }

  /// About the bytes of the siblings of t random leaves, in integers: t·(depth - log2(t) - 0.94) digests are expected.
  package static func expectedBytes(leaves: Int, depth: Int) -> Int {
    let squared = leaves * leaves
    // log2(t) + 1 in quarters; t ≤ 2^15.
    let shared = 4 + Int.bitWidth - 1 - (squared * squared).leadingZeroBitCount
    return 8 * leaves * max(0, 4 * depth - shared)
  }

  /// The root that leaves and siblings lead to.
  ///
  /// `digests`: one per leaf, in the order of `leaves` (distinct, ascending, not empty). `siblings`: 32 bytes each,
  /// exactly ``siblingCount(of:depth:)`` of them.
  package static func root(leaves: [Int], digests: [[UInt8]], siblings: [UInt8], depth: Int) -> [UInt8] {
    var nodes = leaves
    var hashes = Array(digests.joined())
    var next = 0
    let pairs = AlignedBuffer<UInt8>(count: 64 * leaves.count)
    let parentHashes = AlignedBuffer<UInt8>(count: 32 * leaves.count)
    for _ in 0..<depth {
      var parents: [Int] = []
      parents.reserveCapacity(nodes.count)
      var i = 0
      while i < nodes.count {
        let node = nodes[i]
        let pair = 64 * parents.count
        copy(hashes, 32 * i, to: pairs, pair + 32 * (node & 1))
        if node & 1 == 0, i + 1 < nodes.count, nodes[i + 1] == node + 1 {
          i += 1
          copy(hashes, 32 * i, to: pairs, pair + 32)
        } else {
          copy(siblings, next, to: pairs, pair + 32 * (1 - (node & 1)))
          next += 32
        }
        parents.append(node >> 1)
        i += 1
      }
      LeafHashing.parents(
        children: pairs, childOffset: 0, parents: parentHashes, parentOffset: 0, count: parents.count)
      hashes = Array(UnsafeBufferPointer(start: parentHashes.pointer, count: 32 * parents.count))
      nodes = parents
    }
    return hashes
  }

  /// Copies one digest.
  private static func copy(_ source: [UInt8], _ start: Int, to target: AlignedBuffer<UInt8>, _ offset: Int) {
    for i in 0..<32 { target[offset + i] = source[start + i] }
  }
}
