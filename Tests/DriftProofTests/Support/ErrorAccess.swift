// SPDX-License-Identifier: Apache-2.0

import DriftProofAttestation
import DriftProofCalibration
import DriftProofCertificate
import DriftProofChain
@testable import DriftProofCommandLine
import DriftProofStatement

// Tests name the kind of an error by the exit code that a command ends with for it, and look for words in messages.

extension DriftProofError {
  var exitCode: Int32 { ExitCode(self).rawValue }
}

extension AttestationError {
  var exitCode: Int32 { ExitCode(self).rawValue }
}

extension CalibrationError {
  var exitCode: Int32 { ExitCode(self).rawValue }
}

extension ChainRejection {
  var exitCode: Int32 { ExitCode(self).rawValue }
}

extension StatementError {
  var exitCode: Int32 { asDriftProofError.exitCode }
}

extension PolicyViolation {
  func contains(_ words: String) -> Bool { description.contains(words) }
  func hasPrefix(_ words: String) -> Bool { description.hasPrefix(words) }
}
