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

/// The ways from single lines up to the root, which show that a line is in the tree without showing another.
package struct LinePaths: Sendable {
  /// From the leaves to the root; what has no neighbour goes up as it is.
  private let levels: [[[UInt8]]]

  /// - Parameter digests: of all lines, in order.
  package init(_ digests: [[UInt8]]) {
    var levels = [digests.map { SHA256.hash([0], $0) }]
    while let last = levels.last, last.count > 1 {
      levels.append(
        stride(from: 0, to: last.count, by: 2).map { left in
          left + 1 < last.count ? SHA256.hash([1], last[left], last[left + 1]) : last[left]
        })
    }
    self.levels = levels
  }

  /// The neighbours on the way from line `number`, from 1, the lowest first.
  package func path(of number: Int) -> [[UInt8]] {
    var place = number - 1
    return levels.compactMap { level in
      defer { place /= 2 }
      let neighbour = place ^ 1
      return neighbour < level.count ? level[neighbour] : nil
    }
  }

  /// The root that a line's digest and its path lead to; nil where the path has another length than the tree is high.
  /// - Parameters:
  ///   - number: of the line, from 1.
  ///   - count: of all lines.
  package static func root(digest: [UInt8], number: Int, count: Int, path: [[UInt8]]) -> [UInt8]? {
    guard (1...max(1, count)).contains(number) else { return nil }
    var (place, last) = (number - 1, count - 1)
    var root = SHA256.hash([0], digest)
    var rest = path[...]
    while last > 0 {
      // A last node without neighbour goes up as it is.
      if place % 2 == 1 || place < last {
        guard let neighbour = rest.popFirst() else { return nil }
        root = place % 2 == 1 ? SHA256.hash([1], neighbour, root) : SHA256.hash([1], root, neighbour)
      }
      place /= 2
      last /= 2
    }
    return rest.isEmpty ? root : nil
  }
}
