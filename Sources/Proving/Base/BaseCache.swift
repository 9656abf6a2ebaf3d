// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCommitment
import DriftProofCommitmentProver
import DriftProofCore

/// A folder that keeps the leaves of a base's trees: 32 bytes for each position of the code. What it has is as public as
/// the identity, and worthless for another base: files carry the base's root and are checked when they are read. Leaves of a
/// tableau that hides the weights have salts, and tell no more than its root.
package final class BaseCache: CommitmentArchive {
  private let folder: ResumeFolder
  private let key: [UInt8]

  /// - Parameter secret: of the trees' randomness; that of a public tableau otherwise.
  /// - Throws: `ResumeError` for a folder that cannot be made or is in use.
  package init(
    path: String, identity: BaseIdentity, layoutDigest: [UInt8], secret: [UInt8] = PublicTableau.secret
  ) throws {
    folder = try ResumeFolder(path: path)
    key =
      secret == PublicTableau.secret
      ? SHA256.hash(Array("driftproof/base cache/v1".utf8), identity.root, layoutDigest)
      : SHA256.authenticate(key: secret, message: Array("driftproof/base cache/hiding/v1".utf8))
  }

  /// Keeps the leaves of a tree.
  func write(_ name: String, _ committed: CommittedTableau) throws {
    try write("leaves of \(name)", byteCount: committed.leafByteCount) { committed.leafBytes($0) }
  }

  package func write(_ name: String, byteCount: Int, _ piece: (Range<Int>) -> [UInt8]) throws {
    try folder.write(file(name), key: key, byteCount: byteCount, piece)
  }

  package func read(_ name: String, byteCount: Int?, _ body: ([UInt8]) -> Void) throws -> Bool {
    try folder.read(file(name), key: key, byteCount: byteCount, body)
  }

  private func file(_ name: String) -> String { String(name.map { $0 == "/" ? "-" : $0 }) }
}
