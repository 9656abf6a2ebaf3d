// SPDX-License-Identifier: Apache-2.0

/// A piece of a page. Text and values of attributes are escaped when it is written, names are literals of this program,
/// so no text of others can become markup.
package indirect enum Markup: Sendable {
  case text(String)
  case element(StaticString, [Attribute], [Markup])
  case group([Markup])
  /// Text with line breaks kept as they are, for a style sheet of this program: it must hold no `<` and no `&`.
  case style(StaticString)

  package struct Attribute: Sendable {
    let name: StaticString
    let value: String
  }

  static let nothing = Markup.group([])
}

/// An element with attributes, of which those with nil are left out, and no content.
func tag(_ name: StaticString, _ attributes: KeyValuePairs<StaticString, String?> = [:]) -> Markup {
  tag(name, attributes) {}
}

/// An element with content.
func tag(
  _ name: StaticString, _ attributes: KeyValuePairs<StaticString, String?> = [:],
  @MarkupBuilder _ content: () -> Markup
) -> Markup {
  let given = attributes.compactMap { name, value in value.map { Markup.Attribute(name: name, value: $0) } }
  return .element(name, given, [content()])
}

/// Text and elements one after the other, with `if` and `for`.
@resultBuilder
enum MarkupBuilder {
  static func buildExpression(_ text: String) -> Markup { .text(text) }
  static func buildExpression(_ markup: Markup) -> Markup { markup }
  static func buildBlock(_ parts: Markup...) -> Markup { .group(parts) }
  static func buildOptional(_ part: Markup?) -> Markup { part ?? .nothing }
  static func buildEither(first part: Markup) -> Markup { part }
  static func buildEither(second part: Markup) -> Markup { part }
  static func buildArray(_ parts: [Markup]) -> Markup { .group(parts) }
}

extension Markup {
  /// HTML that is well-formed XML, too.
  package var html: String {
    var output = ""
    write(to: &output)
    return output
  }

  private func write(to output: inout String) {
    switch self {
    case .text(let text): Escaping.append(text, to: &output)
    case .style(let text): output += "\(text)"
    case .group(let parts): for part in parts { part.write(to: &output) }
    case .element(let name, let attributes, let content):
      let name = "\(name)"
      output += "<\(name)"
      for attribute in attributes {
        output += " \(attribute.name)=\""
        Escaping.append(attribute.value, to: &output)
        output += "\""
      }
      // Only these may stand without an end tag in HTML; `<td/>` would stay open.
      if Self.withoutEnd.contains(name) {
        output += "/>"
      } else {
        output += ">"
        for part in content { part.write(to: &output) }
        output += "</\(name)>"
      }
      if Self.endsLine.contains(name) { output += "\n" }
    }
  }

  /// Void elements of HTML, and shapes of SVG without content.
  private static let withoutEnd: Set<String> = ["br", "wbr", "meta", "line", "rect", "polyline", "path", "circle"]
  /// White space after these is not shown.
  private static let endsLine: Set<String> = [
    "head", "title", "meta", "style", "body", "header", "nav", "main", "footer", "section", "div", "p", "h1", "h2",
    "h3",
    "h4", "ul", "ol", "li", "dl", "dd", "table", "caption", "thead", "tbody", "tr", "details", "summary", "figure",
    "pre",
  ]
}
