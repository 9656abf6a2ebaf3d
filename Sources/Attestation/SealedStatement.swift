// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// The one envelope, of the one key that is given, in which an audit's bundle or decision is signed. It is stricter than what
/// ``SignatureEnvelope`` reads of anybody: one signature, the key's own name, the one spelling that is written, so that
/// the file holds nothing that nobody signed.
package struct SealedStatement: Sendable {
  package let payload: [UInt8]
  /// The payload, of the predicate type that was asked for.
  package let document: JSONNode

  /// Nothing of the payload is read before its signature holds.
  package init(_ file: [UInt8], key: PublicKey, predicateType: String) throws(SealError) {
    let envelope: SignatureEnvelope
    do {
      envelope = try SignatureEnvelope(try JSONNode(parsing: file))
    } catch let error as JSONError {
      throw .malformedEnvelope(error.description)
    } catch let error as AttestationError {
      throw .malformedEnvelope(error.description)
    } catch {
      throw .malformedEnvelope("\(error)")
    }
    guard envelope.isSigned(by: key) else { throw .notSigned(keyID: key.keyID) }
    guard envelope.signatures.map(\.keyID) == [key.keyID], Array(envelope.line.utf8) == file else {
      throw .envelopeSpelling
    }
    guard envelope.payloadType == AttestationStatement.payloadType else {
      throw .payloadType(found: StrictJSON.shown(envelope.payloadType))
    }
    let type: String
    do throws(JSONError) {
      document = try JSONNode(parsing: envelope.payload)
      type = try document.member("predicateType").string()
    } catch {
      throw .malformedStatement(error.description)
    }
    guard type == predicateType else {
      throw .predicateType(found: StrictJSON.shown(type), expected: predicateType)
    }
    payload = envelope.payload
  }
}

/// Why bytes are no statement that a key has sealed.
package enum SealError: Error, Equatable, Sendable {
  case malformedEnvelope(String)
  case notSigned(keyID: String)
  /// More than one signature, another key's name, or another spelling than that of the one envelope.
  case envelopeSpelling
  case payloadType(found: String)
  /// The payload is no JSON, or a member is not what it must be; says where.
  case malformedStatement(String)
  case predicateType(found: String, expected: String)
}

extension SealError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .malformedEnvelope(let why): "its attestation is no envelope: \(why)"
    case .notSigned(let keyID): "its attestation is not signed by the key \(keyID); is it the auditor's public key?"
    case .envelopeSpelling: "its attestation has more than the key's one signature, or is spelled otherwise"
    case .payloadType(let found): "its attestation's payload is \(found), expected an in-toto statement"
    case .malformedStatement(let why): "its statement cannot be read: \(why)"
    case .predicateType(let found, let expected): "its statement is \(found), expected \(expected)"
    }
  }
}
