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

  /// Nothing may be loaded from anywhere, and no script may run, even if one got in.
  static let contentSecurityPolicy =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

  private var verified: Int { reports.count { $0.failure == nil } }

  private var title: String {
    guard reports.count == 1, let only = reports.first else {
      return "Drift report: \(verified) of \(PageNumber.count(reports.count, "certificate")) verified"
    }
    return "Drift report: \(VerdictWords(only.facts).title), \(only.fileName)"
  }

  private var document: Markup {
    tag("html", ["lang": "en"]) {
      tag("head") {
        tag("meta", ["charset": "utf-8"])
        tag("meta", ["http-equiv": "Content-Security-Policy", "content": Self.contentSecurityPolicy])
        tag("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"])
        tag("meta", ["name": "color-scheme", "content": "light dark"])
        tag("meta", ["name": "referrer", "content": "no-referrer"])
        tag("title") { title }
        for sheet in PageStyle.sheets { tag("style") { Markup.style(sheet) } }
      }
      tag("body") {
        tag("a", ["class": "skip", "href": "#content"]) { "Skip to the verdict" }
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
  }

  private var heading: Markup {
    tag("header") {
      tag("p", ["class": "brand"]) { "DriftProof report" }
      tag("h1") { "What may have changed in a fine-tuned model, and what was proved about it" }
      tag("p", ["class": "soft"]) {
        "The certificate was verified while this page was made, on "
        tag("time", ["datetime": madeAt.text]) { Self.readable(madeAt) }
        ", by driftproof \(ToolVersion.current). The page itself is no proof: at its end it says how to verify the "
        "certificate yourself."
      }
    }
  }

  private var footer: Markup {
    tag("footer") {
      Glossary.markup
      tag("p") {
        "Made by driftproof \(ToolVersion.current). This page is complete in itself: it loads nothing and runs no script."
      }
    }
  }

  /// `2026-03-01 12:30 UTC`.
  private static func readable(_ time: Timestamp) -> String {
    guard time.text.hasSuffix("Z") else { return time.text }
    return time.text.prefix(10) + " " + time.text.dropFirst(11).prefix(5) + " UTC"
  }
}
