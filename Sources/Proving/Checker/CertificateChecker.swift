// SPDX-License-Identifier: Apache-2.0

import DriftProofAdapter
import DriftProofCertificate
import DriftProofChain
import DriftProofDrift
import DriftProofStatement
import DriftProofArgument
import DriftProofCheckpoint
import DriftProofCommitment
import DriftProofCore
import DriftProofPolicy
import DriftProofKernels

/// The check of a holder of the weights (docs/protocol.md section 3): a certificate is about exactly this model and base.
public enum CertificateChecker {
  /// Recomputes everything that the certificate says about the weights, and verifies the proof.
  ///
  /// The policy is the one inside the certificate; whether it is the wanted one is for `verify` with a policy file, or
  /// for who reads its digest in the report. Of an adapter the matrices are factored again.
  /// - Parameters:
  ///   - certificate: the bytes of `CERT.drift`.
  ///   - model: of a link, the base is the parent's model; that it is the parent certificate's is for a check of that one
  ///     to say. Any other base is hashed: that it is the certificate's is part of what is checked. An adapter may come
  ///     without its base where it replaces no tensors.
  ///   - opening: the opening file's content.
  ///   - identity: of the chain's base, needed for a link, or where no base is at hand; otherwise the base's must be the
  ///     same, if given.
  ///   - baseOpening: of a base whose identity hides its weights, where the certificate's policy speaks of them. Nothing is
  ///     counted in it.
  ///   - progress: told of each phase as it begins: of the check, or of the commitment that is made again.
  /// - Throws: `identityMismatch` naming the tensor, `coverageGap`, `proofInvalid`, or `operational`.
  package static func check(
    certificate: [UInt8], model: TunedModel, opening: OpeningFile, identity given: BaseIdentity? = nil,
    baseOpening: String? = nil, progress: (@Sendable (CheckPhase) -> Void)? = nil
  ) throws(DriftProofError) -> VerificationReport {
    try DriftProofError.translating {
      let start = ContinuousClock.now
      let phase: (CheckPhase) -> Void = { progress?($0) }
      phase(.baseIdentity)
      let policy = try CertificateVerifier.embeddedPolicy(certificate)
      var identity = try identity(of: model, certificate: certificate, given: given)
      let isCommitted = identity.linked != nil
      if policy.speaksOfBase, !isCommitted, let base = model.base {
        identity = try BaseTableau.link(identity, base: base)
      }
      let checked = try CheckedCertificate(certificate, identity: identity, policy: policy)
      try compare(opening, checked)
      let code = checked.argument?.verifier.statement.code
      // An aligned certificate may open none of the base's trees.
      let isNext = identity.linked?.isNext ?? false
      let isOpened = isNext && model.base != nil || code?.hidingBase != nil && !checked.derived.baseTrees.isEmpty
      let base = isOpened ? try BaseOpening(baseOpening, identity: identity) : nil
      let (resolved, digests) = try resolve(model, checked, policy: policy, identity: identity, phase: phase)
      let recomputed = try DriftCommitment(
        derived: checked.derived, parent: checked.manifest.parent, code: code, model: resolved,
        secret: opening.secret, tunedDigests: digests, companions: .init(phase: { phase(.commitment($0)) }))
      try compare(recomputed, checked)
      // A tableau that was not computed just now is the given identity's: is it this base's?
      if isNext, let weights = model.base {
        _ = try LinkedTrees.all(identity, base: weights, opening: base?.secret)
      } else if isCommitted, let code {
        _ = try LinkedTrees(
          checked.derived, identity: identity, base: model.base, code: code, opening: base?.secret)
      }
      phase(.proof)
      try checked.verifyProof()
      return checked.report(
        policy: policy, certificateBytes: certificate.count, seconds: (ContinuousClock.now - start) / .seconds(1))
    }
  }

  /// - Parameter openingPath: of the opening file.
  package static func check(
    certificate: [UInt8], model: TunedModel, openingPath: String, identity: BaseIdentity? = nil,
    baseOpening: String? = nil, progress: (@Sendable (CheckPhase) -> Void)? = nil
  ) throws(DriftProofError) -> VerificationReport {
    try check(
      certificate: certificate, model: model, opening: loaded(openingPath), identity: identity,
      baseOpening: baseOpening, progress: progress)
  }

  /// The model, whose names, types and shapes are the certificate's, and digests of its tensors as far as they are known.
  private static func resolve(
    _ model: TunedModel, _ checked: CheckedCertificate, policy: Policy, identity: BaseIdentity,
    phase: (CheckPhase) -> Void
  ) throws -> (ResolvedModel, tunedDigests: [String: [UInt8]]) {
    switch model {
    case .checkpoint(let tuned, let base):
      guard !checked.manifest.isAdapter else {
        throw DriftProofError.identityMismatch(.aboutAdapter)
      }
      try compareNames(tuned.manifestTensors, checked.manifest.tuned)
      if checked.manifest.parent != nil {
        let gaps = LinkCoverage.gaps(
          derived: checked.derived, tuned: checked.manifest.tuned, parent: base.manifestTensors)
        guard gaps.isEmpty else { throw DriftProofError.coverageGap(gaps) }
      }
      phase(.frozenTensors)
      let pair = CheckpointPair(base: base, tuned: tuned)
      try compareFrozen(checked.derived, pair)
      return (.checkpoints(pair), [:])
    case .adapter(let adapter, let base):
      guard checked.manifest.isAdapter else {
        throw DriftProofError.identityMismatch(.aboutCheckpoint)
      }
      phase(.adapter)
      let pass = try AdapterPass.run(
        adapter, base: base, policy: policy, given: identity, rules: checked.manifest.rules)
      try compareNames(pass.model.tensors, checked.manifest.tuned)
      return (.adapter(pass.model, base: base, factors: pass.factors), pass.tunedDigests)
    }
  }

  // MARK: Comparisons

  private static func compare(
    _ recomputed: DriftCommitment, _ checked: CheckedCertificate
  ) throws(DriftProofError) {
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
    // That its root is the identity's was compared.
    guard recomputed.commitment(baseRoot: checked.certificate.baseRoot) == checked.certificate.tunedCommitment else {
      throw mismatch("the two checkpoints do not give the certificate's tuned commitment")
    }
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

  /// The identity that the certificate must be about: the given one for a link, or without a base; the base's own otherwise.
  private static func identity(
    of model: TunedModel, certificate: [UInt8], given: BaseIdentity?
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
    guard let base = model.base else { return try AdapterPass.identity(base: nil, given: given) }
    return try computed(base, given: given)
  }

  private static func computed(_ base: Checkpoint, given: BaseIdentity?) throws -> BaseIdentity {
    if let given, given.linked?.isNext ?? false {
      // Its trees, which hold the rest, are made again later.
      try NextBaseCommitter.compareRest(base, given)
      return given
    }
    let computed = try BaseIdentity.compute(checkpoint: base)
    if let given, given.root != computed.root {
      throw mismatch("the base on disk is \(computed.rootHex), the identity given is \(given.rootHex)")
    }
    // The given one has the same leaves, and may commit to the weights besides.
    return given ?? computed
  }

  private static func mismatch(_ message: String) -> DriftProofError { .identityMismatch(.checkpoint(message)) }

  static func compareNames(_ found: [TunedTensor], _ stated: [TunedTensor]) throws(DriftProofError) {
    if let prefix = NamePrefix.find(base: stated.map(\.name), tuned: found.map(\.name)) {
      throw DriftProofError.identityMismatch(.names(prefix, in: .certificate))
    }
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
    case .kronecker(let rows, let columns): "adds a Kronecker product with blocks of \(rows) × \(columns) to"
    }
  }

  /// Equality of what the certificate says did not change.
  private static func compareFrozen(_ derived: DerivedStatement, _ pair: CheckpointPair) throws {
    let names = derived.coverage.filter { $0.tensorClass == .frozen }.map(\.name)
    for difference in try pair.firstDifferences(names) {
      let place =
        switch difference.place {
        case .byte(let offset): "a change at byte \(offset) of its data"
        case .value(let found):
          "entry \(found.entry) is \(found.tuned) in \(found.tunedType.rawValue), in the base \(found.base ?? "missing") in "
            + found.baseType.rawValue
        }
      throw mismatch(
        "tensor \(StrictJSON.shown(difference.name)) is frozen by the certificate but differs here: \(place)")
    }
  }
}
