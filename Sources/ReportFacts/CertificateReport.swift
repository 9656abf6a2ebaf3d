// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofStatement
import DriftProofCheckpoint
import DriftProofCore
import DriftProofPolicy
import DriftProofTransition

/// What a page for people says about one certificate: values only, no layout.
public struct CertificateReport: Sendable {
  /// Who chose the policy that the certificate was verified against.
  public enum PolicySource: String, Sendable {
    /// The reader, who gave a file.
    case given
    /// The certificate's maker: it is the one inside the certificate.
    case embedded
  }

  /// What verification said.
  public enum Outcome: Sendable {
    case verified(VerifiedContents)
    case rejected(DriftProofError)
  }

  /// What the file says of itself; only for a verified certificate is it true.
  public struct Claims: Sendable, Equatable {
    /// Hexadecimal.
    public let baseIdentity: String
    /// Hexadecimal.
    public let tunedCommitment: String
    /// The policy's name.
    public let policyName: String
    /// SHA-256 of the policy's canonical bytes, hexadecimal.
    public let policyDigest: String
  }

  /// As the reader named it.
  public let fileName: String
  /// Size of the file in bytes.
  public let byteCount: Int
  /// Of the file, hexadecimal.
  public let sha256: String
  /// The identity that it was verified against.
  public let givenBase: String
  /// Who chose the policy.
  public let policySource: PolicySource
  /// Nil where the file is no certificate, or contradicts itself.
  public let claims: Claims?
  /// What verification said.
  public let outcome: Outcome
  /// Nil where the drift starts from the base.
  public let link: ReportedLink?

  /// What it says; nil where it is not verified.
  public var contents: VerifiedContents? {
    if case .verified(let contents) = outcome { contents } else { nil }
  }

  /// Why it is not verified; nil where it is.
  public var failure: DriftProofError? {
    if case .rejected(let error) = outcome { error } else { nil }
  }

  /// It names a parent, and was verified without its chain.
  public var isLinkAlone: Bool { if case .identityMismatch(.parent) = failure { true } else { false } }

  /// Verifies a certificate and gathers what it says. A certificate that fails is a report, too.
  /// - Parameters:
  ///   - policy: the reader's; nil for the one inside the certificate.
  ///   - link: of a certificate that names a parent, its place in the chain, or why it has none. Without it such a
  ///     certificate fails: alone it says nothing about the base.
  ///   - transition: with the tableau that it is about, to be verified, too; one that fails fails the certificate's report.
  package init(
    fileName: String, certificate: [UInt8], identity: BaseIdentity, policy: Policy?,
    link: Result<ReportedLink, DriftProofError>? = nil, transition: (bytes: [UInt8], tableau: TunedTableau)? = nil
  ) {
    self.fileName = fileName
    byteCount = certificate.count
    sha256 = SHA256.hash(certificate).hexadecimal
    givenBase = identity.namedRoot.hexadecimal
    policySource = policy == nil ? .embedded : .given
    let facts = try? CertificateFacts(certificate)
    claims = facts.map { facts in
      Claims(
        baseIdentity: facts.baseIdentity, tunedCommitment: facts.tunedCommitment, policyName: facts.policyName,
        policyDigest: facts.policyDigest)
    }
    self.link = try? link?.get()
    do throws(DriftProofError) {
      _ = try link?.get()
      outcome = .verified(
        try VerifiedContents(
          certificate, identity: identity, policy: policy, parent: link == nil ? ExpectedParent.none : .any,
          transition: transition))
    } catch {
      outcome = .rejected(error)
    }
  }
}

extension CertificateReport {
  /// Verifies a certificate and gathers what it says, from the bytes of files. A certificate that fails is a report, too.
  /// - Parameters:
  ///   - fileName: as the report is to name the certificate.
  ///   - certificate: the bytes of `CERT.drift`.
  ///   - identityFile: those of `BASE.identity.json`.
  ///   - policyFile: those of the reader's policy; nil for the one inside the certificate, which its maker chose.
  /// - Throws: `operational` when the identity or the policy cannot be read.
  public init(
    fileName: String, certificate: [UInt8], identityFile: [UInt8], policyFile: [UInt8]?
  ) throws(DriftProofError) {
    let (identity, policy) = try DriftProofError.translating {
      (try BaseIdentity.parse(identityFile), try policyFile.map { try Policy.parse($0) })
    }
    self.init(fileName: fileName, certificate: certificate, identity: identity, policy: policy)
  }
}

/// What a certificate that has been verified says.
public struct VerifiedContents: Sendable {
  /// What the verifier says.
  public let verification: VerificationReport
  /// What the transition to a tuned model's tableau says; nil where none was given.
  public let transition: TransitionReport?
  /// The policy that it was verified against.
  public let policy: Policy
  /// The policy laid over base and tuned model.
  public let explanation: PolicyExplanation
  /// Every name of base and tuned model, in order.
  public let tensors: [ReportedTensor]
  /// How much of the model is proved, identical and excluded.
  public let coverage: ReportedCoverage
  /// Layers and modules, as the names have them.
  public let map: ModuleMap
  /// The tuned model's tensors.
  package let tuned: [TunedTensor]
  package let identity: BaseIdentity

  init(
    _ bytes: [UInt8], identity: BaseIdentity, policy given: Policy?, parent: ExpectedParent,
    transition: (bytes: [UInt8], tableau: TunedTableau)?
  ) throws(DriftProofError) {
    let policy = if let given { given } else { try CertificateVerifier.embeddedPolicy(bytes) }
    let verified = try CertificateVerifier.verified(
      certificate: bytes, identity: identity, policy: policy, parent: parent)
    verification = verified.report
    var sum: TransitionReport?
    if let transition {
      sum = try TransitionVerifier.verify(
        transition: transition.bytes, of: .tableau(transition.tableau), certificate: verified.certificate,
        identity: identity
      )
    }
    self.transition = sum
    let manifest: DriftManifest
    do throws(FormatError) {
      manifest = try DriftManifest.parse(Certificate.parse(bytes).manifest)
    } catch {
      throw .proofInvalid(.manifest(error))
    }
    // The pure function of public data by which the verifier, too, knew what was to be proved.
    let derived = try DriftProofError.translating {
      try DerivedStatement.derive(
        identity: identity, tuned: manifest.tuned, policy: policy, rules: manifest.rules, isAligned: manifest.isAligned)
    }
    let pairs = TensorPair.merge(base: identity.tensors, tuned: manifest.tuned)
    let described = pairs.compactMap { pair in
      pair.base.map { PolicyTensor.of(identity.tensors[$0], in: identity) }
        ?? pair.tuned.map { PolicyTensor(added: manifest.tuned[$0]) }
    }
    let explanation = PolicyExplanation(policy, tensors: described)
    tensors = zip(explanation.tensors, derived.coverage).map { effect, coverage in
      ReportedTensor(
        name: effect.tensor.name, dtype: effect.tensor.dtype, shape: effect.tensor.shape,
        parameters: coverage.entryCount, tensorClass: coverage.tensorClass, rule: effect.rule ?? 0, words: effect.words,
        shortWords: effect.rule.map { policy.rules[$0].allowance.shortWords } ?? "",
        largestNorm: coverage.tensorClass == .frozen ? 0 : effect.largestNorm)
    }
    coverage = ReportedCoverage(tensors)
    map = ModuleMap(names: tensors.map(\.name))
    tuned = manifest.tuned
    self.policy = policy
    self.explanation = explanation
    self.identity = identity
  }
}
