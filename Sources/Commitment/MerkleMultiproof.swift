import Transcript

/// The merged Merkle paths of several leaves; shared by both sides.
///
/// Siblings come level by level from the leaves up, ascending in each level, and only where they are not computed from
/// other opened leaves. The order follows from the set of leaves, so the proof carries nothing but digests.
enum MerkleMultiproof {
  /// Calls `visit(level, index)` for every node that the proof must supply. `leaves`: distinct, ascending, below 2^depth.
  static func forEachSibling(of leaves: [Int], depth: Int, _ visit: (_ level: Int, _ index: Int) -> Void) {
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

  static func siblingCount(of leaves: [Int], depth: Int) -> Int {
    var count = 0
    forEachSibling(of: leaves, depth: depth) { _, _ in count += 1 }
    return count
  }

  /// The root that leaves and siblings lead to.
  ///
  /// `digests`: one per leaf, in the order of `leaves` (distinct, ascending, not empty). `siblings`: 32 bytes each,
  /// exactly ``siblingCount(of:depth:)`` of them.
  static func root(leaves: [Int], digests: [[UInt8]], siblings: [UInt8], depth: Int) -> [UInt8] {
    var nodes = leaves
    var hashes = digests
    var next = 0
    // 0x01 ‖ left ‖ right
    var message = [UInt8](repeating: 0, count: 65)
    message[0] = 1
    for _ in 0..<depth {
      var parents: [Int] = []
      var parentHashes: [[UInt8]] = []
      parents.reserveCapacity(nodes.count)
      parentHashes.reserveCapacity(nodes.count)
      var i = 0
      while i < nodes.count {
        let node = nodes[i]
        if node & 1 == 0, i + 1 < nodes.count, nodes[i + 1] == node + 1 {
          message.replaceSubrange(1..<33, with: hashes[i])
          message.replaceSubrange(33..<65, with: hashes[i + 1])
          i += 1
        } else {
          let sibling = siblings[next..<next + 32]
          next += 32
          message.replaceSubrange(node & 1 == 0 ? 1..<33 : 33..<65, with: hashes[i])
          message.replaceSubrange(node & 1 == 0 ? 33..<65 : 1..<33, with: sibling)
        }
        parents.append(node >> 1)
        parentHashes.append(SHA256.hash(message))
        i += 1
      }
      nodes = parents
      hashes = parentHashes
    }
    return hashes[0]
  }
}
