// SPDX-License-Identifier: Apache-2.0

import DriftProofReportFacts

/// A grid of layers and modules as a table.
struct GridTable {
  struct Cell {
    let content: Markup
    let style: String
  }

  let grid: ModuleGrid
  /// What the cells say.
  let title: String
  let rows: [(label: String, cells: [Cell])]

  /// Rows and grids that are shown: what is beyond them is counted.
  static let shownRows = 400
  static let shownGrids = 40

  var markup: Markup {
    let shown = rows.prefix(Self.shownRows)
    let part = grid.parts > 1 ? ", part \(grid.part) of \(grid.parts)" : ""
    return PageTable(
      label: "\(title): \(grid.stack)\(part)",
      caption: .group([
        .text("\(title): layers of "), .name(grid.stack), .text(part),
        .text(shown.count < rows.count ? ", the first \(shown.count) of \(rows.count)" : ""),
      ]),
      columns: [.init("Layer")] + grid.modules.map { .init($0.isEmpty ? "(itself)" : .name($0)) },
      rows: shown.map { [.text($0.label)] + $0.cells.map(\.content) },
      cellStyles: shown.map { [nil] + $0.cells.map(\.style) }, style: "map"
    ).markup
  }

  /// A layer without such a tensor.
  static let none = Cell(content: "–", style: "k-none")
}
