// SPDX-License-Identifier: Apache-2.0

import DriftProofChain
import DriftProofCore
import DriftProofCurveCertificate
import DriftProofPolicy

/// Verifies certificates of the curve backend that name their parents: M0 -> M1 -> M2 …, or a tree. Needs no weights.
///
/// A link's drift starts from the rows of its parent's C_tuned: those of the nearest ancestor that stores them, of the identity
/// where none does. Which these are follows from the verified certificates above it alone, and all of them are under the root in the
/// commitment that it names.
package enum CurveChainVerifier {
  package struct Input: Sendable {
    /// For messages, such as the path.
    package var name: String
    package var certificate: [UInt8]
    /// The policy that the link must have; nil to take the one inside the certificate.
    package var policy: Policy?

    package init(name: String, certificate: [UInt8], policy: Policy? = nil) {
      self.name = name
      self.certificate = certificate
      self.policy = policy
    }
  }

  /// - Parameters:
  ///   - inputs: in any order; every certificate up to the base must be there.
  ///   - cumulative: what the drift from the base must obey at every link.
  package static func verify(
    _ inputs: [Input], identity: CurveIdentity, trust: CurveCertificateVerifier.Trust, cumulative: Policy? = nil,
    revocations: RevocationList? = nil
  ) -> CurveChainReport {
    let start = ContinuousClock.now
    var run = CurveChainRun(
      inputs: inputs, identity: identity, trust: trust, cumulative: cumulative, revocations: revocations)
    let links = run.verify()
    return CurveChainReport(
      curveRoot: identity.root.hexadecimal, baseNorm: NormBound.norm(ofBase: identity.base.tensors), links: links,
      cumulativePolicy: cumulative.map { ($0.name, SHA256.hash($0.canonicalBytes()).hexadecimal) },
      revocations: revocations?.entries.count, seconds: start.duration(to: .now) / .seconds(1))
  }

  /// The model of one of the certificates, which all hold under the policies inside them: what a link that names it starts from.
  /// - Throws: why it, or one above it, does not hold.
  package static func model(
    of certificate: [UInt8], ancestors: [[UInt8]], identity: CurveIdentity
  ) throws(CurveChainRejection) -> CurveCertificateVerifier.Model {
    let inputs = ([certificate] + ancestors).enumerated().map {
      Input(name: $0 == 0 ? "the parent" : "ancestor \($0)", certificate: $1)
    }
    // Whoever proves a link under a setup trusts it already.
    let trust = CurveCertificateVerifier.Trust(setups: [identity.key.id], permitsAssumption: true)
    let links = verify(inputs, identity: identity, trust: trust).links
    guard let link = links.first(where: { $0.position == 0 }) else { throw .circle }
    return try link.outcome.get().model
  }
}

/// One run of ``CurveChainVerifier``.
private struct CurveChainRun {
  /// A link that holds, for those below it.
  private struct Held {
    let model: CurveCertificateVerifier.Model
    /// From the base to this link.
    let path: [LinkDrift]
  }

  private let inputs: [CurveChainVerifier.Input]
  private let identity: CurveIdentity
  private let trust: CurveCertificateVerifier.Trust
  private let cumulative: Policy?
  private let revocations: RevocationList?
  private let digests: [String]
  private let nodes: [ChainTree.Node]
  private var held: [Int: Held] = [:]
  private var links: [Int: CurveChainLink] = [:]

  init(
    inputs: [CurveChainVerifier.Input], identity: CurveIdentity, trust: CurveCertificateVerifier.Trust,
    cumulative: Policy?, revocations: RevocationList?
  ) {
    self.inputs = inputs
    self.identity = identity
    self.trust = trust
    self.cumulative = cumulative
    self.revocations = revocations
    digests = inputs.map { SHA256.hash($0.certificate).hexadecimal }
    nodes = inputs.map { input in
      let certificate = try? CurveCertificate(input.certificate)
      return ChainTree.Node(commitment: certificate?.tunedCommitment, parent: certificate?.parent)
    }
  }

  /// Parents before children.
  mutating func verify() -> [CurveChainLink] {
    let tree = ChainTree(nodes)
    var result: [CurveChainLink] = []
    for index in tree.order {
      let link = link(index, tree.places[index])
      links[index] = link
      result.append(link)
    }
    return result
  }

  private mutating func link(_ index: Int, _ place: ChainTree.Place) -> CurveChainLink {
    var depth = 0
    if place == .root, nodes[index].commitment != nil { depth = 1 }
    if case .child(let above) = place, let parent = links[above], parent.depth > 0 { depth = parent.depth + 1 }
    let outcome: Result<CurveCertificateVerifier.Report, CurveChainRejection>
    var drift: CumulativeDrift?
    do throws(CurveChainRejection) {
      try checkPlace(index, place)
      let (report, found) = try verify(index, place)
      outcome = .success(report)
      drift = found
    } catch {
      outcome = .failure(error)
    }
    return CurveChainLink(
      name: inputs[index].name, position: index, certificateDigest: digests[index],
      tunedCommitment: nodes[index].commitment?.hexadecimal, parent: nodes[index].parent?.hexadecimal, depth: depth,
      hasOwnPolicy: inputs[index].policy == nil, outcome: outcome, excluded: drift?.excluded ?? [],
      driftFromBase: drift?.total.map(NormBound.double))
  }

  /// What can be said before a proof is looked at.
  private func checkPlace(_ index: Int, _ place: ChainTree.Place) throws(CurveChainRejection) {
    let commitment = nodes[index].commitment?.hexadecimal
    if let entry = revocations?.entry(certificate: digests[index], commitment: commitment) { throw .revoked(entry) }
    switch place {
    case .root: break
    case .duplicate(let other): throw .duplicate(of: inputs[other].name)
    case .parentMissing: throw .parentMissing(nodes[index].parent?.hexadecimal ?? "")
    case .circle: throw .circle
    case .child(let above):
      guard let parent = links[above], let why = parent.rejection else { break }
      // The first one on the way from the base is what has to be looked at.
      if case .ancestor = why { throw why }
      throw .ancestor(parent.name, because: why)
    }
  }

  private mutating func verify(
    _ index: Int, _ place: ChainTree.Place
  ) throws(CurveChainRejection) -> (CurveCertificateVerifier.Report, CumulativeDrift) {
    var parent: Held?
    if case .child(let above) = place {
      // Rejected parents have been seen before.
      guard let found = held[above] else { throw .parentMissing(nodes[index].parent?.hexadecimal ?? "") }
      parent = found
    }
    let report: CurveCertificateVerifier.Report
    let share: LinkDrift
    do throws(CurveCertificateError) {
      // What a certificate's own policy permits its maker permits, not the verifier.
      guard inputs[index].policy != nil || trust.permitsAssumption else { throw .assumptionNotAllowed }
      let policy: Policy
      if let given = inputs[index].policy {
        policy = given
      } else {
        policy = try CurveCertificate(inputs[index].certificate).embeddedPolicy()
      }
      report = try CurveCertificateVerifier.verify(
        inputs[index].certificate, identity: identity, policy: policy, trust: trust, parent: parent?.model)
      share = LinkDrift(
        name: inputs[index].name, identity: identity.base, policy: policy, decisions: try decisions(policy))
    } catch {
      throw .certificate(error)
    }
    let path = (parent?.path ?? []) + [share]
    let drift = CumulativeDrift(identity: identity.base, links: path)
    if let cumulative { try check(drift, cumulative) }
    held[index] = Held(model: report.model, path: path)
    return (report, drift)
  }

  // MARK: Sums

  /// What a policy says of each tensor of the base.
  private func decisions(
    _ policy: Policy
  ) throws(CurveCertificateError) -> [(name: String, decision: CumulativeDrift.Decision)] {
    // That it is one that this backend proves; so clauses are of whole tensors.
    _ = try CurvePlan(identity: identity, policy: policy)
    let resolutions: [Resolution]
    do throws(PolicyError) {
      resolutions = try policy.resolve(tensorNames: identity.base.tensors.map(\.name))
    } catch { throw .policy(error) }
    return zip(identity.base.tensors, resolutions).map { leaf, resolution in
      let decision: CumulativeDrift.Decision =
        switch resolution.allowance {
        case .frozen: .frozen
        case .any: .excluded
        case .clauses, .heads, .grow:
          .clauses(resolution.allowance, rows: nil, fractionBits: leaf.statistics.fractionBits)
        }
      return (leaf.name, decision)
    }
  }

  private func check(_ drift: CumulativeDrift, _ policy: Policy) throws(CurveChainRejection) {
    let wanted: [(name: String, decision: CumulativeDrift.Decision)]
    do throws(CurveCertificateError) { wanted = try decisions(policy) } catch { throw .cumulativeCoverage(error) }
    let violations = drift.violations(of: policy, decisions: wanted)
    guard violations.isEmpty else { throw .cumulative(violations.map(\.description)) }
  }
}
