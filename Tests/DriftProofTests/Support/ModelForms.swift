// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCommitment
import DriftProofPolicy
import DriftProofAdapter
import DriftProofCertificate
import DriftProofChain
@testable import DriftProofDrift
@testable import DriftProofProving
import DriftProofStatement

// Both forms of a tuned model as tests write them most often.

extension DriftProver.Request {
  init(base: Checkpoint, tuned: Checkpoint, policy: Policy, openingPath: String) {
    self.init(.checkpoint(tuned, base: base), policy: policy, openingPath: openingPath)
  }

  init(adapter: Adapter, base: Checkpoint?, policy: Policy, openingPath: String) {
    self.init(.adapter(adapter, base: base), policy: policy, openingPath: openingPath)
  }
}

extension Forecast {
  package init(
    base: Checkpoint, tuned: Checkpoint, policy: Policy, identity: BaseIdentity? = nil,
    parent: ParentCertificate? = nil, speed: Double? = nil
  ) throws(DriftProofError) {
    try self.init(.checkpoint(tuned, base: base), policy: policy, identity: identity, parent: parent, speed: speed)
  }
}

extension CertificateChecker {
  package static func check(
    certificate: [UInt8], base: Checkpoint, tuned: Checkpoint, openingPath: String, identity: BaseIdentity? = nil
  ) throws(DriftProofError) -> VerificationReport {
    try check(
      certificate: certificate, model: .checkpoint(tuned, base: base), openingPath: openingPath, identity: identity)
  }

  static func check(
    certificate: [UInt8], base: Checkpoint?, identity: BaseIdentity?, adapter: Adapter, openingPath: String
  ) throws(DriftProofError) -> VerificationReport {
    try check(
      certificate: certificate, model: .adapter(adapter, base: base), openingPath: openingPath, identity: identity)
  }
}

extension CostModel {
  init(derived: DerivedStatement, code: CodeParameters?, base: Checkpoint, tuned: Checkpoint, hasIdentity: Bool) {
    self.init(derived: derived, code: code, model: .checkpoint(tuned, base: base), hasIdentity: hasIdentity)
  }
}

extension DriftMeasurer {
  init(base: Checkpoint, tuned: Checkpoint) { self.init(pair: CheckpointPair(base: base, tuned: tuned)) }
}

extension DriftCommitment {
  init(
    derived: DerivedStatement, parent: [UInt8]? = nil, code: CodeParameters?, base: Checkpoint, tuned: Checkpoint,
    secret: [UInt8], phase: (String) -> Void = { _ in }
  ) throws {
    try self.init(
      derived: derived, parent: parent, code: code, model: .checkpoints(CheckpointPair(base: base, tuned: tuned)),
      secret: secret)
  }
}
