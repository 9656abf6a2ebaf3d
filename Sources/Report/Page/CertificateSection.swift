// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofReportFacts

/// Everything about one certificate.
struct CertificateSection {
  let report: MeasuredReport
  /// Counted from 1; begins the ids of all its headings.
  let number: Int
  let files: ReportFileNames
  /// Of the command line, for a certificate that fails.
  let exitCode: @Sendable (DriftProofError) -> Int32

  /// A part under a heading of its own.
  struct Part {
    /// The end of its id.
    let key: String
    let title: String
    let body: Markup
  }

  var markup: Markup {
    let parts = report.contents.map(parts) ?? failedParts
    return tag("section", ["class": "certificate", "id": "c\(number)", "aria-labelledby": id("title")]) {
      tag("h2", ["id": id("title")]) {
        "Certificate "
        Markup.name(report.fileName)
      }
      VerdictBanner(report: report.facts, exitCode: exitCode).markup
      if let contents = report.contents { KeyFigures(contents: contents).markup }
      tag("nav", ["class": "toc", "aria-label": "Parts about \(report.fileName)"]) {
        tag("ul") {
          for part in parts { tag("li") { tag("a", ["href": "#\(id(part.key))"]) { part.title } } }
        }
      }
      for part in parts {
        tag("section", ["aria-labelledby": id(part.key)]) {
          tag("h3", ["id": id(part.key)]) { part.title }
          part.body
        }
      }
    }
  }

  private func id(_ key: String) -> String { "c\(number)-\(key)" }

  private func parts(_ contents: VerifiedContents) -> [Part] {
    var parts = [
      Part(key: "proved", title: "What was proved", body: PolicySection(contents: contents).proved),
      Part(key: "open", title: "What stays possible", body: PolicySection(contents: contents).remarks),
      Part(key: "unproved", title: "What was not proved", body: LimitsSection(contents: contents).markup),
      Part(key: "coverage", title: "Coverage", body: CoverageSection(contents: contents).markup),
      Part(key: "map", title: "Map of what was allowed", body: MapSection(contents: contents).markup),
    ]
    if let measurement = report.measurement {
      parts.append(
        Part(
          key: "measured", title: "Measured from the weights",
          body: MeasurementSection(contents: contents, measurement: measurement).markup))
    }
    return parts + [
      Part(key: "soundness", title: "How sure this is", body: SoundnessSection(contents: contents).markup),
      Part(key: "sizes", title: "Sizes and times", body: SizesSection(report: report, contents: contents).markup),
      Part(key: "identities", title: "Identities and digests", body: IdentitySection(report: report.facts).markup),
      Part(
        key: "verify", title: "Verify it yourself", body: CommandsSection(report: report.facts, files: files).markup),
    ]
  }

  /// Of a certificate that failed nothing is shown as if it were so.
  private var failedParts: [Part] {
    [
      Part(
        key: "identities", title: "What the file says of itself", body: IdentitySection(report: report.facts).markup),
      Part(
        key: "verify", title: "Verify it yourself", body: CommandsSection(report: report.facts, files: files).markup),
    ]
  }
}
