// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit
import DriftProofCore

/// What a verified bundle says.
package struct BundleReport: Sendable {
  /// Everything that was signed, and follows.
  package let statement: AuditStatement
  /// Of the key that was given and that signed.
  package let keyID: String
  /// All of the audit computed again; nil where questions and answers are withheld.
  package let result: AuditResult?
  /// Nil where the plan names none.
  package let certificate: CertificateFile?
  /// An enclave's, which says that it is about this audit; nil without one.
  package let quote: QuoteFile?
  /// Records that were opened, and whose scores follow.
  package private(set) var opened: [Int] = []
  private let check: OpenedCheck

  init(
    statement: AuditStatement, keyID: String, result: AuditResult?, certificate: CertificateFile?, quote: QuoteFile?,
    check: OpenedCheck
  ) {
    self.statement = statement
    self.keyID = keyID
    self.result = result
    self.certificate = certificate
    self.quote = quote
    self.check = check
  }

  package var plan: AuditPlan { statement.plan }
  package var summary: AuditSummary { statement.summary }
  package var verdict: Verdict { summary.verdict }
  package var isWithheld: Bool { result == nil }

  /// Checks disclosed records.
  /// - Parameters:
  ///   - file: `opened.json`.
  ///   - wanted: the records that were asked for; others may be there, too.
  package mutating func open(_ file: [UInt8], wanted: Set<Int> = []) throws(OpenedError) {
    let records = try OpenedRecords(file: file)
    try check.check(records)
    let found = Set(records.records.map(\.index))
    if let lacking = wanted.subtracting(found).min() { throw .notOpened(index: lacking) }
    opened = found.union(opened).sorted()
  }

  /// What a reader of the bundle holds in his hands.
  package enum Mismatch: Error, Equatable, Sendable {
    case plan(stated: String, found: String)
    /// The plan names another certificate, or none.
    case certificate(stated: String?, found: String)
    case model(stated: String?, found: String)
  }

  /// - Parameter digest: of the plan that was published; hexadecimal.
  package func requirePlan(_ digest: String) throws(Mismatch) {
    let own = plan.digest.hexadecimal
    guard own == digest else { throw .plan(stated: own, found: digest) }
  }

  /// - Parameter digest: SHA-256 of a certificate; hexadecimal.
  package func requireCertificate(_ digest: String) throws(Mismatch) {
    guard plan.certificate == digest else { throw .certificate(stated: plan.certificate, found: digest) }
  }

  /// - Parameter digest: of a model's files; hexadecimal.
  package func requireModel(_ digest: String) throws(Mismatch) {
    guard plan.modelDigest == digest else { throw .model(stated: plan.modelDigest, found: digest) }
  }
}

extension BundleReport.Mismatch: CustomStringConvertible {
  package var description: String {
    switch self {
    case .plan(let stated, let found): "the bundle is about the plan \(stated), not about \(found)"
    case .certificate(let stated?, let found): "the plan names the certificate \(stated), the one given is \(found)"
    case .certificate(nil, _): "the plan names no certificate"
    case .model(let stated?, let found): "the plan's model has the digest \(stated), the files given have \(found)"
    case .model(nil, _): "the plan names no model, so its reference is whatever answered"
    }
  }
}
