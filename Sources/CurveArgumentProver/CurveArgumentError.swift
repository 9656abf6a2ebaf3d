// SPDX-License-Identifier: Apache-2.0

import DriftProofCurveArgument
import DriftProofCurveCommitment

/// Why a prover refuses, before it sends anything.
package enum CurveArgumentError: Error, Equatable, Sendable {
  /// The statement is none that the argument takes.
  case statement(CurveProofRejection)
  /// The committer's l or setup is not the statement's.
  case otherSetup
  /// There are not as many rows as the statement has, or a row has more cells than 2^l.
  case rows(String)
  /// A frozen tensor has other rows than the base's.
  case frozenTensorChanged(String)
  /// Σ|Δ| reaches 2^60, so that projections may leave their range.
  case driftTooLarge(tensor: String)
  /// A clause's factors, or its scaled drift, are too large for integers of 62 bits.
  case factorsTooLarge(tensor: String)
  /// ‖Δ‖², or what a clause leaves of it, exceeds its bound.
  case normExceeded(tensor: String, square: CurveBound, bound: CurveBound)
  /// The total of the squares, in units of the finest tensor, exceeds its bound.
  case totalExceeded(square: CurveBound, bound: CurveBound)
  /// The opening refused its claims: a bug.
  case opening(CurveProofRejection)
}

extension CurveArgumentError: CustomStringConvertible {
  /// In English, with the remedy.
  package var description: String {
    switch self {
    case .statement(let why): "\(why)"
    case .otherSetup: "the setup at hand is not the one of the statement: name the setup of the base's commitment"
    case .rows(let why): why
    case .frozenTensorChanged(let name):
      "tensor \(name) is frozen and has other rows than the base's: restore it, or allow it to change"
    case .driftTooLarge(let name):
      "the changes add up to 2^60 units or more at tensor \(name): prove fewer tensors in one certificate"
    case .factorsTooLarge(let name):
      "the factors of \(name) are too large for this precision: allow a larger residual, or a lower rank"
    case .normExceeded(let name, let square, let bound):
      "the change of \(name) has \(square.bitCount) bits of squared norm and exceeds its bound of \(bound.bitCount) bits"
    case .totalExceeded(let square, let bound):
      "all changes have \(square.bitCount) bits of squared norm and exceed the total of \(bound.bitCount) bits"
    case .opening(let why): "\(why)"
    }
  }
}
