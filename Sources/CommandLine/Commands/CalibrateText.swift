// SPDX-License-Identifier: Apache-2.0

import DriftProofCalibration
import DriftProofPolicy

/// A calibration for people: the report, and the policy with comments.
enum CalibrateText {
  private static let header = [
    "tensors", "count", "form", "drift of", "min", "median", "max", "bound", "σ₁ (runs)", "rank (runs)",
    "entries (runs)",
  ]

  /// - Parameter width: of its table; nil for a file.
  static func report(_ calibration: Calibration, width: Int?) -> [String] {
    var lines = calibration.runs.map { run in
      let relative = run.relativeDrift.map { " (\(Format.number($0)) of ‖W‖)" } ?? ""
      return "run \(Quoting.plain(run.path)): ‖Δ‖ \(Format.number(run.driftNorm))\(relative), "
        + "\(Format.count(run.changedTensors)) of \(Format.count(run.inspection.tensors.count, "tensor")) changed"
    }
    lines += ["", "margin \(Format.number(calibration.margin)); per rule, over its tensors and all runs:", ""]
    lines += Format.table(header: header, rows: calibration.groups.map(row), leftAligned: 1, width: width)
    if calibration.frozenTensors > 0 {
      lines += ["", "frozen: \(Format.count(calibration.frozenTensors, "tensor")) that no run changed"]
    }
    if !calibration.warnings.isEmpty { lines += [""] + calibration.warnings.map(sentence) }
    return lines
  }

  private static func row(_ group: CalibratedGroup) -> [String] {
    let first = Quoting.plain(group.patterns.joined(separator: " "))
    let start = [first, Format.count(group.tensors.count), form(group)]
    guard let drift = group.drift, let clauses = group.allowance.forms, case .norm(let bound)? = clauses.first
    else { return start + Array(repeating: "-", count: header.count - start.count) }
    let numbers =
      [drift.isRelative ? "‖Δ‖/‖W‖" : "‖Δ‖"] + [drift.minimum, drift.median, drift.maximum].map { Format.number($0) }
    return start + numbers + [
      value(bound), pair(group.excess?.spectralNorm) { Format.number($0, digits: 3) },
      pair(group.excess?.rank) { Format.count(Int($0)) }, pair(group.excess?.support) { Format.count(Int($0)) },
    ]
  }

  /// What the bounds admit, and the most that a run did.
  private static func pair(_ figure: CalibratedGroup.Excess.Figure?, _ text: (Double) -> String) -> String {
    figure.map { "\(text($0.admitted)) (\(text($0.seen)))" } ?? "-"
  }

  private static func value(_ bound: Bound) -> String {
    switch bound {
    case .relative(let value), .absolute(let value): value.description
    }
  }

  /// What the rule allows beside the norm.
  private static func form(_ group: CalibratedGroup) -> String {
    guard let clauses = group.allowance.forms else { return "any" }
    let parts = clauses.compactMap { clause -> String? in
      // No calibrated policy has blocks.
      guard case .sum(let rank, let sparse, let residual, let entrywise, let rounding, _) = clause else { return nil }
      var words = rank.map { ["rank \($0)"] } ?? []
      switch sparse {
      case .entries(let count): words.append("\(Format.count(count)) entries")
      case .rows(let count): words.append("\(Format.count(count)) rows")
      case .columns(let count): words.append("\(Format.count(count)) columns")
      case nil: break
      }
      if let residual { words.append(value(residual)) }
      switch entrywise {
      case .relative(let value)?: words.append("entries \(value) of max|W|")
      case .absolute(let value)?: words.append("entries \(value)")
      case nil: break
      }
      switch rounding {
      case .halfUlps(let value)?: words.append("\(value) half-ulps")
      case .roundoffs(let value, let of)?: words.append("\(value) roundoffs of \(of.names.joined(separator: ", "))")
      case .ofWeight?, nil: break
      }
      return words.joined(separator: " + ")
    }
    var words = parts.isEmpty ? "norm" : parts.joined(separator: ", ")
    if case .grow(let rows, _) = group.allowance { words += ", \(Format.count(rows, "new row"))" }
    return words
  }

  private static func sentence(_ warning: CalibrationWarning) -> String {
    "warning: \(warning.pattern.map { "\(Quoting.plain($0)): " } ?? "")\(warning.message)"
  }

  /// The file: what its reader must know, and no figure of the runs unless `report` holds them.
  static func policy(_ calibration: Calibration, report: [String]) -> String {
    var comments: [Int: String] = [:]
    var rule = 0
    for group in calibration.groups {
      comments[rule] = comment(group)
      rule += group.patterns.count
    }
    if calibration.frozenTensors > 0 { comments[rule] = "no run changed these" }
    let runs = Format.count(calibration.runs.count, "reference run")
    let header =
      ["Written by driftproof calibrate from \(runs), margin \(Format.number(calibration.margin)). Read before use."]
      + (report.isEmpty ? [] : [""] + report)
    return PolicyText.render(calibration.policy, header: header, comments: comments)
  }

  private static func comment(_ group: CalibratedGroup) -> String {
    let tensors = Format.count(group.tensors.count, "tensor")
    switch group.form {
    case .norm: return "\(tensors) of any form of drift"
    case .rank: return "\(tensors): low rank and rounding in every run"
    case .kronecker:
      return "\(tensors): few Kronecker products and rounding in every run, as merged LoKr adapters leave"
    case .circulant: return "\(tensors): circulant blocks and rounding in every run, as merged C3A adapters leave"
    case .kroneckerProduct: return "\(tensors): Kronecker products of unmerged adapters in every run"
    case .pattern(let count, let group):
      return "\(tensors): at most \(count) of \(group) neighbours changed in every run"
    case .product: return "\(tensors): products of unmerged adapters in every run"
    case .entries, .rows, .columns: return "\(tensors): few changes in every run"
    case .excluded: return "\(tensors) outside the proof: counters, which no clause can bound"
    }
  }
}
