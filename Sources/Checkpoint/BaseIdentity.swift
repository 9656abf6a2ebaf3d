// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import Synchronization

/// The base identity (docs/protocol.md section 3): a Merkle root over what a certificate needs to know about the base.
///
/// Deterministic: anyone with the files recomputes it, whatever their sharding. The norms sit inside the leaves, so that
/// a bound relative to the base's norm cannot be inflated by a forged manifest.
package struct BaseIdentity: Sendable, Hashable {
  /// One tensor of the base.
  package struct Leaf: Sendable, Hashable {
    package let name: String
    package let dtype: DataType
    package let shape: [Int]
    package let statistics: TensorStatistics

    package init(name: String, dtype: DataType, shape: [Int], statistics: TensorStatistics) {
      self.name = name
      self.dtype = dtype
      self.shape = shape
      self.statistics = statistics
    }

    /// The tensor as a matrix; see `Shape.matrix`.
    package var matrixShape: (rows: Int, columns: Int) { Shape.matrix(shape) }
    /// Whether clauses can be about it: it is floating, and every weight has an integer.
    package var isEncodable: Bool { dtype.isFloating && statistics.unencodableEntry == nil }
  }

  /// In rising order of the names' UTF-8 bytes, names distinct.
  package let tensors: [Leaf]
  /// SHA-256("driftproof/identity/v1" ‖ UInt64LE count ‖ Merkle root), 32 bytes.
  package let root: [UInt8]
  /// Of a base whose weights are committed to: then statements may speak of them.
  package private(set) var linked: LinkedBase?

  /// `root` in lower-case hexadecimal, 64 digits.
  package var rootHex: String { root.hexadecimal }

  /// The leaf of this name, compared by UTF-8 bytes; logarithmic time.
  package func tensor(named name: String) -> Leaf? {
    NameOrder.find(name, in: tensors, name: \.name)
  }

  /// Reads all of the checkpoint's bytes, tensors in parallel, largest first.
  ///
  /// `progress(done, total)` counts bytes; it is called after each tensor, from several threads, `done` rising.
  /// Errors: those of reading files; with several, the one of the first tensor in name order is thrown.
  package static func compute(
    checkpoint: Checkpoint, progress: (@Sendable (_ done: Int, _ total: Int) -> Void)? = nil
  ) throws(CheckpointError) -> BaseIdentity {
    let tensors = checkpoint.tensors
    let total = tensors.reduce(0) { $0 + $1.byteRange.count }
    let order = tensors.indices.sorted { tensors[$0].byteRange.count > tensors[$1].byteRange.count }
    let bytesDone = Mutex(0)
    let statistics = try Parallel.map(tensors.count, order: order) { index throws(CheckpointError) in
      let tensor = tensors[index]
      defer {
        bytesDone.withLock {
          $0 += tensor.byteRange.count
          progress?($0, total)
        }
      }
      return try checkpoint.statistics(of: tensor)
    }
    return BaseIdentity(
      sorted: zip(tensors, statistics).map { tensor, statistics in
        Leaf(name: tensor.name, dtype: tensor.dtype, shape: tensor.shape, statistics: statistics)
      })
  }

  /// `leaves` must be sorted by name, without duplicates.
  package init(sorted leaves: [Leaf]) {
    tensors = leaves
    var bytes = Array(Self.rootTag.utf8)
    bytes.append(littleEndian: UInt64(leaves.count))
    bytes += Self.merkleRoot(leaves.map { SHA256.hash([0x00] + $0.canonicalBytes()) })
    root = SHA256.hash(bytes)
  }

  /// Leaves that no root names: of a base whose weights have not been read.
  package init(outline leaves: [Leaf]) {
    tensors = leaves
    root = []
  }

  /// The same base with a tableau of its weights.
  package func linking(_ linked: LinkedBase) -> BaseIdentity {
    var result = self
    result.linked = linked
    return result
  }

  static let rootTag = "driftproof/identity/v1"
  static let emptyTag = "driftproof/identity/empty/v1"
  static let leafTag = "driftproof/identity/leaf/v1"
  /// Of leaves without encoding, which no version 1 knows.
  static let unencodableLeafTag = "driftproof/identity/leaf/v2"

  /// Inner nodes SHA-256(0x01 ‖ left ‖ right); a node without partner moves up unchanged.
  ///
  /// The number of leaves is part of the identity's root, so a tree of another shape cannot give the same root.
  static func merkleRoot(_ leaves: [[UInt8]]) -> [UInt8] {
    guard !leaves.isEmpty else { return SHA256.hash(Array(emptyTag.utf8)) }
    var level = leaves
    while level.count > 1 {
      level = stride(from: 0, to: level.count, by: 2).map { index in
        index + 1 < level.count ? SHA256.hash([0x01] + level[index] + level[index + 1]) : level[index]
      }
    }
    return level[0]
  }
}

extension BaseIdentity.Leaf {
  /// What the leaf hash covers; integers little-endian, every variable part after its length (UInt64):
  ///
  /// tag, name, dtype (UTF-8 with length), rank, sizes (UInt64 each), f (Int64), Σq² (UInt128), max|q| (UInt64),
  /// SHA-256 (32 bytes); without encoding another tag and the entry (UInt64) in place of the three numbers.
  package func canonicalBytes() -> [UInt8] {
    var bytes: [UInt8] = []
    let tag = statistics.unencodableEntry == nil ? BaseIdentity.leafTag : BaseIdentity.unencodableLeafTag
    for text in [tag, name, dtype.rawValue] {
      bytes.append(lengthPrefixed: text)
    }
    bytes.append(littleEndian: UInt64(shape.count))
    for size in shape { bytes.append(littleEndian: UInt64(size)) }
    if let entry = statistics.unencodableEntry {
      bytes.append(littleEndian: UInt64(entry))
      return bytes + statistics.sha256
    }
    bytes.append(littleEndian: Int64(statistics.fractionBits))
    bytes.append(littleEndian: statistics.sumOfSquares)
    bytes.append(littleEndian: UInt64(statistics.maxAbs))
    return bytes + statistics.sha256
  }
}
