// SPDX-License-Identifier: Apache-2.0

@testable import DriftProofReport
import Testing

/// Text of others stays text.
struct MarkupTests {
  @Test func textAndAttributesAreEscaped() {
    let markup = tag("p", ["class": "\"><script>alert(1)</script>"]) { "</p><script>alert('1') & more</script>" }
    #expect(
      markup.html
        == "<p class=\"&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;\">&lt;/p&gt;&lt;script&gt;alert(&#39;1&#39;) &amp; "
        + "more&lt;/script&gt;</p>\n")
  }

  /// Nothing invisible, nothing that reorders, nothing that XML forbids.
  @Test(arguments: [
    ("a\u{0}b", "a[U+0000]b"), ("a\nb\tc", "a[U+000A]b[U+0009]c"), ("\u{7F}", "[U+007F]"), ("\u{85}", "[U+0085]"),
    ("\u{202E}gpj.exe", "[U+202E]gpj.exe"), ("\u{2066}x\u{2069}", "[U+2066]x[U+2069]"), ("\u{200F}", "[U+200F]"),
    ("a\u{200B}b\u{FEFF}", "a[U+200B]b[U+FEFF]"), ("\u{2028}", "[U+2028]"), ("\u{FFFE}\u{FFFF}", "[U+FFFE][U+FFFF]"),
    ("\u{E000}", "[U+E000]"), ("\u{E0041}", "[U+E0041]"), ("\u{3164}", "[U+3164]"), ("\u{2003}", "[U+2003]"),
    ("\u{AD}", "[U+00AD]"), ("\u{FE0F}", "[U+FE0F]"), ("‖Δ‖ ≤ 2 × 10 – “שלום” 重み", "‖Δ‖ ≤ 2 × 10 – “שלום” 重み"),
  ])
  func charactersWithoutFormAreShown(_ text: String, _ shown: String) {
    #expect(Markup.text(text).html == shown)
    #expect(tag("meta", ["content": text]).html == "<meta content=\"\(shown)\"/>\n")
  }

  @Test func namesAreSetApartAndCut() {
    #expect(Markup.name("a.b<i>").html == "<bdi class=\"name\">a.<wbr/>b&lt;i&gt;</bdi>")
    let long = Markup.name(String(repeating: "x", count: 5000)).html
    #expect(long.contains("… (5000 bytes)") && long.count < 300)
    let sentence = Markup.clipped(String(repeating: "y", count: 5000)).html
    #expect(sentence.contains("… (5000 bytes)") && sentence.count < 1100)
  }

  @Test func buildsWithConditionsAndLoops() {
    func list(_ items: [String]) -> Markup {
      tag("ul", ["class": items.isEmpty ? nil : "full"]) {
        for item in items { tag("li") { item } }
        if items.isEmpty { tag("li") { "none" } } else { tag("br") }
      }
    }
    #expect(list([]).html == "<ul><li>none</li>\n</ul>\n")
    #expect(list(["a", "b"]).html == "<ul class=\"full\"><li>a</li>\n<li>b</li>\n<br/></ul>\n")
    // An element without content has an end tag, unless HTML gives it none.
    #expect(tag("td").html == "<td></td>" && tag("span", ["class": "x"]).html == "<span class=\"x\"></span>")
  }

  /// A style sheet is written as it is.
  @Test func styleSheetsNeedNoEscape() {
    for sheet in PageStyle.sheets {
      let text = "\(sheet)"
      #expect(!text.contains("<") && !text.contains("&") && !text.contains("url(") && !text.contains("@import"))
    }
  }

  @Test func shellQuoting() {
    #expect(CommandsSection.quoted("tuned.drift") == "tuned.drift")
    #expect(CommandsSection.quoted("a b") == "'a b'")
    #expect(CommandsSection.quoted("a'; rm -rf '") == "'a'\\''; rm -rf '\\'''")
    #expect(CommandsSection.quoted("-rf") == "./-rf")
    #expect(CommandsSection.quoted("$(x)") == "'$(x)'")
    #expect(CommandsSection.quoted("") == "''")
  }

  @Test func numbersAreNeverRoundedToAllOrNothing() {
    let shares = [0, 1, 1e-9, 0.999999, 0.25, 2.5].map { PageNumber.percent($0) }
    #expect(shares == ["0", "100", "< 0.1", "> 99.9", "25.0", "250"].map { $0 + "\u{A0}%" })
    #expect(PageNumber.number(0.002134) == "0.002134" && PageNumber.number(1.25e-12) == "1.25\u{A0}×\u{A0}10⁻¹²")
    #expect(PageNumber.bits(128.59) == "128.5" && PageNumber.count(-1_234_567) == "-1,234,567")
    #expect(PageNumber.byteCount(999) == "999 bytes" && PageNumber.byteCount(401_500) == "401.5 KB")
  }

  @Test func heatHasSevenStepsOverDecades() throws {
    #expect(HeatScale([]) == nil && HeatScale([0, .infinity]) == nil)
    let scale = try #require(HeatScale([1e-4, 1e-2, 0, .infinity]))
    #expect(scale.step(0) == 0 && scale.step(1e-4) == 1 && scale.step(1e-2) == 7 && scale.step(.infinity) == 7)
    #expect(scale.step(1e-3) == 4 && scale.step(1e-9) == 1)
    // Sizes within a decade do not fill the scale.
    let narrow = try #require(HeatScale([0.5, 0.6]))
    #expect(narrow.step(0.6) == 7 && narrow.step(0.5) >= 6)
  }
}
