// SPDX-License-Identifier: Apache-2.0

import DriftProofStatement
import DriftProofArgument
import DriftProofCheckpoint
import DriftProofCommitment
import DriftProofCore
import DriftProofPolicy
import DriftProofTranscript

/// From which model a certificate's drift must start.
public enum ExpectedParent: Hashable, Sendable {
  /// From the base. A link, which says nothing about the base by itself, is rejected.
  case none
  /// From the model of this tuned commitment, 32 bytes.
  case commitment([UInt8])
  /// From either; ``VerificationReport/parent`` says which.
  case any
}

/// Verifies certificates from public data alone: no weights.
public enum CertificateVerifier {
  /// Verifies the bytes of three files.
  /// - Parameters:
  ///   - certificate: `CERT.drift`.
  ///   - identityFile: `BASE.identity.json`; trust in it is trust in its root, which the report states.
  ///   - policyFile: `POLICY.json`.
  ///   - parent: what the certificate must name as its parent.
  /// - Throws: why not, with the exit code. No bytes make it trap.
  public static func verify(
    certificate: [UInt8], identityFile: [UInt8], policyFile: [UInt8], parent: ExpectedParent = .none
  ) throws(DriftProofError) -> VerificationReport {
    let (identity, policy) = try parse(identityFile: identityFile, policyFile: policyFile)
    return try verify(certificate: certificate, identity: identity, policy: policy, parent: parent)
  }

  /// Reads the two files that a certificate is verified against.
  package static func parse(
    identityFile: [UInt8], policyFile: [UInt8]
  ) throws(DriftProofError) -> (identity: BaseIdentity, policy: Policy) {
    let policy: Policy
    do throws(PolicyError) {
      policy = try Policy.parse(policyFile)
    } catch {
      throw .operational("policy \(error)")
    }
    do throws(CheckpointError) {
      return (try BaseIdentity.parse(identityFile), policy)
    } catch {
      throw .operational("base identity: \(error)")
    }
  }

  /// Verifies against the policy inside the certificate: that the proof holds, whatever its policy allows. A verifier
  /// who wants a certain policy gives it.
  public static func verify(
    certificate: [UInt8], identityFile: [UInt8], parent: ExpectedParent = .none
  ) throws(DriftProofError) -> VerificationReport {
    let identity: BaseIdentity
    do throws(CheckpointError) {
      identity = try BaseIdentity.parse(identityFile)
    } catch {
      throw .operational("base identity: \(error)")
    }
    return try verify(
      certificate: certificate, identity: identity, policy: try embeddedPolicy(certificate), parent: parent)
  }

  /// The policy that the certificate carries.
  package static func embeddedPolicy(_ certificate: [UInt8]) throws(DriftProofError) -> Policy {
    do throws(FormatError) {
      return try Certificate.parse(certificate).embeddedPolicy().policy
    } catch {
      throw .proofInvalid(.certificate(error))
    }
  }

  /// Verifies against a parsed identity and policy.
  package static func verify(
    certificate bytes: [UInt8], identity: BaseIdentity, policy: Policy, parent: ExpectedParent = .none
  ) throws(DriftProofError) -> VerificationReport {
    try verified(certificate: bytes, identity: identity, policy: policy, parent: parent).report
  }

  /// The same, with the certificate for those who build on it.
  package static func verified(
    certificate bytes: [UInt8], identity: BaseIdentity, policy: Policy, parent: ExpectedParent = .none
  ) throws(DriftProofError) -> (report: VerificationReport, certificate: CheckedCertificate) {
    let start = ContinuousClock.now
    let checked = try CheckedCertificate(bytes, identity: identity, policy: policy)
    try checked.requireParent(parent)
    try checked.verifyProof()
    let seconds = start.duration(to: .now) / .seconds(1)
    return (checked.report(policy: policy, certificateBytes: bytes.count, seconds: seconds), checked)
  }
}

/// A certificate whose public parts fit together, the argument's proof not yet verified. `check` uses it, too.
package struct CheckedCertificate: Sendable {
  package struct ArgumentPart: Sendable {
    package let verifier: ArgumentVerifier<HashCommitment>
    package let drift: TableauReference
  }

  package let certificate: Certificate
  package let manifest: DriftManifest
  package let derived: DerivedStatement
  private let vacuousRanks: [VacuousRank]
  private let rounded: [RoundedTensor]
  /// Nil with an empty tableau.
  package let argument: ArgumentPart?

  /// All checks that need no proof: identities, manifest, coverage, layout, parameters, commitment.
  package init(_ bytes: [UInt8], identity: BaseIdentity, policy: Policy) throws(DriftProofError) {
    do throws(FormatError) {
      certificate = try Certificate.parse(bytes)
    } catch {
      throw .proofInvalid(.certificate(error))
    }
    let baseRoot: [UInt8]
    do throws(StatementError) {
      baseRoot = try StatementRules.baseRoot(
        identity, for: policy, isAligned: DriftManifest.beginsAligned(certificate.manifest))
    } catch {
      throw error.asDriftProofError
    }
    guard certificate.baseRoot == baseRoot else {
      throw .identityMismatch(.base(certificate: certificate.baseRoot.hexadecimal, given: baseRoot.hexadecimal))
    }
    let policyDigest = Certificate.policyDigest(policy)
    guard certificate.policyDigest == policyDigest else {
      throw .identityMismatch(
        .policy(certificate: certificate.policyDigest.hexadecimal, given: policyDigest.hexadecimal))
    }
    // The digest was compared: this says that the bytes for `check` are the policy that was given.
    guard certificate.policy == policy.canonicalBytes() else { throw .proofInvalid(.policyBytes) }
    do throws(FormatError) {
      manifest = try DriftManifest.parse(certificate.manifest)
    } catch {
      throw .proofInvalid(.manifest(error))
    }
    let commitment = TunedCommitment.commitment(
      baseRoot: certificate.baseRoot, manifest: certificate.manifest, driftRoot: certificate.driftRoot,
      driftPins: certificate.driftPins)
    guard commitment == certificate.tunedCommitment else { throw .proofInvalid(.tunedCommitment) }
    do throws(StatementError) {
      derived = try DerivedStatement.derive(
        identity: identity, tuned: manifest.tuned, policy: policy, rules: manifest.rules, isAligned: manifest.isAligned)
    } catch .policyViolated(let violations) {
      // An honest prover was refused: the manifest is a forged one.
      throw .proofInvalid(.adapterOutsidePolicy(violations))
    } catch .precisionRefused(let clauses) {
      throw .proofInvalid(.adapterNotProvable(clauses))
    } catch .tooLarge(.manifest(let bytes, let limit)) {
      throw .proofInvalid(.manifest(.tooMany(section: "bytes of the manifest", found: bytes, limit: limit)))
    } catch {
      throw error.asDriftProofError
    }
    if manifest.parent != nil, let gap = StatementRules.gapInLink(policy) { throw .coverageGap([gap]) }
    vacuousRanks = VacuousRank.all(derived, identity: identity, policy: policy)
    rounded = RoundedTensor.list(derived, identity: identity)
    try Self.checkByteDigests(manifest, derived)
    argument = try Self.argument(certificate, manifest, derived)
  }

  /// Throws `identityMismatch` unless the drift starts where it is expected to.
  func requireParent(_ expected: ExpectedParent) throws(DriftProofError) {
    let given: [UInt8]?
    switch expected {
    case .any: return
    case .none: given = nil
    case .commitment(let commitment): given = commitment
    }
    guard manifest.parent == given else {
      throw .identityMismatch(.parent(certificate: manifest.parent?.hexadecimal, given: given?.hexadecimal))
    }
  }

  /// The argument itself; throws `proofInvalid`.
  package func verifyProof() throws(DriftProofError) {
    guard let argument else { return }
    do throws(ProofRejection) {
      try argument.verifier.verify(certificate.proof, drift: argument.drift)
    } catch {
      throw .proofInvalid(.argument(error))
    }
  }

  /// Digests exactly for the tuned tensors that the policy does not freeze.
  private static func checkByteDigests(
    _ manifest: DriftManifest, _ derived: DerivedStatement
  ) throws(DriftProofError) {
    var isDigested = [Bool](repeating: false, count: manifest.entries.count)
    for coverage in derived.coverage where coverage.hasByteDigest {
      if let index = coverage.tunedIndex { isDigested[index] = true }
    }
    for (entry, isWanted) in zip(manifest.entries, isDigested) {
      guard isWanted == (entry.byteDigest != nil) else {
        throw .proofInvalid(.byteDigest(tensor: StrictJSON.shown(entry.tensor.name), isMissing: isWanted))
      }
    }
  }

  private static func argument(
    _ certificate: Certificate, _ manifest: DriftManifest, _ derived: DerivedStatement
  ) throws(DriftProofError) -> ArgumentPart? {
    guard let stated = manifest.code, !derived.isEmpty else {
      guard manifest.code == nil, derived.isEmpty, certificate.proof.isEmpty, certificate.driftPins.isEmpty,
        certificate.driftRoot == Certificate.emptyDriftRoot, manifest.layoutDigest == DriftManifest.emptyLayoutDigest
      else { throw .proofInvalid(.emptyTableau) }
      return nil
    }
    let code: CodeParameters
    do throws(ProofRejection) {
      code = try stated.beside(derived.hidingBase)
    } catch {
      throw .proofInvalid(.argument(error))
    }
    guard code.securityBits >= CodeParameters.requiredSecurityBits else {
      throw .proofInvalid(
        .argument(
          .insufficientSecurity(bits: code.securityBits, required: Int(CodeParameters.requiredSecurityBits))))
    }
    if let base = derived.baseCode, base != (code.logLength, code.logBlowup) {
      throw .proofInvalid(
        .otherCodeThanBase(
          logLength: code.logLength, logBlowup: code.logBlowup, expectedLength: base.logLength,
          expectedBlowup: base.logBlowup))
    }
    // Before the layout is built: its size follows from l, which the certificate chooses. The longest rows always suffice
    // for a statement, so that it is the certificate's fault.
    guard StatementLimits.hasFewRows(derived.tensors, logLength: code.logLength) else {
      throw .proofInvalid(.rowsTooShort(logLength: code.logLength))
    }
    let verifier: ArgumentVerifier<HashCommitment>
    do throws(ProofRejection) {
      verifier = try ArgumentVerifier(
        statement: derived.statement(code: code, binding: certificate.binding), scheme: HashCommitment(code))
    } catch {
      throw .proofInvalid(.argument(error))
    }
    guard verifier.rowCount == manifest.rowCount else {
      throw .proofInvalid(.rowCount(stated: manifest.rowCount, derived: verifier.rowCount))
    }
    guard verifier.statement.layoutDigest == manifest.layoutDigest else { throw .proofInvalid(.layoutDigest) }
    // Parsed after the row count was compared: a wrong count of pins is seen as such.
    guard let pins = FieldEncoding.cubicElements(certificate.driftPins), pins.count == verifier.rowCount else {
      throw .proofInvalid(.driftPins)
    }
    let drift = TableauReference(
      label: ArgumentLabel.drift, root: certificate.driftRoot, shapes: verifier.driftShapes, pinValues: pins,
      parameters: code)
    return ArgumentPart(verifier: verifier, drift: drift)
  }

  package func report(policy: Policy, certificateBytes: Int, seconds: Double) -> VerificationReport {
    let terms = argument?.verifier.soundness ?? []
    return VerificationReport(
      policyName: policy.name, policyDigest: certificate.policyDigest.hexadecimal,
      baseIdentity: certificate.baseRoot.hexadecimal, tunedCommitment: certificate.tunedCommitment.hexadecimal,
      parent: manifest.parent?.hexadecimal,
      securityBits: terms.map(\.bits).min() ?? CodeParameters.requiredSecurityBits,
      soundness: terms.map { SoundnessTerm(name: $0.name, bits: $0.bits) },
      tensors: TensorCounts(derived), excluded: derived.excludedNames,
      vacuousRanks: vacuousRanks,
      certifiedParameters: derived.entryCount { $0 != .frozen && $0 != .excluded },
      frozenParameters: derived.entryCount { $0 == .frozen }, precision: PrecisionSummary(derived),
      retyped: RetypedTensors.count(derived), grown: GrownTensor.list(derived),
      rounded: rounded, adapter: AdapterSummary(derived),
      code: manifest.code.map {
        "l \($0.logLength), rate 1/\(1 << $0.logBlowup), \($0.queries) queries, \($0.grindingBits) bits of grinding"
          + ($0.bands > 1 ? ", \($0.bands) bands" : "")
      },
      bands: manifest.code?.bands ?? 1,
      proofBytes: certificate.proof.count, certificateBytes: certificateBytes, verifySeconds: seconds)
  }
}

extension DerivedStatement {
  func entryCount(_ isIncluded: (TensorClass) -> Bool) -> Int {
    coverage.reduce(0) { isIncluded($1.tensorClass) ? $0 &+ $1.entryCount : $0 }
  }
}
