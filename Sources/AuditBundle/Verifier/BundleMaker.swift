// SPDX-License-Identifier: Apache-2.0

import DriftProofAttestation
import DriftProofAudit
import DriftProofCertificate
import DriftProofCore

/// Makes bundles: everything about one audit in one file, signed.
package struct BundleMaker: Sendable {
  package var plan: AuditPlan
  package var key: AuditKey
  package var reference: [UInt8]
  package var candidate: [UInt8]
  /// The plan's file of prompts, where it has one.
  package var prompts: [UInt8]?
  /// The certificate that the plan names, and what verifies it.
  package var certificate: [UInt8]?
  package var identity: [UInt8]?
  package var policy: [UInt8]?
  package var opened: [UInt8]?
  /// What an enclave says of the candidate's transcript, and its certificates where they are not inside.
  package var quote: [UInt8]?
  package var quoteChain: [UInt8]?
  package var binding: ReferenceBinding
  /// Key, questions and answers stay secret.
  package var isWithheld = false

  package init(plan: AuditPlan, key: AuditKey, reference: [UInt8], candidate: [UInt8], binding: ReferenceBinding) {
    self.plan = plan
    self.key = key
    self.reference = reference
    self.candidate = candidate
    self.binding = binding
  }

  /// When the candidate was last asked.
  package static func finishedAt(_ candidate: Transcript) -> String {
    candidate.sent.last?.sent.at ?? candidate.sessions.last?.session.at ?? candidate.header?.started ?? ""
  }

  /// Computes the audit again, signs what it says, and verifies the bundle as its readers will.
  /// - Returns: the bytes of `audit.tar`, and what they say.
  package func make(signing signer: SigningKey) throws(BundleRejection) -> (tar: [UInt8], report: BundleReport) {
    let (statement, unsigned) = try contents()
    var files = unsigned
    do throws(KeyError) {
      let envelope = try SignatureEnvelope(
        payloadType: AttestationStatement.payloadType, payload: statement.payload, key: signer)
      files[.attestation] = Array(envelope.line.utf8)
    } catch {
      throw .signing(error)
    }
    let tar = BundleArchive(files).tar
    return (tar, try BundleVerifier.verify(tar, key: signer.publicKey))
  }

  private func contents() throws(BundleRejection) -> (AuditStatement, [BundleFile: [UInt8]]) {
    let (truth, found, result) = try recompute()
    let summary = AuditSummary(result, key: isWithheld ? nil : key, reference: truth, candidate: found)
    guard let referenceHeader = truth.header else { throw .audit(.transcript(.reference, .noHeader)) }
    guard let candidateHeader = found.header else { throw .audit(.transcript(.candidate, .noHeader)) }
    var files: [BundleFile: [UInt8]] = [
      .plan: plan.file, .reference: isWithheld ? WithheldTranscript.file(withholding: reference) : reference,
      .candidate: isWithheld ? WithheldTranscript.file(withholding: candidate) : candidate, .result: summary.file,
    ]
    files[.prompts] = isWithheld ? nil : prompts
    files[.certificate] = certificate
    files[.identity] = identity
    files[.policy] = policy
    files[.opened] = opened
    files[.quote] = quote
    files[.quoteChain] = quoteChain
    let facts = try CertificateFile(BundleArchive(files), plan)?.facts
    let root = AuditStatement.TranscriptRoot(of: candidate)
    let statement = AuditStatement(
      plan: plan, summary: summary, reference: referenceHeader, candidate: candidateHeader,
      roots: (.init(of: reference), root), binding: binding, tunedCommitment: facts?.tunedCommitment,
      quote: try QuoteFile(BundleArchive(files), plan, candidate: root.root)?.stated, finishedAt: Self.finishedAt(found)
    )
    return (statement, files)
  }

  private func recompute() throws(BundleRejection) -> (Transcript, Transcript, AuditResult) {
    var file: PromptFile?
    if let prompts {
      do throws(PromptFileError) {
        file = try PromptFile(prompts)
      } catch {
        throw .prompts(error)
      }
    }
    do throws(AuditRejection) {
      let read = try AuditReading(plan: plan, reference: reference[...], candidate: candidate[...])
      return (
        read.reference, read.candidate,
        try AuditResult(plan: plan, key: key, prompts: file, reference: read.reference, candidate: read.candidate)
      )
    } catch {
      throw .audit(error)
    }
  }
}
