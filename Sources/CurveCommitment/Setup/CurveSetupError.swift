// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCurve

/// What is wrong with a setup, or with the file that it is in.
public enum CurveSetupError: Error, Equatable, Sendable {
  /// The file cannot be read or written, and why.
  case file(String)
  case truncated(section: String)
  case trailingBytes(count: Int)
  /// The bytes are no setup in any form that is read here.
  case notASetup(String)
  /// Powers of τ on another curve.
  case otherCurve(String)
  /// A form that lacks what is needed, and what to fetch instead.
  case unusableForm(String, remedy: String)
  /// A length that is not read or made: rows have 2^1 to 2^28 cells.
  case length(log: Int)
  /// The setup is shorter than asked for.
  case tooSmall(log: Int, have: Int)
  /// A point of the key is no point of its group.
  case keyPoint(CurveEncodingError)
  /// A power is no point of its group.
  case point(index: Int, reason: CurveEncodingError)
  /// A power is infinity; nil is one of the key's.
  case infinity(index: Int?)
  /// Power 0 is not the generator, or power 1 not the key's.
  case firstPowers(index: Int)
  /// Powers are not each τ times the one before.
  case powers
  /// The points of the second group, or the first power, do not fit τ.
  case secondGroup(power: Int)
  /// A contribution is none.
  case contribution(index: Int, reason: String)
}

extension CurveSetupError: ByteReadingError {}

extension CurveSetupError: CustomStringConvertible {
  /// In English.
  public var description: String {
    switch self {
    case .file(let reason): reason
    case .truncated(let section): "the setup ends inside \(section)"
    case .trailingBytes(let count): "\(count) bytes follow the setup's end"
    case .notASetup(let why): "it is no setup: \(why)"
    case .otherCurve(let curve): "its powers are on another curve, \(curve), not on BLS12-381"
    case .unusableForm(let why, _): why
    case .length(let log): "rows of 2^\(log) cells are not supported; they have 2^1 to 2^28"
    case .tooSmall(let log, let have): "it has 2^\(have) powers, and 2^\(log) are needed"
    case .keyPoint(let reason): "a point of its key is invalid: \(reason)"
    case .point(let index, let reason): "power \(index) is invalid: \(reason)"
    case .infinity(let index?): "power \(index) is infinity, so τ would be zero"
    case .infinity(nil): "a point of its key is infinity, so τ would be zero"
    case .firstPowers(0): "power 0 is not the generator"
    case .firstPowers: "power 1 is not the one of its key"
    case .powers: "its powers are not those of one τ"
    case .secondGroup(let power): "its point [τ^\(power)]_2 does not fit its first powers"
    case .contribution(let index, let reason): "contribution \(index) is invalid: \(reason)"
    }
  }

  /// What to do about it.
  public var remedy: String {
    switch self {
    case .file: "Is the path right?"
    case .truncated, .trailingBytes: "Fetch the file again, or make the setup anew."
    case .notASetup: "driftproof setup import reads setups of ceremonies, driftproof setup new makes one."
    case .otherCurve: "Take powers of tau on BLS12-381, such as Ethereum's or Zcash's."
    case .unusableForm(_, let remedy): remedy
    case .length: "Give --log-powers a number from 1 to 26."
    case .tooSmall: "Take a longer setup, or an identity with shorter rows."
    case .keyPoint, .point, .infinity, .firstPowers, .powers, .secondGroup, .contribution:
      "Do not use this setup: fetch it again from its source, or take another."
    }
  }
}
