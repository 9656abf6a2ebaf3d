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
    let sealed: SealedStatement
    do throws(SealError) {
      sealed = try SealedStatement(file, key: key, predicateType: AuditStatement.predicateType)
    } catch {
      throw .attestation(error)
    }
    payload = sealed.payload
    document = sealed.document.value
    func digest(_ node: JSONNode, _ name: String) throws(JSONError) -> String {
      try node.member("digest").member(name).hex(byteCount: SHA256.digestLength).hexadecimal
    }
    let stated: (binding: String, finished: String)
    do throws(JSONError) {
      let predicate = try sealed.document.member("predicate")
      planDigest = try digest(predicate.member("plan"), "sha256")
      let transcripts = try predicate.member("transcripts")
      referenceRoot = try digest(transcripts.member("reference"), "driftTranscript")
      candidateRoot = try digest(transcripts.member("candidate"), "driftTranscript")
      resultDigest = try digest(predicate.member("result"), "sha256")
      stated = (try predicate.member("subjectBinding").string(), try predicate.member("finishedAt").string())
    } catch {
      throw .attestation(.malformedStatement(error.description))
    }
    guard let binding = ReferenceBinding(rawValue: stated.binding) else {
      throw .unknownBinding(StrictJSON.shown(stated.binding))
    }
    guard Timestamp(stated.finished) != nil else { throw .malformedTime(StrictJSON.shown(stated.finished)) }
    self.binding = binding
    finishedAt = stated.finished
  }
}
