// SPDX-License-Identifier: Apache-2.0

import DriftProofReportFacts
import DriftProofStatement
import Foundation

/// What was allowed, layer by layer and module by module.
struct MapSection {
  let contents: VerifiedContents

  /// Tensors that the full list shows.
  static let shownTensors = 1000

  private var tensors: [ReportedTensor] { contents.tensors }

  var markup: Markup {
    let grids = contents.map.grids.prefix(GridTable.shownGrids)
    let left = contents.map.grids.count - grids.count
    return .group([
      tag("p") {
        "A percentage is of the norm of the base tensor, a plain number is a norm. “rank 8 + 0.3 %” is a change of rank 8 "
        "and a rest of at most 0.3 %. Where tensors share a place they are counted; – means that a layer has no such tensor."
      },
      legend,
      .group(grids.map(table)),
      left > 0
        ? tag("p") { "\(PageNumber.count(left, "further table")) left out; the list below names tensors." } : .nothing,
      others,
      tag("details") {
        tag("summary") { "All tensors, with bounds as numbers" }
        list(
          tensors.sorted { $0.name.compare($1.name, options: .numeric) == .orderedAscending }, label: "All tensors",
          caption: "Tensors of base and fine-tuned model")
      },
    ])
  }

  private static let kinds: [(TensorClass, String)] = [
    (.frozen, "frozen: no change"), (.norm, "norm: every weight may move, all together only so far"),
    (.rank, "rank: few patterns of change"), (.sparse, "entries, rows, columns: few places"),
    (.entrywise, "entrywise: every weight a little"),
    (.kronecker, "Kronecker products: one block, repeated by other factors"),
    (.circulant, "circulant blocks: each row the one above, moved by one"),
    (.pattern, "pattern: a part of every few neighbours"),
    (.composed, "several of these joined"), (.excluded, "any: outside the proof"),
  ]

  private var legend: Markup {
    let used = Set(tensors.map(\.tensorClass))
    return tag("ul", ["class": "legend"]) {
      for (kind, words) in Self.kinds where used.contains(kind) {
        tag("li") {
          tag("span", ["class": "swatch \(Self.style(kind))", "aria-hidden": "true"])
          tag("span") { words }
        }
      }
    }
  }

  static func style(_ kind: TensorClass) -> String { "k-\(kind.rawValue)" }

  private struct Description: Equatable {
    let words: [String]
    let style: String
  }

  private func describe(_ members: [Int]) -> Description {
    var counts: [String: Int] = [:]
    var order: [String] = []
    for member in members {
      let words = tensors[member].shortWords
      if counts[words] == nil { order.append(words) }
      counts[words, default: 0] += 1
    }
    let kinds = Set(members.map { tensors[$0].tensorClass })
    let lines = order.prefix(4).map { words in
      let count = counts[words] ?? 1
      let unbroken = words.split(separator: " %", omittingEmptySubsequences: false).joined(separator: PageNumber.sign)
      return count > 1 ? "\(unbroken) (\(count)\u{A0}tensors)" : unbroken
    }
    return Description(
      words: lines + (order.count > 4 ? ["and \(order.count - 4) more"] : []),
      style: kinds.count == 1 ? kinds.first.map(Self.style) ?? "" : "k-mixed")
  }

  private func cell(_ members: [Int]) -> GridTable.Cell {
    guard !members.isEmpty else { return GridTable.none }
    let description = describe(members)
    let lines = description.words.enumerated().map { index, words in
      Markup.group([index > 0 ? tag("br") : .nothing, .text(words)])
    }
    return GridTable.Cell(content: .group(lines), style: description.style)
  }

  private func table(_ grid: ModuleGrid) -> Markup {
    GridTable(
      grid: grid, title: "Allowed changes", rows: grid.bands(describe).map { ($0.label, $0.cells.map(cell)) }
    ).markup
  }

  private var others: Markup {
    let others = contents.map.others.map { tensors[$0] }
    guard !others.isEmpty else { return .nothing }
    let label = contents.map.grids.isEmpty ? "Tensors" : "Tensors outside layers"
    return list(others, label: label, caption: label)
  }

  private func list(_ members: [ReportedTensor], label: String, caption: String) -> Markup {
    let shown = members.prefix(Self.shownTensors)
    let rest = members.count - shown.count
    return PageTable(
      label: label,
      caption: .text(caption + (rest > 0 ? ", the first \(shown.count) of \(members.count); --json has all" : "")),
      columns: [
        .init("Tensor", "wide"), .init("Type and shape", "nowrap"), .init("May change by", "wide"),
        .init("Norm at most", "num"),
      ],
      rows: shown.map { tensor in
        [
          .name(tensor.name), .text("\(tensor.dtype), \(PageNumber.shape(tensor.shape))"),
          tensor.tensorClass == .excluded ? tag("strong") { tensor.words } : .text(tensor.words),
          .text(tensor.largestNorm.map { PageNumber.number($0) } ?? "no limit"),
        ]
      }
    ).markup
  }
}
