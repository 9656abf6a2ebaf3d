// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Stacked horizontal bars, one a case, on a linear axis from zero.
struct BarChart {
  struct Bar {
    let label: String
    let parts: [(name: String, value: Double)]
    /// A figure of the paper for this bar.
    let paper: Double?
    var total: Double { parts.reduce(0) { $0 + $1.value } }
  }

  let title: String
  let unit: String
  let bars: [Bar]
  /// True: each bar has the full width and shows shares; its total is printed beside it.
  let isShare: Bool
  let format: (Double) -> String

  func render() -> String {
    let names = legend
    let (left, right, top, row) = (200.0, 110.0, 46.0, 26.0)
    let legendRows = (names.count + 3) / 4
    let plotHeight = row * Double(bars.count)
    let width = 900.0
    var svg = SVG(width: width, height: top + plotHeight + 52 + 18 * Double(legendRows))
    svg.text(title, x: 12, y: 24, style: "title")
    let plotWidth = width - left - right
    let limit = isShare ? 1 : max(bars.map { max($0.total, $0.paper ?? 0) }.max() ?? 1, .leastNormalMagnitude)
    let step = isShare ? 0.2 : Self.niceStep(limit)
    for tick in stride(from: 0, through: limit * 1.0001, by: step) {
      let x = left + plotWidth * tick / limit
      svg.line(x1: x, y1: top, x2: x, y2: top + plotHeight, style: "grid")
      svg.text(
        isShare ? "\(Int((tick * 100).rounded()))" : Self.tickText(tick), x: x, y: top + plotHeight + 16,
        anchor: .middle, style: "small")
    }
    svg.text(
      isShare ? "share of the total, %" : unit, x: left + plotWidth / 2, y: top + plotHeight + 34, anchor: .middle)
    for (index, bar) in bars.enumerated() {
      let y = top + row * Double(index) + 4
      svg.text(bar.label, x: left - 8, y: y + 13, anchor: .end)
      var x = left
      let whole = isShare ? max(bar.total, .leastNormalMagnitude) : limit
      for part in bar.parts {
        let length = plotWidth * part.value / whole
        svg.box(
          x: x, y: y, width: length, height: row - 8, series: names.firstIndex(of: part.name) ?? 0,
          title: "\(bar.label), \(part.name): \(format(part.value))")
        x += length
      }
      svg.text(format(bar.total), x: x + 8, y: y + 13, style: "small")
      if let paper = bar.paper, !isShare {
        svg.diamond(x: left + plotWidth * paper / limit, y: y + 9, title: "the paper: \(format(paper))")
      }
    }
    svg.line(x1: left, y1: top, x2: left, y2: top + plotHeight, style: "axis")
    let legendTop = top + plotHeight + 54
    for (index, name) in names.enumerated() {
      let x = 20 + 220 * Double(index % 4)
      let y = legendTop + 18 * Double(index / 4)
      svg.box(x: x, y: y - 10, width: 12, height: 12, series: index)
      svg.text(name, x: x + 18, y: y, style: "small")
    }
    return svg.rendered
  }

  /// Names in the order in which bars bring them.
  private var legend: [String] {
    var names: [String] = []
    for bar in bars { for part in bar.parts where !names.contains(part.name) { names.append(part.name) } }
    return names
  }

  /// 1, 2 or 5 times a power of ten: about six ticks.
  static func niceStep(_ limit: Double) -> Double {
    let raw = limit / 6
    let power = pow(10, log10(raw).rounded(.down))
    return power * ([1, 2, 5, 10].first { $0 * power >= raw } ?? 10)
  }

  static func tickText(_ value: Double) -> String {
    value == 0 ? "0" : String(format: "%.4g", value)
  }
}

/// Points and lines on two logarithmic axes.
struct LogLogChart {
  struct Series {
    let name: String
    let points: [(x: Double, y: Double)]
    let isLine: Bool
  }

  let title: String
  let xLabel: String
  let yLabel: String
  let series: [Series]
  /// Marked points of the paper.
  let paper: [(name: String, x: Double, y: Double)]
  /// Of points, and of the marks on the vertical axis.
  let format: (Double) -> String
  let tick: (Double) -> String

  func render() -> String {
    let (width, height, left, right, top, bottom) = (760.0, 460.0, 90.0, 20.0, 46.0, 92.0)
    var svg = SVG(width: width, height: height)
    svg.text(title, x: 12, y: 24, style: "title")
    let all = series.flatMap(\.points) + paper.map { ($0.x, $0.y) }
    let points = all.filter { $0.0 > 0 && $0.1 > 0 }
    let xLogs = points.map { log2($0.0) }
    let yLogs = points.map { log10($0.1) }
    let (x0, x1) = ((xLogs.min() ?? 20).rounded(.down), max((xLogs.max() ?? 33).rounded(.up), (xLogs.min() ?? 20) + 1))
    let (y0, y1) = ((yLogs.min() ?? 0).rounded(.down), max((yLogs.max() ?? 1).rounded(.up), (yLogs.min() ?? 0) + 1))
    func place(_ point: (x: Double, y: Double)) -> (x: Double, y: Double) {
      (
        left + (width - left - right) * (log2(point.x) - x0) / (x1 - x0),
        height - bottom - (height - top - bottom) * (log10(point.y) - y0) / (y1 - y0)
      )
    }
    for exponent in Int(x0)...Int(x1) {
      let x = place((pow(2, Double(exponent)), pow(10, y0))).x
      svg.line(x1: x, y1: top, x2: x, y2: height - bottom, style: "grid")
      svg.text("2^\(exponent)", x: x, y: height - bottom + 16, anchor: .middle, style: "small")
    }
    for exponent in Int(y0)...Int(y1) {
      let y = place((pow(2, x0), pow(10, Double(exponent)))).y
      svg.line(x1: left, y1: y, x2: width - right, y2: y, style: "grid")
      svg.text(tick(pow(10, Double(exponent))), x: left - 6, y: y + 4, anchor: .end, style: "small")
    }
    svg.line(x1: left, y1: top, x2: left, y2: height - bottom, style: "axis")
    svg.line(x1: left, y1: height - bottom, x2: width - right, y2: height - bottom, style: "axis")
    svg.text(xLabel, x: (left + width - right) / 2, y: height - bottom + 36, anchor: .middle)
    svg.text(yLabel, x: 20, y: (top + height - bottom) / 2, anchor: .middle, turned: true)
    for (index, one) in series.enumerated() {
      let placed = one.points.filter { $0.x > 0 && $0.y > 0 }.sorted { $0.x < $1.x }
      if one.isLine { svg.path(placed.map(place), series: index) }
      for point in placed {
        let (x, y) = place(point)
        svg.dot(x: x, y: y, series: index, title: "\(one.name): \(format(point.y))")
      }
      let x = 20 + 180 * Double(index % 4)
      let y = height - 34 + 18 * Double(index / 4)
      svg.dot(x: x + 5, y: y - 4, series: index)
      svg.text(one.name, x: x + 16, y: y, style: "small")
    }
    for mark in paper {
      let (x, y) = place((mark.x, mark.y))
      svg.diamond(x: x, y: y, title: "the paper, \(mark.name): \(format(mark.y))")
      let isLeft = x < left + 0.6 * (width - left - right)
      svg.text(
        "paper: \(mark.name)", x: isLeft ? x + 10 : x - 10, y: y + 4, anchor: isLeft ? .start : .end, style: "small")
    }
    return svg.rendered
  }
}
