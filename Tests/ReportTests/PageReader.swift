// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Reads a page with a strict XML parser: whatever an author forgot to close or to escape ends the reading.
final class PageReader: NSObject, XMLParserDelegate {
  struct Element {
    let name: String
    let attributes: [String: String]
    /// Names from the root to its parent.
    let path: [String]
  }

  private(set) var elements: [Element] = []
  /// All text of the body, tags removed.
  private(set) var text = ""
  private(set) var title = ""
  private var open: [String] = []
  private var failure: (any Error)?

  init(_ html: String) throws {
    super.init()
    #expect(html.hasPrefix("<!DOCTYPE html>\n"))
    let parser = XMLParser(data: Data(html.utf8))
    parser.delegate = self
    let isComplete = parser.parse()
    if let failure { throw failure }
    try #require(isComplete && open.isEmpty && elements.count > 40)
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
    attributes: [String: String] = [:]
  ) {
    elements.append(Element(name: name, attributes: attributes, path: open))
    open.append(name)
  }

  func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
    open.removeLast()
  }

  func parser(_ parser: XMLParser, foundCharacters string: String) {
    if open.contains("body") { text += string }
    if open == ["html", "head", "title"] { title += string }
  }

  func parser(_ parser: XMLParser, parseErrorOccurred error: any Error) { failure = error }

  func count(_ name: String) -> Int { elements.count { $0.name == name } }
  var classes: Set<String> { Set(elements.compactMap { $0.attributes["class"] }) }
  var links: [String] { elements.compactMap { $0.attributes["href"] } }

  /// What every page must have, whatever it is about.
  func checkStructure() throws {
    let html = try #require(elements.first)
    #expect(html.name == "html" && html.attributes["lang"] == "en")
    let policy = elements.first { $0.attributes["http-equiv"] == "Content-Security-Policy" }?.attributes["content"]
    #expect(policy?.hasPrefix("default-src 'none'; style-src 'unsafe-inline'") == true)
    #expect(!title.isEmpty)

    let known: Set<String> = [
      "html", "head", "meta", "title", "style", "body", "header", "main", "footer", "nav", "section", "div", "p", "h1",
      "h2",
      "h3", "h4", "ul", "ol", "li", "dl", "dt", "dd", "table", "caption", "thead", "tbody", "tr", "th", "td", "a",
      "bdi",
      "br", "wbr", "code", "pre", "span", "strong", "time", "details", "summary", "figure", "figcaption", "svg", "desc",
      "rect", "line", "polyline", "path", "circle", "text",
    ]
    for element in elements { #expect(known.contains(element.name), "\(element.name)") }
    // Nothing is loaded, nothing runs.
    let ids = elements.compactMap { $0.attributes["id"] }
    #expect(Set(ids).count == ids.count)
    for element in elements {
      for (key, value) in element.attributes {
        #expect(!["src", "srcset", "style", "action", "xlink:href"].contains(key) && !key.hasPrefix("on"), "\(key)")
        if key == "href" { #expect(value.hasPrefix("#") && ids.contains(String(value.dropFirst())), "\(value)") }
        if key == "aria-labelledby" { #expect(ids.contains(value), "\(value)") }
      }
    }
    for name in ["header", "main", "footer", "h1"] { #expect(count(name) == 1, "\(name)") }
    var level = 0
    for element in elements where ["h1", "h2", "h3", "h4"].contains(element.name) {
      let own = element.name == "h1" ? 1 : element.name == "h2" ? 2 : element.name == "h3" ? 3 : 4
      #expect(own <= level + 1)
      level = own
    }
    #expect(count("table") == count("caption") && count("table") == count("thead"))
    for head in elements where head.name == "th" {
      #expect(head.attributes["scope"] == (head.path.contains("thead") ? "col" : "row"))
    }
    let pictures = elements.filter { $0.name == "svg" && $0.attributes["aria-hidden"] == nil }
    #expect(pictures.allSatisfy { $0.attributes["role"] == "img" })
    #expect(pictures.count == elements.count { $0.name == "title" && $0.path.last == "svg" })
  }
}
