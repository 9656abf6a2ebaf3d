// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofDrift
import DriftProofStatement
import DriftProofCheckpoint
import DriftProofPolicy
import Synchronization

/// The one pass over an unmerged adapter before any cryptography, in place of ``CheckpointPass``: the adapter's matrices are
/// read and factored, and of the base no more than the tensors that the adapter replaces, where its identity is given.
package struct AdapterPass: Sendable {
  package let identity: BaseIdentity
  package let model: AdapterModel
  package let derived: DerivedStatement
  /// Integers of the products' factors, by the names of the statement's tensors.
  package let factors: [String: FactorMatrix]
  /// SHA-256 of the bytes of each tensor that replaces one of the base's.
  package let tunedDigests: [String: [UInt8]]
  /// One for each tensor of the tableau.
  package let drifts: [TensorScan.Drift]

  /// - Parameters:
  ///   - base: nil when it is not at hand; then `given` is needed, and the adapter must not replace certified tensors.
  ///   - given: an identity file's content, trusted as ``CheckpointPass`` says; nil to compute it.
  ///   - rules: those of the certificate that is checked; nil for a prover's, which are the current ones.
  ///   - progress: told the fraction that is done, from several threads.
  /// - Throws: `AdapterError`, `coverageGap`, `policyViolated` of what follows from the adapter's form alone,
  ///   `identityMismatch` naming a base tensor that is not the given identity's; errors of the weights.
  package static func run(
    _ adapter: Adapter, base: Checkpoint?, policy: Policy, given: BaseIdentity?, rules: StatementRules? = nil,
    progress: (@Sendable (Double) -> Void)? = nil
  ) throws -> AdapterPass {
    let identity = try identity(base: base, given: given)
    let model = try AdapterModel(adapter, identity: identity, policy: policy)
    let derived = try DerivedStatement.derive(identity: identity, tuned: model.tensors, policy: policy, rules: rules)
    let (digests, dense) = try replaced(derived, model: model, base: base, identity: identity)
    let factors = try model.factors(derived, progress: progress)
    let drifts = try derived.tensors.map { tensor in
      if let matrix = factors[tensor.name] {
        let (sum, reach) = matrix.measure
        return TensorScan.Drift(fractionBits: tensor.fractionBits, sumOfSquares: sum, reach: reach)
      }
      guard let drift = dense[tensor.name] else { throw CheckpointError.digestUnavailable }
      return drift
    }
    return AdapterPass(
      identity: identity, model: model, derived: derived, factors: factors, tunedDigests: digests, drifts: drifts)
  }

  /// The identity given, whose headers are the base's, or the base's own.
  package static func identity(base: Checkpoint?, given: BaseIdentity?) throws -> BaseIdentity {
    if let given {
      if let base { try CheckpointPass.compareHeaders(base, given) }
      return given
    }
    guard let base else {
      throw DriftProofError.missingInput(.baseOfAdapter)
    }
    return try BaseIdentity.compute(checkpoint: base)
  }

  /// Digests and drifts of the tensors that the adapter replaces.
  private static func replaced(
    _ derived: DerivedStatement, model: AdapterModel, base: Checkpoint?, identity: BaseIdentity
  ) throws -> (digests: [String: [UInt8]], drifts: [String: TensorScan.Drift]) {
    let tensors = derived.claims.filter { $0.factor == nil }.map(\.tensor)
    let certified = Set(tensors.map { $0.block?.tensor ?? $0.name })
    guard base != nil || certified.isEmpty else { throw AdapterError.needsBase(tensors: certified.sorted()) }
    var digests: [String: [UInt8]] = [:]
    for whole in model.wholes.tensors {
      let before = base.flatMap { base in
        certified.contains(whole.name) ? base.tensor(named: whole.name).map { (base, $0) } : nil
      }
      let finding = try TensorScan(
        base: before, tuned: (model.wholes, whole),
        wants: .init(statistics: before != nil, tunedDigest: true)
      ).run()
      digests[whole.name] = finding.tunedDigest
      if before != nil { try CheckpointPass.compare(identity, whole.name, finding.statistics) }
    }
    guard let base else { return (digests, [:]) }
    var drifts: [String: TensorScan.Drift] = [:]
    let pair = CheckpointPair(base: base, tuned: model.wholes)
    for tensor in tensors {
      drifts[tensor.name] = try DriftSource(
        pair, name: tensor.name, fractionBits: tensor.fractionBits, block: tensor.block
      ).measure()
    }
    return (digests, drifts)
  }
}
