// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofChain
import DriftProofCheckpoint

/// A certificate on a page that continues another one: its place in the chain of those on the same page.
public struct ReportedLink: Sendable, Equatable {
  /// File names from the one that starts from the base to this one.
  public let path: [String]
  /// Names that this certificate or one above it leaves outside its proof, in order: about the way from the base nothing is
  /// known of them, whatever this certificate says.
  public let excluded: [String]
  /// No less than the norm of the whole drift from the base of all other tensors; nil where the links' policies give no
  /// bound.
  public let driftFromBase: Double?
  /// Norm of the base, for comparison.
  public let baseNorm: Double

  /// The file whose model is the start of this certificate's drift.
  public var parent: String { path.dropLast().last ?? "" }

  /// The links of all certificates that name a parent, by position, or why they do not hold.
  ///
  /// A certificate that starts from the base is no affair of this.
  public static func all(in chain: ChainReport) -> [Int: Result<ReportedLink, DriftProofError>] {
    var owner: [String: ChainLink] = [:]
    var result: [Int: Result<ReportedLink, DriftProofError>] = [:]
    for link in chain.links {
      // Parents come before their children, so a chain of holding links leads back to the base.
      if let commitment = link.tunedCommitment, link.rejection == nil { owner[commitment] = link }
      guard link.parent != nil else { continue }
      if let why = link.rejection {
        result[link.position] = .failure(why.asDriftProofError)
        continue
      }
      var path = [link]
      while let parent = path.last?.parent.flatMap({ owner[$0] }) { path.append(parent) }
      result[link.position] = .success(
        ReportedLink(
          path: path.reversed().map(\.name), excluded: link.excluded, driftFromBase: link.driftFromBase,
          baseNorm: chain.baseNorm))
    }
    return result
  }
}

extension ChainRejection {
  /// The same among the errors of single certificates, whose verdicts a page explains.
  var asDriftProofError: DriftProofError {
    switch self {
    case .certificate(let error), .cumulativeCoverage(let error), .transition(_, let error): error
    case .parentTensors(let gaps): .coverageGap(gaps)
    case .cumulative(let violations): .policyViolated(violations)
    case .circle: .proofInvalid(.tunedCommitment)
    case .parentMissing, .untiedNextBase, .ancestor: .identityMismatch(.chain("\(self)"))
    case .duplicate, .revoked, .unmergedAdapter: .operational("\(self)")
    }
  }
}
