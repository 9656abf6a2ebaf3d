// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The singular values of one tensor's change as a line, logarithmic, with the policy's rank marked.
struct SpectrumChart {
  let name: String
  /// Falling, at most 64.
  let values: [Double]
  /// The rank that the policy claims for the whole tensor; nil without one.
  let rank: Int?

  private static let (left, right, top, bottom) = (38.0, 232.0, 10.0, 112.0)
  /// Decades that are shown at most: what is smaller lies on the lower edge.
  private static let decades = 8.0

  var markup: Markup {
    let positive = values.filter { $0 > 0 }
    guard let largest = positive.first, let least = positive.last else { return .nothing }
    let high = log10(largest).rounded(.up)
    let low = max(min(log10(least).rounded(.down), high - 1), high - Self.decades)
    func x(_ index: Double) -> Double {
      Self.left + (Self.right - Self.left) * index / Double(max(1, values.count - 1))
    }
    func y(_ value: Double) -> Double {
      let place = (log10(value) - low) / (high - low)
      return Self.bottom - (Self.bottom - Self.top) * min(max(place, 0), 1)
    }
    let points = positive.enumerated().map { index, value in
      "\(PageNumber.coordinate(x(Double(index)))),\(PageNumber.coordinate(y(value)))"
    }
    // Every decade has a line, every second one a number where there are many.
    let labelled = high - low > 4 ? 2 : 1
    return tag("figure", ["aria-label": "Spectrum of \(name.prefix(80))"]) {
      tag("figcaption") { Markup.name(name) }
      tag("svg", ["viewBox": "0 0 240 132", "role": "img"]) {
        tag("title") { "Singular values of the change of \(name.prefix(80))" }
        tag("desc") { words }
        for (index, decade) in stride(from: low, through: high, by: 1).enumerated() {
          line((Self.left, y(pow(10, decade))), (Self.right, y(pow(10, decade))), "axis")
          if index % labelled == 0 {
            label(PageNumber.power(Int(decade)), (Self.left - 5, y(pow(10, decade)) + 3.5), anchor: "end")
          }
        }
        label("1", (x(0), Self.bottom + 14), anchor: "middle")
        label("\(values.count)", (Self.right, Self.bottom + 14), anchor: "end")
        if let rank, rank < values.count {
          let place = x(Double(rank) - 0.5)
          line((place, Self.top - 6), (place, Self.bottom), "limit")
          label("rank \(rank)", (place + 4, Self.top + 2), anchor: "start", style: "strong")
        }
        if points.count > 1 {
          tag("polyline", ["class": "curve", "points": points.joined(separator: " ")])
        } else {
          tag(
            "circle",
            ["class": "fill", "cx": PageNumber.coordinate(x(0)), "cy": PageNumber.coordinate(y(largest)), "r": "3"])
        }
      }
      tag("p", ["class": "small soft"]) { words }
    }
  }

  /// The same in words.
  var words: String {
    let positive = values.filter { $0 > 0 }
    guard let first = positive.first, let last = positive.last else { return "No singular values." }
    var words = ["largest \(PageNumber.number(first, digits: 3))"]
    if let rank, rank > 1, rank < positive.count {
      words.append("number \(rank) is \(PageNumber.number(positive[rank - 1], digits: 3))")
      words.append("the next \(PageNumber.number(positive[rank], digits: 3))")
    }
    if positive.count > 1 { words.append("number \(positive.count) is \(PageNumber.number(last, digits: 3))") }
    if positive.count < values.count { words.append("the others are zero") }
    return "Singular values: " + words.joined(separator: ", ") + "."
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
