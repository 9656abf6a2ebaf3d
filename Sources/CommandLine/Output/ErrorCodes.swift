// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofAttestation
import DriftProofCalibration
import DriftProofCertificate
import DriftProofChain

// Which exit code each of the library's errors ends a command with. The library knows nothing of them.

extension ExitCode {
  init(_ error: DriftProofError) {
    self =
      switch error {
      case .operational, .tooLarge, .notEnoughMemory: .operational
      case .missingInput: .usage
      case .policyViolated: .policyViolated
      case .proofInvalid: .proofInvalid
      case .identityMismatch: .identityMismatch
      case .coverageGap: .coverageGap
      case .precisionRefused: .notProvable
      }
  }

  /// A revoked link has a code of its own: its proof is valid and about the right base, so no other code would tell the
  /// truth. A link whose ancestor fails has that one's.
  init(_ rejection: ChainRejection) {
    switch rejection {
    case .certificate(let error), .cumulativeCoverage(let error), .transition(_, let error): self.init(error)
    case .revoked: self = .revoked
    case .duplicate: self = .usage
    case .parentMissing, .untiedNextBase: self = .identityMismatch
    case .circle: self = .proofInvalid
    case .unmergedAdapter: self = .operational
    case .parentTensors: self = .coverageGap
    case .cumulative: self = .policyViolated
    case .ancestor(_, let because): self.init(because)
    }
  }

  /// Files and signatures that are wrong in themselves, or statements about something else than what was given.
  init(_ error: AttestationError) {
    self =
      switch error {
      case .noEnvelope, .envelopeCount, .malformedEnvelope, .notBase64, .signatureCount, .payloadType, .notSigned,
        .malformedStatement, .statementType, .predicateType, .subjectCount, .malformedTime, .unknownRelation,
        .unknownBinding, .malformedCertificate:
        .proofInvalid
      case .certificateDigest, .tunedCommitment, .baseIdentity, .baseCommitment, .parentCommitment, .policyDigest,
        .policyName, .proofSystem, .securityBits, .claims, .coverage, .noModelDigest, .modelDigest:
        .identityMismatch
      }
  }

  init(_ error: CheckpointError) { self = error.isAboutWhichWeights ? .coverageGap : .operational }

  init(_ error: CalibrationError) {
    switch error {
    case .checkpoint(let error): self.init(error)
    case .otherTensors: self = .coverageGap
    case .notEnclosed: self = .notProvable
    case .statement(let error): self.init(error)
    default: self = .operational
    }
  }
}
