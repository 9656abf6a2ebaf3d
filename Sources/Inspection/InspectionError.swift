// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCore
import DriftProofLinearAlgebra

/// Why an inspection could not be finished.
package enum InspectionError: Error, Sendable, Equatable, CustomStringConvertible {
  case checkpoint(CheckpointError)
  /// The decomposition of a tensor's drift failed.
  case decomposition(tensor: String, LinearAlgebraError)

  package var description: String {
    switch self {
    case .checkpoint(let error): error.description
    case .decomposition(let tensor, let error):
      "tensor \(StrictJSON.shown(tensor)): its drift could not be decomposed (\(error)); compare the other tensors "
        + "and report this pair"
    }
  }
}
