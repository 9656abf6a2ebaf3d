// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofAttestation
import DriftProofCheckpoint
import DriftProofCore
import Foundation
import Testing

struct EnvelopeTests {
  private func envelope(_ text: String) throws(AttestationError) -> SignatureEnvelope {
    do {
      return try SignatureEnvelope(JSONNode(parsing: Array(text.utf8)))
    } catch let error as AttestationError {
      throw error
    } catch {
      throw .malformedEnvelope("\(error)")
    }
  }

  /// The example of the DSSE specification, and lengths in bytes, not characters.
  @Test func encodesBeforeSigning() {
    let message = SignatureEnvelope.encoding(
      payloadType: "http://example.com/HelloWorld", payload: Array("hello world".utf8))
    #expect(String(decoding: message, as: UTF8.self) == "DSSEv1 29 http://example.com/HelloWorld 11 hello world")
    let other = SignatureEnvelope.encoding(payloadType: "é", payload: Array("à b".utf8))
    #expect(String(decoding: other, as: UTF8.self) == "DSSEv1 2 é 4 à b")
    #expect(SignatureEnvelope.encoding(payloadType: "", payload: []) == Array("DSSEv1 0  0 ".utf8))
  }

  /// An envelope that securesystemslib signed with both kinds of keys.
  @Test(arguments: AttestationFixture.keyNames)
  func verifiesSecuresystemslibsEnvelope(_ name: String) throws {
    let bytes = try AttestationFixture.file("securesystemslib.json")
    let envelope = try SignatureEnvelope(JSONNode(parsing: bytes))
    let key = try AttestationFixture.publicKey(name)
    #expect(envelope.signatures.count == 2 && envelope.isSigned(by: key))
    #expect(envelope.signatures.contains { $0.keyID == key.keyID })
    #expect(String(decoding: envelope.payload, as: UTF8.self).contains("\"name\":\"é\""))

    var text = String(decoding: bytes, as: UTF8.self)
    text = text.replacingOccurrences(of: "vnd.in-toto+json", with: "vnd.in-toto.json")
    #expect(!(try self.envelope(text).isSigned(by: key)))
  }

  @Test(arguments: AttestationFixture.keyNames)
  func roundTrips(_ name: String) throws {
    let key = try AttestationFixture.signingKey(name)
    let made = try SignatureEnvelope(payloadType: "t", payload: [0, 255, 10, 13], key: key)
    #expect(made.line.hasSuffix("\n") && !made.line.dropLast().contains("\n"))
    let read = try envelope(made.line)
    #expect(read == made && read.isSigned(by: key.publicKey))
    #expect(read.signatures.map(\.keyID) == [key.publicKey.keyID])
  }

  /// As DSSE says: unknown members are ignored, a key id decides nothing, other keys' signatures do no harm.
  @Test func toleratesWhatDSSEAllows() throws {
    let key = try AttestationFixture.signingKey("ed25519")
    let stranger = try AttestationFixture.publicKey("p256")
    let made = try SignatureEnvelope(payloadType: "t", payload: [1], key: key)
    let signature = Base64.encode(made.signatures[0].bytes)
    let urlSafe = signature.replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
    for signatures in [
      #"{"sig": "\#(signature)"}"#, #"{"sig": "\#(urlSafe)", "keyid": ""}"#,
      #"{"sig": "\#(signature)", "keyid": "\#(stranger.keyID)", "cert": "x"}"#,
      #"{"sig": "", "keyid": "a"}, {"sig": "AAAA", "keyid": "a"}, {"sig": "\#(signature)", "keyid": "a"}"#,
    ] {
      let text = #"{"payload": "AQ==", "payloadType": "t", "extra": {}, "signatures": [\#(signatures)]}"#
      #expect(try envelope(text).isSigned(by: key.publicKey))
      #expect(!(try envelope(text).isSigned(by: stranger)))
    }
  }

  @Test func rejectsOtherEnvelopes() throws {
    let one = #"{"sig": "AAAA"}"#
    func text(_ payload: String, _ signatures: [String]) -> String {
      #"{"payload": \#(payload), "payloadType": "t", "signatures": [\#(signatures.joined(separator: ","))]}"#
    }
    let limit = SignatureEnvelope.maximumSignatures
    #expect(try envelope(text(#""AQ==""#, Array(repeating: one, count: limit))).signatures.count == limit)
    for (text, expected) in [
      (text(#""AQ==""#, []), AttestationError.signatureCount(found: 0, limit: limit)),
      (
        text(#""AQ==""#, Array(repeating: one, count: limit + 1)),
        .signatureCount(found: limit + 1, limit: limit)
      ),
      (text(#""AQ=""#, [one]), .notBase64(field: "payload")),
      (text(#""AQ==""#, [one, #"{"sig": "AA\nAA"}"#]), .notBase64(field: "signatures[1].sig")),
      (text("1", [one]), .malformedEnvelope("$.payload: found a number, expected a string")),
      ("{}", .malformedEnvelope("$.signatures: the key is missing")),
      (text(#""AQ==""#, ["{}"]), .malformedEnvelope("$.signatures[0].sig: the key is missing")),
    ] {
      let error = #expect(throws: AttestationError.self) { try envelope(text) }
      #expect(error == expected && error?.exitCode == 11)
    }
  }
}
