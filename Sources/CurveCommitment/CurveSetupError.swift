// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCurve

/// What is wrong with a setup.
public enum CurveSetupError: Error, Equatable, Sendable {
  case truncated(section: String)
  case trailingBytes(count: Int)
  /// A point of the key is no point of its group.
  case keyPoint(CurveEncodingError)
  /// A power is no point of its group.
  case point(index: Int, reason: CurveEncodingError)
  /// A power is infinity; nil is one of the key's.
  case infinity(index: Int?)
  /// The points of the second group, or the first power, do not fit τ.
  case secondGroup(power: Int)
}

extension CurveSetupError: ByteReadingError {}

extension CurveSetupError: CustomStringConvertible {
  /// In English, with the remedy.
  public var description: String {
    switch self {
    case .truncated(let section): "it ends inside \(section): fetch it again"
    case .trailingBytes(let count): "\(count) bytes follow its end: fetch it again"
    case .keyPoint(let reason): "a point of its key is invalid: \(reason)"
    case .point(let index, let reason): "power \(index) is invalid: \(reason)"
    case .infinity(let index?): "power \(index) is infinity, so τ is zero"
    case .infinity(nil): "a point of its key is infinity, so τ is zero"
    case .secondGroup(let power): "[τ^\(power)]_2 is not of the same τ as [τ]_1"
    }
  }
}
