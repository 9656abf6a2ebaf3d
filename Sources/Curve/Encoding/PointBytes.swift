// SPDX-License-Identifier: Apache-2.0

/// The form that Zcash gave to points and that IETF drafts took over: coordinates highest byte first, and three flags in the
/// topmost bits, which coordinates below 2^381 leave free.
enum PointBytes {
  static let compressed: UInt8 = 0x80
  static let infinity: UInt8 = 0x40
  static let sign: UInt8 = 0x20

  /// Checks length, flags and the form of infinity.
  /// - Returns: the bytes without flags and the sign; nil for infinity.
  static func open(_ bytes: [UInt8], count: Int, isCompressed: Bool) throws(CurveEncodingError) -> (
    coordinates: [UInt8], isLarger: Bool
  )? {
    guard bytes.count == count, let first = bytes.first else {
      throw .length(expected: count, found: bytes.count)
    }
    guard (first & compressed != 0) == isCompressed else { throw .compressionFlag(expected: isCompressed) }
    if first & infinity != 0 {
      guard first & sign == 0 else { throw .signFlag }
      guard first & 0x1F == 0, bytes.dropFirst().allSatisfy({ $0 == 0 }) else { throw .infinityNotCanonical }
      return nil
    }
    guard isCompressed || first & sign == 0 else { throw .signFlag }
    var coordinates = bytes
    coordinates[0] &= 0x1F
    return (coordinates, first & sign != 0)
  }

  /// Infinity, in `count` bytes.
  static func infinity(count: Int, isCompressed: Bool) -> [UInt8] {
    [isCompressed ? compressed | infinity : infinity] + [UInt8](repeating: 0, count: count - 1)
  }

  /// Adds the flags of a compressed finite point.
  static func close(_ coordinates: [UInt8], isLarger: Bool) -> [UInt8] {
    var bytes = coordinates
    bytes[0] |= compressed | (isLarger ? sign : 0)
    return bytes
  }

  /// An element of Fp of 48 bytes.
  static func element(_ bytes: ArraySlice<UInt8>) throws(CurveEncodingError) -> Fp {
    guard let value = Fp(bigEndian: bytes) else { throw .coordinateNotCanonical }
    return value
  }

  /// The point of an x on the side that the sign names.
  static func point<Coordinate: CurveField>(
    x: Coordinate, isLarger: Bool
  ) throws(CurveEncodingError) -> Projective<Coordinate> {
    guard let root = (x.squared() * x + .curveB).squareRoot() else { throw .notOnCurve }
    return Projective(x: x, y: root.isLarger == isLarger ? root : -root)
  }
}
