// SPDX-License-Identifier: Apache-2.0

import DriftProofCalibration
import DriftProofPolicy

/// A calibration for machines; null where something does not apply.
enum CalibrateJSON {
  static func render(_ calibration: Calibration, _ folders: FolderFacts, output: String?) -> JSONOutput {
    .object(
      folders.members + [
        ("margin", .number(calibration.margin)),
        ("runs", .array(calibration.runs.map(run))),
        ("groups", .array(calibration.groups.map(group))),
        ("frozenTensors", .integer(calibration.frozenTensors)),
        ("warnings", .array(calibration.warnings.map(warning))),
        ("policy", policy(calibration.policy)),
        ("out", output.map { .string($0) } ?? .null),
        ("exitCode", .integer(0)),
      ])
  }

  private static func run(_ run: ReferenceRun) -> JSONOutput {
    .object([
      ("path", .string(run.path)), ("changedTensors", .integer(run.changedTensors)),
      ("driftNorm", .number(run.driftNorm)), ("relativeDrift", .number(run.relativeDrift)),
    ])
  }

  private static func group(_ group: CalibratedGroup) -> JSONOutput {
    .object([
      ("patterns", .array(group.patterns.map { .string($0) })),
      ("tensors", .array(group.tensors.map { .string($0) })),
      ("dtype", .string(group.dtype.rawValue)),
      ("parameters", .integer(group.parameters)),
      ("form", .string(form(group.form))),
      ("allow", allowance(group.allowance)),
      ("drift", drift(group.drift)),
      (
        "admitted",
        .object([
          ("norm", figure(group.excess?.norm)), ("spectralNorm", figure(group.excess?.spectralNorm)),
          ("rank", figure(group.excess?.rank)), ("entries", figure(group.excess?.support)),
          ("residual", figure(group.excess?.residual)),
        ])
      ),
    ])
  }

  private static func form(_ form: DriftForm) -> String {
    switch form {
    case .norm: "norm"
    case .rank: "rank"
    case .product: "product"
    case .kronecker: "kronecker"
    case .kroneckerProduct: "kroneckerProduct"
    case .circulant: "circulant"
    case .pattern: "pattern"
    case .entries: "entries"
    case .rows: "rows"
    case .columns: "columns"
    case .excluded: "excluded"
    }
  }

  private static func drift(_ drift: CalibratedGroup.Distribution?) -> JSONOutput {
    guard let drift else { return .null }
    return .object([
      ("relative", .boolean(drift.isRelative)), ("minimum", .number(drift.minimum)), ("median", .number(drift.median)),
      ("maximum", .number(drift.maximum)),
    ])
  }

  private static func figure(_ figure: CalibratedGroup.Excess.Figure?) -> JSONOutput {
    guard let figure else { return .null }
    return .object([
      ("tensor", .string(figure.tensor)), ("admitted", .number(figure.admitted)), ("seen", .number(figure.seen)),
      ("ratio", .number(figure.ratio)),
    ])
  }

  private static func warning(_ warning: CalibrationWarning) -> JSONOutput {
    .object([
      ("kind", .string(warning.kind.rawValue)), ("pattern", warning.pattern.map { .string($0) } ?? .null),
      ("tensor", warning.tensor.map { .string($0) } ?? .null), ("admitted", .number(warning.admitted)),
      ("seen", .number(warning.seen)), ("message", .string(warning.message)),
    ])
  }

  // MARK: The policy, as its file has it

  private static func policy(_ policy: Policy) -> JSONOutput {
    var members: [(key: String, value: JSONOutput)] = [
      ("driftPolicy", .integer(1)), ("name", .string(policy.name)), ("securityBits", .integer(policy.securityBits)),
      (
        "rules",
        .array(
          policy.rules.map { rule in
            .object(
              [("tensors", .string(rule.tensors.text))] + heads(rule.allowance) + [("allow", allowance(rule.allowance))]
            )
          })
      ),
    ]
    if let total = policy.total { members.append(("total", .object([("norm", bound(total))]))) }
    return .object(members)
  }

  private static func heads(_ allowance: Allowance) -> [(key: String, value: JSONOutput)] {
    if case .grow(let rows, _) = allowance { return [("grow", .object([("rows", .integer(rows))]))] }
    guard case .heads(let split, _) = allowance else { return [] }
    let key = split.axis == .slices ? "axes" : "size"
    return [("heads", .object([("of", .string(split.axis.rawValue)), (key, .integer(split.size))]))]
  }

  private static func allowance(_ allowance: Allowance) -> JSONOutput {
    switch allowance {
    case .frozen: .string("frozen")
    case .any: .string("any")
    case .clauses(let clauses), .heads(_, let clauses), .grow(_, let clauses):
      clauses.count == 1 ? clause(clauses[0]) : .array(clauses.map(clause))
    }
  }

  private static func clause(_ clause: ClauseForm) -> JSONOutput {
    switch clause {
    case .norm(let norm): return .object([("norm", bound(norm))])
    case .pattern(let pattern):
      var members: [(key: String, value: JSONOutput)] = [("of", .string(pattern.subject))]
      if let (count, group) = pattern.groups { members += [("n", .integer(count)), ("m", .integer(group))] }
      return .object([("pattern", .object(members))])
    case .sum(let rank, let sparse, let residual, let entrywise, let rounding, let blocks):
      var members: [(key: String, value: JSONOutput)] = []
      switch blocks {
      case .kronecker(let terms, let rows, let columns)?:
        members.append(
          (
            "kronecker",
            .object([("terms", .integer(terms)), ("inner", .array([.integer(rows), .integer(columns)]))])
          ))
      case .circulant(let size)?: members.append(("circulant", .object([("block", .integer(size))])))
      case nil: break
      }
      if let rank { members.append(("rank", .integer(rank))) }
      switch sparse {
      case .entries(let count): members.append(("entries", .integer(count)))
      case .rows(let count): members.append(("rows", .integer(count)))
      case .columns(let count): members.append(("columns", .integer(count)))
      case nil: break
      }
      if let residual { members.append(("residual", bound(residual))) }
      switch entrywise {
      case .relative(let value)?: members.append(("entrywise", bound(.relative(value))))
      case .absolute(let value)?: members.append(("entrywise", bound(.absolute(value))))
      case nil: break
      }
      if let rounding { members.append(("rounding", .object(self.rounding(rounding)))) }
      return .object(members)
    }
  }

  private static func rounding(_ bound: RoundingBound) -> [(key: String, value: JSONOutput)] {
    switch bound {
    case .halfUlps(let value): [("halfUlps", .number(value.doubleValue))]
    case .roundoffs(let value, let of):
      [("roundoffs", .number(value.doubleValue)), ("of", .array(of.names.map { .string($0) }))]
    // No calibration has it.
    case .ofWeight(let value, _): [("ofWeight", .number(value.doubleValue))]
    }
  }

  private static func bound(_ bound: Bound) -> JSONOutput {
    // Two significant digits: the nearest Double prints as the same decimal.
    switch bound {
    case .relative(let value): .object([("relative", .number(value.doubleValue))])
    case .absolute(let value): .object([("absolute", .number(value.doubleValue))])
    }
  }
}
