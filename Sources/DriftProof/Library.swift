import Checkpoint
import DriftPolicy

// The library's entry points by path: what a program that depends on this package calls. Verification without any
// weights is `CertificateVerifier.verify(certificate:identityFile:policyFile:)`.

extension DriftProver {
  /// Proves that the tuned checkpoint differs from the base only inside the policy; verified before it is returned.
  ///
  /// - Parameters:
  ///   - base: a Hugging Face folder or one .safetensors file; `tuned` likewise.
  ///   - policyFile: the JSON of the policy.
  ///   - openingPath: where the opening secret is kept; made when absent, counted on when present.
  ///   - progress: told the name of each phase as it begins.
  /// - Throws: `policyViolated`, `coverageGap`, `precisionRefused` or `operational`.
  public static func prove(
    base: String, tuned: String, policyFile: [UInt8], openingPath: String,
    progress: (@Sendable (String) -> Void)? = nil
  ) throws(DriftProofError) -> Result {
    try DriftProofError.translating {
      try prove(
        base: Checkpoint.open(base), tuned: Checkpoint.open(tuned), policy: Policy.parse(policyFile),
        openingPath: openingPath, progress: progress)
    }
  }
}

extension CertificateChecker {
  /// For a holder of the weights: whether the certificate is about exactly these two checkpoints.
  ///
  /// - Throws: `identityMismatch` naming what differs, `proofInvalid` or `operational`.
  public static func check(
    certificate: [UInt8], base: String, tuned: String, openingPath: String
  ) throws(DriftProofError) -> VerificationReport {
    try DriftProofError.translating {
      try check(
        certificate: certificate, base: Checkpoint.open(base), tuned: Checkpoint.open(tuned), openingPath: openingPath)
    }
  }
}

/// The base's identity.
public enum BaseIdentityFile {
  /// The deterministic bytes of `BASE.identity.json` of a Hugging Face folder or one .safetensors file.
  public static func compute(base: String) throws(DriftProofError) -> [UInt8] {
    try DriftProofError.translating {
      try BaseIdentity.compute(checkpoint: Checkpoint.open(base)).jsonBytes()
    }
  }
}
