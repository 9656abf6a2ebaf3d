// SPDX-License-Identifier: Apache-2.0

import DriftProofPolicy

/// `driftproof policy explain`: a policy laid over a base.
enum PolicyExplainCommand: Command {
  static let description = CommandDescription(
    name: "policy explain",
    summary: "show what a policy gives each tensor of a base, and what it leaves open",
    details: [
      "Lists every rule with the tensors that it decides, rules that never match, every tensor with its bounds as "
        + "numbers, and in plain words what somebody could still do inside the policy.",
      "Exit code 0 says that the policy could be read. Whether prove would accept it for this base stands under "
        + "PROBLEMS, and as \"resolves\" in the JSON.",
    ],
    positionals: [.init(name: "POLICY", help: "the policy, POLICY.json")],
    ownOptions: [
      .required("base", "BASE", "the base: a folder, a .safetensors file, or its identity (*.json)"),
      ParsedArguments.stripPrefix,
      .leaveOut,
    ])

  static func run(_ arguments: ParsedArguments, console: Console) throws(CommandFailure) -> CommandResult {
    let bytes = try arguments.readFile("POLICY", limit: FileLimits.policy)
    let policy: Policy
    do {
      policy = try Policy.parse(bytes)
    } catch {
      throw CommandFailure(.operational, "\(try arguments.required("POLICY")): \(error)")
    }
    let (tensors, folders) = try PolicyBase.tensors(arguments, console: console)
    let explanation = PolicyExplanation(policy, tensors: tensors)
    return CommandResult(
      text: PolicyExplainText.render(explanation, of: policy) + folders.lines.map { $0 + "\n" }.joined(),
      json: json(explanation, of: policy, folders))
  }

  private static func json(
    _ explanation: PolicyExplanation, of policy: Policy, _ folders: FolderFacts
  ) -> JSONOutput {
    .object([
      folders.leftOutMember,
      ("policyName", .string(policy.name)),
      ("assume", policy.assumption.map { .string($0.rawValue) } ?? .null),
      ("resolves", .boolean(explanation.problems.isEmpty)),
      ("problems", .array(explanation.problems.map { .string($0) })),
      ("rules", .array(explanation.rules.map { rule($0, explanation) })),
      ("tensors", .array(explanation.tensors.map(tensor))),
      ("totalNorm", .number(explanation.totalNorm)),
      ("baseNorm", .number(explanation.baseNorm)),
      ("remarks", .array(explanation.remarks.map { .string($0) })),
    ])
  }

  private static func rule(_ rule: PolicyExplanation.RuleEffect, _ explanation: PolicyExplanation) -> JSONOutput {
    .object([
      ("rule", .integer(rule.index)),
      ("pattern", .string(rule.pattern)),
      ("allows", .string(rule.words)),
      ("tensors", .array(rule.tensors.map { .string(explanation.tensors[$0].tensor.name) })),
      ("problem", rule.problem.map { .string($0.description) } ?? .null),
      ("remarks", .array(rule.remarks.map { .string($0) })),
    ])
  }

  private static func tensor(_ effect: PolicyExplanation.TensorEffect) -> JSONOutput {
    .object([
      ("name", .string(effect.tensor.name)),
      ("dtype", .string(effect.tensor.dtype)),
      ("shape", .array(effect.tensor.shape.map { .integer($0) })),
      ("rule", effect.rule.map { .integer($0) } ?? .null),
      ("allows", .string(effect.words)),
      ("baseNorm", .number(effect.tensor.isFloating ? effect.tensor.norm : nil)),
      ("largestNorm", .number(effect.largestNorm)),
    ])
  }
}
