// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCurve

/// Why a proof over the curve is rejected: one case for each check of the verifier.
public enum CurveProofRejection: Error, Equatable, Sendable {
  // Bytes
  case truncated(section: String)
  case trailingBytes(count: Int)
  /// A scalar is not below r.
  case scalarNotCanonical(section: String, index: Int)
  /// A point is not encoded as it must be, not on the curve, or not in the group.
  case invalidPoint(section: String, index: Int, reason: CurveEncodingError)
  // Statement
  /// The statement is none that this verifier takes, and why.
  case unsupported(String)
  // Opening
  /// A claim names a row that is not committed, or has not one mask for each part.
  case malformedClaim(index: Int)
  /// The equation of pairings does not hold: a value, an evaluation, the quotient or the blinding is wrong.
  case openingPairing
  // Argument
  /// The setup's key is not the one that the statement names.
  case otherSetup
  /// C_base or C_tuned has not as many points as the statement has rows.
  case rowCount(expected: Int, found: Int)
  /// A frozen tensor's rows are not the base's.
  case frozenTensorChanged(String)
  case sumcheckFinal(stage: String)
}

extension CurveProofRejection: ByteReadingError {}

extension CurveProofRejection: CustomStringConvertible {
  /// In English, for people and logs.
  public var description: String {
    switch self {
    case .truncated(let section): "the proof ends inside \(section)"
    case .trailingBytes(let count): "\(count) bytes follow the end of the proof"
    case .scalarNotCanonical(let section, let index):
      "\(section): number \(index) is not below the order of the group"
    case .invalidPoint(let section, let index, let reason): "\(section): point \(index) is invalid: \(reason)"
    case .unsupported(let why): "the statement is not supported: \(why)"
    case .malformedClaim(let index): "claim \(index) of the opening names rows or masks that are not there"
    case .openingPairing: "the opening's equation of pairings does not hold"
    case .otherSetup: "the setup is not the one that the statement names"
    case .rowCount(let expected, let found): "there are commitments to \(found) rows, and the statement has \(expected)"
    case .frozenTensorChanged(let name): "tensor \(name) is frozen, and its rows are not the base's"
    case .sumcheckFinal(let stage): "the \(stage) sumcheck does not end at the claimed evaluations"
    }
  }
}
