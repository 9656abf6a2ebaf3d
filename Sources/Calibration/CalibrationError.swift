// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofInspection
import DriftProofCheckpoint
import DriftProofCore
import DriftProofPolicy

/// Why no policy can be calibrated. Every message names the run or tensor and the remedy.
package enum CalibrationError: Error, Sendable, Equatable {
  /// No reference run was given.
  case noRuns
  /// One path was given twice: the same run would count as two.
  case repeatedRun(String)
  /// The margin is no number, or outside `Calibration.marginRange`.
  case marginOutOfRange
  /// The base has no tensor.
  case emptyBase
  /// The run's tensors are byte for byte the base's.
  case unchangedRun(String)
  /// Tensors that only one side has, or that have another shape or dtype: one line each.
  case otherTensors(run: String, findings: [String])
  /// A NaN, an infinity, or a weight too large to be encoded.
  case notEncodable(run: String, tensor: String, reason: String)
  /// More than a counter changed in a type without encoding, so that no clause can bound the change.
  case notCertifiable(run: String, tensor: String, dtype: DataType, entries: Int)
  /// A bound that a policy cannot hold, or more rules than it may have.
  case notExpressible(String)
  /// After all widening a run still lies outside the policy, or cannot be proved at its precision.
  case notEnclosed(run: String, tensors: [String])
  /// The identity given is another base's.
  case otherIdentity(found: String, given: String)
  /// Files that cannot be read, or weights of the base without encoding.
  case checkpoint(CheckpointError)
  case inspection(InspectionError)
  /// The statement about this base and policy is refused.
  case statement(DriftProofError)

  /// One line per finding, where there are several.
  package var findings: [String] {
    switch self {
    case .otherTensors(_, let findings): findings
    case .notEnclosed(_, let tensors): tensors
    default: []
    }
  }
}

extension CalibrationError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .noRuns: "no reference run was given; name at least one fine-tune of the base"
    case .repeatedRun(let run):
      "\(StrictJSON.shown(run)) is given twice, or changed the base exactly as another run did; name every reference run "
        + "once, so that it does not count as two"
    case .marginOutOfRange:
      "the margin must be a number from \(Int(Calibration.marginRange.lowerBound)) to "
        + "\(Int(Calibration.marginRange.upperBound)), such as 2.5"
    case .emptyBase: "the base has no tensors; name the folder or file with its weights"
    case .unchangedRun(let run):
      "\(StrictJSON.shown(run)) does not differ from the base in any tensor, so there is nothing to calibrate from; "
        + "leave it out, or name the fine-tuned checkpoint"
    case .otherTensors(let run, _):
      "\(StrictJSON.shown(run)) does not have the base's tensors; save both checkpoints alike (no smaller vocabulary, "
        + "same tied heads), or leave the run out"
    case .notEncodable(let run, let tensor, let reason):
      "\(StrictJSON.shown(run)): tensor \(StrictJSON.shown(tensor)) cannot be measured (\(reason)); "
        + "no certificate could be made for this run: leave it out"
    case .notCertifiable(let run, let tensor, let dtype, let entries):
      "\(StrictJSON.shown(run)): \(entries) entries of tensor \(StrictJSON.shown(tensor)) changed, and nothing can bound "
        + "a change of \(dtype.rawValue) weights; compare checkpoints in F32, F16 or BF16, or, if nothing depends on this "
        + "tensor, save the run with the base's values in it and exclude it in the policy by hand"
    case .notExpressible(let reason): reason
    case .notEnclosed(let run, _):
      "\(StrictJSON.shown(run)) cannot be enclosed by clauses that can be proved; leave the run out, or write rules for "
        + "these tensors by hand"
    case .otherIdentity(let found, let given):
      "the base on disk is \(found), the identity given is \(given); give the identity of this base"
    case .checkpoint(let error): error.description
    case .inspection(let error): error.description
    case .statement(let error): error.description
    }
  }
}
