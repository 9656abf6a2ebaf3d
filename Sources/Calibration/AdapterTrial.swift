// SPDX-License-Identifier: Apache-2.0

import DriftProofAdapter
import DriftProofArgument
import DriftProofCertificate
import DriftProofCheckpoint
import DriftProofDrift
import DriftProofPolicy
import DriftProofStatement

/// ``PolicyTrial`` of an unmerged adapter: the statement and the measures that `prove` would take.
struct AdapterTrial {
  let adapter: Adapter
  let base: Checkpoint
  let identity: BaseIdentity
  let policy: Policy

  func findings() throws(CalibrationError) -> [PolicyTrial.Finding] {
    do {
      let pass = try AdapterPass.run(adapter, base: base, policy: policy, given: identity)
      let bounds = bounds(pass)
      return bounds.isEmpty ? try others(pass) : bounds
    } catch {
      throw .statement(DriftProofError(translating: error))
    }
  }

  /// Norm clauses and the total.
  private func bounds(_ pass: AdapterPass) -> [PolicyTrial.Finding] {
    let owners = Dictionary(
      pass.model.products.map { (ProductFactor.left.name(of: $0.tensor, $0.change), $0.tensor) },
      uniquingKeysWith: { first, _ in first })
    var findings: [PolicyTrial.Finding] = []
    var total = BoundSum()
    let finest = pass.derived.tensors.filter(\.countsInTotal).map(\.fractionBits).max() ?? 0
    for (tensor, drift) in zip(pass.derived.tensors, pass.drifts) {
      if tensor.countsInTotal { total.add(drift.sumOfSquares, shift: 2 * (finest - tensor.fractionBits)) }
      let sum = BoundSum(drift.sumOfSquares)
      guard tensor.plainBound != nil, sum.exceeds(tensor.plainBound) else { continue }
      findings.append(
        PolicyTrial.Finding(
          tensor: owners[tensor.name] ?? tensor.name, need: .norm(PolicyTrial.ratio(sum, tensor.plainBound))))
    }
    if let bound = pass.derived.totalBound, total.exceeds(bound) {
      findings.append(PolicyTrial.Finding(tensor: nil, need: .norm(PolicyTrial.ratio(total, bound))))
    }
    return findings
  }

  /// Clauses of the tensors that the adapter replaces as a whole, by the prover's own fits.
  private func others(_ pass: AdapterPass) throws -> [PolicyTrial.Finding] {
    let pair = CheckpointPair(base: base, tuned: pass.model.wholes)
    do {
      _ = try DriftMeasurer(pair: pair).measure(
        differences: [], tensors: pass.derived.tensors, squares: pass.drifts.map(\.sumOfSquares),
        totalBound: pass.derived.totalBound)
      return []
    } catch DriftProofError.policyViolated(let violations) {
      return violations.map { violation in
        if case .residual = violation.excess { return .init(tensor: violation.tensor, need: .residual(2)) }
        return .init(tensor: violation.tensor, need: .form)
      }
    } catch DriftProofError.precisionRefused(let clauses) {
      return clauses.map { .init(tensor: $0.tensor, need: .residual(2)) }
    }
  }
}
