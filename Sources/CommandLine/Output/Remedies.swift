// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofPolicy
import DriftProofAdapter
import DriftProofAttestation
import DriftProofCertificate
import DriftProofStatement

// What to type about an error: the library says what is wrong, the command line which command or option helps.

extension DriftProofError {
  /// Nil where the message says all.
  var remedy: String? {
    switch self {
    case .policyViolated: "driftproof inspect BASE TUNED shows the drift of every tensor; nothing was proved."
    case .identityMismatch(.parent(_?, nil)):
      "driftproof chain verify takes all links; verify needs --parent, check needs --identity."
    case .identityMismatch(.aboutAdapter): "Name the adapter, with --adapter (attest and report: --tuned)."
    case .identityMismatch(.aboutCheckpoint): "Name it with --tuned."
    case .missingInput(.baseOfAdapter): "Give --base, or --identity."
    case .missingInput(.openingOfBase): "Give --base-opening, the file that identify --hiding wrote with the identity."
    case .missingInput(.identityOfChain): "Give --identity, that of the chain's base."
    case .identityMismatch(.names(let prefix, let document)): Self.remedy(prefix, document)
    case .coverageGap(let gaps): Self.prefix(gaps)?.remedy ?? Self.commitment(gaps)
    case .notEnoughMemory: "--ignore-memory-limit begins all the same; prove --dry-run shows what a proof will need."
    case .missingInput(.certificates), .operational, .tooLarge, .proofInvalid, .identityMismatch, .precisionRefused:
      nil
    }
  }
}

extension DriftProofError {
  private static func prefix(_ gaps: [CoverageGap]) -> NamePrefix? {
    guard case .prefixed(let prefix) = gaps.first else { return nil }
    return prefix
  }

  /// Of gaps that an identity with a commitment to the weights closes.
  private static func commitment(_ gaps: [CoverageGap]) -> String? {
    let isMissing = gaps.contains { gap in
      switch gap {
      case .baseNotCommitted, .nothingToAlignWith, .patternNeedsBase, .rounding(_, .notLinked, _),
        .pattern(_, .notLinked, _):
        true
      default: false
      }
    }
    return isMissing
      ? "driftproof identify BASE --commit makes such an identity; prove takes it with --identity, verify with --base-identity."
      : nil
  }
}

extension DriftProofError {
  /// Only names that are read can be read otherwise; those of a document are what they were when it was made.
  private static func remedy(_ prefix: NamePrefix, _ document: IdentityMismatch.Document) -> String {
    let isRead = prefix.side == (document == .identity ? .base : .tuned)
    let maker = document == .identity ? "identify" : "prove"
    return isRead ? prefix.remedy : "Make it anew with driftproof \(maker) ... \(prefix.options)."
  }
}

extension NamePrefix {
  /// The options that read the names without it.
  var options: String { parts.map { "--strip-prefix \($0)" }.joined(separator: " ") }
  var remedy: String {
    "\(options) reads the names without it, in prove, check, inspect and wherever weights are read."
  }
}

extension CheckpointError {
  var remedy: String? {
    switch self {
    case .otherWeights(_, .adapter): "prove and check take it with --adapter."
    case .moreWeights(_, _, let others):
      "What is knowingly no part of it can stay: "
        + others.prefix(3).map { "--leave-out \(Quoting.shown($0))" }.joined(separator: " ")
        + (others.count > 3 ? " and so on; * stands for any characters." : ".")
    case .ambiguousFolder(_, let names):
      "Or say which one is no part of it, such as "
        + names.prefix(1).map { "--leave-out \(Quoting.shown($0))" }.joined() + "."
    default: nil
    }
  }
}

extension AttestationError {
  var remedy: String? {
    switch self {
    case .noModelDigest: "driftproof attest states one with --tuned."
    case .modelDigest: "driftproof digest lists the files that count."
    default: nil
    }
  }
}

extension ModelDigestError {
  var remedy: String? {
    guard case .symbolicLink = self else { return nil }
    return "--allow-symlinks hashes what links point to."
  }
}

extension PresetError {
  var remedy: String? {
    guard case .doesNotFit(_, _, let better) = self, better.isEmpty else { return nil }
    return "driftproof policy explain checks a policy that you write."
  }
}
