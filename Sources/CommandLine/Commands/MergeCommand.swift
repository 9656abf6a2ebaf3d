// SPDX-License-Identifier: Apache-2.0

import DriftProofAdapter
import DriftProofCheckpoint

/// `driftproof merge`: an adapter and its base as one model, rounded once.
enum MergeCommand: Command {
  static let description = CommandDescription(
    name: "merge",
    summary: "merge a LoRA or LoKr adapter into its base, rounded once and the same everywhere",
    details: [
      "Every merged weight is W + factor*(B*A), computed in float64 and rounded once to the base's type. The same files "
        + "give the same bytes on every machine, so whoever has base and adapter can make the model again and compare. "
        + "Weights are streamed; memory does not grow with the model.",
      "OUT gets the base's shards and index, its configuration and tokenizer (the adapter's where it has one), and in each "
        + "file's metadata how it was made. Every setting of the adapter is honoured or refused by name "
        + "(docs/adapters.md). Nothing is replaced: OUT must not exist.",
      "BASE is a folder with model.safetensors, or with model.safetensors.index.json and its shards, or one "
        + ".safetensors file; then OUT is a file, too.",
    ],
    positionals: [
      .init(name: "BASE", help: "the base checkpoint"), .init(name: "ADAPTER", help: "an unmerged adapter"),
    ],
    ownOptions: [
      .required("out", short: "o", "OUT", "where the merged model is written: a folder, or a file for a single file"),
      .leaveOut,
    ])

  static func run(_ arguments: ParsedArguments, console: Console) throws(CommandFailure) -> CommandResult {
    let base = try arguments.openCheckpoint("BASE")
    let path = try arguments.required("ADAPTER")
    let adapter = try arguments.openAdapter(at: path)
    let output = try arguments.required("out")
    console.remark("merging \(Format.count(adapter.modules.count, "module")) of \(Quoting.plain(adapter.path))")
    let merge: ModelMerge
    do {
      merge = try ModelMerge.merge(base: base, adapter: adapter, to: output) { console.progress("merge", fraction: $0) }
    } catch {
      throw CommandFailure(error)
    }
    for (name, rows) in merge.grown.sorted(by: { $0.key < $1.key }) {
      console.remark(
        "tensor \(Quoting.shown(name)) has \(Format.count(rows, "row")) more than the base's: config.json must say so, too"
      )
    }
    let facts = FolderFacts(.adapter(adapter, base: base), identity: nil)
    return CommandResult(text: text(merge, output, facts), json: json(merge, output, facts))
  }

  private static func text(_ merge: ModelMerge, _ output: String, _ facts: FolderFacts) -> String {
    var lines = [
      "merged         \(Format.count(merge.merged, "tensor")) with a product added, \(Format.count(merge.replaced)) "
        + "replaced, \(Format.count(merge.copied)) as in the base",
      "arithmetic     float64, rounded once to the base's type",
      "written to     \(Quoting.plain(output)) (\(Format.count(merge.weightFiles.count, "file")) of weights, "
        + "\(Format.byteCount(merge.byteCount)))",
    ]
    if !merge.companions.isEmpty {
      lines.append("copied along   \(merge.companions.map(Quoting.plain).joined(separator: ", "))")
    }
    if !merge.leftBehind.isEmpty {
      lines.append("not copied     \(merge.leftBehind.map(Quoting.plain).joined(separator: ", "))")
    }
    return (lines + facts.lines).joined(separator: "\n") + "\n"
  }

  private static func json(_ merge: ModelMerge, _ output: String, _ facts: FolderFacts) -> JSONOutput {
    .object(
      [
        ("merged", .integer(merge.merged)), ("replaced", .integer(merge.replaced)), ("copied", .integer(merge.copied)),
        ("weightFiles", .array(merge.weightFiles.map { .string($0) })), ("bytes", .integer(merge.byteCount)),
        ("companions", .array(merge.companions.map { .string($0) })),
        ("leftBehind", .array(merge.leftBehind.map { .string($0) })),
        (
          "grown",
          .array(
            merge.grown.sorted { $0.key < $1.key }.map {
              .object([("tensor", .string($0.key)), ("rows", .integer($0.value))])
            })
        ),
        ("out", .string(output)),
      ] + facts.members)
  }
}
