// SPDX-License-Identifier: Apache-2.0

import DriftProofInspection
import DriftProofCheckpoint

/// An inspection for machines: every tensor has the same keys, null where something does not apply.
enum InspectJSON {
  static func render(_ inspection: CheckpointInspection, _ folders: FolderFacts? = nil) -> JSONOutput {
    .object(
      (folders?.members ?? []) + [
        ("tensors", .array(inspection.tensors.map(tensor))),
        ("missing", .array(inspection.missing.map(lone))),
        ("added", .array(inspection.added.map(lone))),
        ("reshaped", .array(inspection.reshaped.map(mismatch))),
        ("recast", .array(inspection.recast.map(mismatch))),
        ("missingCount", .integer(inspection.missing.count)),
        ("addedCount", .integer(inspection.added.count)),
        ("prefix", prefix(inspection)),
        ("notes", .array(inspection.notes.map { .string($0) })),
        ("total", total(inspection)),
        ("exitCode", .integer(inspection.tensors.isEmpty ? Int(ExitCode.coverageGap.rawValue) : 0)),
      ])
  }

  private static func prefix(_ inspection: CheckpointInspection) -> JSONOutput {
    inspection.prefix.map { prefix in
      .object([
        ("of", .string(prefix.side == .base ? "base" : "tuned")),
        ("parts", .array(prefix.parts.map { .string($0) })),
        ("names", .integer(prefix.count)),
      ])
    } ?? .null
  }

  private static func total(_ inspection: CheckpointInspection) -> JSONOutput {
    let hasBase = inspection.baseNorm > 0
    let isMeasured = inspection.measuredTensorCount > 0
    return .object([
      ("tensors", .integer(inspection.tensors.count)),
      ("changedTensors", .integer(inspection.changedTensorCount)),
      ("parameters", .integer(inspection.parameterCount)),
      ("notComparedTensors", .integer(inspection.uncomparedCount)),
      ("baseNorm", .number(isMeasured ? inspection.baseNorm : nil)),
      ("driftNorm", .number(isMeasured ? inspection.driftNorm : nil)),
      ("relativeDrift", .number(hasBase ? inspection.driftNorm / inspection.baseNorm : nil)),
    ])
  }

  static func tensor(_ tensor: TensorInspection) -> JSONOutput {
    let (rows, columns) = Shape.matrix(tensor.tunedShape)
    let (status, entries, problem) = state(tensor.outcome)
    let drift = tensor.drift
    let isIdentical = tensor.outcome == .identical
    let nothing: Double? = isIdentical && tensor.baseNorm != nil ? 0 : nil
    let none: Int? = isIdentical ? 0 : nil
    // In two parts: one literal of all is more than the compiler's type checker manages.
    let identity: [(key: String, value: JSONOutput)] = [
      ("name", .string(tensor.name)),
      ("dtype", .string(tensor.dtype.rawValue)),
      ("shape", .array(tensor.shape.map { .integer($0) })),
      ("tunedDtype", .string(tensor.tunedDtype.rawValue)),
      ("tunedShape", .array(tensor.tunedShape.map { .integer($0) })),
      ("addedRows", .integer(tensor.addedRows)),
      ("commonNorm", .number(tensor.commonNorm)),
      ("rows", .integer(rows)),
      ("columns", .integer(columns)),
      ("status", .string(status)),
      ("baseNorm", .number(tensor.baseNorm)),
      ("driftNorm", .number(drift?.norm ?? nothing)),
      ("relativeDrift", .number(drift.map(\.relativeNorm) ?? nothing)),
      ("maxDrift", .number(drift?.maximum ?? nothing)),
      ("maxShareOfWeight", .number(drift.map(\.largestShare) ?? nothing)),
      ("changedEntries", optional(entries ?? none)),
      ("changedRows", optional(drift?.changedRows ?? none)),
      ("changedColumns", optional(drift?.changedColumns ?? none)),
    ]
    let findings: [(key: String, value: JSONOutput)] = [
      ("rank", optional(drift?.lowRank?.rank)),
      ("residual", .number(drift?.lowRank?.residual)),
      ("residualOfDrift", .number(drift?.lowRank?.residualOfDrift)),
      ("residualOfBase", .number(drift?.lowRank?.residualOfBase)),
      ("largestResidual", .number(drift?.lowRank?.largestResidual)),
      ("residuals", residuals(drift?.lowRank)),
      ("unit", .number(drift?.unit)),
      ("kronecker", kronecker(drift?.kronecker)),
      ("circulant", circulant(drift?.circulant)),
      ("pattern", drift?.pattern.map { .string($0.text) } ?? .null),
      ("zeros", optional(drift?.zeros?.base)),
      ("refilledZeros", optional(drift?.zeros?.refilled)),
      ("unitIsCoarse", .boolean(drift?.isUnitCoarse ?? false)),
      ("rankClaimIsWeak", .boolean(drift?.warning != nil)),
      ("warning", drift?.warning.map { .string(InspectText.sentence($0, of: tensor)) } ?? .null),
      ("problem", problem.map { .string($0) } ?? .null),
    ]
    return .object(identity + findings)
  }

  private static func state(
    _ outcome: TensorInspection.Outcome
  ) -> (status: String, changedEntries: Int?, problem: String?) {
    switch outcome {
    case .identical: ("identical", nil, nil)
    case .bytesDiffer(let entries): ("bytesDiffer", entries, nil)
    case .notEncodable(let reason, let entries): ("notEncodable", entries, reason)
    case .drifted(let drift): (drift.norm > 0 ? "drifted" : "belowPrecision", drift.changedEntries, nil)
    }
  }

  private static func kronecker(_ measure: KroneckerMeasure?) -> JSONOutput {
    guard let measure else { return .null }
    return .object([
      ("terms", .integer(measure.terms)), ("inner", .array([.integer(measure.rows), .integer(measure.columns)])),
      ("residual", .number(measure.residual)), ("residualOfBase", .number(measure.residualOfBase)),
    ])
  }

  private static func circulant(_ measure: CirculantMeasure?) -> JSONOutput {
    guard let measure else { return .null }
    return .object([
      ("block", .integer(measure.size)), ("residual", .number(measure.residual)),
      ("residualOfBase", .number(measure.residualOfBase)),
    ])
  }

  private static func residuals(_ lowRank: LowRankMeasure?) -> JSONOutput {
    guard let lowRank else { return .null }
    return .array(
      lowRank.residuals.map { .object([("rank", .integer($0.rank)), ("residual", .number($0.residual))]) })
  }

  private static func lone(_ tensor: CheckpointInspection.Lone) -> JSONOutput {
    .object([
      ("name", .string(tensor.name)), ("dtype", .string(tensor.dtype.rawValue)), ("shape", shape(tensor.shape)),
    ])
  }

  private static func mismatch(_ pair: CheckpointInspection.Mismatch) -> JSONOutput {
    .object([
      ("name", .string(pair.name)),
      ("baseDtype", .string(pair.baseDtype.rawValue)),
      ("tunedDtype", .string(pair.tunedDtype.rawValue)),
      ("baseShape", shape(pair.baseShape)),
      ("tunedShape", shape(pair.tunedShape)),
    ])
  }

  private static func shape(_ shape: [Int]) -> JSONOutput { .array(shape.map { .integer($0) }) }

  private static func optional(_ value: Int?) -> JSONOutput { value.map { .integer($0) } ?? .null }
}
