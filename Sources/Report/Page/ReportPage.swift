// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCertificate
import DriftProofReportFacts

/// The page for people: one file that needs nothing else. No script, no picture from elsewhere, no font.
package struct ReportPage: Sendable {
  package let reports: [MeasuredReport]
  package let files: ReportFileNames
  package let madeAt: Timestamp
  /// The command line's exit code for a failure, which the page names.
  package let exitCode: @Sendable (DriftProofError) -> Int32

  package init(
    reports: [MeasuredReport], files: ReportFileNames, madeAt: Timestamp,
    exitCode: @escaping @Sendable (DriftProofError) -> Int32
  ) {
    self.exitCode = exitCode
    self.reports = reports
    self.files = files
    self.madeAt = madeAt
  }

  /// The whole file.
  package var html: String { "<!DOCTYPE html>\n" + document.html }

  private var verified: Int { reports.count { $0.failure == nil } }

  private var title: String {
    guard reports.count == 1, let only = reports.first else {
      return "Drift report: \(verified) of \(PageNumber.count(reports.count, "certificate")) verified"
    }
    return "Drift report: \(VerdictWords(only.facts).title), \(only.fileName)"
  }

  private var document: Markup {
    PageFrame(title: title).document {
      heading
      tag("main", ["id": "content", "tabindex": "-1"]) {
        if reports.count > 1 { CertificateIndex(reports: reports.map(\.facts)).markup }
        for (index, report) in reports.enumerated() {
          CertificateSection(report: report, number: index + 1, files: files, exitCode: exitCode).markup
        }
      }
      footer
    }
  }

  private var heading: Markup {
    tag("header") {
      tag("p", ["class": "brand"]) { "DriftProof report" }
      tag("h1") { "What may have changed in a fine-tuned model, and what was proved about it" }
      tag("p", ["class": "soft"]) {
        "The certificate was verified while this page was made, on "
        tag("time", ["datetime": madeAt.text]) { PageFrame.readable(madeAt) }
        ", by driftproof \(ToolVersion.current). The page itself is no proof: at its end it says how to verify the "
        "certificate yourself."
      }
    }
  }

  private var footer: Markup {
    tag("footer") {
      Glossary.markup
      PageFrame.imprint
    }
  }
}
