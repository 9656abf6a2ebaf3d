// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCore
import DriftProofCurveArgumentProver
import DriftProofCurveCertificate
import DriftProofCurveCommitment

/// Why nothing is committed or proved.
package enum CurveProvingError: Error, Sendable {
  case certificate(CurveCertificateError)
  case checkpoint(CheckpointError)
  case setup(CurveSetupError)
  case argument(CurveArgumentError)
  /// A policy freezes a tensor that changed; the offset of its first byte that did.
  case frozenChanged(name: String, byte: Int)
  /// A norm is larger than its bound.
  case normExceeded(name: String, norm: Double, bound: Double)
  /// All changes together are larger than the total.
  case totalExceeded(norm: Double, bound: Double)
  /// A clause does not hold: what it allows, and what was found.
  case clauseViolated(name: String, clause: String, found: String)
  /// A clause holds for real numbers, and no integers of the proof's precision were found that show it.
  case imprecise(name: String, why: String)
  /// The base's weights are not those of the identity.
  case otherBase(name: String)
  /// The tuned model's weights are not those that the certificate's rows commit to, as the opening has it.
  case otherTuned(name: String)
  /// The opening is of another certificate.
  case otherOpening
  /// The opening's file is none.
  case opening(String)
  /// Tensors are missing, added or of another type or shape.
  case tensors(String)
}

extension CurveProvingError: CustomStringConvertible {
  /// In English.
  package var description: String {
    switch self {
    case .certificate(let error): error.description
    case .checkpoint(let error): error.description
    case .setup(let error): "the setup: \(error.description)"
    case .argument(let error): error.description
    case .frozenChanged(let name, let byte):
      "tensor \(StrictJSON.shown(name)) is frozen and differs from the base's from byte \(byte) on"
    case .normExceeded(let name, let norm, let bound):
      "tensor \(StrictJSON.shown(name)): allowed a norm of at most \(bound), found \(norm)"
    case .totalExceeded(let norm, let bound): "the total: allowed a norm of at most \(bound), found \(norm)"
    case .clauseViolated(let name, let clause, let found):
      "tensor \(StrictJSON.shown(name)): allowed \(clause), found \(found)"
    case .imprecise(let name, let why): "tensor \(StrictJSON.shown(name)): \(why)"
    case .otherBase(let name): "tensor \(StrictJSON.shown(name)) of the base is not the identity's"
    case .otherTuned(let name):
      "the certificate is about another tuned model, or the opening is another one: tensor \(StrictJSON.shown(name)) differs"
    case .otherOpening: "the opening belongs to another certificate"
    case .opening(let why): "the opening is none of a kzg certificate: \(why)"
    case .tensors(let what): what
    }
  }
}
