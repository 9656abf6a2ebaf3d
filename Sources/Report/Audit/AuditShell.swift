// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// What pages about a bundle and about a decision have in common.
struct AuditShell {
  /// What stands over the page, in a few words.
  let title: String
  /// The file's, without folders.
  let fileName: String
  let madeAt: Timestamp
  /// What was done while the page was made, as the beginning of a sentence.
  let made: String
  /// How to verify the file.
  let commands: Markup

  /// One section under a heading.
  struct Part {
    let key: String
    let title: String
    let body: Markup
  }

  func document(@MarkupBuilder _ content: () -> Markup) -> Markup {
    PageFrame(title: "Audit report: \(title), \(fileName)").document {
      tag("header") {
        tag("p", ["class": "brand"]) { "DriftProof audit report" }
        tag("h1") { "Which model answered at an endpoint, and how sure that is" }
        tag("p", ["class": "soft"]) {
          "\(made) while this page was made, on "
          tag("time", ["datetime": madeAt.text]) { PageFrame.readable(madeAt) }
          ", by driftproof \(ToolVersion.current). The page itself is no proof: at its end it says how to verify the file "
          "yourself."
        }
      }
      tag("main", ["id": "content", "tabindex": "-1"]) {
        tag("section", ["class": "certificate", "aria-labelledby": "title"]) {
          tag("h2", ["id": "title"]) {
            "Audit "
            Markup.name(fileName)
          }
          content()
        }
      }
      tag("footer") { PageFrame.imprint }
    }
  }

  /// Of a file that failed nothing is shown as if it were so.
  func failed(_ sentence: String, reason: String, exitCode: Int32) -> Markup {
    .group([
      tag("div", ["class": "verdict failed", "role": "group", "aria-label": "Verdict"]) {
        tag("p", ["class": "title"]) {
          Self.sign("failed")
          tag("span") { title }
        }
        tag("p") { sentence }
        tag("div", ["class": "reason"]) {
          tag("p") {
            tag("strong") { "Reason: " }
            Markup.clipped(reason)
          }
          tag("p", ["class": "small"]) { "driftproof audit verify ends with exit code \(exitCode)." }
        }
      },
      Self.parts([Part(key: "verify", title: "Verify it yourself", body: commands)], of: fileName),
    ])
  }

  /// A table of contents, and the parts.
  static func parts(_ parts: [Part], of fileName: String) -> Markup {
    .group([
      tag("nav", ["class": "toc", "aria-label": "Parts about \(fileName)"]) {
        tag("ul") { for part in parts { tag("li") { tag("a", ["href": "#\(part.key)"]) { part.title } } } }
      },
      .group(
        parts.map { part in
          tag("section", ["aria-labelledby": part.key]) {
            tag("h3", ["id": part.key]) { part.title }
            part.body
          }
        }),
    ])
  }

  /// A tick, a cross or a dash on a disc; the words beside it say the same.
  static func sign(_ style: String) -> Markup {
    let drawn =
      switch style {
      case "failed": "M10.5 10.5 L21.5 21.5 M21.5 10.5 L10.5 21.5"
      case "open": "M9.5 16 L22.5 16"
      default: "M9 16.5 L14 21.5 L23 11"
      }
    return tag("svg", ["viewBox": "0 0 32 32", "aria-hidden": "true", "focusable": "false"]) {
      tag("circle", ["class": "disc", "cx": "16", "cy": "16", "r": "16"])
      tag("path", ["class": "sign", "d": drawn])
    }
  }

  static func figure(_ title: String, _ value: String, _ remark: String) -> Markup {
    tag("div") {
      tag("dt") { title }
      tag("dd") {
        value
        tag("span", ["class": "small"]) { remark }
      }
    }
  }

  static func item(_ title: String, _ words: String) -> Markup {
    tag("li") {
      tag("strong") { title }
      words
    }
  }
}
