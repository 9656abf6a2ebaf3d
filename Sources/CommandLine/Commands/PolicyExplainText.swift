// SPDX-License-Identifier: Apache-2.0

import DriftProofPolicy

/// An explained policy for people.
enum PolicyExplainText {
  static func render(_ explanation: PolicyExplanation, of policy: Policy) -> String {
    let total = explanation.totalNorm.map { "norm at most \(Format.number($0))" } ?? "none"
    var lines = [
      "policy  \(Quoting.plain(policy.name))",
      "base    \(Format.count(explanation.tensors.count, "tensor")), ‖W‖ \(Format.number(explanation.baseNorm))",
      "total   \(total)",
      "assumes \(policy.assumption.map { "\($0.rawValue): certificates of the kzg backend are permitted" } ?? "nothing: proven bits alone")",
      "",
    ]
    if !explanation.problems.isEmpty {
      lines += ["PROBLEMS: prove would refuse this policy for this base"]
      lines += explanation.problems.map { "  \($0)" } + [""]
    }
    lines.append("RULES, and what each leaves open")
    for rule in explanation.rules { lines += text(rule, explanation) }
    lines += ["", "TENSORS"]
    lines += Format.table(
      header: ["tensor", "dtype", "shape", "‖W‖", "rule", "may change by"], rows: explanation.tensors.map(row),
      leftAligned: 6, width: TerminalWidth.current.map { $0 - 2 }
    ).map { "  \($0)" }
    lines += ["", "BESIDES"] + explanation.remarks.flatMap { wrapped($0, first: "  - ", rest: "    ") }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func text(_ rule: PolicyExplanation.RuleEffect, _ explanation: PolicyExplanation) -> [String] {
    let own = rule.tensors.map { explanation.tensors[$0].tensor }
    let parameters = own.reduce(0) { $0 &+ $1.entryCount }
    let count =
      own.isEmpty
      ? "NO TENSOR" : "\(Format.count(own.count, "tensor")), \(Format.count(parameters, "parameter"))"
    var lines = ["  \(rule.index)  \(Quoting.shown(rule.pattern)): \(rule.words)", "     \(count)"]
    for remark in rule.remarks { lines += wrapped(remark, first: "     - ", rest: "       ") }
    return lines
  }

  private static func row(_ effect: PolicyExplanation.TensorEffect) -> [String] {
    let tensor = effect.tensor
    return [
      Quoting.plain(tensor.name), tensor.dtype, Format.shape(tensor.shape),
      tensor.isFloating ? Format.number(tensor.norm) : "-", effect.rule.map(String.init) ?? "-", effect.words,
    ]
  }

  private static func wrapped(_ text: String, first: String, rest: String) -> [String] {
    var lines: [String] = []
    var line = first
    var isEmpty = true
    for word in text.split(separator: " ") {
      if !isEmpty, line.count + 1 + word.count > 110 {
        lines.append(line)
        (line, isEmpty) = (rest, true)
      }
      line += (isEmpty ? "" : " ") + word
      isEmpty = false
    }
    return lines + [line]
  }
}
