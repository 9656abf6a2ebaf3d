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
    PageFrame(title: "Audit report: \(title), \(fileName)").document {
      tag("header") {
        tag("p", ["class": "brand"]) { "DriftProof audit report" }
        tag("h1") { "Which model answered at an endpoint, and how sure that is" }
        tag("p", ["class": "soft"]) {
          "The bundle was verified and the audit computed again while this page was made, on "
          tag("time", ["datetime": madeAt.text]) { PageFrame.readable(madeAt) }
          ", by driftproof \(ToolVersion.current). The page itself is no proof: at its end it says how to verify the bundle "
          "yourself."
        }
      }
      tag("main", ["id": "content", "tabindex": "-1"]) {
        tag("section", ["class": "certificate", "aria-labelledby": "title"]) {
          tag("h2", ["id": "title"]) {
            "Audit "
            Markup.name(fileName)
          }
          content
        }
      }
      tag("footer") { PageFrame.imprint }
    }
  }

  @MarkupBuilder private var content: Markup {
    switch report {
    case .success(let report): AuditSections(report: report, fileName: fileName, keyName: keyName).markup
    case .failure(let error): failed(error)
    }
  }

  /// Of a bundle that failed nothing is shown as if it were so.
  private func failed(_ error: BundleRejection) -> Markup {
    .group([
      tag("div", ["class": "verdict failed", "role": "group", "aria-label": "Verdict"]) {
        tag("p", ["class": "title"]) {
          AuditSections.sign("failed")
          tag("span") { title }
        }
        tag("p") {
          "This file is no evidence of anything: it is not an audit that the key has signed and that holds together."
        }
        tag("div", ["class": "reason"]) {
          tag("p") {
            tag("strong") { "Reason: " }
            Markup.clipped(error.description)
          }
          tag("p", ["class": "small"]) { "driftproof audit verify ends with exit code \(exitCode)." }
        }
      },
      tag("nav", ["class": "toc", "aria-label": "Parts"]) {
        tag("ul") { tag("li") { tag("a", ["href": "#verify"]) { "Verify it yourself" } } }
      },
      tag("section", ["aria-labelledby": "verify"]) {
        tag("h3", ["id": "verify"]) { "Verify it yourself" }
        AuditSections.commands(fileName: fileName, keyName: keyName)
      },
    ])
  }
}
