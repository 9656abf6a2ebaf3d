// SPDX-License-Identifier: Apache-2.0

/// Tables that fit a terminal.
struct TableText {
  /// Names, then figures; each row has as many cells.
  let header: [String]
  let rows: [[String]]
  /// Columns to the left; the others are aligned to the right.
  let leftAligned: Int

  private static let gap = "  "
  /// Characters that a shortened name keeps at least.
  private static let leastNameWidth = 16
  private static let ellipsis = "…"

  /// Lines of at most `width` characters where that is possible; nil for any number.
  ///
  /// A table that is too wide first loses the middle of its longest names. If it still is too wide, its last columns follow
  /// below, under the names again: no figure is ever cut.
  func lines(width: Int?) -> [String] {
    guard let width, naturalWidth > width else { return Self.render([header] + rows, leftAligned: leftAligned) }
    let others = columnWidths.dropFirst().map { $0 + Self.gap.count }
    let room = width - others.reduce(0, +)
    let longest = columnWidths.first ?? 0
    // Where the table has to be cut into blocks anyway, names have a third of the line.
    let nameWidth = min(longest, room >= Self.leastNameWidth ? room : max(Self.leastNameWidth, width / 3))
    let shortened = ([header] + rows).map { row in [Self.shortened(row[0], to: nameWidth)] + row.dropFirst() }
    let blocks = Self.blocks(of: others, room: width - nameWidth)
    return blocks.enumerated().flatMap { number, columns in
      let part = shortened.map { row in [row[0]] + columns.map { row[$0 + 1] } }
      let left = 1 + columns.count { $0 + 1 < leftAligned }
      return (number == 0 ? [] : [""]) + Self.render(part, leftAligned: left)
    }
  }

  private var columnWidths: [Int] {
    header.indices.map { column in max(header[column].count, rows.map { $0[column].count }.max() ?? 0) }
  }

  private var naturalWidth: Int { columnWidths.reduce(0) { $0 + $1 + Self.gap.count } - Self.gap.count }

  /// Neighbouring columns that fit beside the names, at least one a block.
  private static func blocks(of widths: [Int], room: Int) -> [Range<Int>] {
    var blocks: [Range<Int>] = []
    var start = 0
    var used = 0
    for (column, width) in widths.enumerated() {
      if column > start, used + width > room {
        blocks.append(start..<column)
        (start, used) = (column, 0)
      }
      used += width
    }
    return blocks + [start..<widths.count]
  }

  /// Beginning and end of a name; the ends of tensors' names tell more than their middles.
  private static func shortened(_ name: String, to width: Int) -> String {
    guard name.count > width else { return name }
    let kept = width - ellipsis.count
    return name.prefix(kept / 2) + ellipsis + name.suffix(kept - kept / 2)
  }

  private static func render(_ rows: [[String]], leftAligned: Int) -> [String] {
    guard let columns = rows.first?.indices else { return [] }
    let widths = columns.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      var line = row.enumerated().map { column, cell in
        let space = String(repeating: " ", count: widths[column] - cell.count)
        return column < leftAligned ? cell + space : space + cell
      }.joined(separator: gap)
      while line.hasSuffix(" ") { line.removeLast() }
      return line
    }
  }
}
