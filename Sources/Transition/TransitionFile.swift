// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofCore
import DriftProofTranscript

/// The proof that a tuned model's tableau is the base's and a certificate's drift: `TUNED.transition` (docs/format.md).
///
///     transition = "drifttrn", UInt32 format version, section × 4; integers are little-endian
///     section    = UInt64 count of bytes, bytes
///
/// The sections: linked root of the base (32 bytes), digest of the tuned model's tableau or, in version 2, linked root of the
/// next base (32), tuned commitment of the certificate (32), proof.
package struct Transition: Hashable, Sendable {
  package static let magic = Array("drifttrn".utf8)
  /// Of a tuned model's tableau.
  package static let formatVersion = 1
  /// Of a next base.
  package static let nextBaseVersion = 2

  package let baseRoot: [UInt8]
  /// ``TransitionTarget/digest``.
  package let tableau: [UInt8]
  /// That of a next base.
  package let isNextBase: Bool
  package let tunedCommitment: [UInt8]
  package let proof: [UInt8]

  package init(
    baseRoot: [UInt8], tableau: [UInt8], isNextBase: Bool = false, tunedCommitment: [UInt8], proof: [UInt8]
  ) {
    self.baseRoot = baseRoot
    self.tableau = tableau
    self.isNextBase = isNextBase
    self.tunedCommitment = tunedCommitment
    self.proof = proof
  }

  /// The file's bytes.
  package var bytes: [UInt8] {
    var bytes = Self.magic
    bytes.append(littleEndian: UInt32(isNextBase ? Self.nextBaseVersion : Self.formatVersion))
    for section in [baseRoot, tableau, tunedCommitment, proof] { bytes.append(lengthPrefixed: section) }
    return bytes
  }

  /// Reads the frame; content is not looked at.
  package static func parse(_ bytes: [UInt8]) throws(FormatError) -> Transition {
    var reader = ByteReader<FormatError>(bytes)
    guard try reader.bytes("the magic", count: magic.count) == magic else { throw .badMagic }
    let version = try reader.integer("the format version", as: UInt32.self)
    guard version == UInt32(formatVersion) || version == UInt32(nextBaseVersion) else {
      throw .unsupportedVersion(Int(version))
    }
    var digests: [[UInt8]] = []
    for section in ["the base root", "the tableau's digest", "the tuned commitment"] {
      let bytes = try reader.prefixed(section)
      guard bytes.count == SHA256.digestLength else {
        throw .wrongLength(section: section, found: bytes.count, expected: SHA256.digestLength)
      }
      digests.append(bytes)
    }
    let transition = Transition(
      baseRoot: digests[0], tableau: digests[1], isNextBase: version == UInt32(nextBaseVersion),
      tunedCommitment: digests[2], proof: try reader.prefixed("the proof"))
    try reader.finish()
    return transition
  }
}
