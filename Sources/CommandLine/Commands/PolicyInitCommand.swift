// SPDX-License-Identifier: Apache-2.0

import DriftProofPolicy

/// `driftproof policy init`: a commented policy for a base, from a preset.
enum PolicyInitCommand: Command {
  static let description = CommandDescription(
    name: "policy init",
    summary: "print a commented policy for a base, from a preset",
    details: [
      "Every rule of the printed policy decides a tensor of the base: rules of the preset that match none are left out. "
        + "Write it into a file (--out), adjust the numbers, and read what driftproof policy explain says.",
      "Packed weights of quantised bases (FP8, GPTQ, AWQ, MXFP4, bitsandbytes) are frozen: no clause can bound them.",
      "Presets: " + PolicyPreset.allCases.map { "\($0.rawValue) (\($0.summary))" }.joined(separator: "; ") + ".",
      "With --head-size the attention rules speak of every head by itself; their bounds are then absolute.",
    ],
    positionals: [],
    ownOptions: [
      .required("preset", "NAME", "one of \(PolicyPreset.allCases.map(\.rawValue).joined(separator: ", "))"),
      .required("base", "BASE", "the base: a folder, a .safetensors file, or its identity (*.json)"),
      optional("rank", "R", "rank of low-rank changes (8)"),
      optional("rows", "K", "rows of embeddings, or channels of kernels, that may change (20 or 4)"),
      optional("grow", "K", "rows by which embeddings and output heads may grow (none)"),
      optional("norm", "X", "norm clauses as a fraction of each tensor's norm"),
      optional("residual", "X", "residuals of low-rank clauses, likewise (what merging in the base's type needs)"),
      optional("total", "X", "all changes together, as a fraction of the whole base's norm"),
      optional("head-size", "N", "rows or columns of one attention head, as head_dim in config.json"),
      optional("assume", "{bls12-381}", "permit certificates of the kzg backend, which rest on this curve (none)"),
      .optional("out", short: "o", "POLICY.json", "where the policy is written, in place of standard output"),
      .flag("force", "replace a file that exists"),
      ParsedArguments.stripPrefix,
      .leaveOut,
    ])

  private static func optional(_ name: String, _ value: String, _ help: String) -> CommandDescription.Option {
    CommandDescription.Option(name: name, short: nil, value: value, isRequired: false, help: help)
  }

  static func run(_ arguments: ParsedArguments, console: Console) throws(CommandFailure) -> CommandResult {
    let word = try arguments.required("preset")
    guard let preset = PolicyPreset(rawValue: word) else {
      let names = PolicyPreset.allCases.map(\.rawValue)
      throw CommandFailure(
        UsageError(
          "unknown preset \(Quoting.shown(word)); there are \(names.joined(separator: ", "))",
          suggestion: Similarity.nearest(to: word, in: names),
          command: description))
    }
    var options = PolicyPreset.Options()
    options.rank = try integer("rank", arguments, in: PolicyLimits.rankRange) ?? options.rank
    options.rows = try integer("rows", arguments, in: PolicyLimits.countRange)
    options.growth = try integer("grow", arguments, in: PolicyLimits.growthRange)
    options.headSize = try integer("head-size", arguments, in: PolicyLimits.headSizeRange)
    options.norm = try decimal("norm", arguments)
    options.residual = try decimal("residual", arguments)
    options.total = try decimal("total", arguments)
    options.assumption = try arguments.assumption()
    options.advice = [
      "look at a fine-tune with",
      "driftproof inspect, and at what the policy leaves open with driftproof policy explain.",
    ]
    try OutputPlace.checkNew(arguments)
    if let output = arguments.values["out"] { try AtomicFile.checkFolder(of: output) }
    let (tensors, folders) = try PolicyBase.tensors(arguments, console: console)
    let text: String
    do {
      text = try preset.policyText(for: tensors, options: options)
    } catch {
      throw CommandFailure(.operational, "\(error)", remedy: error.remedy)
    }
    let members: [(key: String, value: JSONOutput)] = [
      ("preset", .string(preset.rawValue)), ("policy", .string(text)), folders.leftOutMember,
    ]
    guard let output = arguments.values["out"], output != OutputPlace.standardOutput else {
      return CommandResult(text: text, json: .object(members))
    }
    try AtomicFile.write(Array(text.utf8), to: output)
    return CommandResult(
      text: "policy  \(Quoting.plain(output))\n", json: .object(members + [("out", .string(output))]))
  }

  private static func integer(
    _ name: String, _ arguments: ParsedArguments, in range: ClosedRange<Int>
  ) throws(CommandFailure) -> Int? {
    guard let text = arguments.values[name] else { return nil }
    guard let value = Int(text), range.contains(value) else {
      throw CommandFailure(
        UsageError(
          "--\(name) is \(Quoting.shown(text)), expected a whole number of \(range.lowerBound) to \(range.upperBound)",
          command: description))
    }
    return value
  }

  private static func decimal(_ name: String, _ arguments: ParsedArguments) throws(CommandFailure) -> Decimal10? {
    guard let text = arguments.values[name] else { return nil }
    guard let value = try? Decimal10(text) else {
      throw CommandFailure(
        UsageError(
          "--\(name) is \(Quoting.shown(text)), expected a number such as 0.02, without a sign", command: description))
    }
    return value
  }
}
