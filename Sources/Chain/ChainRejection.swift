// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofStatement
import DriftProofCheckpoint
import DriftProofCore

/// Why a link of a chain does not hold.
public indirect enum ChainRejection: Error, Equatable, Sendable {
  /// The certificate itself: its bytes, its proof, its base, its policy.
  case certificate(DriftProofError)
  /// The list withdraws it.
  case revoked(RevocationList.Entry)
  /// Another file, by name, is about the same tuned commitment, perhaps under another policy.
  case duplicate(of: String)
  /// It names a parent, by its tuned commitment in hexadecimal, that is not among the certificates.
  case parentMissing(String)
  /// It would be its own ancestor, so some commitment is forged.
  case circle
  /// Tensors that are not those of the parent's model.
  case parentTensors([CoverageGap])
  /// The cumulative policy does not cover the link's names, types and shapes.
  case cumulativeCoverage(DriftProofError)
  /// The links up to this one may add up to more than the cumulative policy allows; every excess.
  case cumulative([PolicyViolation])
  /// It is about an unmerged adapter: no checkpoint is its model, and what it proves does not add up with other links.
  case unmergedAdapter
  /// It speaks of a next base, by its file's name, and no transition to that was given.
  case untiedNextBase(String)
  /// The transition, by its file's name, does not prove that its next base holds the parent's model.
  case transition(String, DriftProofError)
  /// A link above it, by file name, failed for this reason.
  case ancestor(String, because: ChainRejection)

}

extension ChainRejection: CustomStringConvertible {
  /// In English, for people and logs.
  public var description: String {
    switch self {
    case .certificate(let error): return "\(error)"
    case .revoked(let entry):
      let subject =
        switch entry.subject {
        case .certificate: "this certificate"
        case .commitment: "this tuned model"
        }
      return "the revocation list withdraws \(subject) since \(entry.date.text): \(StrictJSON.shown(entry.reason))"
    case .duplicate(let other):
      return "\(StrictJSON.shown(other)) is about the same tuned commitment; give one certificate for each"
    case .parentMissing(let commitment):
      return "its parent, the certificate of tuned commitment \(commitment), is not among those given; add it"
    case .circle: return "it is its own ancestor or hangs below a circle, so commitments are forged"
    case .unmergedAdapter:
      return "it is about an unmerged adapter, which is no link of a chain; use verify, or certify the merged model"
    case .untiedNextBase(let name):
      return
        "it starts from the next base of \(StrictJSON.shown(name)), which no transition ties to a link of the chain; "
        + "add the transition that was proved with that model's certificate"
    case .transition(let name, let error):
      return "\(StrictJSON.shown(name)), which should tie its next base to its parent: \(error)"
    case .parentTensors(let gaps): return DriftProofError.coverageGap(gaps).description
    case .cumulativeCoverage(let error): return "cumulative policy: \(error)"
    case .cumulative(let violations):
      return "the links together may exceed the cumulative policy:\n" + MessageList.text(violations)
    case .ancestor(let name, _): return "\(StrictJSON.shown(name)), from which it descends, does not hold"
    }
  }
}
