// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCurve
import DriftProofCurveCommitment

/// That somebody multiplied τ by an s of theirs, and knew it: the setup is sound if one contributor has forgotten their s.
package struct SetupContribution: Sendable, Equatable {
  /// [τ]_1 afterwards.
  package let first: G1
  /// [s]_2.
  package let factor: G2
  /// k·[τ]_1 of before: who knows no s cannot put a τ of their own in its place.
  package let nonce: G1
  /// k + c·s.
  package let response: Fr

  package static let encodedLength = 48 + 96 + 48 + 32

  package var encoded: [UInt8] {
    first.compressed + factor.compressed + nonce.compressed + response.littleEndianBytes
  }

  /// SHA-256 of the record: what a contributor keeps, to find it again.
  package var digest: [UInt8] { SHA256.hash(encoded) }

  /// - Parameter previous: the digest of the record before, at first the id of the setup before it.
  private static func challenge(previous: [UInt8], first: G1, factor: G2, nonce: G1) -> Fr {
    var message: [UInt8] = []
    message.append(lengthPrefixed: "driftproof/setup/contribution/v1")
    return .hashed(message + previous + first.compressed + factor.compressed + nonce.compressed)
  }

  package static func make(factor: Fr, before: G1, previous: [UInt8]) -> SetupContribution {
    let secret = Fr.random()
    let (first, point, nonce) = (factor * before, factor * G2.generator, secret * before)
    let challenge = challenge(previous: previous, first: first, factor: point, nonce: nonce)
    return SetupContribution(first: first, factor: point, nonce: nonce, response: secret + challenge * factor)
  }

  package init(first: G1, factor: G2, nonce: G1, response: Fr) {
    (self.first, self.factor, self.nonce, self.response) = (first, factor, nonce, response)
  }

  package init(encoded bytes: [UInt8], index: Int) throws(CurveSetupError) {
    do throws(CurveEncodingError) {
      first = try G1(compressed: Array(bytes.prefix(48)))
      factor = try G2(compressed: Array(bytes.dropFirst(48).prefix(96)))
      nonce = try G1(compressed: Array(bytes.dropFirst(144).prefix(48)))
      response = try Fr(encoded: Array(bytes.dropFirst(192)))
    } catch { throw .contribution(index: index, reason: error.description) }
  }

  /// - Parameter before: [τ]_1 before.
  package func check(index: Int, before: G1, previous: [UInt8]) throws(CurveSetupError) {
    guard !first.isInfinity, !factor.isInfinity else {
      throw .contribution(index: index, reason: "it multiplies by zero")
    }
    let challenge = Self.challenge(previous: previous, first: first, factor: factor, nonce: nonce)
    guard before.times(public: response) == nonce + first.times(public: challenge) else {
      throw .contribution(index: index, reason: "its proof of knowing the factor is wrong")
    }
    guard Pairing.isProductOne([(first, PreparedG2(.generator)), (-before, PreparedG2(factor))]) else {
      throw .contribution(index: index, reason: "its factor does not lead from the τ before to its own")
    }
  }
}
