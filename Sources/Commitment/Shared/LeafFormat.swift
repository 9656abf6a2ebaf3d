// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofTranscript

/// The bytes of a leaf: header (32) ‖ salt (32) ‖ values, zero-padded to a multiple of 64 bytes.
///
/// Header and salt fill one SHA-256 block, eight values the next: what the leaf kernels work on. Inner nodes begin with
/// 0x01, so no leaf is a node.
package struct LeafFormat: Sendable {
  /// 0x00, a tag of 7 bytes, then as little-endian 64-bit integers: words per leaf, log2 of the number of leaves, and
  /// the first 8 bytes of SHA-256(label).
  package let header: [UInt8]
  package let label: String
  /// 64-bit words of one leaf before padding.
  package let words: Int

  package static let saltLength = 32
  /// Layer leaves hide nothing (u is uniform given v, docs/protocol.md section 6) and carry this instead of a salt.
  package static let noSalt = [UInt8](repeating: 0, count: saltLength)

  package enum Kind: String {
    case rows = "dp-rows"
    case layer = "dp-fold"
    /// A run of rows, whose digest is no leaf (``RowLeafFormat``).
    case band = "dp-band"
    /// The digests of all runs.
    case join = "dp-join"
  }

  package init(_ kind: Kind, label: String, words: Int, logLeaves: Int) {
    var header: [UInt8] = [0]
    header += Array(kind.rawValue.utf8)
    header.append(littleEndian: UInt64(words))
    header.append(littleEndian: UInt64(logLeaves))
    header += SHA256.hash(Array(label.utf8)).prefix(8)
    self.header = header
    self.label = label
    self.words = words
  }

  /// Blocks of eight words.
  package var blocks: Int { (words + 7) / 8 }
  package var totalBytes: Int { 64 + 64 * blocks }

  /// `values`: 8·words bytes.
  package func digest(salt: some Collection<UInt8>, values: some Collection<UInt8>) -> [UInt8] {
    var message: [UInt8] = []
    message.reserveCapacity(totalBytes)
    message += header
    message += salt
    message += values
    message += [UInt8](repeating: 0, count: totalBytes - message.count)
    return SHA256.hash(message)
  }
}
