// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofCheckpoint

/// What is known of one certificate of a chain.
public struct ChainLink: Sendable {
  /// What verification of one link said.
  public enum Outcome: Sendable {
    case verified(VerificationReport)
    case rejected(ChainRejection)
  }

  /// The file's name, as given.
  public let name: String
  /// Where it was among the certificates given, from 0.
  public let position: Int
  /// SHA-256 of the file, hexadecimal, as the next two.
  public let certificateDigest: String
  /// As the file states it; nil for a file that is no certificate.
  public let tunedCommitment: String?
  /// The tuned commitment of the parent that it, or the transition to its next base, names; nil when its drift starts from the
  /// base.
  public let parent: String?
  /// The linked root of the next base that it speaks of, which a transition ties to its parent's model; nil for the base of the
  /// chain and for a link.
  public let nextBase: String?
  /// Links from the base to this one, itself included; 0 where there is no such way.
  public let depth: Int
  /// The policy was not given: it is the one inside the certificate, whatever that allows.
  public let hasOwnPolicy: Bool
  /// Whether it holds.
  public let outcome: Outcome
  /// Names outside the proof of this link or of one above it, in order: the chain says nothing about them. Empty for a
  /// rejected link.
  public let excluded: [String]
  /// No less than ‖W - W_0‖_F over all other tensors, from the links' norm bounds and precisions; nil where they give none.
  public let driftFromBase: Double?

  /// Nil for a rejected link.
  public var verification: VerificationReport? {
    if case .verified(let report) = outcome { report } else { nil }
  }

  /// Why it does not hold; nil where it does.
  public var rejection: ChainRejection? {
    if case .rejected(let why) = outcome { why } else { nil }
  }
}

/// What a chain of certificates says, link by link.
public struct ChainReport: Sendable {
  /// Root of the base's identity, hexadecimal.
  public let baseIdentity: String
  /// ‖W_0‖_F over all floating tensors.
  public let baseNorm: Double
  /// Parents before their children.
  public let links: [ChainLink]
  /// Name and digest of the cumulative policy, if one was given.
  public let cumulativePolicy: (name: String, digest: String)?
  /// How many entries the revocation list has; nil without one.
  public let revocations: Int?
  /// Wall-clock seconds that verification took.
  public let seconds: Double

  /// The first link that does not hold; nil when all do.
  public var failure: ChainLink? { links.first { $0.rejection != nil } }
  /// Every link holds.
  public var isVerified: Bool { failure == nil && !links.isEmpty }
}
