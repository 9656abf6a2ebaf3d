// SPDX-License-Identifier: Apache-2.0

extension Fr {
  /// Bytes of a scalar.
  public static let encodedLength = 32

  /// The scalar of 32 bytes, lowest first, whose number must be below r.
  public init(encoded bytes: [UInt8]) throws(CurveEncodingError) {
    guard bytes.count == Self.encodedLength else {
      throw .length(expected: Self.encodedLength, found: bytes.count)
    }
    guard let value = Fr(littleEndian: bytes) else { throw .scalarNotCanonical }
    self = value
  }
}
