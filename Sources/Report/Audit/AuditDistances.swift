// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit
import DriftProofAuditBundle

/// How far answers were, by kinds of questions, and what else they show.
struct AuditDistances {
  let report: BundleReport

  /// Scores in ten bins of the scale.
  private static let bins = 10

  var markup: Markup {
    .group([
      histogram,
      families,
      remarks,
    ])
  }

  private var scale: Double { Double(report.plan.margin) / Double(report.plan.mode.margin) / 1e6 }

  private func meter(_ share: Double) -> Markup {
    tag("svg", ["viewBox": "0 0 100 8", "aria-hidden": "true", "focusable": "false", "preserveAspectRatio": "none"]) {
      tag("rect", ["class": "track", "x": "0", "y": "0", "width": "100", "height": "8"])
      tag(
        "rect",
        ["class": "fill", "x": "0", "y": "0", "width": PageNumber.coordinate(100 * share), "height": "8"])
    }
  }

  /// How many requests had which distance.
  private var histogram: Markup {
    let scores = report.summary.scores.map(\.score)
    var counts = [Int](repeating: 0, count: Self.bins)
    for score in scores { counts[min(Self.bins - 1, score.low * Self.bins / 1000)] += 1 }
    let largest = max(1, counts.max() ?? 1)
    return PageTable(
      label: "Distances of the requests",
      caption: .text(
        "Requests by what they are at least away, missing ones in the first row"),
      columns: [.init("From"), .init("Requests", "num"), .init("", "meter")],
      rows: counts.enumerated().map { place, count in
        [
          .text(PageNumber.number(Double(place) * 1000 / Double(Self.bins) * scale, digits: 3)),
          .text(PageNumber.count(count)), meter(Double(count) / Double(largest)),
        ]
      }
    ).markup
  }

  @MarkupBuilder private var families: Markup {
    if let result = report.result {
      if result.remarks.families.isEmpty {
        tag("p") { "The questions are the auditor's own, without families." }
      } else {
        let largest = max(1e-9, result.remarks.families.map(\.mean).max() ?? 0)
        PageTable(
          label: "Distances by family", caption: "Mean distance by kind of question",
          columns: [.init("Family"), .init("Requests", "num"), .init("Mean distance", "num"), .init("", "meter")],
          rows: result.remarks.families.map { family in
            [
              .text(family.family.rawValue), .text(PageNumber.count(family.count)),
              .text(PageNumber.number(family.mean / 1e6, digits: 3)), meter(family.mean / largest),
            ]
          }
        ).markup
      }
    } else {
      tag("p") { "Which question was of which family is withheld with the key." }
    }
  }

  @MarkupBuilder private var remarks: Markup {
    if let sentences = report.result?.remarks.sentences, !sentences.isEmpty {
      tag("p") { "What else the answers show. The verdict does not depend on it:" }
      tag("ul") { for sentence in sentences { tag("li") { Markup.clipped(sentence) } } }
    }
  }
}
