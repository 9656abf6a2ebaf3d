// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit
import DriftProofAuditBundle
import Foundation

/// What was shown after each request: the evidence for DIFFERENT, and how far SAME was.
struct EvidencePath {
  struct Step {
    /// Requests so far.
    let count: Int
    /// About; nil beyond 10^15.
    let evidence: Double?
    /// 1 and more where SAME is shown.
    let sameness: Double
  }

  let steps: [Step]
  let decision: Decision
  private let plan: AuditPlan
  private var mode: AuditMode { plan.mode }

  init(_ summary: AuditSummary, plan: AuditPlan) {
    var decision = Decision(plan)
    var steps: [Step] = []
    for row in summary.scores {
      decision.add(row.score)
      steps.append(
        Step(
          count: decision.count, evidence: decision.shownEvidence, sameness: decision.shownSameness))
    }
    self.plan = plan
    self.steps = steps
    self.decision = decision
  }

  var markup: Markup {
    guard !steps.isEmpty else { return tag("p") { "No request was compared." } }
    return .group([
      tag("p") {
        "The rule looks after every request. An endpoint that keeps the margin sees the evidence for DIFFERENT ever reach "
        "\(PageNumber.count(mode.inverseAlpha)) with probability at most 1 in \(PageNumber.count(mode.inverseAlpha)), however long one "
        "looks. SAME needs both clauses of the rule, which no perfect endpoint has before request "
        "\(PageNumber.count(plan.fewestForSame))."
      },
      tag("div", ["class": "charts path"]) {
        PathChart(
          title: "Evidence for DIFFERENT", points: shown { log10(min(max($0.evidence ?? 1e15, 1e-3), 1e15)) },
          limit: log10(Double(mode.inverseAlpha)), isLogarithmic: true, words: evidenceWords
        ).markup
        PathChart(
          title: "How far SAME is shown", points: shown { min($0.sameness, 1.2) * 100 }, limit: 100,
          isLogarithmic: false, words: samenessWords
        ).markup
      },
      table,
    ])
  }

  /// At most 400 points, the last among them.
  private func shown(_ value: (Step) -> Double) -> [(count: Int, value: Double)] {
    let stride = max(1, (steps.count + 399) / 400)
    // Before the first request the evidence is one, and nothing is shown.
    return [(0, 0)]
      + steps.enumerated().filter { $0.offset % stride == stride - 1 || $0.offset == steps.count - 1 }
      .map { ($0.element.count, value($0.element)) }
  }

  static func evidence(_ step: Step) -> String {
    step.evidence.map { PageNumber.number($0, digits: 3) } ?? "beyond \(PageNumber.power(15))"
  }

  private var evidenceWords: String {
    guard let last = steps.last else { return "" }
    let crossing = steps.first { ($0.evidence ?? .infinity) >= Double(mode.inverseAlpha) }
    return
      "Evidence for DIFFERENT: \(Self.evidence(last)) after request \(PageNumber.count(last.count)), "
      + "\(PageNumber.count(mode.inverseAlpha)) is needed; "
      + (crossing.map { "reached at request \(PageNumber.count($0.count))." } ?? "never reached.")
  }

  private var samenessWords: String {
    guard let last = steps.last else { return "" }
    return
      "SAME is shown to \(PageNumber.number(min(last.sameness, 1) * 100, digits: 3))\(PageNumber.sign) after request "
      + "\(PageNumber.count(last.count)); 100\(PageNumber.sign) is needed."
  }

  /// The same in figures, at some requests.
  private var table: Markup {
    let count = steps.count
    let places = Set([0, 1, 4, 9, 19, 49, 99, 199, 399, 799, count - 1].filter { $0 < count }).sorted()
    return tag("details") {
      tag("summary") { "The path in figures" }
      PageTable(
        label: "Evidence after requests", caption: "What was shown after some of the requests",
        columns: [
          .init("Requests"), .init("Evidence for DIFFERENT", "num"), .init("SAME shown", "num"),
        ],
        rows: places.map { place in
          let step = steps[place]
          return [
            .text(PageNumber.count(step.count)), .text(Self.evidence(step)),
            .text(PageNumber.number(min(step.sameness, 1) * 100, digits: 3) + PageNumber.sign),
          ]
        }
      ).markup
    }
  }
}

/// One figure over requests as a line, with what is needed marked.
struct PathChart {
  let title: String
  /// By rising count.
  let points: [(count: Int, value: Double)]
  let limit: Double
  /// Values are powers of ten; else percents.
  let isLogarithmic: Bool
  let words: String

  private static let (left, right, top, bottom) = (46.0, 292.0, 16.0, 132.0)

  var markup: Markup {
    let last = points.last?.count ?? 1
    let values = points.map(\.value) + [limit, 0]
    let low = isLogarithmic ? ((values.min() ?? 0) - 0.2).rounded(.down) : 0
    let high = isLogarithmic ? ((values.max() ?? 1) + 0.2).rounded(.up) : 120
    func x(_ count: Int) -> Double {
      Self.left + (Self.right - Self.left) * Double(count) / Double(max(1, last))
    }
    func y(_ value: Double) -> Double {
      Self.bottom - (Self.bottom - Self.top) * min(max((value - low) / (high - low), 0), 1)
    }
    let step = isLogarithmic ? max(1, ((high - low) / 5).rounded(.up)) : 20
    return tag("figure", ["aria-label": title]) {
      tag("figcaption") { title }
      tag("svg", ["viewBox": "0 0 300 154", "role": "img"]) {
        tag("title") { title }
        tag("desc") { words }
        for mark in stride(from: low, through: high, by: step) {
          line((Self.left, y(mark)), (Self.right, y(mark)), "axis")
          label(
            isLogarithmic ? PageNumber.power(Int(mark)) : "\(Int(mark))\(PageNumber.sign)",
            (Self.left - 5, y(mark) + 3.5),
            anchor: "end")
        }
        line((Self.left, y(limit)), (Self.right, y(limit)), "limit")
        label("needed", (Self.left + 4, y(limit) - 4), anchor: "start", style: "strong")
        label("0", (Self.left, Self.bottom + 14), anchor: "middle")
        label(PageNumber.count(last), (Self.right, Self.bottom + 14), anchor: "end")
        if points.count > 1 {
          tag(
            "polyline",
            [
              "class": "curve",
              "points": points.map { "\(PageNumber.coordinate(x($0.count))),\(PageNumber.coordinate(y($0.value)))" }
                .joined(separator: " "),
            ])
        } else if let only = points.first {
          tag(
            "circle",
            [
              "class": "fill", "cx": PageNumber.coordinate(x(only.count)), "cy": PageNumber.coordinate(y(only.value)),
              "r": "3",
            ])
        }
      }
      tag("p", ["class": "small soft"]) { words }
    }
  }

  private func line(_ from: (Double, Double), _ to: (Double, Double), _ style: String) -> Markup {
    tag(
      "line",
      [
        "class": style, "x1": PageNumber.coordinate(from.0), "y1": PageNumber.coordinate(from.1),
        "x2": PageNumber.coordinate(to.0), "y2": PageNumber.coordinate(to.1),
      ])
  }

  private func label(_ text: String, _ place: (Double, Double), anchor: String, style: String? = nil) -> Markup {
    tag(
      "text",
      [
        "class": style, "x": PageNumber.coordinate(place.0), "y": PageNumber.coordinate(place.1), "text-anchor": anchor,
      ]
    ) { text }
  }
}
