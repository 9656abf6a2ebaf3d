// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofReportFacts

/// The verdict, before everything else.
struct VerdictBanner {
  let report: CertificateReport
  let exitCode: @Sendable (DriftProofError) -> Int32

  var markup: Markup {
    let words = VerdictWords(report)
    let isFailed = !words.isGood
    return tag("div", ["class": isFailed ? "verdict failed" : "verdict", "role": "group", "aria-label": "Verdict"]) {
      tag("p", ["class": "title"]) {
        sign(isFailed)
        tag("span") { words.title }
      }
      tag("p") { words.sentence }
      if let failure = report.failure { reason(failure) }
      if !words.advice.isEmpty {
        tag("ul") { for advice in words.advice { tag("li") { advice } } }
      }
    }
  }

  private func reason(_ error: DriftProofError) -> Markup {
    tag("div", ["class": "reason"]) {
      tag("p") {
        tag("strong") { "Reason: " }
        // A message of many lines names many tensors.
        for (index, line) in error.description.split(separator: "\n").enumerated() {
          if index > 0 { tag("br") }
          Markup.clipped(String(line))
        }
      }
      tag("p", ["class": "small"]) { "driftproof verify ends with exit code \(exitCode(error))." }
    }
  }

  /// A tick or a cross on a disc; the words beside it say the same.
  private func sign(_ isFailed: Bool) -> Markup {
    tag("svg", ["viewBox": "0 0 32 32", "aria-hidden": "true", "focusable": "false"]) {
      tag("circle", ["class": "disc", "cx": "16", "cy": "16", "r": "16"])
      tag(
        "path",
        ["class": "sign", "d": isFailed ? "M10.5 10.5 L21.5 21.5 M21.5 10.5 L10.5 21.5" : "M9 16.5 L14 21.5 L23 11"])
    }
  }
}

/// The four figures that people look for first.
struct KeyFigures {
  let contents: VerifiedContents

  var markup: Markup {
    let coverage = contents.coverage
    return tag("dl", ["class": "figures"]) {
      figure("Proved within bounds", coverage.proved)
      figure("Proved unchanged", coverage.identical)
      figure("Outside the proof", coverage.excluded)
      tag("div") {
        tag("dt") { "Security" }
        tag("dd") {
          "\(PageNumber.bits(contents.verification.securityBits)) bits"
          tag("span", ["class": "small"]) { "proven; 128 are required" }
        }
      }
    }
  }

  private func figure(_ title: String, _ share: CoverageShare) -> Markup {
    tag("div") {
      tag("dt") { title }
      tag("dd") {
        share.tensors == 0 ? "none" : PageNumber.percent(contents.coverage.fraction(share))
        tag("span", ["class": "small"]) {
          share.tensors == 0
            ? "no tensor"
            : "\(PageNumber.count(share.parameters, "parameter")) in \(PageNumber.count(share.tensors, "tensor"))"
        }
      }
    }
  }
}
