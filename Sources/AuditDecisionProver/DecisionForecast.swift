// SPDX-License-Identifier: Apache-2.0

import DriftProofArgument
import DriftProofAttestation
import DriftProofAuditDecision
import DriftProofCore
import DriftProofProving
import DriftProofTranscript

/// What a decision would say and cost, without signing or proving anything.
package struct DecisionForecast: Sendable {
  package let claim: DecisionClaim
  /// Seconds of each phase.
  package let phases: [(name: String, seconds: Double)]
  package var seconds: Double { phases.reduce(0) { $0 + $1.seconds } }
  /// Resident bytes at the peak.
  package let peakMemoryBytes: Int
  package let proofBytes: Int
  /// Of the whole file.
  package let byteCount: Int

  /// - Parameter speed: of this machine against the cost table's; nil to measure it, which takes a tenth of a second.
  /// - Throws: why there is nothing to prove, as ``DecisionProver/make(signing:)`` does.
  package init(_ prover: DecisionProver, speed: Double? = nil) throws(DecisionRefusal) {
    claim = try prover.claim()
    let statement: DriftStatement?
    do throws(ProofRejection) {
      statement = try claim.statement(binding: [])
    } catch {
      throw .argument("\(error)")
    }
    guard let statement else { throw .notProvable(requests: claim.requests) }
    let cost = CostModel(statement)
    let size = ProofSize(tensors: statement.tensors, code: statement.code)
    phases = cost.phases(speed: speed ?? CostModel.measuredSpeed()).map { ($0.phase.rawValue, $0.seconds) }
    peakMemoryBytes = cost.peakBytes
    proofBytes = size.bytes - ScoreCommitment.pinLength
    byteCount = proofBytes + ScoreCommitment.pinLength + prover.signedBytes(claim)
  }
}

extension DecisionProver {
  /// About as many bytes as everything has that stands before the proof.
  fileprivate func signedBytes(_ claim: DecisionClaim) -> Int {
    let digest = String(repeating: "0", count: 2 * SHA256.digestLength)
    var signed = statement(claim, digest)
    signed.scores = digest
    // Base64, and of the envelope its members, the key's name and a signature.
    let envelope = (signed.payload(plan).count + 2) / 3 * 4 + 300
    return plan.file.count + envelope + SHA256.digestLength + 52
  }
}
