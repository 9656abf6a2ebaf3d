// SPDX-License-Identifier: Apache-2.0

/// A table with a caption, heads for rows and columns, in a frame that scrolls by itself where the screen is narrow.
struct PageTable {
  struct Column {
    let title: Markup
    /// `num` for figures, `wide` for long text, `meter` for bars.
    let style: String?

    init(_ title: Markup, _ style: String? = nil) {
      self.title = title
      self.style = style
    }
  }

  /// What a screen reader calls the frame.
  let label: String
  let caption: Markup
  let columns: [Column]
  /// As many cells as columns; the first is the row's head.
  let rows: [[Markup]]
  /// A class for each cell, where the table is a map.
  var cellStyles: [[String?]] = []
  var style: String?

  var markup: Markup {
    // Keys scroll only what has the focus.
    tag("div", ["class": "scroll", "tabindex": "0", "role": "region", "aria-label": label]) {
      tag("table", ["class": style]) {
        tag("caption") { caption }
        tag("thead") {
          tag("tr") {
            for column in columns { tag("th", ["scope": "col", "class": column.style]) { column.title } }
          }
        }
        tag("tbody") {
          for (index, row) in rows.enumerated() { tag("tr") { cells(row, at: index) } }
        }
      }
    }
  }

  private func cells(_ row: [Markup], at index: Int) -> Markup {
    let parts = zip(row, columns).enumerated().map { place, cell in
      let (content, column) = cell
      let own = cellStyles.indices.contains(index) ? cellStyles[index][place] : nil
      return place == 0
        ? tag("th", ["scope": "row", "class": column.style]) { content }
        : tag("td", ["class": own ?? column.style]) { content }
    }
    return .group(parts)
  }
}
