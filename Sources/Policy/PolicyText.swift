// SPDX-License-Identifier: Apache-2.0

import DriftProofCore

/// A policy as the JSON text that `Policy.parse` reads back to the same policy: the one printer, of whole files and of the
/// parts that presets put their comments between.
package enum PolicyText {
  /// - Parameters:
  ///   - header: lines of comment before the policy.
  ///   - comments: for each rule, by its number, a line of comment before it; control characters must not occur.
  package static func render(_ policy: Policy, header: [String] = [], comments: [Int: String] = [:]) -> String {
    render(
      name: policy.name, rules: policy.rules, total: policy.total, assumption: policy.assumption, header: header,
      comments: comments)
  }

  package static func render(
    name: String, rules: [Rule], total: Bound?, assumption: Assumption? = nil, header: [String] = [],
    comments: [Int: String] = [:]
  ) -> String {
    var lines = header.map { $0.isEmpty ? "//" : "// \($0)" }
    lines += opening(name: name, assumption: assumption)
    for (index, rule) in rules.enumerated() {
      if let comment = comments[index] { lines.append("    // \(comment)") }
      let separator = index + 1 < rules.count ? "," : ""
      let (start, end) = parts(pattern: rule.tensors.text, rule.allowance)
      lines +=
        start.count + end.count + separator.count + 4 < 120
        ? ["    \(start) \(end)\(separator)"] : ["    \(start)", "      \(end)\(separator)"]
    }
    lines.append(total == nil ? "  ]" : "  ],")
    if let total { lines.append(self.total(total)) }
    return lines.joined(separator: "\n") + "\n}\n"
  }

  /// The lines of a file up to its first rule.
  static func opening(name: String, assumption: Assumption? = nil) -> [String] {
    [
      "{", "  \"driftPolicy\": 1,", "  \"name\": \(StrictJSON.quoted(name)),",
      "  \"securityBits\": \(PolicyLimits.securityBits),",
    ] + (assumption.map { ["  \"assume\": \"\($0.rawValue)\","] } ?? []) + ["  \"rules\": ["]
  }

  /// A rule on one line, without indentation.
  static func rule(pattern: String, _ allowance: Allowance) -> String {
    let (start, end) = parts(pattern: pattern, allowance)
    return "\(start) \(end)"
  }

  /// The line of the bound on the whole change.
  static func total(_ bound: Bound) -> String { "  \"total\": { \"norm\": \(text(bound)) }" }

  /// A rule in two parts, between which a line may break.
  private static func parts(pattern: String, _ allowance: Allowance) -> (start: String, end: String) {
    var start = "{ \"tensors\": \(StrictJSON.quoted(pattern)),"
    if case .heads(let split, _) = allowance {
      var members = ["\"of\": \"\(split.axis.rawValue)\""]
      if split.axis != .slices { members.append("\"size\": \(split.size)") }
      if split.axis == .slices, split.size != 1 { members.append("\"axes\": \(split.size)") }
      start += " \"heads\": { \(members.joined(separator: ", ")) },"
    }
    if case .grow(let rows, _) = allowance { start += " \"grow\": { \"rows\": \(rows) }," }
    return (start, "\"allow\": \(text(allowance)) }")
  }

  /// What stands after `"allow":`; a rule's heads and growth stand before it.
  package static func text(_ allowance: Allowance) -> String {
    switch allowance {
    case .frozen: "\"frozen\""
    case .any: "\"any\""
    case .clauses(let clauses), .heads(_, let clauses), .grow(_, let clauses):
      clauses.count == 1 ? text(clauses[0]) : "[\(clauses.map(text).joined(separator: ", "))]"
    }
  }

  private static func text(_ clause: ClauseForm) -> String {
    switch clause {
    case .norm(let bound): return "{ \"norm\": \(text(bound)) }"
    case .pattern(let pattern):
      let groups = pattern.groups.map { ", \"n\": \($0.count), \"m\": \($0.group)" } ?? ""
      return "{ \"pattern\": { \"of\": \"\(pattern.subject)\"\(groups) } }"
    case .sum(let rank, let sparse, let residual, let entrywise, let rounding, let blocks):
      var members: [String] = []
      if let rank { members.append("\"rank\": \(rank)") }
      switch blocks {
      case .kronecker(let terms, let rows, let columns)?:
        members.append("\"kronecker\": { \"terms\": \(terms), \"inner\": [\(rows), \(columns)] }")
      case .circulant(let size)?: members.append("\"circulant\": { \"block\": \(size) }")
      case nil: break
      }
      switch sparse {
      case .entries(let count): members.append("\"entries\": \(count)")
      case .rows(let count): members.append("\"rows\": \(count)")
      case .columns(let count): members.append("\"columns\": \(count)")
      case nil: break
      }
      if let residual { members.append("\"residual\": \(text(residual))") }
      switch entrywise {
      case .relative(let value): members.append("\"entrywise\": \(text(.relative(value)))")
      case .absolute(let value): members.append("\"entrywise\": \(text(.absolute(value)))")
      case nil: break
      }
      if let rounding { members.append("\"\(rounding.isOfRounding ? "rounding" : "entrywise")\": \(text(rounding))") }
      return "{ \(members.joined(separator: ", ")) }"
    }
  }

  private static func text(_ bound: RoundingBound) -> String {
    switch bound {
    case .halfUlps(let value): return "{ \"halfUlps\": \(value) }"
    case .roundoffs(let value, .tuned): return "{ \"roundoffs\": \(value) }"
    case .roundoffs(let value, let quantities):
      let words = quantities.names.map { "\"\($0)\"" }.joined(separator: ", ")
      return "{ \"roundoffs\": \(value), \"of\": [\(words)] }"
    case .ofWeight(let value, nil): return "{ \"ofWeight\": \(value) }"
    case .ofWeight(let value, let least?): return "{ \"ofWeight\": \(value), \"absolute\": \(least) }"
    }
  }

  private static func text(_ bound: Bound) -> String {
    switch bound {
    case .relative(let value): "{ \"relative\": \(value) }"
    case .absolute(let value): "{ \"absolute\": \(value) }"
    }
  }
}
