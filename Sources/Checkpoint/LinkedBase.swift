// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// What an identity says of the tableau that commits to the base's weights (docs/protocol.md, section 3, "Linked base").
///
/// A public base's is a function of the weights, as the identity is; one that hides the weights has tails and pins besides. It
/// lets a statement speak of the base's own entries. A *next base*'s holds a tuned model in the places and units of its base's:
/// all of the identity but trees and tails is the base's then (section 13).
package struct LinkedBase: Sendable, Hashable {
  /// One Merkle tree over the rows of some tensors.
  package struct Tree: Sendable, Hashable {
    package let rows: Int
    /// 32 bytes.
    package let root: [UInt8]
    /// Of a tableau that hides the weights: the value of each row at the point that the root determines, 24 bytes each. Empty
    /// otherwise.
    package let pins: [UInt8]

    package init(rows: Int, root: [UInt8], pins: [UInt8] = []) {
      self.rows = rows
      self.root = root
      self.pins = pins
    }
  }

  /// A tensor of the tableau.
  package struct Tensor: Sendable, Hashable {
    package let name: String
    /// The largest Σq² of a chunk, in units of 4^-g.
    package let heaviestChunk: UInt128
    /// Entries with |q| < ``floor`` in the tensor's own units.
    package let entriesBelowFloor: Int
    /// Its integers are round-half-even(w·2^f).
    package let fractionBits: Int

    package init(name: String, heaviestChunk: UInt128, entriesBelowFloor: Int, fractionBits: Int) {
      self.name = name
      self.heaviestChunk = heaviestChunk
      self.entriesBelowFloor = entriesBelowFloor
      self.fractionBits = fractionBits
    }
  }

  /// 2^l positions a row.
  package let logLength: Int
  package let logBlowup: Int
  /// Bands of rows that several machines would commit to on their own; 1.
  package let bands: Int
  /// Random coefficients of each row; 0 for a public base.
  package let tail: Int
  package let trees: [Tree]
  /// Every F16 and BF16 tensor of the base that has integers and entries, in name order.
  package let tensors: [Tensor]
  /// Of all trees' layouts.
  package let layoutDigest: [UInt8]
  /// Of a next base: the linked root of the base whose leaves, places and units it has, 32 bytes; nil otherwise.
  package let predecessor: [UInt8]?

  package init(
    logLength: Int, logBlowup: Int, bands: Int = 1, tail: Int = 0, trees: [Tree], tensors: [Tensor],
    layoutDigest: [UInt8], predecessor: [UInt8]? = nil
  ) {
    self.logLength = logLength
    self.logBlowup = logBlowup
    self.bands = bands
    self.tail = tail
    self.trees = trees
    self.tensors = tensors
    self.layoutDigest = layoutDigest
    self.predecessor = predecessor
  }

  /// φ: weights below it count as if they were it. Between σ/16 and σ/8.
  package static let floor = 1 << 14
  /// ⌊log2 σ⌋ of the heaviest chunk in a linked tensor's units.
  package static let logDeviation = 17
  /// So that the floor is 2^-14, below which F16 has subnormals.
  package static let largestHalfFractionBits = 28
  /// Bytes of a row's pin.
  package static let pinBytes = 24
  /// g + 17 - 2, from g ≤ 24 and σ ≥ 4.
  package static let fractionBitsRange = Encoding.fractionBitsRange.lowerBound...39

  /// Whether integers of the tensor of this leaf are in the tableau.
  package static func contains(_ leaf: BaseIdentity.Leaf) -> Bool {
    (leaf.dtype == .bf16 || leaf.dtype == .f16) && leaf.isEncodable && Shape.entryCount(leaf.shape) ?? 0 > 0
  }

  /// f of a tensor, and whether clauses may speak of its base: not of one whose heaviest chunk is nearly zero.
  /// - Parameters:
  ///   - chunkEntries: positions of a chunk, or of the whole smaller tensor, padded.
  package static func units(
    _ dtype: DataType, fractionBits: Int, heaviestChunk: UInt128, chunkEntries: Int
  ) -> (fractionBits: Int, isLinkable: Bool) {
    guard heaviestChunk >= 16 * UInt128(chunkEntries) else { return (fractionBits, false) }
    var log = 2
    while UInt128(chunkEntries) << UInt128(2 * (log + 1)) <= heaviestChunk { log += 1 }
    let own = fractionBits + logDeviation - log
    return (dtype == .f16 ? min(own, largestHalfFractionBits) : own, true)
  }

  /// Its rows have tails, its leaves salts, its trees pins: what proofs show of it tells nothing of the weights.
  package var isHiding: Bool { tail > 0 }
  /// It holds a tuned model, and a transition alone ties it to the base that the identity's leaves describe.
  package var isNext: Bool { predecessor != nil }

  /// What the linked root hashes (docs/format.md).
  package var canonicalBytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(lengthPrefixed: "driftproof/base-tableau/\(isNext ? "v3" : isHiding ? "v2" : "v1")")
    bytes += predecessor ?? []
    for value in [logLength, logBlowup, bands] { bytes.append(littleEndian: UInt32(value)) }
    bytes.append(littleEndian: UInt64(tail))
    bytes.append(littleEndian: UInt32(trees.count))
    for tree in trees {
      bytes.append(littleEndian: UInt32(tree.rows))
      bytes += tree.root
      bytes += tree.pins
    }
    bytes.append(littleEndian: UInt64(tensors.count))
    for tensor in tensors {
      bytes.append(lengthPrefixed: tensor.name)
      bytes.append(littleEndian: tensor.heaviestChunk)
      bytes.append(littleEndian: UInt64(tensor.entriesBelowFloor))
      bytes.append(littleEndian: Int64(tensor.fractionBits))
    }
    return bytes + layoutDigest
  }

  package func tensor(named name: String) -> Tensor? { NameOrder.find(name, in: tensors, name: \.name) }
}

extension BaseIdentity {
  /// What it is known by: of a next base the linked root, as its leaves are those of the base before it.
  package var namedRoot: [UInt8] { linked?.isNext ?? false ? linkedRoot ?? root : root }

  /// The root that also binds the base's tableau; nil for an identity without one.
  package var linkedRoot: [UInt8]? {
    linked.map { SHA256.hash(Array("driftproof/identity/v2".utf8), root, SHA256.hash($0.canonicalBytes)) }
  }
}
