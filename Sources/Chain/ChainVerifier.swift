// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofStatement
import DriftProofCheckpoint
import DriftProofCore
import DriftProofPolicy
import DriftProofTransition

/// Verifies certificates that name their parents: M0 -> M1 -> M2 …, or a tree of releases. Needs no weights.
///
/// Each link is verified by itself, with the base's identity and its policy. It is bound to its parent by the parent's tuned
/// commitment, which its own commitment covers. What a link proves holds for the chain only if all links above it hold.
public enum ChainVerifier {
  /// One certificate file.
  public struct Input: Sendable {
    /// For messages, such as the path.
    public var name: String
    /// The bytes of `CERT.drift`.
    public var certificate: [UInt8]
    /// The JSON of the policy that the link must have; nil to take the one inside the certificate as it is.
    public var policyFile: [UInt8]?

    /// One certificate of the chain; see the members.
    public init(name: String, certificate: [UInt8], policyFile: [UInt8]? = nil) {
      self.name = name
      self.certificate = certificate
      self.policyFile = policyFile
    }
  }

  /// A file with a name for messages, such as its path.
  public struct File: Sendable {
    /// For messages.
    public var name: String
    /// All of it.
    public var bytes: [UInt8]

    /// See the members.
    public init(name: String, bytes: [UInt8]) {
      self.name = name
      self.bytes = bytes
    }
  }

  /// - Parameters:
  ///   - inputs: in any order; every certificate up to the base must be there.
  ///   - identityFile: of the base from which the chain starts; trust in it is trust in its root.
  ///   - cumulativePolicyFile: the JSON of a policy that the drift from the base must obey at every link.
  ///   - revocationFile: the JSON of a ``RevocationList``.
  ///   - nextIdentityFiles: of models of the chain that later certificates speak of as their base.
  ///   - transitions: those that tie them to the certificates of these models, in any order.
  /// - Returns: the outcome of every link. A caller looks at ``ChainReport/failure``.
  /// - Throws: `operational` when a policy, the identity or the list cannot be read, `usage` without any certificate. No
  ///   bytes make it trap.
  public static func verify(
    _ inputs: [Input], identityFile: [UInt8], cumulativePolicyFile: [UInt8]? = nil, revocationFile: [UInt8]? = nil,
    nextIdentityFiles: [File] = [], transitions: [File] = []
  ) throws(DriftProofError) -> ChainReport {
    guard !inputs.isEmpty else { throw .missingInput(.certificates) }
    let start = ContinuousClock.now
    let identity: BaseIdentity
    do throws(CheckpointError) {
      identity = try BaseIdentity.parse(identityFile)
    } catch {
      throw .operational("base identity: \(error)")
    }
    let cumulative = try cumulativePolicyFile.map { (file) throws(DriftProofError) in
      try policy(file, name: "cumulative policy")
    }
    let nextBases = try NextBases(identities: nextIdentityFiles, transitions: transitions)
    var chain = ChainVerification(
      identity: identity, nextBases: nextBases, cumulative: cumulative,
      revocations: try revocationFile.map { (file) throws(DriftProofError) in try RevocationList(file: file) })
    var candidates: [ChainVerification.Candidate] = []
    for input in inputs {
      let given = try input.policyFile.map { (file) throws(DriftProofError) in
        try policy(file, name: "policy of \(StrictJSON.shown(input.name))")
      }
      candidates.append(ChainVerification.Candidate(input, policy: given, nextBases: nextBases))
    }
    let links = chain.verify(candidates)
    return ChainReport(
      baseIdentity: identity.namedRoot.hexadecimal, baseNorm: NormBound.norm(ofBase: identity.tensors),
      links: links,
      cumulativePolicy: cumulative.map { ($0.name, Certificate.policyDigest($0).hexadecimal) },
      revocations: chain.revocations?.entries.count, seconds: start.duration(to: .now) / .seconds(1))
  }

  private static func policy(_ file: [UInt8], name: String) throws(DriftProofError) -> Policy {
    do throws(PolicyError) {
      return try Policy.parse(file)
    } catch {
      throw .operational("\(name): \(error)")
    }
  }
}

/// One run of ``ChainVerifier``.
struct ChainVerification {
  /// A file with what it states.
  struct Candidate {
    let input: ChainVerifier.Input
    let policy: Policy?
    let sha256: String
    /// Of the file's frame and manifest; nil commitment for one that is none.
    let node: ChainTree.Node
    /// The parent that its manifest names.
    let parent: [UInt8]?
    /// The next base that it is about; nil for the base of the chain, or an unknown one.
    let nextBase: NextBases.Base?

    init(_ input: ChainVerifier.Input, policy: Policy?, nextBases: NextBases) {
      self.input = input
      self.policy = policy
      sha256 = SHA256.hash(input.certificate).hexadecimal
      let certificate = try? Certificate.parse(input.certificate)
      let manifest = certificate.flatMap { try? DriftManifest.parse($0.manifest) }
      parent = manifest?.parent
      nextBase = manifest == nil ? nil : certificate.flatMap { nextBases[$0.baseRoot] }
      node = ChainTree.Node(
        commitment: manifest == nil ? nil : certificate?.tunedCommitment,
        parent: manifest?.parent ?? nextBase?.transition?.tunedCommitment)
    }
  }

  /// A link that holds, for those below it.
  private struct Held {
    let tensors: [TunedTensor]
    /// Of the base that it is about, and the certificate itself, for a transition from it.
    let identity: BaseIdentity
    let certificate: CheckedCertificate
    /// From the base to this link.
    let path: [LinkDrift]
  }

  let identity: BaseIdentity
  let nextBases: NextBases
  let cumulative: Policy?
  let revocations: RevocationList?
  private var held: [Int: Held] = [:]
  private var links: [Int: ChainLink] = [:]

  init(identity: BaseIdentity, nextBases: NextBases, cumulative: Policy?, revocations: RevocationList?) {
    self.identity = identity
    self.nextBases = nextBases
    self.cumulative = cumulative
    self.revocations = revocations
  }

  /// One link for each candidate, parents before children.
  mutating func verify(_ candidates: [Candidate]) -> [ChainLink] {
    let tree = ChainTree(candidates.map(\.node))
    var result: [ChainLink] = []
    for index in tree.order {
      let link = link(candidates, index, tree.places[index])
      links[index] = link
      result.append(link)
    }
    return result
  }

  private mutating func link(_ candidates: [Candidate], _ index: Int, _ place: ChainTree.Place) -> ChainLink {
    let candidate = candidates[index]
    var depth = 0
    if place == .root, candidate.node.commitment != nil { depth = 1 }
    if case .child(let above) = place, let parent = links[above], parent.depth > 0 { depth = parent.depth + 1 }
    let outcome: ChainLink.Outcome
    var path: CumulativeDrift?
    do throws(ChainRejection) {
      try checkPlace(candidates, index, place)
      let (report, drift) = try verify(candidate, index, place)
      outcome = .verified(report)
      path = drift
    } catch {
      outcome = .rejected(error)
    }
    return ChainLink(
      name: candidate.input.name, position: index, certificateDigest: candidate.sha256,
      tunedCommitment: candidate.node.commitment?.hexadecimal, parent: candidate.node.parent?.hexadecimal,
      nextBase: candidate.parent == nil ? candidate.nextBase?.root.hexadecimal : nil, depth: depth,
      hasOwnPolicy: candidate.policy == nil, outcome: outcome, excluded: path?.excluded ?? [],
      driftFromBase: path?.total.map(NormBound.double))
  }

  /// What can be said before a proof is looked at.
  private func checkPlace(
    _ candidates: [Candidate], _ index: Int, _ place: ChainTree.Place
  ) throws(ChainRejection) {
    let candidate = candidates[index]
    let commitment = candidate.node.commitment?.hexadecimal
    if let entry = revocations?.entry(certificate: candidate.sha256, commitment: commitment) { throw .revoked(entry) }
    switch place {
    case .root:
      if let nextBase = candidate.nextBase { throw .untiedNextBase(nextBase.name) }
    case .duplicate(let other): throw .duplicate(of: candidates[other].input.name)
    case .parentMissing: throw .parentMissing(candidate.node.parent?.hexadecimal ?? "")
    case .circle: throw .circle
    case .child(let above):
      guard let parent = links[above], let why = parent.rejection else { break }
      // The first one on the way from the base is what has to be looked at.
      if case .ancestor = why { throw why }
      throw .ancestor(parent.name, because: why)
    }
  }

  /// The certificate, its fit to the parent's tensors, and the drift from the base.
  private mutating func verify(
    _ candidate: Candidate, _ index: Int, _ place: ChainTree.Place
  ) throws(ChainRejection) -> (VerificationReport, CumulativeDrift) {
    let start = ContinuousClock.now
    let bytes = candidate.input.certificate
    let policy: Policy
    let checked: CheckedCertificate
    let identity = try base(of: candidate, place)
    do throws(DriftProofError) {
      if let given = candidate.policy { policy = given } else { policy = try CertificateVerifier.embeddedPolicy(bytes) }
      checked = try CheckedCertificate(bytes, identity: identity, policy: policy)
      try checked.verifyProof()
    } catch {
      throw .certificate(error)
    }
    guard !checked.manifest.isAdapter else { throw .unmergedAdapter }
    var path: [LinkDrift] = []
    if case .child(let above) = place {
      // Rejected parents have been seen before.
      guard let parent = held[above] else { throw .parentMissing(candidate.node.parent?.hexadecimal ?? "") }
      path = parent.path
      let gaps = LinkCoverage.gaps(
        derived: checked.derived, tuned: checked.manifest.tuned, parent: parent.tensors)
      guard gaps.isEmpty else { throw .parentTensors(gaps) }
    }
    path.append(
      LinkDrift(name: candidate.input.name, identity: identity, policy: policy, derived: checked.derived))
    let drift = CumulativeDrift(identity: identity, links: path)
    if let cumulative { try check(drift, cumulative, checked.manifest) }
    held[index] = Held(tensors: checked.manifest.tuned, identity: identity, certificate: checked, path: path)
    let report = checked.report(
      policy: policy, certificateBytes: bytes.count, seconds: start.duration(to: .now) / .seconds(1))
    return (report, drift)
  }

  /// The identity that a certificate must be about: its parent's; below a transition that of the next base, which it proves to
  /// hold the parent's model.
  private func base(of candidate: Candidate, _ place: ChainTree.Place) throws(ChainRejection) -> BaseIdentity {
    guard case .child(let above) = place, let parent = held[above] else { return identity }
    guard candidate.parent == nil, let next = candidate.nextBase, let transition = next.transition else {
      return parent.identity
    }
    do throws(DriftProofError) {
      _ = try TransitionVerifier.verify(
        transition: transition.bytes, of: .nextBase(next.identity), certificate: parent.certificate,
        identity: parent.identity)
    } catch {
      throw .transition(transition.name, error)
    }
    return next.identity
  }

  /// The cumulative policy is read as that of a certificate about base and this link's model: names, types and shapes must
  /// be covered likewise.
  private func check(
    _ drift: CumulativeDrift, _ policy: Policy, _ manifest: DriftManifest
  ) throws(ChainRejection) {
    let target: DerivedStatement
    do throws(StatementError) {
      // Nothing is proved by it: it is read by the current rules, whatever those of the links were.
      target = try DerivedStatement.derive(identity: identity, tuned: manifest.tuned, policy: policy)
    } catch {
      throw .cumulativeCoverage(error.asDriftProofError)
    }
    let violations = drift.violations(of: policy, target: target)
    guard violations.isEmpty else { throw .cumulative(violations) }
  }
}
