import DriftProofCheckpoint
import DriftProofPolicy
import DriftProofAdapter
import DriftProofAttestation
import DriftProofCertificate

// What to type about an error: the library says what is wrong, the command line which command or option helps.

extension DriftProofError {
  /// Nil where the message says all.
  var remedy: String? {
    switch self {
    case .policyViolated: "driftproof inspect BASE TUNED shows the drift of every tensor; nothing was proved."
    case .identityMismatch(.parent(_?, nil)):
      "driftproof chain verify takes all links; verify needs --parent, check needs --identity."
    case .identityMismatch(.aboutAdapter): "Name its folder with --adapter."
    case .identityMismatch(.aboutCheckpoint): "Name it with --tuned."
    case .missingInput(.baseOfAdapter): "Give --base, or --identity."
    case .missingInput(.identityOfChain): "Give --identity, that of the chain's base."
    case .missingInput(.certificates), .operational, .tooLarge, .proofInvalid, .identityMismatch, .coverageGap,
      .precisionRefused:
      nil
    }
  }
}

extension CheckpointError {
  var remedy: String? {
    guard case .otherWeights(_, .adapter) = self else { return nil }
    return "prove and check take it with --adapter."
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
