// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofCore

/// The file of a decision in zero knowledge, `AUDIT.decision` (docs/format.md):
///
///     decision = "driftdec", UInt32 format version = 1, section × 5; integers are little-endian
///     section  = UInt64 count of bytes, bytes
///
/// The sections: the plan's file, the signed statement as one DSSE envelope on a line, root of the scores (32 bytes), their
/// pin (24), proof.
package struct DecisionFile: Equatable, Sendable {
  package static let magic = Array("driftdec".utf8)
  package static let formatVersion = 1
  /// A proof is of some hundred kilobytes, plan and statement of a few.
  package static let maximumBytes = 16 << 20
  static let maximumText = 1 << 20

  package var plan: [UInt8]
  package var attestation: [UInt8]
  package var scores: ScoreCommitment
  package var proof: [UInt8]

  package init(plan: [UInt8], attestation: [UInt8], scores: ScoreCommitment, proof: [UInt8]) {
    self.plan = plan
    self.attestation = attestation
    self.scores = scores
    self.proof = proof
  }

  /// The file's bytes.
  package var bytes: [UInt8] {
    var bytes = Self.magic
    bytes.append(littleEndian: UInt32(Self.formatVersion))
    for section in [plan, attestation, scores.root, scores.pin, proof] { bytes.append(lengthPrefixed: section) }
    return bytes
  }

  /// Whether bytes begin as such a file does.
  package static func begins(_ bytes: [UInt8]) -> Bool { bytes.starts(with: magic) }

  /// Reads the frame; content is not looked at.
  package init(_ bytes: [UInt8]) throws(FormatError) {
    guard bytes.count <= Self.maximumBytes else {
      throw .tooMany(section: "bytes of the file", found: bytes.count, limit: Self.maximumBytes)
    }
    var reader = ByteReader<FormatError>(bytes)
    guard try reader.bytes("the magic", count: Self.magic.count) == Self.magic else { throw .badMagic }
    let version = try reader.integer("the format version", as: UInt32.self)
    guard version == UInt32(Self.formatVersion) else { throw .unsupportedVersion(Int(version)) }
    func text(_ section: String) throws(FormatError) -> [UInt8] {
      let text = try reader.prefixed(section)
      guard text.count <= Self.maximumText else {
        throw .tooMany(section: "bytes of \(section)", found: text.count, limit: Self.maximumText)
      }
      return text
    }
    func fixed(_ section: String, _ count: Int) throws(FormatError) -> [UInt8] {
      let bytes = try reader.prefixed(section)
      guard bytes.count == count else {
        throw .wrongLength(section: section, found: bytes.count, expected: count)
      }
      return bytes
    }
    plan = try text("the plan")
    attestation = try text("the attestation")
    scores = ScoreCommitment(
      root: try fixed("the root of the scores", SHA256.digestLength),
      pin: try fixed("the pin of the scores", ScoreCommitment.pinLength))
    proof = try reader.prefixed("the proof")
    try reader.finish()
  }
}
