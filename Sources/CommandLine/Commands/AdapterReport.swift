// SPDX-License-Identifier: Apache-2.0

import DriftProofInspection

/// The figures of an unmerged adapter, for people and for machines.
enum AdapterReport {
  static func result(_ inspection: AdapterInspection, _ folders: FolderFacts) -> CommandResult {
    CommandResult(
      text: text(inspection) + folders.lines.map { $0 + "\n" }.joined(), json: json(inspection, folders))
  }

  private static func text(_ inspection: AdapterInspection) -> String {
    let isLoKr = inspection.products.contains { $0.inner != nil }
    let update = isLoKr ? "‖ΔW‖" : "‖BA‖"
    var lines = Format.table(
      header: ["tensor", "matrix", isLoKr ? "blocks, rank" : "rank", "scale", "‖W‖", update, "\(update)/‖W‖"],
      rows: inspection.products.map { product in
        [
          Quoting.plain(product.tensor), Format.shape([product.rows, product.columns]), form(product),
          Format.number(product.factor), product.baseNorm.map { Format.number($0) } ?? "-", Format.number(product.norm),
          product.relativeNorm.map { Format.number($0) } ?? "-",
        ]
      }, leftAligned: 2)
    if !inspection.wholes.isEmpty {
      lines += ["", "held as a whole, beside the base's:"]
      lines += Format.table(
        header: ["tensor", "dtype", "shape", "‖W‖", "‖Δ‖", "‖Δ‖/‖W‖", "entries"], rows: inspection.wholes.map(row),
        leftAligned: 3)
    }
    lines += [
      "",
      "\(Format.count(inspection.products.count, "product")), of a norm of \(Format.number(inspection.norm)) together",
    ]
    if !inspection.wholes.isEmpty {
      let unmeasured = inspection.wholes.count { $0.inspection?.baseNorm == nil }
      lines.append(
        "\(Format.count(inspection.wholes.count, "whole tensor")), whose ‖Δ‖ is \(Format.number(inspection.wholeNorm)) "
          + "together" + (unmeasured > 0 ? ", without \(Format.count(unmeasured)) not measured" : ""))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Of a Kronecker product the blocks, of which all are multiples of one, and the highest rank.
  private static func form(_ product: AdapterInspection.Product) -> String {
    guard let inner = product.inner else { return String(product.rank) }
    return "\(Format.shape([inner.rows, inner.columns])), \(product.rank)"
  }

  private static func row(_ whole: AdapterInspection.Whole) -> [String] {
    switch whole.finding {
    case .other(let dtype, let shape):
      let base = whole.base.map { "\($0.dtype.rawValue) \($0.shape)" } ?? "nothing"
      return [Quoting.plain(whole.name), "\(dtype.rawValue) \(shape)", "\(base) in the base", "", "", "", ""]
    case .compared(let tensor):
      let start = [
        Quoting.plain(tensor.name), tensor.dtype.rawValue, Format.shape(tensor.shape),
        tensor.baseNorm.map { Format.number($0) } ?? "-",
      ]
      switch tensor.outcome {
      case .identical: return start + ["identical", "", ""]
      case .bytesDiffer(let entries), .notEncodable(_, let entries): return start + ["-", "-", Format.count(entries)]
      case .drifted(let drift):
        return start + [
          Format.number(drift.norm), drift.relativeNorm.map { Format.number($0) } ?? "-",
          Format.count(drift.changedEntries),
        ]
      }
    }
  }

  private static func json(_ inspection: AdapterInspection, _ folders: FolderFacts) -> JSONOutput {
    .object([
      folders.leftOutMember,
      folders.adapterMember,
      (
        "products",
        .array(
          inspection.products.map { product in
            .object([
              ("name", .string(product.tensor)), ("rows", .integer(product.rows)),
              ("columns", .integer(product.columns)), ("rank", .integer(product.rank)),
              ("inner", product.inner.map { .array([.integer($0.rows), .integer($0.columns)]) } ?? .null),
              ("scale", .number(product.factor)), ("baseNorm", .number(product.baseNorm)),
              ("norm", .number(product.norm)), ("relativeNorm", .number(product.relativeNorm)),
            ])
          })
      ),
      ("replaced", .array(inspection.replaced.map { .string($0) })),
      ("wholes", .array(inspection.wholes.compactMap(\.inspection).map(InspectJSON.tensor))),
      ("norm", .number(inspection.norm)),
      ("wholeNorm", .number(inspection.wholes.isEmpty ? nil : inspection.wholeNorm)),
    ])
  }
}
