// SPDX-License-Identifier: Apache-2.0

import DriftProofCalibration
import DriftProofCheckpoint
import DriftProofProving

/// `driftproof calibrate`: a policy that encloses several reference fine-tunes by a margin.
enum CalibrateCommand: Command {
  static let description = CommandDescription(
    name: "calibrate",
    summary: "write a policy from reference fine-tunes",
    details: [
      "Measures fine-tunes that are known to be honest, and writes a policy whose bounds are the largest value of any "
        + "run times the margin, rounded up to two digits. Tensors whose names differ in layer numbers only share a "
        + "rule. Every rule bounds the norm; beside it stands a rank where all runs are of low rank plus rounding, and "
        + "entries, rows or columns where all runs changed few. What no run touched is frozen.",
      "Shows for each rule the distribution of the runs' drift, and what the bounds admit that no run did: a larger "
        + "spectral norm, rank or support. Read the warnings. Every run is tried under the policy with the checks that "
        + "driftproof prove makes.",
      "With --entrywise every rule bounds single entries, too, which keeps a large change out of few weights. With --identity, of "
        + "identify --commit, a rounding clause stands beside a rank where all runs are roundings of low-rank merges; name the "
        + "adapters that were merged with --merged, in the order of the runs: without them a fit leaves more than the rounding.",
      "Without --out the policy is printed, with the report as comments before it. --json has the policy as \"policy\".",
    ],
    positionals: [],
    ownOptions: [
      .required("base", "BASE", "the base checkpoint: a folder or a .safetensors file"),
      .requiredList(
        "runs", "RUN",
        "the reference fine-tunes of the base, each a folder or a .safetensors file, or an unmerged adapter"),
      .flag("entrywise", "bound single entries, too"),
      .optional(
        "identity", "FILE", "the base's identity, of identify --commit: rounding clauses are tried beside ranks"),
      .optionalList("merged", "ADAPTER", "the adapters that were merged into the runs, in their order"),
      .optional("margin", "NUMBER", "how far beyond the runs the bounds lie; 2.5 unless given, 1 to 1000"),
      .optional(
        "out", short: "o", "POLICY.json", "where the policy is written; - for standard output, without the report"),
      .flag("force", "replace a file that exists"),
      ParsedArguments.stripPrefix,
      .leaveOut,
    ])

  static func run(_ arguments: ParsedArguments, console: Console) throws(CommandFailure) -> CommandResult {
    var margin = Calibration.defaultMargin
    if let text = arguments.values["margin"] {
      guard let value = Double(text), Calibration.marginRange.contains(value) else {
        throw CommandFailure(
          UsageError("--margin \(Quoting.shown(text)): \(CalibrationError.marginOutOfRange)", command: description))
      }
      margin = value
    }
    let output = arguments.values["out"]
    // Before the work, not after it.
    try OutputPlace.checkNew(arguments)
    if let output { try AtomicFile.checkFolder(of: output) }
    let base = try arguments.openCheckpoint("base")
    let paths = arguments.lists["runs"] ?? []
    var runs: [(path: String, model: ReferenceRun.Model)] = []
    var folders = FolderFacts([base])
    for path in paths {
      if arguments.isAdapter(path) {
        let adapter = try arguments.openAdapter(at: path)
        folders.add(FolderFacts(.adapter(adapter, base: base), identity: nil), beside: base)
        runs.append((path, .adapter(adapter)))
        continue
      }
      let run = try arguments.openCheckpoint(at: path)
      do {
        let read = try TiedHeads.reconcile(run, with: .checkpoint(base))
        folders.add(FolderFacts([read]), beside: nil)
        runs.append((path, .checkpoint(read)))
      } catch {
        throw CommandFailure(error)
      }
    }
    let options = try options(arguments, runs: runs.count)
    console.remark(
      "measuring \(Format.count(runs.count, "run")) of \(Format.count(base.tensors.count, "tensor"))")
    let calibration: Calibration
    do {
      calibration = try Calibration.calibrate(base: base, models: runs, margin: margin, options: options) {
        what, fraction in
        console.progress(Quoting.plain(what), fraction: fraction)
      }
    } catch {
      throw CommandFailure(
        ExitCode(error), error.description,
        findings: error.findings.isEmpty ? nil : .init(key: "findings", error.findings))
    }
    // Without a file the report stands inside the policy, which is the same on every terminal.
    let report =
      CalibrateText.report(calibration, width: output == nil ? nil : TerminalWidth.current)
      + (folders.lines.isEmpty ? [] : [""] + folders.lines)
    if output == OutputPlace.standardOutput {
      return CommandResult(text: CalibrateText.policy(calibration, report: []), json: .null)
    }
    if let output { try AtomicFile.write(Array(CalibrateText.policy(calibration, report: []).utf8), to: output) }
    let text =
      output.map { (report + ["", "policy  \(Quoting.plain($0))"]).joined(separator: "\n") + "\n" }
      ?? CalibrateText.policy(calibration, report: report)
    return CommandResult(text: text, json: CalibrateJSON.render(calibration, folders, output: output))
  }

  private static func options(
    _ arguments: ParsedArguments, runs: Int
  ) throws(CommandFailure) -> Calibration.Options {
    var options = Calibration.Options()
    options.boundsEntries = arguments.has("entrywise")
    options.identity = try arguments.readIdentity()
    let paths = arguments.lists["merged"] ?? []
    func usage(_ message: String) -> CommandFailure { CommandFailure(UsageError(message, command: description)) }
    guard paths.isEmpty || paths.count == runs else {
      throw usage(
        "--merged names \(paths.count) adapters for \(Format.count(runs, "run")); name one for each, in their order")
    }
    if let identity = options.identity, identity.linked == nil {
      throw usage(
        "--identity: it does not commit to the base's weights; make one with driftproof identify BASE --commit")
    }
    guard paths.isEmpty || options.identity != nil else {
      throw usage(
        "--merged is of use for rounding clauses alone; give --identity, of driftproof identify BASE --commit")
    }
    for path in paths { options.merged.append(try arguments.openAdapter(at: path)) }
    return options
  }
}
