// SPDX-License-Identifier: Apache-2.0

/// Why bytes are no point or no scalar.
public enum CurveEncodingError: Error, Equatable, Sendable {
  /// There are not as many bytes as the encoding has.
  case length(expected: Int, found: Int)
  /// The highest bit, which says that an encoding is compressed, is missing from a compressed one or set in another.
  case compressionFlag(expected: Bool)
  /// The bit 0x20 is set in an uncompressed point or in infinity, where it says nothing.
  case signFlag
  /// The bit of infinity is set, and so is another one.
  case infinityNotCanonical
  /// A coordinate is not below p.
  case coordinateNotCanonical
  /// No point of the curve has this x, or these x and y.
  case notOnCurve
  /// The point is on the curve, and r times it is not infinity.
  case wrongOrder
  /// A scalar is not below r.
  case scalarNotCanonical
}

extension CurveEncodingError: CustomStringConvertible {
  /// What is wrong with the bytes.
  public var description: String {
    switch self {
    case .length(let expected, let found): "there are \(found) bytes, and the encoding has \(expected)"
    case .compressionFlag(true): "the highest bit is not set, so it is no compressed point"
    case .compressionFlag(false): "the highest bit is set, so it is no uncompressed point"
    case .signFlag: "the bit for the sign is set where there is no sign"
    case .infinityNotCanonical: "the bit for infinity is set, and other bits are, too"
    case .coordinateNotCanonical: "a coordinate is not below the field's modulus"
    case .notOnCurve: "no point of the curve has these coordinates"
    case .wrongOrder: "the point is on the curve but not in the group of prime order"
    case .scalarNotCanonical: "the scalar is not below the group's order"
    }
  }
}
