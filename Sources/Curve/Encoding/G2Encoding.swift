// SPDX-License-Identifier: Apache-2.0

extension G2 {
  /// Bytes of a compressed point.
  public static let compressedLength = 96
  /// Bytes of an uncompressed point.
  public static let uncompressedLength = 192

  /// The point of 96 bytes: x, its factor of u first, and the side on which y lies, or infinity. Every point has one
  /// encoding; all other bytes are refused, points of the curve outside of the group as well.
  public init(compressed bytes: [UInt8]) throws(CurveEncodingError) {
    guard let parts = try PointBytes.open(bytes, count: Self.compressedLength, isCompressed: true) else {
      self = .infinity
      return
    }
    let x = try Self.element(parts.coordinates[...])
    self.init(try PointBytes.point(x: x, isLarger: parts.isLarger))
    guard isInSubgroup else { throw .wrongOrder }
  }

  /// The point of 192 bytes: x and y, or infinity. Every point has one encoding; all other bytes are refused, points of
  /// the curve outside of the group as well.
  public init(uncompressed bytes: [UInt8]) throws(CurveEncodingError) {
    guard let parts = try PointBytes.open(bytes, count: Self.uncompressedLength, isCompressed: false) else {
      self = .infinity
      return
    }
    let x = try Self.element(parts.coordinates[..<96])
    let y = try Self.element(parts.coordinates[96...])
    guard let point = G2(x: x, y: y) else { throw .notOnCurve }
    guard point.isInSubgroup else { throw .wrongOrder }
    self = point
  }

  /// The compressed encoding, 96 bytes.
  public var compressed: [UInt8] {
    guard let (x, y) = affine else { return PointBytes.infinity(count: Self.compressedLength, isCompressed: true) }
    return PointBytes.close(Self.bytes(x), isLarger: y.isLarger)
  }

  /// The uncompressed encoding, 192 bytes.
  public var uncompressed: [UInt8] {
    guard let (x, y) = affine else { return PointBytes.infinity(count: Self.uncompressedLength, isCompressed: false) }
    return Self.bytes(x) + Self.bytes(y)
  }

  /// The factor of u first.
  private static func bytes(_ value: Fp2) -> [UInt8] { value.c1.bigEndianBytes + value.c0.bigEndianBytes }

  private static func element(_ bytes: ArraySlice<UInt8>) throws(CurveEncodingError) -> Fp2 {
    let c1 = try PointBytes.element(bytes.prefix(48))
    return Fp2(try PointBytes.element(bytes.dropFirst(48)), c1)
  }
}
