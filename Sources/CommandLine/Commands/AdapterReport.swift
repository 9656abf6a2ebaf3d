import DriftProofInspection

/// The figures of an unmerged adapter, for people and for machines.
enum AdapterReport {
  static func result(_ inspection: AdapterInspection, _ folders: FolderFacts) -> CommandResult {
    CommandResult(
      text: text(inspection) + folders.lines.map { $0 + "\n" }.joined(), json: json(inspection, folders))
  }

  private static func text(_ inspection: AdapterInspection) -> String {
    var lines = Format.table(
      header: ["tensor", "matrix", "rank", "scale", "‖W‖", "‖BA‖", "‖BA‖/‖W‖"],
      rows: inspection.products.map { product in
        [
          Quoting.plain(product.tensor), Format.shape([product.rows, product.columns]), String(product.rank),
          Format.number(product.factor), Format.number(product.baseNorm), Format.number(product.norm),
          product.relativeNorm.map { Format.number($0) } ?? "-",
        ]
      }, leftAligned: 2)
    if !inspection.replaced.isEmpty {
      lines += ["", "held as a whole:"] + inspection.replaced.map { "  \(Quoting.plain($0))" }
    }
    lines += [
      "",
      "\(Format.count(inspection.products.count, "product")), of a norm of \(Format.number(inspection.norm)) together",
    ]
    return lines.joined(separator: "\n") + "\n"
  }

  private static func json(_ inspection: AdapterInspection, _ folders: FolderFacts) -> JSONOutput {
    .object([
      folders.leftOutMember,
      (
        "products",
        .array(
          inspection.products.map { product in
            .object([
              ("name", .string(product.tensor)), ("rows", .integer(product.rows)),
              ("columns", .integer(product.columns)), ("rank", .integer(product.rank)),
              ("scale", .number(product.factor)), ("baseNorm", .number(product.baseNorm)),
              ("norm", .number(product.norm)), ("relativeNorm", .number(product.relativeNorm)),
            ])
          })
      ),
      ("replaced", .array(inspection.replaced.map { .string($0) })),
      ("norm", .number(inspection.norm)),
    ])
  }
}
