// SPDX-License-Identifier: Apache-2.0

extension G1 {
  /// Bytes of a compressed point.
  public static let compressedLength = 48
  /// Bytes of an uncompressed point.
  public static let uncompressedLength = 96

  /// The point of 48 bytes: x and the side on which y lies, or infinity. Every point has one encoding; all other bytes are
  /// refused, points of the curve outside of the group as well.
  public init(compressed bytes: [UInt8]) throws(CurveEncodingError) {
    guard let parts = try PointBytes.open(bytes, count: Self.compressedLength, isCompressed: true) else {
      self = .infinity
      return
    }
    let x = try PointBytes.element(parts.coordinates[...])
    self.init(try PointBytes.point(x: x, isLarger: parts.isLarger))
    guard isInSubgroup else { throw .wrongOrder }
  }

  /// The point of 96 bytes: x and y, or infinity. Every point has one encoding; all other bytes are refused, points of the
  /// curve outside of the group as well.
  public init(uncompressed bytes: [UInt8]) throws(CurveEncodingError) {
    let point = try G1(curvePoint: bytes)
    guard point.isInSubgroup else { throw .wrongOrder }
    self = point
  }

  /// The point of 96 bytes as of ``init(uncompressed:)``, perhaps outside of the group: for files whose points were checked
  /// before.
  public init(curvePoint bytes: [UInt8]) throws(CurveEncodingError) {
    guard let parts = try PointBytes.open(bytes, count: Self.uncompressedLength, isCompressed: false) else {
      self = .infinity
      return
    }
    let x = try PointBytes.element(parts.coordinates[..<48])
    let y = try PointBytes.element(parts.coordinates[48...])
    guard let point = G1(x: x, y: y) else { throw .notOnCurve }
    self = point
  }

  /// The compressed encoding, 48 bytes.
  public var compressed: [UInt8] {
    guard let (x, y) = affine else { return PointBytes.infinity(count: Self.compressedLength, isCompressed: true) }
    return PointBytes.close(x.bigEndianBytes, isLarger: y.isLarger)
  }

  /// The uncompressed encoding, 96 bytes.
  public var uncompressed: [UInt8] {
    guard let (x, y) = affine else { return PointBytes.infinity(count: Self.uncompressedLength, isCompressed: false) }
    return x.bigEndianBytes + y.bigEndianBytes
  }
}
