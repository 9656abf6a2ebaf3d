// SPDX-License-Identifier: Apache-2.0

import DriftProofAuditDecision
import DriftProofCore

/// The page about one decision in zero knowledge: one file that needs nothing else.
package struct DecisionPage: Sendable {
  package let report: Result<DecisionReport, DecisionRejection>
  /// The decision's and the public key's, without folders.
  package let fileName: String
  package let keyName: String
  package let madeAt: Timestamp
  /// With which `driftproof audit verify --zero-knowledge` ends.
  package let exitCode: Int32

  package init(
    report: Result<DecisionReport, DecisionRejection>, fileName: String, keyName: String, madeAt: Timestamp,
    exitCode: Int32
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
    case .success: "SAME, in zero knowledge"
    case .failure: "Not verified"
    }
  }

  private var document: Markup {
    let shell = AuditShell(
      title: title, fileName: fileName, madeAt: madeAt, made: "The proof was verified",
      commands: DecisionSections.commands(fileName: fileName, keyName: keyName))
    return shell.document {
      switch report {
      case .success(let report): DecisionSections(report: report, fileName: fileName, keyName: keyName).markup
      case .failure(let error):
        shell.failed(
          "This file is no evidence of anything: it is not a decision that the key has signed and that is proved.",
          reason: error.description, exitCode: exitCode)
      }
    }
  }
}
