// SPDX-License-Identifier: Apache-2.0

import DriftProofCommitment
import DriftProofKernels

/// Where a prover keeps finished work, so that a stopped proof can go on. What it keeps is as secret as the prover's
/// secret: leaves and messages of a proof that was never sent.
package protocol CommitmentArchive: Sendable {
  /// Calls `body` with consecutive pieces of what is kept under a name; false when nothing is.
  /// - Throws: when it is not `byteCount` bytes (where given) or was changed; pieces that were passed on are void then.
  func read(_ name: String, byteCount: Int?, _ body: ([UInt8]) -> Void) throws -> Bool
  /// Keeps `byteCount` bytes, on disk before this returns; `piece` gives the bytes of a range.
  func write(_ name: String, byteCount: Int, _ piece: (Range<Int>) -> [UInt8]) throws
}

extension CommitmentArchive {
  /// All bytes under a name, nil when nothing is kept.
  package func bytes(_ name: String) throws -> [UInt8]? {
    var result: [UInt8] = []
    return try read(name, byteCount: nil) { result += $0 } ? result : nil
  }

  package func write(_ name: String, _ bytes: [UInt8]) throws {
    try write(name, byteCount: bytes.count) { Array(bytes[$0]) }
  }
}

extension CommittedTableau {
  /// The commitment whose leaves an archive keeps; nil when it keeps none.
  init?(
    label: String, rows: any TableauRows, shapes: [RowShape], secret: [UInt8], parameters: CodeParameters,
    leaves: any CommitmentArchive, name: String
  ) throws {
    guard let tree = try MerkleTree(depth: parameters.logDomain, restoringFrom: leaves, name: name) else { return nil }
    let randomness = RowRandomness(secret: secret, label: label)
    try rows.spread?.begin(randomness, positions: 1 << parameters.logDomain)
    self.init(
      label: label, rows: rows, shapes: shapes, parameters: parameters, randomness: randomness, tree: tree)
  }
}

extension MerkleTree {
  /// Bytes of all leaf digests.
  var leafBytes: Int { 32 << depth }

  fileprivate init?(depth: Int, restoringFrom archive: any CommitmentArchive, name: String) throws {
    var isFound = false
    let tree = try MerkleTree(depth: depth) { digests in
      var done = 0
      isFound = try archive.read(name, byteCount: 32 << depth) { piece in
        digests.store(piece, at: done)
        done += piece.count
      }
    }
    guard isFound else { return nil }
    self = tree
  }
}
