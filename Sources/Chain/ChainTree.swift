// SPDX-License-Identifier: Apache-2.0

/// The order of certificates that name their parents: a forest whose roots start from the base.
///
/// Works on what files state, before anything is verified: circles and repeated commitments, which no honest certificates
/// have, must be found and not followed.
package struct ChainTree {
  /// What a certificate states; all nil for a file that cannot be read as one.
  package struct Node: Hashable, Sendable {
    package var commitment: [UInt8]?
    /// Nil for one that starts from the base.
    package var parent: [UInt8]?

    package init(commitment: [UInt8]?, parent: [UInt8]?) {
      self.commitment = commitment
      self.parent = parent
    }
  }

  /// How a certificate hangs in the forest.
  package enum Place: Hashable, Sendable {
    /// It starts from the base, or cannot be read.
    case root
    /// Below the certificate at this index.
    case child(of: Int)
    /// The certificate at this index is about the same commitment, so that nobody can tell which one is meant.
    case duplicate(of: Int)
    /// The named parent is not there.
    case parentMissing
    /// It is its own ancestor, or hangs below such.
    case circle
  }

  /// One for each node, in their order.
  package let places: [Place]
  /// All nodes, parents before children, siblings in their order; nodes of circles last.
  package let order: [Int]

  package init(_ nodes: [Node]) {
    var owner: [[UInt8]: Int] = [:]
    var places = [Place](repeating: .circle, count: nodes.count)
    var repeated: [Int: Int] = [:]
    for (index, node) in nodes.enumerated() {
      guard let commitment = node.commitment else { continue }
      guard let first = owner[commitment] else {
        owner[commitment] = index
        continue
      }
      repeated[index] = first
      if repeated[first] == nil { repeated[first] = index }
    }
    var children: [Int: [Int]] = [:]
    var starts: [Int] = []
    for (index, node) in nodes.enumerated() {
      if let parent = node.parent, let above = owner[parent] {
        children[above, default: []].append(index)
        continue
      }
      starts.append(index)
      places[index] = node.parent == nil ? .root : .parentMissing
    }
    // What is not reached from a start hangs on a circle.
    var order: [Int] = []
    var pending = Array(starts.reversed())
    while let index = pending.popLast() {
      order.append(index)
      for child in (children[index] ?? []).reversed() {
        places[child] = .child(of: index)
        pending.append(child)
      }
    }
    let reached = Set(order)
    order += nodes.indices.filter { !reached.contains($0) }
    for (index, other) in repeated { places[index] = .duplicate(of: other) }
    self.places = places
    self.order = order
  }
}
