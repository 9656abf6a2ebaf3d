// SPDX-License-Identifier: Apache-2.0

import DriftProofArgumentProver
import DriftProofCheckpoint
import DriftProofPolicy
import DriftProofAdapter
import DriftProofCertificate
import DriftProofChain
import DriftProofDrift
import DriftProofStatement

/// Everything about a proof's model before cryptography: from the folder of a proof that goes on, or by reading the weights.
struct PreparedModel {
  let record: PreparedRecord
  let derived: DerivedStatement
  let model: ResolvedModel

  /// - Throws: `policyViolated` with all violations; `coverageGap`, `precisionRefused`, `identityMismatch`; errors of files.
  init(_ request: DriftProver.Request, clock: PhaseClock) throws {
    if let session = request.session, let bytes = try session.bytes(ProofSession.preparedName) {
      guard let record = try? PreparedRecord(bytes) else { throw session.damaged(ProofSession.preparedName) }
      self.record = record
      (derived, model) = try Self.resolved(request, identity: record.identity, clock: clock)
      guard record.fits(derived.tensors) else { throw session.damaged(ProofSession.preparedName) }
      return
    }
    let reading = try Reading(request, clock: clock)
    clock.begin(.policyCheck)
    let measurement = try DriftMeasurer(pair: reading.model.pair).measure(
      differences: reading.differences, tensors: reading.derived.tensors, squares: reading.drifts.map(\.sumOfSquares),
      totalBound: reading.derived.totalBound,
      hints: try request.hints(reading.derived, identity: reading.identity)
    ) { clock.meter.advance($0) }
    record = PreparedRecord(
      identity: reading.identity, tunedDigests: reading.tunedDigests, drifts: reading.drifts, measurement: measurement)
    (derived, model) = (reading.derived, reading.model)
    try request.session?.write(ProofSession.preparedName, record.bytes)
  }

  /// Of a proof that goes on. An adapter's factors are computed again: they follow from its files.
  private static func resolved(
    _ request: DriftProver.Request, identity: BaseIdentity, clock: PhaseClock
  ) throws -> (DerivedStatement, ResolvedModel) {
    switch request.model {
    case .checkpoint(let tuned, let base):
      let derived = try DerivedStatement.derive(
        identity: identity, tuned: tuned.manifestTensors, policy: request.policy,
        isAligned: request.transition != nil)
      try request.parent?.check(base: base, tuned: tuned.manifestTensors, derived: derived)
      return (derived, .checkpoints(CheckpointPair(base: base, tuned: tuned)))
    case .adapter(let adapter, let base):
      clock.begin(.reading)
      let model = try AdapterModel(adapter, identity: identity, policy: request.policy)
      let derived = try DerivedStatement.derive(identity: identity, tuned: model.tensors, policy: request.policy)
      return (derived, .adapter(model, base: base, factors: try model.factors(derived)))
    }
  }

  /// What one pass over the weights finds.
  private struct Reading {
    let identity: BaseIdentity
    let derived: DerivedStatement
    let model: ResolvedModel
    let differences: [(name: String, place: TensorDifference)]
    let tunedDigests: [String: [UInt8]]
    let drifts: [TensorScan.Drift]

    init(_ request: DriftProver.Request, clock: PhaseClock) throws {
      clock.begin(.reading)
      switch request.model {
      case .checkpoint(let tuned, let base):
        let pass = try CheckpointPass.run(
          base: base, tuned: tuned, policy: request.policy, given: request.identity, parent: request.parent,
          isAligned: request.transition != nil
        ) { clock.meter.advance($0) }
        model = .checkpoints(CheckpointPair(base: base, tuned: tuned))
        (identity, derived, differences) = (pass.identity, pass.derived, pass.differences)
        (tunedDigests, drifts) = (pass.tunedDigests, pass.drifts)
      case .adapter(let adapter, let base):
        let pass = try AdapterPass.run(adapter, base: base, policy: request.policy, given: request.identity) {
          clock.meter.advance($0)
        }
        model = .adapter(pass.model, base: base, factors: pass.factors)
        (identity, derived, differences) = (pass.identity, pass.derived, [])
        (tunedDigests, drifts) = (pass.tunedDigests, pass.drifts)
      }
    }
  }
}

extension DriftProver.Request {
  /// The matrices of the adapter that was merged, for tensors with rounding bounds, by their names.
  /// - Throws: errors of an adapter that does not fit the base.
  fileprivate func hints(_ derived: DerivedStatement, identity: BaseIdentity) throws -> [String: [FactorHint]] {
    let names = Set(
      derived.tensors.filter { $0.clauses.contains { $0.entries?.rounding != nil } }.map(\.name))
    guard let hint, !names.isEmpty else { return [:] }
    return try hint.hints(for: names, identity: identity)
  }
}
