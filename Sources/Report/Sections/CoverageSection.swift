// SPDX-License-Identifier: Apache-2.0

import DriftProofReportFacts

/// How much of the model the proof is about.
struct CoverageSection {
  let contents: VerifiedContents

  private struct Kind {
    let key: String
    let title: String
    let meaning: String
    let share: CoverageShare
  }

  private var kinds: [Kind] {
    let coverage = contents.coverage
    // What a link leaves alone may have changed before it.
    let start = contents.verification.parent == nil ? "the base" : "the model that it continues"
    return [
      Kind(
        key: "proved", title: "Proved within bounds", meaning: "may have changed, and only as a rule allows",
        share: coverage.proved),
      Kind(key: "identical", title: "Proved unchanged", meaning: "the same as in \(start)", share: coverage.identical),
      Kind(
        key: "excluded", title: "Outside the proof", meaning: "anything may have happened to them",
        share: coverage.excluded),
    ]
  }

  var markup: Markup {
    .group([
      bar,
      PageTable(
        label: "Coverage", caption: "Tensors and parameters, of base and fine-tuned model together",
        columns: [
          .init("Part"), .init("Meaning", "wide"), .init("Tensors", "num"), .init("Parameters", "num"),
          .init("Share", "num"),
        ],
        rows: kinds.map { kind in
          [
            tag("span", ["class": "key"]) {
              tag("span", ["class": "swatch b-\(kind.key)", "aria-hidden": "true"])
              tag("span") { kind.title }
            }, .text(kind.meaning), .text(PageNumber.count(kind.share.tensors)),
            .text(PageNumber.count(kind.share.parameters)),
            .text(PageNumber.percent(contents.coverage.fraction(kind.share))),
          ]
        }
      ).markup,
      forms.isEmpty ? .nothing : FactList(facts: forms).markup,
    ])
  }

  /// What of the model is not stored as in the base.
  private var forms: [(term: String, value: Markup)] {
    let verification = contents.verification
    var facts: [(term: String, value: Markup)] = []
    if !verification.retyped.isEmpty {
      let types = verification.retyped.map { "\($0.from) to \($0.to): \(PageNumber.count($0.tensors, "tensor"))" }
      facts.append(("Stored in another type", .text("\(types.joined(separator: ", ")). Values are compared.")))
    }
    for tensor in verification.grown {
      let rows = "\(PageNumber.count(tensor.from)) to \(PageNumber.count(tensor.to))"
      facts.append(("Rows added", .group([.name(tensor.name), .text(": \(rows), counted as changes from zero")])))
    }
    return facts
  }

  /// One bar in three parts, in the order of the table.
  private var bar: Markup {
    var start = 0.0
    var parts: [Markup] = []
    var words: [String] = []
    for kind in kinds where kind.share.parameters > 0 {
      let fraction = contents.coverage.fraction(kind.share)
      // A part of whatever size is seen; half a thousandth of the bar at least.
      let width = max(fraction * 1000, 4)
      let place = min(start, 1000 - width)
      parts.append(
        tag(
          "rect",
          [
            "class": "s-\(kind.key)", "x": PageNumber.coordinate(place), "y": "0",
            "width": PageNumber.coordinate(width),
            "height": "32",
          ]))
      words.append("\(kind.title.lowercased()) \(PageNumber.percent(fraction))")
      start += fraction * 1000
    }
    let text = words.isEmpty ? "no parameters" : words.joined(separator: ", ")
    return tag("div", ["class": "share"]) {
      tag("svg", ["viewBox": "0 0 1000 32", "preserveAspectRatio": "none", "role": "img"]) {
        tag("title") { "Parameters: \(text)" }
        Markup.group(parts)
      }
    }
  }
}
