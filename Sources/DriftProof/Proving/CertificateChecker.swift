import Argument
import Checkpoint
import Commitment
import DriftPolicy
import Kernels
import Synchronization

/// The check of a holder of the weights (docs/protocol.md section 3): a certificate is about exactly these two checkpoints.
public enum CertificateChecker {
  /// Recomputes everything that the certificate says about the weights, and verifies the proof.
  ///
  /// The policy is the one inside the certificate; whether it is the wanted one is for `verify` with a policy file, or
  /// for who reads its digest in the report.
  /// - Parameters:
  ///   - certificate: the bytes of `CERT.drift`.
  ///   - base: of a link, the parent's model; that it is the parent certificate's is for a check of that one to say.
  ///   - opening: the opening file's content.
  ///   - identity: of the chain's base, needed for a link; otherwise the base's must be the same, if given.
  ///   - progress: told the name of each phase as it begins.
  /// - Throws: `identityMismatch` naming the tensor, `coverageGap`, `proofInvalid`, or `operational`.
  package static func check(
    certificate: [UInt8], base: Checkpoint, tuned: Checkpoint, opening: OpeningFile,
    identity given: BaseIdentity? = nil,
    progress: (@Sendable (String) -> Void)? = nil
  ) throws(DriftProofError) -> VerificationReport {
    try DriftProofError.translating {
      let start = ContinuousClock.now
      let phase: (String) -> Void = { progress?($0) }
      phase("base identity")
      let policy = try CertificateVerifier.embeddedPolicy(certificate)
      let identity = try identity(of: base, certificate: certificate, given: given)
      let checked = try CheckedCertificate(certificate, identity: identity, policy: policy)
      let parent = checked.manifest.parent
      try compare(opening, checked)
      guard !checked.manifest.isAdapter else {
        throw mismatch("the certificate is about an unmerged adapter; name its folder with --adapter")
      }
      try compareNames(tuned.manifestTensors, checked.manifest.tuned)
      if parent != nil {
        let gaps = LinkCoverage.gaps(
          derived: checked.derived, tuned: checked.manifest.tuned, parent: base.manifestTensors)
        guard gaps.isEmpty else { throw DriftProofError.coverageGap(gaps) }
      }
      phase("frozen tensors")
      try compareFrozen(checked.derived, base: base, tuned: tuned)
      return try finish(
        checked, certificate: certificate, policy: policy, identity: identity, opening: opening, start: start,
        subject: Subject(base: base, tuned: tuned), phase: phase)
    }
  }

  /// What stands against the base.
  private struct Subject {
    var base: Checkpoint
    var tuned: Checkpoint
    var tunedDigests: [String: [UInt8]] = [:]
    var model: AdapterModel?
    var factors: [String: FactorMatrix] = [:]
  }

  /// Commits again, compares, and verifies the proof.
  private static func finish(
    _ checked: CheckedCertificate, certificate: [UInt8], policy: Policy, identity: BaseIdentity, opening: OpeningFile,
    start: ContinuousClock.Instant, subject: Subject, phase: (String) -> Void
  ) throws -> VerificationReport {
    let recomputed = try DriftCommitment(
      derived: checked.derived, parent: checked.manifest.parent, code: checked.manifest.code, base: subject.base,
      tuned: subject.tuned, secret: opening.secret, tunedDigests: subject.tunedDigests, adapter: subject.model,
      factors: subject.factors,
      phase: { phase($0.rawValue) })
    for (mine, stated) in zip(recomputed.manifest.entries, checked.manifest.entries) {
      guard mine == stated else {
        throw mismatch("tensor \(StrictJSON.shown(stated.tensor.name)) is not the one that the certificate is about")
      }
    }
    guard (recomputed.driftRoot ?? Certificate.emptyDriftRoot) == checked.certificate.driftRoot,
      recomputed.driftPins == checked.certificate.driftPins
    else {
      throw mismatch("the drift between the two checkpoints is not the one that the certificate commits to")
    }
    guard recomputed.commitment(baseRoot: identity.root) == checked.certificate.tunedCommitment else {
      throw mismatch("the two checkpoints do not give the certificate's tuned commitment")
    }
    phase("proof")
    try checked.verifyProof()
    return checked.report(
      policy: policy, certificateBytes: certificate.count, seconds: (ContinuousClock.now - start) / .seconds(1))
  }

  /// The same of an unmerged adapter: the certificate is about the base and exactly these matrices. They are factored
  /// again, the drift committed to again under the opening's secret.
  /// - Parameters:
  ///   - base: nil when only its identity is given; needed for tensors that the adapter replaces. A base is hashed: that it
  ///     is the one of the certificate is part of what is checked.
  ///   - identity: nil to compute it from the base.
  package static func check(
    certificate: [UInt8], base: Checkpoint?, identity: BaseIdentity?, adapter: Adapter, openingPath: String,
    progress: (@Sendable (String) -> Void)? = nil
  ) throws(DriftProofError) -> VerificationReport {
    let opening = try loaded(openingPath)
    return try DriftProofError.translating {
      let start = ContinuousClock.now
      progress?("base identity")
      let policy = try CertificateVerifier.embeddedPolicy(certificate)
      let identity = try Self.identity(base: base, given: identity)
      let checked = try CheckedCertificate(certificate, identity: identity, policy: policy)
      guard checked.manifest.isAdapter else {
        throw mismatch("the certificate is about a whole tuned model; name it with --tuned")
      }
      try compare(opening, checked)
      progress?("adapter")
      let pass = try AdapterPass.run(adapter, base: base, policy: policy, given: identity)
      try compareNames(pass.model.tensors, checked.manifest.tuned)
      return try finish(
        checked, certificate: certificate, policy: policy, identity: identity, opening: opening, start: start,
        subject: Subject(
          base: base ?? .empty, tuned: pass.model.wholes, tunedDigests: pass.tunedDigests, model: pass.model,
          factors: pass.factors), phase: { progress?($0) })
    }
  }

  /// The same with the opening file's path.
  package static func check(
    certificate: [UInt8], base: Checkpoint, tuned: Checkpoint, openingPath: String, identity: BaseIdentity? = nil,
    progress: (@Sendable (String) -> Void)? = nil
  ) throws(DriftProofError) -> VerificationReport {
    try check(
      certificate: certificate, base: base, tuned: tuned, opening: loaded(openingPath), identity: identity,
      progress: progress)
  }

  private static func compare(_ opening: OpeningFile, _ checked: CheckedCertificate) throws(DriftProofError) {
    guard opening.tunedCommitment == checked.certificate.tunedCommitment else {
      throw mismatch("the opening file belongs to another commitment than the certificate")
    }
  }

  private static func loaded(_ path: String) throws(DriftProofError) -> OpeningFile {
    do throws(OpeningError) {
      return try OpeningFile.load(path: path)
    } catch {
      throw error.asDriftProofError
    }
  }

  /// The identity that the certificate must be about: the given one for a link, the base's own otherwise.
  private static func identity(
    of base: Checkpoint, certificate: [UInt8], given: BaseIdentity?
  ) throws -> BaseIdentity {
    let parent: [UInt8]?
    do throws(FormatError) {
      parent = try DriftManifest.parse(Certificate.parse(certificate).manifest).parent
    } catch {
      throw DriftProofError.proofInvalid(.manifest(error))
    }
    if let parent {
      guard let given else {
        throw DriftProofError.identityMismatch(.parent(certificate: parent.hexadecimal, given: nil))
      }
      return given
    }
    return try computed(base, given: given)
  }

  /// Of an adapter's base; the given one only where there is no base to compute it from.
  private static func identity(base: Checkpoint?, given: BaseIdentity?) throws -> BaseIdentity {
    guard let base else { return try AdapterPass.identity(base: nil, given: given) }
    return try computed(base, given: given)
  }

  private static func computed(_ base: Checkpoint, given: BaseIdentity?) throws -> BaseIdentity {
    let computed = try BaseIdentity.compute(checkpoint: base)
    if let given, given.root != computed.root {
      throw mismatch("the base on disk is \(computed.rootHex), the identity given is \(given.rootHex)")
    }
    return computed
  }

  private static func mismatch(_ message: String) -> DriftProofError { .identityMismatch(.checkpoint(message)) }

  private static func compareNames(_ found: [TunedTensor], _ stated: [TunedTensor]) throws(DriftProofError) {
    for (mine, theirs) in zip(found, stated) where mine != theirs {
      if mine.name == theirs.name, mine.change != theirs.change {
        throw mismatch(
          "the adapter \(describe(mine.change)) tensor \(StrictJSON.shown(mine.name)), the adapter of the certificate "
            + describe(theirs.change))
      }
      if mine.name == theirs.name {
        throw mismatch(
          "tensor \(StrictJSON.shown(mine.name)) is \(mine.dtype.rawValue) \(mine.shape) here and "
            + "\(theirs.dtype.rawValue) \(theirs.shape) in the certificate")
      }
      throw mismatch(
        "the tuned model has tensor \(StrictJSON.shown(mine.name)) where the certificate has "
          + StrictJSON.shown(theirs.name))
    }
    guard found.count == stated.count else {
      throw mismatch("the tuned model has \(found.count) tensors, the certificate is about \(stated.count)")
    }
  }

  private static func describe(_ change: TensorChange) -> String {
    switch change {
    case .dense: "replaces"
    case .none: "leaves alone"
    case .product(let rank): "adds a product of rank \(rank) to"
    }
  }

  /// Byte equality of what the certificate says did not change.
  private static func compareFrozen(_ derived: DerivedStatement, base: Checkpoint, tuned: Checkpoint) throws {
    let names = derived.coverage.filter { $0.tensorClass == .frozen }.map(\.name)
    for violation in try DriftMeasurer(base: base, tuned: tuned).differences(names) {
      throw mismatch(
        "tensor \(StrictJSON.shown(violation.tensor)) is frozen by the certificate but differs here: \(violation.found)"
      )
    }
  }
}
