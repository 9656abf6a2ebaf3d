// SPDX-License-Identifier: Apache-2.0

import DriftProofReportFacts
import DriftProofCore

/// The list of several certificates at the top of a page.
struct CertificateIndex {
  let reports: [CertificateReport]

  var markup: Markup {
    let verified = reports.count { $0.failure == nil }
    return tag("nav", ["aria-label": "Certificates"]) {
      tag("h2", ["id": "certificates"]) { "Certificates" }
      tag("p") {
        "\(PageNumber.count(verified)) of \(PageNumber.count(reports.count, "certificate")) verified. Each has a section "
        "of its own. "
        reports.contains { $0.link != nil }
          ? "Those that continue another one are verified as links of a chain; the others have nothing to do with each other."
          : "They are verified one by one: nothing here says that they belong together."
      }
      PageTable(
        label: "Certificates", caption: "The certificates on this page",
        columns: [.init("Certificate"), .init("Verdict"), .init("Policy"), .init("Base"), .init("Tuned commitment")],
        rows: reports.enumerated().map(row)
      ).markup
    }
  }

  private func row(_ index: Int, _ report: CertificateReport) -> [Markup] {
    [
      tag("a", ["href": "#c\(index + 1)"]) { Markup.name(report.fileName) },
      .text(VerdictWords(report).title),
      claim(report) { .name($0.policyName) }, claim(report) { digest($0.baseIdentity) },
      claim(report) { digest($0.tunedCommitment) },
    ]
  }

  /// What the file says of itself; of one that failed it is said that this is all it is.
  private func claim(_ report: CertificateReport, _ value: (CertificateReport.Claims) -> Markup) -> Markup {
    guard let claims = report.claims else { return "unknown" }
    return .group([report.failure == nil ? .nothing : "claimed: ", value(claims)])
  }

  /// The first digits, enough to tell apart what stands on one page.
  private func digest(_ hexadecimal: String) -> Markup { tag("code") { "\(hexadecimal.prefix(12))…" } }
}

extension Markup: ExpressibleByStringInterpolation {
  package init(stringLiteral value: String) { self = .text(value) }
}
