// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// What every page has around what it says.
struct PageFrame {
  let title: String

  /// Nothing may be loaded from anywhere, and no script may run, even if one got in.
  static let contentSecurityPolicy =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

  func document(@MarkupBuilder _ body: () -> Markup) -> Markup {
    tag("html", ["lang": "en"]) {
      tag("head") {
        tag("meta", ["charset": "utf-8"])
        tag("meta", ["http-equiv": "Content-Security-Policy", "content": Self.contentSecurityPolicy])
        tag("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"])
        tag("meta", ["name": "color-scheme", "content": "light dark"])
        tag("meta", ["name": "referrer", "content": "no-referrer"])
        tag("title") { title }
        for sheet in PageStyle.sheets { tag("style") { Markup.style(sheet) } }
      }
      tag("body") {
        tag("a", ["class": "skip", "href": "#content"]) { "Skip to the verdict" }
        body()
      }
    }
  }

  static var imprint: Markup {
    tag("p") {
      "Made by driftproof \(ToolVersion.current). This page is complete in itself: it loads nothing and runs no script."
    }
  }

  /// `2026-03-01 12:30 UTC`.
  static func readable(_ time: Timestamp) -> String {
    guard time.text.hasSuffix("Z") else { return time.text }
    return time.text.prefix(10) + " " + time.text.dropFirst(11).prefix(5) + " UTC"
  }
}
