// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofInspection
import DriftProofCheckpoint

/// An inspection as a table.
enum InspectText {
  private static let header = [
    "tensor", "dtype", "shape", "‖W‖", "‖Δ‖", "‖Δ‖/‖W‖", "max|Δ|", "entries", "rows", "columns", "rank r", "‖Δ-Δr‖",
    "/‖W‖", "/‖Δ‖", "max|Δ-Δr|",
  ]

  static func render(_ inspection: CheckpointInspection) -> String {
    var lines = Format.table(header: header, rows: inspection.tensors.map(row), leftAligned: 3)
    let remarks = remarks(inspection)
    if !remarks.isEmpty { lines += [""] + remarks }
    lines += patterns(inspection)
    lines += differences(inspection)
    if !inspection.notes.isEmpty { lines += [""] + inspection.notes }
    lines += ["", total(inspection)]
    return lines.joined(separator: "\n") + "\n"
  }

  private static func total(_ inspection: CheckpointInspection) -> String {
    let (drift, base) = (inspection.driftNorm, inspection.baseNorm)
    guard !inspection.tensors.isEmpty else {
      return "NOTHING WAS COMPARED: no tensor has one name, dtype and shape on both sides"
    }
    let relative = base > 0 ? " (\(Format.number(drift / base)) of ‖W‖)" : ""
    let norm =
      inspection.measuredTensorCount > 0
      ? "‖Δ‖ \(Format.number(drift))\(relative)" : "no tensor has a drift in numbers, bytes were compared"
    let rest = inspection.uncomparedCount
    return "total: \(norm), "
      + "\(Format.count(inspection.parameterCount, "parameter")), "
      + "\(Format.count(inspection.changedTensorCount)) of \(Format.count(inspection.tensors.count, "tensor")) changed"
      + (rest > 0 ? "; \(Format.count(rest)) NOT COMPARED" : "")
  }

  private static func row(_ tensor: TensorInspection) -> [String] {
    let start = [
      Quoting.plain(tensor.name),
      tensor.dtype.rawValue + (tensor.dtype == tensor.tunedDtype ? "" : " -> \(tensor.tunedDtype.rawValue)"),
      Format.shape(tensor.shape) + (tensor.shape == tensor.tunedShape ? "" : " -> \(Format.shape(tensor.tunedShape))"),
      tensor.baseNorm.map { Format.number($0) } ?? "-",
    ]
    let blank = Array(repeating: "", count: header.count - start.count)
    switch tensor.outcome {
    case .identical: return start + ["identical"] + blank.dropFirst()
    case .bytesDiffer(let entries), .notEncodable(_, let entries):
      return start + ["-", "-", "-", Format.count(entries)] + blank.dropFirst(4)
    case .drifted(let drift):
      let numbers = [
        Format.number(drift.norm), drift.relativeNorm.map { Format.number($0) } ?? "-", Format.number(drift.maximum),
        Format.count(drift.changedEntries), Format.count(drift.changedRows), Format.count(drift.changedColumns),
      ]
      guard let lowRank = drift.lowRank else { return start + numbers + ["-", "", "", "", ""] }
      return start + numbers + [
        "\(lowRank.rank)\(drift.warning == nil ? "" : "?")", Format.number(lowRank.residual),
        lowRank.residualOfBase.map { Format.number($0) } ?? "-", Format.number(lowRank.residualOfDrift),
        Format.number(lowRank.largestResidual),
      ]
    }
  }

  /// Sentences where the numbers alone could mislead, each once with the tensors that it is about.
  private static func remarks(_ inspection: CheckpointInspection) -> [String] {
    var names: [String: [String]] = [:]
    var order: [String] = []
    for tensor in inspection.tensors {
      guard let remark = remark(tensor) else { continue }
      if names[remark] == nil { order.append(remark) }
      names[remark, default: []].append(Quoting.plain(tensor.name))
    }
    let shown = 3
    return order.map { remark in
      let all = names[remark] ?? []
      let rest = all.count > shown + 1 ? " and \(all.count - shown) more" : ""
      return "\(all.prefix(rest.isEmpty ? all.count : shown).joined(separator: ", "))\(rest): \(remark)"
    }
  }

  private static func remark(_ tensor: TensorInspection) -> String? {
    switch tensor.outcome {
    case .identical: return nil
    case .bytesDiffer: return "changed; \(tensor.dtype.rawValue) tensors are compared exactly."
    case .notEncodable(let reason, _): return "changed, but not measured: \(reason)."
    case .drifted(let drift):
      if drift.norm == 0 { return "bytes changed, but below the encoding's precision." }
      if drift.isUnitCoarse, drift.warning == nil { return coarseness }
      if tensor.addedRows > 0, drift.warning == nil { return growth(tensor) }
      return drift.warning.map { sentence($0, of: tensor) + (drift.isUnitCoarse ? " Beside, \(coarseness)" : "") }
    }
  }

  /// Tensors whose change has a form that a policy could ask for beside ranks and counts, by form.
  private static func patterns(_ inspection: CheckpointInspection) -> [String] {
    let lines =
      lines(inspection) { tensor in
        tensor.drift?.pattern.map {
          "the change is \($0.text), at most \($0.count) of every \($0.group) neighbours in a row."
        }
      }
      + lines(inspection) { tensor in
        tensor.drift?.kronecker.map { measure in
          "the change is \(measure.terms == 1 ? "one Kronecker product" : "a sum of \(measure.terms) Kronecker products") with inner "
            + "factors of \(measure.rows) × \(measure.columns), as LoKr adds them"
            + (measure.isExpressible ? "." : "; no clause has blocks of sizes that are no powers of two.")
        }
      }
      + lines(inspection) { tensor in
        tensor.drift?.circulant.map { "the change has circulant blocks of \($0.size) × \($0.size), as C3A adds them." }
      }
      + lines(inspection) { tensor in
        // Few zeros say nothing.
        tensor.drift?.zeros.flatMap { zeros in
          zeros.refilled == 0 && zeros.base >= tensor.entryCount / 8 && zeros.base > 0
            ? "weights that are zero in the base stay zero." : nil
        }
      }
    return lines.isEmpty ? [] : [""] + lines
  }

  /// One line for each thing that is said, with the tensors that it is said of.
  private static func lines(
    _ inspection: CheckpointInspection, _ say: (TensorInspection) -> String?
  ) -> [String] {
    var names: [String: [String]] = [:]
    var order: [String] = []
    for tensor in inspection.tensors {
      guard let text = say(tensor) else { continue }
      if names[text] == nil { order.append(text) }
      names[text, default: []].append(Quoting.plain(tensor.name))
    }
    let shown = 3
    return order.map { text in
      let all = names[text] ?? []
      let rest = all.count > shown + 1 ? " and \(all.count - shown) more" : ""
      return "\(all.prefix(rest.isEmpty ? all.count : shown).joined(separator: ", "))\(rest): \(text)"
    }
  }

  private static func growth(_ tensor: TensorInspection) -> String {
    "has \(Format.count(tensor.addedRows, "row")) more than the base, counted as changes from zero; ‖Δ‖ of the common rows is "
      + "\(tensor.commonNorm.map { Format.number($0) } ?? "unknown")."
  }

  private static let coarseness =
    "the unit of the integers is coarse beside this drift, a few units for each changed entry: figures and bounds are those "
    + "of rounded weights."

  /// What a warning says; also in the JSON.
  static func sentence(_ warning: RankWarning, of tensor: TensorInspection) -> String {
    switch warning {
    case .rankIsFull:
      "a rank claim means nothing here: every matrix of this shape has that rank."
    case .residualIsTheDrift:
      "a rank claim means little here: the residual is of the size of the drift itself."
    case .driftWithinRounding(let fraction):
      "a rank claim means little here: merging in \(tensor.tunedDtype.rawValue) needs a residual of about "
        + "\(Format.number(fraction)) ‖W‖, which admits most changes of this size."
    }
  }

  private static func differences(_ inspection: CheckpointInspection) -> [String] {
    var lines: [String] = []
    func list(_ title: String, _ entries: some Collection<String>) {
      guard !entries.isEmpty else { return }
      lines += ["", title] + entries.prefix(MessageList.shownLines).map { "  \($0)" }
      let rest = entries.count - MessageList.shownLines
      if rest > 0 { lines.append("  and \(Format.count(rest)) more") }
    }
    // One line instead of two for every tensor.
    if let prefix = inspection.prefix {
      let count = Format.count(inspection.missing.count + inspection.added.count)
      lines += ["", "\(prefix): \(prefix.options)", "(\(count) names are on one side only.)"]
    } else {
      list("only in BASE:", inspection.missing.lazy.map(describe))
      list("only in TUNED:", inspection.added.lazy.map(describe))
    }
    list(
      "another shape:",
      inspection.reshaped.lazy.map { pair in
        "\(Quoting.plain(pair.name))  \(pair.baseDtype.rawValue) \(Format.shape(pair.baseShape)) -> "
          + "\(pair.tunedDtype.rawValue) \(Format.shape(pair.tunedShape))"
      })
    list(
      "another dtype (cast one of the checkpoints to compare):",
      inspection.recast.lazy.map {
        "\(Quoting.plain($0.name))  \($0.baseDtype.rawValue) -> \($0.tunedDtype.rawValue)"
      })
    return lines
  }

  private static func describe(_ tensor: CheckpointInspection.Lone) -> String {
    "\(Quoting.plain(tensor.name))  \(tensor.dtype.rawValue) \(Format.shape(tensor.shape))"
  }
}
