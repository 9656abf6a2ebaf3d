// SPDX-License-Identifier: Apache-2.0

import DriftProofInspection
import DriftProofReportFacts
import DriftProofCheckpoint
import DriftProofPolicy

/// What the weights themselves show. Not proved, and not public.
struct MeasurementSection {
  let contents: VerifiedContents
  let measurement: WeightMeasurement

  /// Spectra that are drawn, and those of them that are seen at once.
  static let shownSpectra = 48
  static let openSpectra = 12
  static let shownFiles = 20

  var markup: Markup {
    .group([
      tag("div", ["class": "note failed"]) {
        tag("p") {
          tag("strong") { "This part is measured, not proved. " }
          "It was computed from the two models by whoever made this page, and it shows things about the weights that the "
          "certificate hides. Who passes this page on publishes them."
        }
      },
      leftOut,
      doubts,
      summary,
      heat,
      spectra,
      MeasuredTensors(measurement: measurement).markup,
    ])
  }

  private var doubts: Markup {
    guard !measurement.doubts.isEmpty else {
      return tag("p") {
        "Names, types, shapes, the base's identity, the unchanged tensors and the bounds fit the certificate. That these "
        "are the certified models is known only after driftproof check, which needs the opening."
      }
    }
    return tag("div", ["class": "note failed"]) {
      tag("p") { tag("strong") { "These are not the certificate's models:" } }
      tag("ul") { for doubt in measurement.doubts { tag("li") { Markup.clipped(doubt.description) } } }
    }
  }

  private var leftOut: Markup {
    guard !measurement.filesLeftOut.isEmpty else { return .nothing }
    return tag("div", ["class": "note failed"]) {
      tag("p") {
        tag("strong") { "Files were left out. " }
        "These could be loaded as weights, too, and whoever made this page said that they are no part of the models: "
        for (index, name) in measurement.filesLeftOut.prefix(Self.shownFiles).enumerated() {
          if index > 0 { ", " }
          Markup.name(name)
        }
        measurement.filesLeftOut.count > Self.shownFiles
          ? " and \(PageNumber.count(measurement.filesLeftOut.count - Self.shownFiles)) more." : "."
      }
    }
  }

  private var summary: Markup {
    let inspection = measurement.inspection
    let base = inspection.baseNorm
    let share = base > 0 ? ", \(Self.percent(inspection.driftNorm / base)) of the base's norm" : ""
    let apart =
      inspection.missing.count + inspection.added.count + inspection.reshaped.count + inspection.recast.count
    return .group([
      tag("p") {
        "\(PageNumber.count(inspection.changedTensorCount)) of \(PageNumber.count(inspection.tensors.count, "tensor")) "
        "changed. All changes together have a norm of \(PageNumber.number(inspection.driftNorm))\(share)."
        if apart > 0 {
          " \(PageNumber.count(apart, "tensor")) could not be compared: they are on one side only, or of another shape or type."
        }
      },
      measurement.isAdapter
        ? tag("p") {
          "The tuned model is an unmerged adapter: of its products the norm is shown, and as the largest change, too; every "
          "entry of their tensors counts as changed. Their ranks are in the certificate."
        } : .nothing,
      measurement.withoutSpectrum.isEmpty
        ? .nothing
        : tag("p") {
          "Singular values and ranks of \(PageNumber.count(measurement.withoutSpectrum.count, "matrix", plural: "matrices")) "
          "were left out to save time, such as "
          Markup.name(measurement.withoutSpectrum.first ?? "")
          ". All other measures are of every tensor."
        },
    ])
  }

  // MARK: Heat map

  /// ‖Δ‖/‖W‖; infinite for a change away from zero, nil where a tensor was not measured.
  private func relative(_ index: Int) -> Double? {
    guard let tensor = measurement.tensors[contents.tensors[index].name] else { return nil }
    switch tensor.outcome {
    case .identical: return 0
    case .drifted(let drift): return drift.norm == 0 ? 0 : drift.relativeNorm ?? .infinity
    case .bytesDiffer, .notEncodable: return nil
    }
  }

  private var heat: Markup {
    guard let scale = HeatScale(measurement.inspection.tensors.compactMap { $0.drift?.relativeNorm }) else {
      return tag("p") { "No tensor with a norm changed." }
    }
    let changed = contents.map.grids.filter { grid in
      grid.rows.contains { row in row.cells.contains { cell in cell.contains { relative($0) != 0 } } }
    }
    let grids = changed.prefix(GridTable.shownGrids)
    let left = contents.map.grids.count - changed.count
    return .group([
      tag("h4") { "Relative change" },
      tag("p") { "The norm of each change, as a percentage of the base tensor's norm." },
      legend(scale),
      .group(
        grids.map { grid in
          GridTable(
            grid: grid, title: "Relative change",
            rows: grid.rows.map { row in (row.layer, row.cells.map { cell($0, scale) }) }
          ).markup
        }),
      left > 0 ? tag("p") { "\(PageNumber.count(left, "table")) without any change left out." } : .nothing,
    ])
  }

  private func legend(_ scale: HeatScale) -> Markup {
    tag("ul", ["class": "legend"]) {
      tag("li") {
        tag("span", ["class": "swatch h0", "aria-hidden": "true"])
        tag("span") { "no change" }
      }
      for step in 1...HeatScale.steps {
        tag("li") {
          tag("span", ["class": "swatch h\(step)", "aria-hidden": "true"])
          tag("span") { "\(Self.percent(scale.range(step).from)) to \(Self.percent(scale.range(step).to))" }
        }
      }
    }
  }

  private func cell(_ members: [Int], _ scale: HeatScale) -> GridTable.Cell {
    guard !members.isEmpty else { return GridTable.none }
    let known = members.compactMap(relative)
    guard let most = known.max() else { return GridTable.Cell(content: "not measured", style: "k-none") }
    let words = most == 0 ? "0" : most.isFinite ? Self.percent(most) : "from zero"
    let several = members.count > 1 && most > 0 ? " (most of \(members.count))" : ""
    return GridTable.Cell(content: .text(words + several), style: "h\(scale.step(most))")
  }

  static func percent(_ fraction: Double) -> String { PageNumber.number(fraction * 100, digits: 2) + PageNumber.sign }

  // MARK: Spectra

  private var spectra: Markup {
    let measured = contents.tensors.compactMap { tensor -> (tensor: ReportedTensor, values: [Double], size: Double)? in
      guard let drift = measurement.tensors[tensor.name]?.drift, let lowRank = drift.lowRank else { return nil }
      return (tensor, lowRank.singularValues, drift.relativeNorm ?? .infinity)
    }
    guard !measured.isEmpty else { return .nothing }
    let shown = measured.sorted { $0.size > $1.size }.prefix(Self.shownSpectra)
    let rest = measured.count - shown.count
    func charts(_ entries: ArraySlice<(tensor: ReportedTensor, values: [Double], size: Double)>) -> Markup {
      tag("div", ["class": "charts"]) {
        for entry in entries {
          SpectrumChart(name: entry.tensor.name, values: entry.values, rank: rank(of: entry.tensor)).markup
        }
      }
    }
    return .group([
      tag("h4") { "Singular values of the changes" },
      tag("p") {
        "A change of rank r has r singular values and then none. After rounding the rest is small, not zero: a cliff in the "
        "line. The dashed line is the rank that the policy allows. The largest relative changes come first."
        if rest > 0 { " \(PageNumber.count(rest, "tensor")) with smaller ones are left out." }
      },
      charts(shown.prefix(Self.openSpectra)),
      shown.count > Self.openSpectra
        ? tag("details") {
          tag("summary") { "\(shown.count - Self.openSpectra) more" }
          charts(shown.dropFirst(Self.openSpectra))
        } : .nothing,
    ])
  }

  /// The least rank that a clause claims for the whole tensor.
  private func rank(of tensor: ReportedTensor) -> Int? {
    guard contents.policy.rules.indices.contains(tensor.rule) else { return nil }
    let clauses: [ClauseForm]
    switch contents.policy.rules[tensor.rule].allowance {
    case .clauses(let forms), .grow(_, let forms): clauses = forms
    case .frozen, .any, .heads: return nil
    }
    return clauses.compactMap { clause in
      clause.rank
    }.min()
  }
}

/// How many weights changed, tensor by tensor.
struct MeasuredTensors {
  let measurement: WeightMeasurement

  /// Tensors that are shown.
  static let shownTensors = 300

  private var changed: [(tensor: TensorInspection, drift: DriftMeasure)] {
    measurement.inspection.tensors.compactMap { tensor in tensor.drift.map { (tensor, $0) } }
  }

  var markup: Markup {
    let changed = changed
    let uncounted = measurement.inspection.tensors.filter { tensor in
      if case .bytesDiffer = tensor.outcome { return true }
      if case .notEncodable = tensor.outcome { return true }
      return false
    }
    guard !changed.isEmpty || !uncounted.isEmpty else { return .nothing }
    let shown = changed.sorted { ($0.drift.relativeNorm ?? .infinity) > ($1.drift.relativeNorm ?? .infinity) }
      .prefix(Self.shownTensors)
    let rest = changed.count - shown.count
    return .group([
      tag("h4") { "How many weights changed" },
      PageTable(
        label: "Changed tensors",
        caption: .text(
          "Changed tensors, the largest relative change first. The rank is the least that explains the change up to "
            + "rounding; “?” says that it means little there"
            + (rest > 0 ? "; the first \(shown.count) of \(changed.count), --json has all" : "")),
        columns: [
          .init("Tensor", "wide"), .init("‖Δ‖/‖W‖", "num"), .init("Largest change", "num"), .init("Entries", "num"),
          .init("Share", "num"), .init("", "meter"), .init("Rows", "num"), .init("Columns", "num"),
          .init("Rank", "num"),
        ], rows: shown.map(row)
      ).markup,
      uncounted.isEmpty
        ? .nothing
        : tag("p") {
          "\(PageNumber.count(uncounted.count, "tensor")) changed that have no norm, such as counters: "
          for (index, tensor) in uncounted.prefix(20).enumerated() {
            if index > 0 { ", " }
            Markup.name(tensor.name)
          }
          uncounted.count > 20 ? " and \(uncounted.count - 20) more." : "."
        },
    ])
  }

  private func row(_ tensor: TensorInspection, _ drift: DriftMeasure) -> [Markup] {
    let (rows, columns) = Shape.matrix(tensor.tunedShape)
    let share = tensor.entryCount > 0 ? Double(drift.changedEntries) / Double(tensor.entryCount) : 0
    let rank = drift.lowRank.map { "\($0.rank)\(drift.warning == nil ? "" : "?")" } ?? "–"
    return [
      .name(tensor.name), .text(drift.relativeNorm.map(MeasurementSection.percent) ?? "from zero"),
      .text(PageNumber.number(drift.maximum, digits: 3)), .text(PageNumber.count(drift.changedEntries)),
      .text(PageNumber.percent(share)), bar(share),
      .text("\(PageNumber.count(drift.changedRows)) of \(PageNumber.count(rows))"),
      .text("\(PageNumber.count(drift.changedColumns)) of \(PageNumber.count(columns))"), .text(rank),
    ]
  }

  private func bar(_ share: Double) -> Markup {
    tag("svg", ["viewBox": "0 0 100 10", "preserveAspectRatio": "none", "aria-hidden": "true", "focusable": "false"]) {
      tag("rect", ["class": "track", "width": "100", "height": "10"])
      tag("rect", ["class": "fill", "width": PageNumber.coordinate(100 * min(1, share)), "height": "10"])
    }
  }
}
