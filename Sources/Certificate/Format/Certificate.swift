// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofPolicy
import DriftProofStatement
import DriftProofTranscript

/// A certificate file, `CERT.drift`.
///
///     certificate = "driftprf", UInt32 format version = 2, section × 8; integers are little-endian
///     section     = UInt64 count of bytes, bytes
///
/// The sections: base root (32 bytes), policy digest (32), tuned commitment (32), manifest (``DriftManifest``), the
/// policy's canonical bytes, drift root (32), drift pins (24 for every row of the tableau), argument proof. When every tensor
/// is frozen or excluded there is nothing to prove: the drift root is 32 zero bytes, and pins and proof are empty.
package struct Certificate: Hashable, Sendable {
  package static let magic = Array("driftprf".utf8)
  package static let formatVersion = 2
  package static let emptyDriftRoot = [UInt8](repeating: 0, count: SHA256.digestLength)

  /// Root of the base identity, 32 bytes.
  package let baseRoot: [UInt8]
  /// ``policyDigest(_:)``, 32 bytes.
  package let policyDigest: [UInt8]
  /// ``TunedCommitment``, 32 bytes. It follows from the rest; that it is stated makes damage to a certificate without
  /// a proof detectable.
  package let tunedCommitment: [UInt8]
  /// ``DriftManifest/bytes``.
  package let manifest: [UInt8]
  /// The policy's canonical bytes: for `check`, which has the weights but no policy file.
  package let policy: [UInt8]
  /// Merkle root of the drift tableau, 32 bytes.
  package let driftRoot: [UInt8]
  /// The value of each of its rows at the point that the root determines: 24 bytes per row.
  package let driftPins: [UInt8]
  package let proof: [UInt8]

  /// Computes the tuned commitment. `driftRoot` nil, `driftPins` and `proof` empty for an empty tableau.
  package init(
    baseRoot: [UInt8], policy: Policy, manifest: DriftManifest, driftRoot: [UInt8]?, driftPins: [UInt8], proof: [UInt8]
  ) {
    let root = driftRoot ?? Self.emptyDriftRoot
    let manifestBytes = manifest.bytes
    self.init(
      baseRoot: baseRoot, policyDigest: Self.policyDigest(policy),
      tunedCommitment: TunedCommitment.commitment(
        baseRoot: baseRoot, manifest: manifestBytes, driftRoot: root, driftPins: driftPins),
      manifest: manifestBytes, policy: policy.canonicalBytes(), driftRoot: root, driftPins: driftPins, proof: proof)
  }

  /// Any content, also a wrong one: for the parser and for adversarial tests.
  package init(
    baseRoot: [UInt8], policyDigest: [UInt8], tunedCommitment: [UInt8], manifest: [UInt8], policy: [UInt8],
    driftRoot: [UInt8], driftPins: [UInt8], proof: [UInt8]
  ) {
    self.baseRoot = baseRoot
    self.policyDigest = policyDigest
    self.tunedCommitment = tunedCommitment
    self.manifest = manifest
    self.policy = policy
    self.driftRoot = driftRoot
    self.driftPins = driftPins
    self.proof = proof
  }

  /// The policy that the certificate carries, and the policy file that its bytes stand for.
  /// - Throws: for bytes that are not the canonical ones of a policy.
  package func embeddedPolicy() throws(FormatError) -> (policy: Policy, file: [UInt8]) {
    do throws(CanonicalPolicyError) {
      return (try CanonicalPolicyReader.policy(policy), try CanonicalPolicyReader.file(policy))
    } catch {
      throw FormatError(error)
    }
  }

  /// SHA-256 of the policy's canonical bytes, which begin with their own label.
  package static func policyDigest(_ policy: Policy) -> [UInt8] { SHA256.hash(policy.canonicalBytes()) }

  /// What the argument's transcript begins with.
  package var binding: [UInt8] {
    TunedCommitment.binding(baseRoot: baseRoot, policyDigest: policyDigest, commitment: tunedCommitment)
  }

  /// The file's bytes.
  package var bytes: [UInt8] {
    var bytes = Self.magic
    bytes.append(littleEndian: UInt32(Self.formatVersion))
    for section in [baseRoot, policyDigest, tunedCommitment, manifest, policy, driftRoot, driftPins, proof] {
      bytes.append(lengthPrefixed: section)
    }
    return bytes
  }

  /// Reads the frame: magic, version, sections and their lengths, nothing after them. Content is not looked at.
  package static func parse(_ bytes: [UInt8]) throws(FormatError) -> Certificate {
    var reader = ByteReader<FormatError>(bytes)
    guard try reader.bytes("the magic", count: magic.count) == magic else { throw .badMagic }
    let version = try reader.integer("the format version", as: UInt32.self)
    guard version == UInt32(formatVersion) else { throw .unsupportedVersion(Int(version)) }
    func hash(_ section: String) throws(FormatError) -> [UInt8] {
      let bytes = try reader.prefixed(section)
      guard bytes.count == SHA256.digestLength else {
        throw .wrongLength(section: section, found: bytes.count, expected: SHA256.digestLength)
      }
      return bytes
    }
    let certificate = Certificate(
      baseRoot: try hash("the base root"), policyDigest: try hash("the policy digest"),
      tunedCommitment: try hash("the tuned commitment"), manifest: try manifest(&reader),
      policy: try reader.prefixed("the policy"), driftRoot: try hash("the drift root"),
      driftPins: try reader.prefixed("the drift pins"), proof: try reader.prefixed("the proof"))
    try reader.finish()
    return certificate
  }

  /// Before it is copied: a verifier's memory grows with it.
  private static func manifest(_ reader: inout ByteReader<FormatError>) throws(FormatError) -> [UInt8] {
    let limit = StatementLimits.maximumManifestBytes
    let count = try reader.count("the manifest")
    guard count <= limit else { throw .tooMany(section: "bytes of the manifest", found: count, limit: limit) }
    return try reader.bytes("the manifest", count: count)
  }
}
