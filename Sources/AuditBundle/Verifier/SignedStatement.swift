// SPDX-License-Identifier: Apache-2.0

import DriftProofAttestation
import DriftProofAudit
import DriftProofCore

/// A signed statement about an audit as it stands in a bundle, before it is compared with anything.
struct SignedStatement {
  let document: JSONValue
  let payload: [UInt8]
  let planDigest: String
  let referenceRoot: String
  let candidateRoot: String
  let resultDigest: String
  let binding: ReferenceBinding
  let finishedAt: String

  /// Nothing of the statement is read before its signature holds.
  init(_ file: [UInt8], key: PublicKey) throws(BundleRejection) {
    let node: JSONNode
    do throws(JSONError) {
      node = try JSONNode(parsing: file)
    } catch {
      throw .malformedEnvelope(error.description)
    }
    let envelope: SignatureEnvelope
    do throws(AttestationError) {
      envelope = try SignatureEnvelope(node)
    } catch {
      throw .malformedEnvelope(error.description)
    }
    guard envelope.isSigned(by: key) else { throw .notSigned(keyID: key.keyID) }
    // One envelope has one spelling, and holds nothing that nobody signed.
    guard envelope.signatures.map(\.keyID) == [key.keyID], Array(envelope.line.utf8) == file else {
      throw .envelopeSpelling
    }
    guard envelope.payloadType == AttestationStatement.payloadType else {
      throw .payloadType(found: StrictJSON.shown(envelope.payloadType))
    }
    payload = envelope.payload
    do throws(JSONError) {
      document = try StrictJSON.parse(payload)
    } catch {
      throw .malformedStatement(error.description)
    }
    let predicate: JSONNode
    let type: String
    do throws(JSONError) {
      let root = JSONNode(document)
      type = try root.member("predicateType").string()
      predicate = try root.member("predicate")
    } catch {
      throw .malformedStatement(error.description)
    }
    guard type == AuditStatement.predicateType else { throw .predicateType(found: StrictJSON.shown(type)) }
    func digest(_ node: JSONNode, _ name: String) throws(JSONError) -> String {
      try node.member("digest").member(name).hex(byteCount: SHA256.digestLength).hexadecimal
    }
    let stated: (binding: String, finished: String)
    do throws(JSONError) {
      planDigest = try digest(predicate.member("plan"), "sha256")
      let transcripts = try predicate.member("transcripts")
      referenceRoot = try digest(transcripts.member("reference"), "driftTranscript")
      candidateRoot = try digest(transcripts.member("candidate"), "driftTranscript")
      resultDigest = try digest(predicate.member("result"), "sha256")
      stated = (try predicate.member("subjectBinding").string(), try predicate.member("finishedAt").string())
    } catch {
      throw .malformedStatement(error.description)
    }
    guard let binding = ReferenceBinding(rawValue: stated.binding) else {
      throw .unknownBinding(StrictJSON.shown(stated.binding))
    }
    guard Timestamp(stated.finished) != nil else { throw .malformedTime(StrictJSON.shown(stated.finished)) }
    self.binding = binding
    finishedAt = stated.finished
  }
}
