// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// The Merkle tree (RFC 6962) of the digests of a transcript's lines, as it grows: leaf SHA-256(0x00 ‖ digest), node
/// SHA-256(0x01 ‖ left ‖ right). One digest stands for a line that is withheld.
package struct LineTree: Equatable, Sendable {
  /// Roots of full trees, the largest first, with their numbers of leaves.
  private var peaks: [(leaves: Int, root: [UInt8])] = []
  package private(set) var count = 0

  package init() {}

  package mutating func append(_ digest: [UInt8]) {
    var (leaves, root) = (1, SHA256.hash([0], digest))
    while let last = peaks.last, last.leaves == leaves {
      root = SHA256.hash([1], last.root, root)
      leaves *= 2
      peaks.removeLast()
    }
    peaks.append((leaves, root))
    count += 1
  }

  /// Of no lines, the digest of nothing.
  package var root: [UInt8] {
    guard var root = peaks.last?.root else { return SHA256.hash([]) }
    for peak in peaks.dropLast().reversed() { root = SHA256.hash([1], peak.root, root) }
    return root
  }

  package static func == (a: LineTree, b: LineTree) -> Bool { a.count == b.count && a.root == b.root }
}
