// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit
import DriftProofAuditBundle
import DriftProofCore

/// The page about one audit's bundle: one file that needs nothing else.
package struct AuditPage: Sendable {
  package let report: Result<BundleReport, BundleRejection>
  /// The bundle's and the public key's, without folders.
  package let fileName: String
  package let keyName: String
  package let madeAt: Timestamp
  /// With which `driftproof audit verify` ends.
  package let exitCode: Int32

  package init(
    report: Result<BundleReport, BundleRejection>, fileName: String, keyName: String, madeAt: Timestamp, exitCode: Int32
  ) {
    self.report = report
    self.fileName = fileName
    self.keyName = keyName
    self.madeAt = madeAt
    self.exitCode = exitCode
  }

  /// The whole file.
  package var html: String { "<!DOCTYPE html>\n" + document.html }

  /// What stands over the page, in a few words.
  package var title: String {
    switch report {
    case .success(let report): report.verdict.rawValue + (report.isWithheld ? ", not recomputed" : "")
    case .failure: "Not verified"
    }
  }

  private var document: Markup {
    let shell = AuditShell(
      title: title, fileName: fileName, madeAt: madeAt,
      made: "The bundle was verified and the audit computed again",
      commands: AuditSections.commands(fileName: fileName, keyName: keyName))
    return shell.document {
      switch report {
      case .success(let report): AuditSections(report: report, fileName: fileName, keyName: keyName).markup
      case .failure(let error):
        shell.failed(
          "This file is no evidence of anything: it is not an audit that the key has signed and that holds together.",
          reason: error.description, exitCode: exitCode)
      }
    }
  }
}
