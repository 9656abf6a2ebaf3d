// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofTranscript

/// The leaf of a tree of rows: one message over all of them, or one over the digests of *bands* of them; docs/protocol.md
/// section 3, "Bands".
///
/// With one run the leaf is that of ``LeafFormat``. Otherwise, h_b being the digest of run b at the leaf's position,
///
///     h_b  = SHA-256(header "dp-band" ‖ salt ‖ values of run b ‖ zeros)
///     leaf = SHA-256(header "dp-join" ‖ 32 zero bytes ‖ h_0 ‖ h_1 ‖ … ‖ zeros)
///
/// The header of a run says its words and number, that of the leaf the words of all digests. So who opens a leaf in two ways,
/// by other rows, other runs or another number of them, has found a collision of SHA-256.
package struct RowLeafFormat: Sendable {
  /// Neighbouring rows that are hashed together.
  package struct Run: Sendable {
    package let rows: Range<Int>
    package let format: LeafFormat

    package init(rows: Range<Int>, format: LeafFormat) {
      self.rows = rows
      self.format = format
    }
  }

  /// At least one; together all rows, in order.
  package let runs: [Run]
  /// Of the digests of the runs; nil where the only run is the leaf.
  package let join: LeafFormat?

  /// Any leaf: what a cheating prover may hash.
  package init(runs: [Run], join: LeafFormat?) {
    self.runs = runs
    self.join = join
  }

  /// - Parameters:
  ///   - label: the tree's.
  ///   - bands: G of the code; trees with fewer blocks of eight rows have as many runs as blocks.
  package init(label: String, rows: Int, bands: Int, logLeaves: Int) {
    let ranges = Self.runs(rows: rows, bands: bands)
    guard ranges.count > 1 else {
      self.init(
        runs: [Run(rows: 0..<rows, format: LeafFormat(.rows, label: label, words: rows, logLeaves: logLeaves))],
        join: nil)
      return
    }
    self.init(
      runs: ranges.enumerated().map { number, rows in
        Run(
          rows: rows,
          format: LeafFormat(.band, label: "\(label)/band \(number)", words: rows.count, logLeaves: logLeaves))
      },
      join: LeafFormat(
        .join, label: label, words: SHA256.digestLength / 8 * ranges.count, logLeaves: logLeaves))
  }

  /// Blocks of eight rows, the last one perhaps shorter.
  package static func blocks(rows: Int) -> Int { (rows + 7) / 8 }

  /// Run b of G_t = min(G, blocks) has the blocks ⌊b·blocks/G_t⌋ to ⌊(b + 1)·blocks/G_t⌋ - 1: no run is empty, and none has
  /// two blocks more than another.
  package static func runs(rows: Int, bands: Int) -> [Range<Int>] {
    let blocks = blocks(rows: rows)
    let count = max(1, min(bands, blocks))
    return (0..<count).map { 8 * ($0 * blocks / count)..<min(rows, 8 * (($0 + 1) * blocks / count)) }
  }

  /// `values`: 8 bytes of every row.
  package func digest(salt: some Collection<UInt8>, values: some Collection<UInt8>) -> [UInt8] {
    let bytes = Array(values)
    let digests = runs.map { run in
      run.format.digest(salt: salt, values: bytes[8 * run.rows.lowerBound..<8 * run.rows.upperBound])
    }
    return join?.digest(salt: LeafFormat.noSalt, values: Array(digests.joined())) ?? digests[0]
  }
}
