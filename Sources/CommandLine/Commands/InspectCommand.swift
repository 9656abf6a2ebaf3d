// SPDX-License-Identifier: Apache-2.0

import DriftProofInspection
import DriftProofCheckpoint
import DriftProofProving

/// `driftproof inspect`: the drift of every tensor, so that a person can write a policy.
enum InspectCommand: Command {
  static let description = CommandDescription(
    name: "inspect",
    summary: "measure how a tuned checkpoint differs from its base",
    details: [
      "Per tensor: the norm of the base, the norm of the drift, absolute and as a fraction of the base's, the largest "
        + "change, changed entries, rows and columns, and the smallest rank of 1, 2, 4, 8, 16, 32, 64 that explains "
        + "the drift, with what it leaves: the residual, as a fraction of the base's norm (a policy's \"relative\") and "
        + "of the drift, and its largest entry, which an \"entrywise\" bound beside the rank has to allow. Vectors "
        + "have no rank.",
      "A warning stands where a rank claim says little, because the residual is of the size of the drift itself. "
        + "Tensors on one side only, and other dtypes or shapes, are listed; they are no errors here, unless nothing is "
        + "left to compare (exit code 13).",
      "BASE and TUNED are folders with model.safetensors, or with model.safetensors.index.json and its shards, or "
        + "single .safetensors files. TUNED may also be an unmerged LoRA or LoKr adapter (docs/adapters.md): then the "
        + "norm and rank of each product are shown.",
    ],
    positionals: [
      .init(name: "BASE", help: "the base checkpoint"),
      .init(name: "TUNED", help: "the fine-tuned checkpoint, or an unmerged adapter"),
    ],
    ownOptions: [ParsedArguments.stripPrefix, .leaveOut])

  static func run(_ arguments: ParsedArguments, console: Console) throws(CommandFailure) -> CommandResult {
    let base = try arguments.openCheckpoint("BASE")
    let path = try arguments.required("TUNED")
    if arguments.isAdapter(path) {
      let adapter = try arguments.openAdapter(at: path)
      do {
        return AdapterReport.result(
          try AdapterInspection.inspect(base: base, adapter: adapter),
          FolderFacts(.adapter(adapter, base: base), identity: nil))
      } catch {
        throw CommandFailure(error)
      }
    }
    let tuned = try arguments.openCheckpoint("TUNED", against: base)
    console.remark("comparing \(Format.count(base.tensors.count, "tensor"))")
    let inspection: CheckpointInspection
    do {
      inspection = try CheckpointInspection.inspect(base: base, tuned: tuned) { tensor, done, total in
        console.progress(Quoting.plain(tensor), fraction: total > 0 ? Double(done) / Double(total) : 1)
      }
    } catch {
      throw CommandFailure(.operational, error.description)
    }
    let folders = FolderFacts([base, tuned])
    return CommandResult(
      text: InspectText.render(inspection) + folders.lines.map { $0 + "\n" }.joined(),
      json: InspectJSON.render(inspection, folders),
      exitCode: inspection.tensors.isEmpty ? .coverageGap : .success)
  }
}
