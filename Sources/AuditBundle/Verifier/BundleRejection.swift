// SPDX-License-Identifier: Apache-2.0

import DriftProofAttestation
import DriftProofAudit
import DriftProofCertificate
import DriftProofEnclave

/// Why a bundle is not what it says.
package enum BundleRejection: Error, Equatable, Sendable {
  case archive(ArchiveError)

  // The signature, and what is under it.

  case attestation(SealError)
  /// libcrypto cannot sign.
  case signing(KeyError)
  case unknownBinding(String)
  case malformedTime(String)
  /// The files are others than those that were signed; digests in hexadecimal.
  case otherPlan(stated: String, found: String)
  case otherTranscript(AuditSide, stated: String, found: String)
  case otherResult(stated: String, found: String)

  // What was signed, computed again.

  case plan(AuditPlanError)
  case malformedResult(String)
  case prompts(PromptFileError)
  /// A file that nothing in the bundle asks for.
  case unexpectedFile(BundleFile)
  case audit(AuditRejection)
  /// `result.json` says something else than follows; names the member.
  case result(member: String)
  case withheld(WithheldError)
  /// The reference is said to be bound in a way that the plan does not allow.
  case binding(ReferenceBinding, plan: PlanBinding)
  /// A member of the statement says something else than follows.
  case claim(path: String, stated: String, computed: String)
  case statementSpelling
  case opened(OpenedError)

  // The certificate that the plan names.

  case noCertificate(named: String)
  case otherCertificate(stated: String, found: String)
  case certificate(DriftProofError)

  // The quote of an enclave.

  case quote(QuoteRejection)
  /// A report without the certificates that it is checked by.
  case noQuoteChain

  /// What a plan says of the reference's model.
  package enum PlanBinding: String, Sendable {
    case none = "no digest of a model"
    case model = "the digest of a model, and no certificate"
    case certified = "the digest of a model and a certificate"
  }
}

extension BundleRejection: CustomStringConvertible {
  package var description: String { "the bundle is rejected: \(reason)" }

  private var reason: String {
    switch self {
    case .archive(let error): error.description
    case .attestation(let error): error.description
    case .signing(let error): "it cannot be signed: \(error)"
    case .unknownBinding(let found): "its statement binds the reference in an unknown way: \(found)"
    case .malformedTime(let found): "its statement's \(found) is no time as in RFC 3339"
    case .otherPlan(let stated, let found): Self.unsigned("plan", stated, found)
    case .otherTranscript(let side, let stated, let found):
      Self.unsigned("\(side.rawValue)'s transcript", stated, found)
    case .otherResult(let stated, let found): Self.unsigned("result", stated, found)
    default: recomputed
    }
  }

  private var recomputed: String {
    switch self {
    case .plan(let error): "its plan: \(error)"
    case .malformedResult(let why): "its result cannot be read: \(why)"
    case .prompts(let error): "its file of prompts: \(error)"
    case .unexpectedFile(let file): "it has \(file.rawValue), which nothing in it asks for"
    case .audit(let error): error.description
    case .result(let member): "its result's \(member) does not follow from plan, key and transcripts"
    case .withheld(let error): error.description
    case .binding(let stated, let plan):
      "its reference is said to be \(stated.rawValue), and the plan has \(plan.rawValue)"
    case .claim(let path, let stated, let computed):
      "its statement says \(stated) at \(path), where \(computed) follows"
    case .statementSpelling: "its statement is spelled otherwise than driftproof writes it"
    case .opened(let error): "its opened records: \(error)"
    case .noCertificate(let named): "the plan names the certificate \(named), and the bundle does not have it"
    case .otherCertificate(let stated, let found): "the plan names the certificate \(stated), the bundle has \(found)"
    case .certificate(let error): "its certificate: \(error)"
    case .quote(let error): "its quote: \(error)"
    case .noQuoteChain: "its quote is a report of SEV-SNP, and it has no quote-chain.pem with the certificates"
    default: ""
    }
  }

  private static func unsigned(_ what: String, _ stated: String, _ found: String) -> String {
    "what was signed is about the \(what) \(stated), the bundle has \(found)"
  }
}

/// Why a bundle without answers does not hold together.
package enum WithheldError: Error, Equatable, Sendable, CustomStringConvertible {
  case order(index: Int)
  /// A score that names a line that cannot be its answer.
  case line(AuditSide, index: Int, line: Int)
  /// Two scores of one line.
  case sameLine(AuditSide, index: Int, line: Int)
  /// A question that was given up with another score than a missing one's.
  case scoredMissing(index: Int)
  /// The reference's answer is younger than what the candidate's session names.
  case lateReference(index: Int, line: Int)
  case afterVerdict(index: Int)

  package var description: String {
    switch self {
    case .order(let index): "the score of question \(index) is not behind the one before it"
    case .line(let side, let index, let line):
      "the score of question \(index) names the \(side.rawValue)'s line \(line), which can be no answer to it"
    case .sameLine(let side, let index, let line):
      "the score of question \(index) names the \(side.rawValue)'s line \(line), as another one does"
    case .scoredMissing(let index): "question \(index) was given up, and has another score than a missing answer's"
    case .lateReference(let index, let line):
      "the reference's answer to question \(index), line \(line), is younger than the candidate's session says"
    case .afterVerdict(let index): "the score of question \(index) stands behind the verdict"
    }
  }
}
