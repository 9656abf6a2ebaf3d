// SPDX-License-Identifier: Apache-2.0

import DriftProofArgumentProver
import DriftProofArgument
import DriftProofCommitment
import DriftProofCertificate
import DriftProofStatement
import DriftProofLinearAlgebra

// The errors that only provers meet, among those of the library.

extension ArgumentRefusal: DriftProofErrorConvertible {
  package var asDriftProofError: DriftProofError {
    switch self {
    case .chunkTooLarge, .entryTooLarge, .factorTooLarge, .notOrthonormal:
      .precisionRefused([UnprovableClause(tensor: nil, reason: description)])
    // The measurement before has found all bounds to hold, so these say that its witness is not the argument's.
    case .exactClauseViolated(let tensor, _, _), .boundExceeded(let tensor), .entryBoundExceeded(let tensor, _, _),
      .patternViolated(let tensor, _, _):
      .policyViolated([PolicyViolation(tensor: tensor, .inArgument(description))])
    case .totalExceeded:
      .policyViolated([PolicyViolation(tensor: PolicyViolation.wholeModel, .inArgument(description))])
    }
  }
}

extension ResumeError: DriftProofErrorConvertible {
  package var asDriftProofError: DriftProofError { .operational(description) }
}

extension WorkerError: DriftProofErrorConvertible {
  package var asDriftProofError: DriftProofError { .operational(description) }
}

extension ArchiveMismatch: DriftProofErrorConvertible {
  package var asDriftProofError: DriftProofError {
    .operational("the state of the stopped proof is damaged: \(self); remove its folder to begin anew")
  }
}

extension LinearAlgebraError: DriftProofErrorConvertible {
  package var asDriftProofError: DriftProofError { .operational("numerical linear algebra failed: \(self)") }
}
