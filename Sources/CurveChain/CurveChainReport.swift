// SPDX-License-Identifier: Apache-2.0

import DriftProofChain
import DriftProofCurveCertificate
import DriftProofPolicy

/// Why a link of a chain over the curve does not hold.
package indirect enum CurveChainRejection: Error, Equatable, Sendable {
  /// The certificate itself: its bytes, its proof, its base, its policy.
  case certificate(CurveCertificateError)
  /// The list withdraws it.
  case revoked(RevocationList.Entry)
  /// Another file, by name, is about the same tuned commitment.
  case duplicate(of: String)
  /// It names a parent, by its tuned commitment in hexadecimal, that is not among the certificates.
  case parentMissing(String)
  /// It would be its own ancestor, so some commitment is forged.
  case circle
  /// The cumulative policy cannot be read for this base, or bounds what no sums bound.
  case cumulativeCoverage(CurveCertificateError)
  /// The links up to this one may add up to more than the cumulative policy allows; every excess.
  case cumulative([String])
  /// A link above it, by file name, failed for this reason.
  case ancestor(String, because: CurveChainRejection)
}

extension CurveChainRejection: CustomStringConvertible {
  /// In English, for people and logs.
  package var description: String {
    switch self {
    case .certificate(let error): error.description
    // The words of chains of the other backend.
    case .revoked(let entry): "\(ChainRejection.revoked(entry))"
    case .duplicate(let other): "\(ChainRejection.duplicate(of: other))"
    case .parentMissing(let commitment): "\(ChainRejection.parentMissing(commitment))"
    case .circle: "\(ChainRejection.circle)"
    case .cumulativeCoverage(let error): "cumulative policy: \(error)"
    case .cumulative(let lines):
      "the links together may exceed the cumulative policy:\n" + lines.joined(separator: "\n")
    case .ancestor(let name, _): "\(ChainRejection.ancestor(name, because: .circle))"
    }
  }
}

/// What is known of one certificate of a chain over the curve.
package struct CurveChainLink: Sendable {
  package let name: String
  /// Where it was among the certificates given, from 0.
  package let position: Int
  /// SHA-256 of the file, hexadecimal, as the next two.
  package let certificateDigest: String
  /// As the file states it; nil for a file that is no certificate.
  package let tunedCommitment: String?
  /// Nil when its drift starts from the base.
  package let parent: String?
  /// Links from the base to this one, itself included; 0 where there is no such way.
  package let depth: Int
  /// The policy was not given: it is the one inside the certificate.
  package let hasOwnPolicy: Bool
  package let outcome: Result<CurveCertificateVerifier.Report, CurveChainRejection>
  /// Names outside the proof of this link or of one above it, in order. Empty for a rejected link.
  package let excluded: [String]
  /// No less than ‖W - W_0‖_F over all other tensors; nil where the links' bounds give none.
  package let driftFromBase: Double?

  package var report: CurveCertificateVerifier.Report? { try? outcome.get() }

  package var rejection: CurveChainRejection? {
    if case .failure(let why) = outcome { why } else { nil }
  }
}

/// What a chain over the curve says, link by link.
package struct CurveChainReport: Sendable {
  /// The curve root of the base, hexadecimal.
  package let curveRoot: String
  /// ‖W_0‖_F over all floating tensors.
  package let baseNorm: Double
  /// Parents before their children.
  package let links: [CurveChainLink]
  /// Name and digest of the cumulative policy, if one was given.
  package let cumulativePolicy: (name: String, digest: String)?
  package let revocations: Int?
  package let seconds: Double

  /// The first link that does not hold; nil when all do.
  package var failure: CurveChainLink? { links.first { $0.rejection != nil } }
}
