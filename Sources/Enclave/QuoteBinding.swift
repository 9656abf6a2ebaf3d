// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// What a quote must be about: one audit's plan, and who ran inside.
package struct QuoteBinding: Equatable, Sendable {
  package enum Party: Equatable, Sendable {
    /// The auditor's client, by the root of the transcript that it wrote.
    case client(transcriptRoot: [UInt8])
    /// The provider's server, by the digest of the key that signs its answers.
    case server(key: [UInt8])
  }

  package let planDigest: [UInt8]
  /// Nil where the plan names no model.
  package let modelDigest: [UInt8]?
  /// The plan's commitment to its key, which makes a quote fresh.
  package let commitment: [UInt8]
  package let party: Party

  package init(planDigest: [UInt8], modelDigest: [UInt8]?, commitment: [UInt8], party: Party) {
    self.planDigest = planDigest
    self.modelDigest = modelDigest
    self.commitment = commitment
    self.party = party
  }

  /// B = SHA-256(word ‖ plan digest ‖ model digest, or 32 zeros ‖ digest of key or root).
  package var digest: [UInt8] {
    let (word, last) =
      switch party {
      case .client(let root): ("driftproof/audit/client/v1", root)
      case .server(let key): ("driftproof/audit/server/v1", key)
      }
    return SHA256.hash(
      Array(word.utf8), planDigest, modelDigest ?? [UInt8](repeating: 0, count: SHA256.digestLength), last)
  }

  func check(stated binding: [UInt8], commitment stated: [UInt8]) throws(QuoteRejection) {
    guard binding == digest else { throw .binding(stated: binding.hexadecimal, expected: digest.hexadecimal) }
    guard stated == commitment else {
      throw .commitment(stated: stated.hexadecimal, expected: commitment.hexadecimal)
    }
  }
}
