// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCurve

/// One tensor of a model as a commitment has it: what it is, and the points of its rows or, where it has none, a digest.
package struct CurveBlock: Sendable, Hashable {
  package enum Content: Sendable, Hashable {
    /// Encodings of 48 bytes each.
    case rows([UInt8])
    /// Of a tensor that clauses cannot be about, 32 bytes.
    case digest([UInt8])
  }

  package let name: String
  package let dtype: String
  package let shape: [Int]
  /// f: an integer q stands for q·2^-f.
  package let fractionBits: Int
  package let content: Content

  package init(name: String, dtype: String, shape: [Int], fractionBits: Int, content: Content) {
    self.name = name
    self.dtype = dtype
    self.shape = shape
    self.fractionBits = fractionBits
    self.content = content
  }

  /// Points of the block.
  package var rowCount: Int {
    if case .rows(let points) = content { points.count / G1.compressedLength } else { 0 }
  }

  /// Whoever reads a leaf knows the setup and the length under which its points mean something, and the shape that the rows are
  /// tiles of: the same point under another of them would be another matrix.
  package func leaf(setupID: [UInt8], logLength: Int) -> [UInt8] {
    var bytes: [UInt8] = [0x00]
    let isRows = if case .rows = content { true } else { false }
    bytes.append(lengthPrefixed: isRows ? "driftproof/curve/block/v1" : "driftproof/curve/digest/v1")
    bytes += setupID
    bytes.append(lengthPrefixed: name)
    bytes.append(lengthPrefixed: dtype)
    bytes.append(littleEndian: UInt64(shape.count))
    for size in shape { bytes.append(littleEndian: UInt64(bitPattern: Int64(size))) }
    bytes.append(littleEndian: Int64(fractionBits))
    bytes.append(littleEndian: UInt32(logLength))
    switch content {
    case .rows(let points):
      bytes.append(littleEndian: UInt64(points.count / G1.compressedLength))
      bytes += points
    case .digest(let digest): bytes += digest
    }
    return SHA256.hash(bytes)
  }
}

/// A whole model's blocks under one root of 32 bytes.
package struct CurveModelTree: Sendable {
  /// Every level, the leaves first.
  private let levels: [[[UInt8]]]
  package let setupID: [UInt8]
  package let logLength: Int

  /// - Parameter blocks: at least one, in rising order of the names' UTF-8 bytes.
  package init(_ blocks: [CurveBlock], setupID: [UInt8], logLength: Int) {
    self.setupID = setupID
    self.logLength = logLength
    var levels = [Parallel.map(blocks.count) { blocks[$0].leaf(setupID: setupID, logLength: logLength) }]
    while levels[levels.count - 1].count > 1 {
      let level = levels[levels.count - 1]
      // A node without partner moves up unchanged, as in the identity.
      levels.append(
        stride(from: 0, to: level.count, by: 2).map { index in
          index + 1 < level.count ? Self.node(level[index], level[index + 1]) : level[index]
        })
    }
    self.levels = levels
  }

  private static func node(_ left: [UInt8], _ right: [UInt8]) -> [UInt8] { SHA256.hash([0x01] + left + right) }

  /// SHA-256 of a tag, the setup's id, l, the number of blocks and the tree's top.
  package var root: [UInt8] {
    Self.root(top: levels.last?.first ?? [], count: levels[0].count, setupID: setupID, logLength: logLength)
  }

  private static func root(top: [UInt8], count: Int, setupID: [UInt8], logLength: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(lengthPrefixed: "driftproof/curve/model/v1")
    bytes += setupID
    bytes.append(littleEndian: UInt32(logLength))
    bytes.append(littleEndian: UInt64(count))
    return SHA256.hash(bytes + top)
  }

  /// The neighbours from a block's leaf up; levels where it has none give none.
  package func path(of index: Int) -> [[UInt8]] {
    var (place, path) = (index, [[UInt8]]())
    for level in levels.dropLast() {
      if place ^ 1 < level.count { path.append(level[place ^ 1]) }
      place >>= 1
    }
    return path
  }

  /// Whether a block is the one of an index in a model of `count` blocks with this root.
  package static func verify(
    _ block: CurveBlock, index: Int, count: Int, path: [[UInt8]], setupID: [UInt8], logLength: Int, root: [UInt8]
  ) -> Bool {
    guard index >= 0, index < count else { return false }
    var (node, place, width, rest) = (
      block.leaf(setupID: setupID, logLength: logLength), index, count, path[...]
    )
    while width > 1 {
      if place ^ 1 < width {
        guard let other = rest.popFirst(), other.count == SHA256.digestLength else { return false }
        node = place & 1 == 0 ? Self.node(node, other) : Self.node(other, node)
      }
      place >>= 1
      // Without overflow for any stated count.
      width = width / 2 + width % 2
    }
    return rest.isEmpty
      && Self.root(top: node, count: count, setupID: setupID, logLength: logLength) == root
  }
}
