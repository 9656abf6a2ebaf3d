// SPDX-License-Identifier: Apache-2.0

@_exported import DriftProofAdapter
@_exported import DriftProofCalibration
@_exported import DriftProofInspection
@_exported import DriftProofProving
@_exported import DriftProofReport
@_exported import DriftProofVerifier

import DriftProofCertificate
import DriftProofChain
import DriftProofCheckpoint
import DriftProofPolicy

// The library's entry points by path: what a program that depends on this package calls. Verification without any
// weights is `CertificateVerifier.verify(certificate:identityFile:policyFile:)`.

extension DriftProver {
  /// Proves that the tuned checkpoint differs from the base only inside the policy; verified before it is returned.
  ///
  /// - Parameters:
  ///   - base: a Hugging Face folder or one .safetensors file; `tuned` likewise.
  ///   - policyFile: the JSON of the policy.
  ///   - openingPath: where the opening secret is kept; made when absent, counted on when present.
  ///   - identityFile: the base's identity, if known: frozen tensors are then compared with the tuned ones, not hashed.
  ///   - baseOpeningPath: of a base whose identity hides its weights, where the policy speaks of them: it counts this proof.
  ///   - parentCertificate: to prove a link of a chain: the bytes of the certificate whose model `base` is. It is verified
  ///     first. `identityFile` is then needed and that of the chain's base, which the certificate names.
  ///   - folder: where the proof keeps what it needs to go on after it was stopped; as secret as the opening. Call
  ///     ``Result/finish()`` when the certificate is on disk.
  ///   - prefixes: parts of tensors' names that are read over, such as `module.` and `_orig_mod.`, which wrappers of libraries
  ///     add. The identity must have been computed with the same ones.
  ///   - progress: told how far the proof is, several times a second.
  /// - Throws: `policyViolated`, `coverageGap`, `precisionRefused`, `identityMismatch` or `operational`.
  public static func prove(
    base: String, tuned: String, policyFile: [UInt8], openingPath: String, identityFile: [UInt8]? = nil,
    baseOpeningPath: String? = nil, parentCertificate: [UInt8]? = nil, resumingIn folder: String? = nil,
    strippingPrefixes prefixes: [String] = [],
    progress: (@Sendable (ProveProgress) -> Void)? = nil
  ) throws(DriftProofError) -> Result {
    try DriftProofError.translating {
      let identity = try identityFile.map { try BaseIdentity.parse($0) }
      var request = Request(
        try .checkpoints(base: base, tuned: tuned, identity: identity, prefixes),
        policy: try Policy.parse(policyFile), openingPath: openingPath)
      request.identity = identity
      request.baseOpeningPath = baseOpeningPath
      if let parentCertificate {
        guard let identity = request.identity else { throw DriftProofError.missingInput(.identityOfChain) }
        request.parent = try ParentCertificate(parentCertificate, identity: identity)
      }
      if let folder { try request.keep(in: folder) }
      return try prove(request, progress: progress)
    }
  }
}

extension Forecast {
  /// What a proof would be and cost: from headers, policy and, if known, the base's identity; about a second.
  /// - Parameters:
  ///   - parentCertificate: of a link, as for ``DriftProver``; needs `identityFile`.
  ///   - prefixes: as for ``DriftProver``.
  /// - Throws: `coverageGap`, `identityMismatch` or `operational`.
  public static func make(
    base: String, tuned: String, policyFile: [UInt8], identityFile: [UInt8]? = nil, parentCertificate: [UInt8]? = nil,
    strippingPrefixes prefixes: [String] = []
  ) throws(DriftProofError) -> Forecast {
    try DriftProofError.translating {
      let identity = try identityFile.map { try BaseIdentity.parse($0) }
      let parent = try parentCertificate.map { certificate in
        guard let identity else { throw DriftProofError.missingInput(.identityOfChain) }
        return try ParentCertificate(certificate, identity: identity)
      }
      return try Forecast(
        .checkpoints(base: base, tuned: tuned, identity: identity, prefixes), policy: Policy.parse(policyFile),
        identity: identity, parent: parent)
    }
  }
}

extension CertificateChecker {
  /// For a holder of the weights: whether the certificate is about exactly these two checkpoints.
  ///
  /// - Parameters:
  ///   - identityFile: of the chain's base, needed for a link; `base` is then the parent's model.
  ///   - baseOpeningPath: as for ``DriftProver``; nothing is counted in it.
  ///   - prefixes: those with which the certificate was made.
  /// - Throws: `identityMismatch` naming what differs, `proofInvalid` or `operational`.
  public static func check(
    certificate: [UInt8], base: String, tuned: String, openingPath: String, identityFile: [UInt8]? = nil,
    baseOpeningPath: String? = nil, strippingPrefixes prefixes: [String] = []
  ) throws(DriftProofError) -> VerificationReport {
    try DriftProofError.translating {
      let identity = try identityFile.map { try BaseIdentity.parse($0) }
      return try check(
        certificate: certificate,
        model: .checkpoints(base: base, tuned: tuned, identity: identity, prefixes),
        openingPath: openingPath, identity: identity, baseOpening: baseOpeningPath)
    }
  }
}

/// The base's identity.
public enum BaseIdentityFile {
  /// The deterministic bytes of `BASE.identity.json` of a Hugging Face folder or one .safetensors file.
  /// - Parameter prefixes: parts of tensors' names that are read over.
  public static func compute(
    base: String, strippingPrefixes prefixes: [String] = []
  ) throws(DriftProofError) -> [UInt8] {
    try DriftProofError.translating {
      try BaseIdentity.compute(
        checkpoint: Checkpoint.open(base).reading(NameReading(without: prefixes))
      ).jsonBytes()
    }
  }
}

extension TunedModel {
  /// Two models by path.
  fileprivate static func checkpoints(
    base: String, tuned: String, identity: BaseIdentity?, _ prefixes: [String]
  ) throws(CheckpointError) -> TunedModel {
    let reading = NameReading(without: prefixes)
    return try .checkpoints(
      tuned: Checkpoint.open(tuned).reading(reading), base: Checkpoint.open(base).reading(reading), identity: identity)
  }
}

extension ModelMerge {
  /// Merges an adapter into its base: every weight rounded once, the same bytes everywhere (docs/adapters.md).
  ///
  /// - Parameters:
  ///   - base: a Hugging Face folder or one .safetensors file; the merged model is of the same form.
  ///   - adapter: an unmerged LoRA adapter.
  ///   - path: where the merged model is written; nothing may be there.
  ///   - progress: told the fraction that is done.
  /// - Throws: `coverageGap` for an adapter that does not fit the base, `operational`. Nothing is left behind then.
  public static func merge(
    base: String, adapter: String, to path: String, progress: ((Double) -> Void)? = nil
  ) throws(DriftProofError) -> ModelMerge {
    try DriftProofError.translating {
      try merge(base: Checkpoint.open(base), adapter: Adapter.open(adapter), to: path, progress: progress)
    }
  }
}
