// SPDX-License-Identifier: Apache-2.0

import DriftProofAdapter
import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofCommitment
import DriftProofCore
import DriftProofCommitmentProver
import DriftProofPolicy
import Foundation

/// A proof that can be stopped and go on: its randomness and its finished phases, in a folder.
///
/// The folder is as secret as the opening file: with the randomness of a proof its masks fall, and leaves and digests of a
/// proof that was never sent can be compared with guesses of the weights. See docs/format.md.
///
/// A proof that goes on repeats every random choice, and takes measured factors and supports from the folder: so all
/// messages are those of the stopped run, and one set of masks never serves two transcripts (docs/protocol.md section 11,
/// item 5).
package final class ProofSession: CommitmentArchive {
  /// The program's version, that of the records below and, as the manifest's version, that of the statement's rules: a
  /// folder of a program with other rules is refused, as measured factors and masks belong to its statement.
  static let version =
    "driftproof \(ToolVersion.current), resume 2, manifest \(DriftManifest.version(.current, isLink: false))"
  static let preparedName = "prepared"
  static let reservedName = "reserved"
  static let reservedBaseName = "reserved of base"
  private static let sessionName = "session"
  private static let names = [
    sessionName, preparedName, reservedName, reservedBaseName, "leaves of drift", "leaves of P1", "leaves of P2",
    "stage A",
  ]

  private let folder: ResumeFolder
  /// 32 bytes each: what is fresh in this proof, and the opening's secret.
  let entropy: [UInt8]
  let secret: [UInt8]
  private let key: [UInt8]
  /// For tests: called with the name of each thing that is on disk.
  private let didKeep: (@Sendable (String) throws -> Void)?

  /// Opens the folder, or begins one.
  /// - Parameters:
  ///   - secret: of the opening file where there is one.
  ///   - inputs: everything that the proof depends on; see ``fingerprint(_:policy:identity:parent:proofs:hint:tableau:bands:version:)``.
  /// - Throws: `ResumeError`.
  package init(
    path: String, inputs: [UInt8], secret: [UInt8]?, entropy: [UInt8]? = nil, freshSecret: [UInt8]? = nil,
    didKeep: (@Sendable (String) throws -> Void)? = nil
  ) throws {
    let folder = try ResumeFolder(path: path)
    self.folder = folder
    self.didKeep = didKeep
    let size = SHA256.digestLength
    var stored: [UInt8] = []
    if try folder.read(Self.sessionName, key: nil, byteCount: nil, { stored += $0 }) {
      guard stored.count == 3 * size else { throw ResumeError.damaged(path: path, file: Self.sessionName) }
      guard Array(stored[..<size]) == inputs else { throw ResumeError.otherProof(path: path) }
      self.entropy = Array(stored[size..<2 * size])
      self.secret = Array(stored[(2 * size)...])
      guard secret == nil || secret == self.secret else { throw ResumeError.otherProof(path: path) }
    } else {
      self.entropy = entropy ?? SystemRandom.bytes(size)
      self.secret = secret ?? freshSecret ?? SystemRandom.bytes(size)
      stored = inputs + self.entropy + self.secret
      let content = stored
      try folder.write(Self.sessionName, key: inputs, byteCount: content.count) { Array(content[$0]) }
      try didKeep?(Self.sessionName)
    }
    key = SHA256.hash(Array("driftproof/resume/key/v1".utf8), stored)
  }

  package func read(_ name: String, byteCount: Int?, _ body: ([UInt8]) -> Void) throws -> Bool {
    try folder.read(name, key: key, byteCount: byteCount, body)
  }

  package func write(_ name: String, byteCount: Int, _ piece: (Range<Int>) -> [UInt8]) throws {
    try folder.write(name, key: key, byteCount: byteCount, piece)
    try didKeep?(name)
  }

  /// Removes everything: the certificate is on disk, or there will be none.
  package func finish() { folder.remove(Self.names) }

  var path: String { folder.path }

  func damaged(_ name: String) -> ResumeError { .damaged(path: path, file: name) }

  /// 32 bytes over the program's version, policy, identity, parent, options, and names, types, shapes, sizes and times of both
  /// checkpoints; of an adapter, which stands in place of the tuned one, its configuration, too. Weights that change
  /// without a change of size or time are not noticed here; then the finished certificate does not verify and is not
  /// given out.
  package static func fingerprint(
    _ model: TunedModel, policy: Policy, identity: BaseIdentity?, parent: [UInt8]? = nil, proofs: Int,
    hint: Adapter? = nil, tableau: [UInt8]? = nil, bands: Int = 1,
    version: String = ProofSession.version
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(lengthPrefixed: version)
    bytes += Certificate.policyDigest(policy)
    bytes.append(lengthPrefixed: identity?.root ?? [])
    bytes.append(littleEndian: UInt64(proofs))
    // No list of tensors begins with 38 and this word, which would be the length of a name.
    if let parent { bytes.append(lengthPrefixed: Array("parent".utf8) + parent) }
    if let adapter = model.adapter {
      bytes.append(lengthPrefixed: "adapter")
      bytes.append(lengthPrefixed: adapter.configBytes)
    }
    if let root = identity?.linkedRoot { bytes.append(lengthPrefixed: Array("linked".utf8) + root) }
    if let hint { bytes.append(lengthPrefixed: Array("hint".utf8) + hint.configBytes) }
    if let tableau { bytes.append(lengthPrefixed: Array("tableau".utf8) + tableau) }
    // Leaves in the folder are hashed in its number of bands.
    if bands > 1 { bytes.append(lengthPrefixed: "bands \(bands)") }
    for checkpoint in [model.base, model.weights] + (hint.map { [$0.checkpoint] } ?? []) {
      let tensors = checkpoint?.tensors ?? []
      bytes.append(littleEndian: UInt64(tensors.count))
      for tensor in tensors {
        bytes.append(lengthPrefixed: tensor.name)
        bytes.append(lengthPrefixed: tensor.dtype.rawValue)
        bytes.append(littleEndian: UInt64(tensor.shape.count))
        for size in tensor.shape { bytes.append(littleEndian: UInt64(size)) }
      }
      let stamps = checkpoint?.fileStamps ?? []
      bytes.append(littleEndian: UInt64(stamps.count))
      for (count, stamp) in stamps {
        bytes.append(littleEndian: UInt64(count))
        bytes.append(littleEndian: Int64(stamp.seconds))
        bytes.append(littleEndian: Int64(stamp.nanoseconds))
      }
    }
    return SHA256.hash(Array("driftproof/resume/inputs/v1".utf8), bytes)
  }
}
