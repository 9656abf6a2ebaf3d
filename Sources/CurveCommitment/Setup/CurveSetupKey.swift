// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCurve

/// What a verifier needs of a setup: [τ]_1, [τ]_2 and [τ²]_2. It determines τ, so the length of the prover's file does not
/// enter the id.
public struct CurveSetupKey: Sendable, Equatable {
  /// [τ]_1.
  public let first: G1
  /// [τ]_2.
  public let second: G2
  /// [τ²]_2.
  public let secondSquare: G2

  /// Bytes of a key: the three points, compressed.
  public static let encodedLength = 240

  package init(first: G1, second: G2, secondSquare: G2) {
    self.first = first
    self.second = second
    self.secondSquare = secondSquare
  }

  /// The key of 240 bytes. Points are checked, the equations between them are not: ``check()``.
  public init(encoded bytes: [UInt8]) throws(CurveSetupError) {
    guard bytes.count == Self.encodedLength else { throw .truncated(section: "the setup's key") }
    do {
      first = try G1(compressed: Array(bytes[..<48]))
      second = try G2(compressed: Array(bytes[48..<144]))
      secondSquare = try G2(compressed: Array(bytes[144...]))
    } catch { throw .keyPoint(error) }
  }

  /// 240 bytes.
  public var encoded: [UInt8] { first.compressed + second.compressed + secondSquare.compressed }

  /// SHA-256 of a tag, a byte for the kind (0: powers of τ) and the key.
  public var id: [UInt8] {
    var message: [UInt8] = []
    message.append(lengthPrefixed: "driftproof/setup/v1")
    message.append(0)
    return SHA256.hash(message + encoded)
  }

  /// That the three points speak of one τ, which is not zero.
  public func check() throws(CurveSetupError) {
    guard !first.isInfinity, !second.isInfinity, !secondSquare.isInfinity else { throw .infinity(index: nil) }
    let (one, tau) = (PreparedG2(.generator), PreparedG2(second))
    guard Pairing.isProductOne([(first, one), (-G1.generator, tau)]) else { throw .secondGroup(power: 1) }
    guard Pairing.isProductOne([(first, tau), (-G1.generator, PreparedG2(secondSquare))]) else {
      throw .secondGroup(power: 2)
    }
  }
}
