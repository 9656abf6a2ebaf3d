// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A drawing of text, lines, boxes and marks. Colours are classes, so that it follows the reader's light or dark scheme.
struct SVG {
  let width: Double
  let height: Double
  private var body = ""

  init(width: Double, height: Double) {
    self.width = width
    self.height = height
  }

  /// Series colours that keep their contrast on white and on near-black; used round-robin.
  static let palette: [(light: String, dark: String)] = [
    ("#3465a4", "#7aa6dc"), ("#c4601d", "#f0a060"), ("#2e7d4f", "#6cc58f"), ("#8e3b8e", "#d48ad4"),
    ("#a8881a", "#dcc05c"), ("#b03a3a", "#ea8585"), ("#2a8a8a", "#66c8c8"), ("#6b6b6b", "#aaaaaa"),
    ("#5a4fb0", "#a89cf0"), ("#7a5a3a", "#c8a680"), ("#4f7a1a", "#a4cc66"), ("#1a5f7a", "#74b8d8"),
    ("#8a2a5a", "#e090b8"), ("#30404f", "#ccd6e0"), ("#9a9a20", "#e8e880"), ("#b86a8a", "#f4b4cc"),
  ]

  enum Anchor: String { case start, middle, end }

  mutating func text(
    _ text: String, x: Double, y: Double, anchor: Anchor = .start, style: String = "label", turned: Bool = false
  ) {
    let turn = turned ? " transform=\"rotate(-90 \(number(x)) \(number(y)))\"" : ""
    body += "<text class=\"\(style)\" x=\"\(number(x))\" y=\"\(number(y))\" "
    body += "text-anchor=\"\(anchor.rawValue)\"\(turn)>\(Self.escaped(text))</text>\n"
  }

  mutating func line(x1: Double, y1: Double, x2: Double, y2: Double, style: String) {
    body += "<line class=\"\(style)\" x1=\"\(number(x1))\" y1=\"\(number(y1))\" x2=\"\(number(x2))\" "
    body += "y2=\"\(number(y2))\"/>\n"
  }

  /// `title` is shown by browsers when the pointer rests on the box.
  mutating func box(x: Double, y: Double, width: Double, height: Double, series: Int, title: String = "") {
    body += "<rect class=\"s\(series % Self.palette.count)\" x=\"\(number(x))\" y=\"\(number(y))\" "
    body +=
      "width=\"\(number(max(width, 0)))\" height=\"\(number(height))\"><title>\(Self.escaped(title))</title></rect>\n"
  }

  mutating func path(_ points: [(x: Double, y: Double)], series: Int) {
    guard points.count > 1 else { return }
    let list = points.map { "\(number($0.x)),\(number($0.y))" }.joined(separator: " ")
    body += "<polyline class=\"l\(series % Self.palette.count)\" points=\"\(list)\"/>\n"
  }

  mutating func dot(x: Double, y: Double, series: Int, title: String = "") {
    body += "<circle class=\"s\(series % Self.palette.count)\" cx=\"\(number(x))\" cy=\"\(number(y))\" r=\"4\">"
    body += "<title>\(Self.escaped(title))</title></circle>\n"
  }

  /// How figures of others are marked.
  mutating func diamond(x: Double, y: Double, title: String = "") {
    let points = [(x, y - 6), (x + 6, y), (x, y + 6), (x - 6, y)].map { "\(number($0.0)),\(number($0.1))" }
    body += "<polygon class=\"paper\" points=\"\(points.joined(separator: " "))\">"
    body += "<title>\(Self.escaped(title))</title></polygon>\n"
  }

  var rendered: String {
    func rules(_ colour: ((light: String, dark: String)) -> String) -> String {
      Self.palette.enumerated().map { index, pair in
        ".s\(index){fill:\(colour(pair))}.l\(index){stroke:\(colour(pair))}"
      }.joined()
    }
    return """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(number(width)) \(number(height))" \
      width="\(number(width))" height="\(number(height))" role="img">
      <style>
      text{font-family:system-ui,sans-serif;font-size:12px;fill:#222}
      .title{font-size:15px;font-weight:600}.small{font-size:11px}
      .back{fill:#fff}.axis{stroke:#444;stroke-width:1}.grid{stroke:#ddd;stroke-width:1}
      polyline{fill:none;stroke-width:2}.paper{fill:none;stroke:#b00020;stroke-width:2}
      .paperline{stroke:#b00020;stroke-width:1.5;stroke-dasharray:5 4}
      \(rules(\.light))
      @media (prefers-color-scheme: dark){
      text{fill:#e6e6e6}.back{fill:#15181c}.axis{stroke:#bbb}.grid{stroke:#333a42}
      .paper,.paperline{stroke:#ff8095}
      \(rules(\.dark))
      }
      </style>
      <rect class="back" x="0" y="0" width="\(number(width))" height="\(number(height))"/>
      \(body)</svg>

      """
  }

  private func number(_ value: Double) -> String {
    let text = String(format: "%.1f", value.isFinite ? value : 0)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  static func escaped(_ text: String) -> String {
    text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
      .replacingOccurrences(of: ">", with: "&gt;").replacingOccurrences(of: "\"", with: "&quot;")
  }
}
