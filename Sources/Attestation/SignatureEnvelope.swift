// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCore

/// A DSSE envelope (Dead Simple Signing Envelope, v1): a payload, its type, and signatures over both.
package struct SignatureEnvelope: Equatable, Sendable {
  package struct Signature: Equatable, Sendable {
    /// A hint, not signed: it decides nothing.
    package let keyID: String?
    package let bytes: [UInt8]
  }

  /// More signatures than one artefact has signers. Each costs a pass over the payload.
  static let maximumSignatures = 64

  package let payloadType: String
  package let payload: [UInt8]
  package let signatures: [Signature]

  /// Signed by one key.
  package init(payloadType: String, payload: [UInt8], key: SigningKey) throws(KeyError) {
    let message = Self.encoding(payloadType: payloadType, payload: payload)
    self.payloadType = payloadType
    self.payload = payload
    signatures = [Signature(keyID: key.publicKey.keyID, bytes: try key.sign(message))]
  }

  /// DSSE's pre-authentication encoding, what is signed: `DSSEv1`, then length and bytes of type and payload, each
  /// after one space, lengths in decimal.
  static func encoding(payloadType: String, payload: [UInt8]) -> [UInt8] {
    Array("DSSEv1 \(payloadType.utf8.count) \(payloadType) \(payload.count) ".utf8) + payload
  }

  /// Reads the JSON form. As DSSE says, unknown members are ignored, and either alphabet of base64 is accepted.
  package init(_ node: JSONNode) throws(AttestationError) {
    let fields: (payload: String, type: String, signatures: [(keyID: String?, text: String)])
    do throws(JSONError) {
      var signatures: [(String?, String)] = []
      for signature in try node.member("signatures").elements() {
        signatures.append((try signature.optionalMember("keyid")?.string(), try signature.member("sig").string()))
      }
      fields = (try node.member("payload").string(), try node.member("payloadType").string(), signatures)
    } catch {
      throw .malformedEnvelope(error.description)
    }
    guard (1...Self.maximumSignatures).contains(fields.signatures.count) else {
      throw .signatureCount(found: fields.signatures.count, limit: Self.maximumSignatures)
    }
    guard let payload = Base64.decode(Array(fields.payload.utf8)) else { throw .notBase64(field: "payload") }
    var signatures: [Signature] = []
    for (index, signature) in fields.signatures.enumerated() {
      guard let bytes = Base64.decode(Array(signature.text.utf8)) else {
        throw .notBase64(field: "signatures[\(index)].sig")
      }
      signatures.append(Signature(keyID: signature.keyID, bytes: bytes))
    }
    payloadType = fields.type
    self.payload = payload
    self.signatures = signatures
  }

  /// One line of JSON with a newline, fit for a `.jsonl` file.
  package var line: String {
    let signatures = signatures.map { signature in
      JSONValue.object(
        (signature.keyID.map { [JSONMember(key: "keyid", value: .string($0))] } ?? [])
          + [JSONMember(key: "sig", value: .string(Base64.encode(signature.bytes)))])
    }
    let envelope = JSONValue.object([
      JSONMember(key: "payloadType", value: .string(payloadType)),
      JSONMember(key: "payload", value: .string(Base64.encode(payload))),
      JSONMember(key: "signatures", value: .array(signatures)),
    ])
    return envelope.compact + "\n"
  }

  /// Whether one of the signatures is the key's. Those of other keys, or broken ones, do no harm.
  package func isSigned(by key: PublicKey) -> Bool {
    let message = Self.encoding(payloadType: payloadType, payload: payload)
    return signatures.contains { key.verifies($0.bytes, of: message) }
  }
}
