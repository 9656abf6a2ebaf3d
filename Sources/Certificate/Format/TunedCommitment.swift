// SPDX-License-Identifier: Apache-2.0

import DriftProofStatement
import DriftProofCheckpoint
import DriftProofCore
import DriftProofTranscript

/// Hashes that tie the tuned model to base, manifest and drift tableau; docs/protocol.md section 3.
package enum TunedCommitment {
  static let label = "driftproof/tuned/v1"
  static let bindingLabel = "driftproof/binding/v1"

  /// SHA-256(label ‖ base root ‖ SHA-256(manifest) ‖ drift root ‖ SHA-256(drift pins)), the label after its length as
  /// UInt64. 32 bytes. Without the pins a root would stand for several tableaux.
  package static func commitment(
    baseRoot: [UInt8], manifest: [UInt8], driftRoot: [UInt8], driftPins: [UInt8]
  ) -> [UInt8] {
    var message: [UInt8] = []
    message.append(lengthPrefixed: label)
    return SHA256.hash(message, baseRoot, SHA256.hash(manifest), driftRoot, SHA256.hash(driftPins))
  }

  /// The bytes that the argument absorbs before everything else: label, then base root, policy digest and tuned
  /// commitment, 32 bytes each.
  package static func binding(baseRoot: [UInt8], policyDigest: [UInt8], commitment: [UInt8]) -> [UInt8] {
    var message: [UInt8] = []
    message.append(lengthPrefixed: bindingLabel)
    return message + baseRoot + policyDigest + commitment
  }
}

/// A salted digest of one tuned tensor's bytes: hiding as long as the opening file is secret, and checked by holders of
/// the weights.
package enum ByteDigest {
  static let label = "driftproof/bytes/v1"
  static let saltLabel = "driftproof/bytes/salt/v1"

  /// The tensor's salt, 32 bytes, from the opening's secret and the tensor's name.
  package static func salt(secret: [UInt8], tensor name: String) -> [UInt8] {
    PseudorandomStream(secret: secret, label: saltLabel, context: Array(name.utf8)).bytes(SHA256.digestLength)
  }

  /// SHA-256(label ‖ salt ‖ dtype ‖ rank ‖ sizes ‖ SHA-256(bytes)); label and dtype after their length, integers UInt64.
  /// - Parameter sha256: of the tensor's raw bytes, 32 bytes.
  package static func digest(salt: [UInt8], tensor: TunedTensor, sha256: [UInt8]) -> [UInt8] {
    var message: [UInt8] = []
    message.append(lengthPrefixed: label)
    message += salt
    message.append(lengthPrefixed: tensor.dtype.rawValue)
    message.append(littleEndian: UInt64(tensor.shape.count))
    for size in tensor.shape { message.append(littleEndian: UInt64(size)) }
    return SHA256.hash(message + sha256)
  }
}
