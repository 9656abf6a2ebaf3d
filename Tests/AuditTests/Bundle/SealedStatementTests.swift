// SPDX-License-Identifier: Apache-2.0

import DriftProofAttestation
import DriftProofCore
import Testing

/// The one envelope of audits' bundles and decisions, and each way in which another one is refused.
struct SealedStatementTests {
  private static let type = "https://driftproof.dev/attestation/test/v1"
  private static let payload = Array(#"{"predicateType":"https://driftproof.dev/attestation/test/v1","a":[1]}"#.utf8)

  private func sealed(
    _ payload: [UInt8] = payload, type: String = AttestationStatement.payloadType
  ) throws -> [UInt8] {
    let key = try BundleForge.signer("ed25519")
    return Array(try SignatureEnvelope(payloadType: type, payload: payload, key: key).line.utf8)
  }

  private func read(_ file: [UInt8], _ name: String = "ed25519") throws -> SealedStatement {
    try SealedStatement(file, key: try BundleForge.signer(name).publicKey, predicateType: Self.type)
  }

  @Test func theSignersStatementIsRead() throws {
    let statement = try read(sealed())
    #expect(statement.payload == Self.payload)
    #expect(try statement.document.member("a").elements().count == 1)
  }

  @Test func nothingIsReadWithoutItsSignature() throws {
    let stranger = try BundleForge.signer("p256").publicKey.keyID
    #expect(throws: SealError.notSigned(keyID: stranger)) { try read(sealed(), "p256") }
    // The very payload that would be refused for what it says.
    let own = try BundleForge.signer("ed25519").publicKey.keyID
    let text = String(decoding: try sealed(), as: UTF8.self)
    let other = text.replacing(Base64.encode(Self.payload), with: Base64.encode(Array("{".utf8)))
    #expect(other != text)
    #expect(throws: SealError.notSigned(keyID: own)) { try read(Array(other.utf8)) }
    for bytes in [[], Array("{}".utf8), Array("x".utf8)] {
      let error = #expect(throws: SealError.self) { try read(bytes) }
      guard case .malformedEnvelope? = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
    }
  }

  @Test func oneEnvelopeHasOneSpelling() throws {
    let line = String(decoding: try sealed(), as: UTF8.self)
    let keyID = try BundleForge.signer("ed25519").publicKey.keyID
    let signature = String(line.drop { $0 != "[" }.dropFirst().prefix { $0 != "]" })
    for changed in [
      line + "\n", " " + line, line.replacing(keyID, with: String(repeating: "0", count: 64)),
      line.replacing("\"keyid\":\"\(keyID)\",", with: ""), line.replacing("\"payload\"", with: "\"x\":1,\"payload\""),
      line.replacing(signature, with: "\(signature),\(signature)"),
    ] {
      #expect(throws: SealError.envelopeSpelling) { try read(Array(changed.utf8)) }
    }
  }

  @Test func whatIsSignedMustBeSuchAStatement() throws {
    #expect(throws: SealError.payloadType(found: "\"text/plain\"")) { try read(sealed(type: "text/plain")) }
    let drift = #"{"predicateType":"https://driftproof.dev/attestation/drift/v1"}"#
    #expect(
      throws: SealError.predicateType(
        found: "\"https://driftproof.dev/attestation/drift/v1\"", expected: Self.type)
    ) { try read(sealed(Array(drift.utf8))) }
    for payload in ["{}", "{", "[]", #"{"predicateType":1}"#] {
      let error = #expect(throws: SealError.self) { try read(sealed(Array(payload.utf8))) }
      guard case .malformedStatement? = error else {
        Issue.record("\(payload): \(String(describing: error))")
        continue
      }
    }
  }
}
