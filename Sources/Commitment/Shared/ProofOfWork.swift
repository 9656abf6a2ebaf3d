// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofTranscript

/// Grinding before the positions are drawn: a nonce with `bits` leading zero bits in SHA-256(seed ‖ nonce ‖ tag), the
/// seed 32 challenge bytes of the transcript; docs/protocol.md section 6.
///
/// The message is one SHA-256 block, so that the prover can search with the leaf kernels, many nonces at a time.
package struct ProofOfWork: Sendable {
  package let seed: [UInt8]
  package let bits: Int

  /// 24 bytes.
  package static let tag = Array("driftproof/grinding/v1\0\0".utf8)

  /// Draws the seed from the transcript. Both sides do this after all final coefficients.
  package init(_ transcript: inout Transcript, bits: Int) {
    precondition((1...CodeParameters.maximumGrindingBits).contains(bits))
    seed = transcript.challengeBytes(OpeningLabel.nonce, count: 32)
    self.bits = bits
  }

  package func isSolved(by nonce: UInt64) -> Bool {
    var message = seed
    message.append(littleEndian: nonce)
    message += Self.tag
    let digest = SHA256.hash(message)
    let head = UInt32(digest[0]) << 24 | UInt32(digest[1]) << 16 | UInt32(digest[2]) << 8 | UInt32(digest[3])
    return head.leadingZeroBitCount >= bits
  }
}
