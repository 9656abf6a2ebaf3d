// SPDX-License-Identifier: Apache-2.0

extension CodeParameters {
  /// Bytes of an opening, up to the exact number of Merkle siblings.
  ///
  /// - Parameters:
  ///   - rows: rows of each opened tree.
  ///   - highParts: tail coefficients of each folded claim's combination.
  ///   - clear: coefficients of each combination that is sent in clear.
  package func openingBytes(rows: [Int], highParts: [Int], clear: [Int]) -> Int {
    let paths = MerkleMultiproof.expectedBytes(leaves: queries, depth: logDomain)
    // Values and salt of every position, and the paths.
    let trees = rows.reduce(0) { $0 + queries * (8 * $1 + LeafFormat.saltLength) + paths }
    let sent = highParts.reduce(0, +) + clear.reduce(0, +)
    return trees + 24 * sent + FoldingPlan(self, claims: highParts.count).bytes
  }
}
