// SPDX-License-Identifier: Apache-2.0

import DriftProofChain
import DriftProofProving
import DriftProofCheckpoint
import DriftProofPolicy
import Foundation

/// `driftproof prove`: from two checkpoints and a policy to a certificate and its opening.
enum ProveCommand: Command {
  static let description = CommandDescription.prove

  static func run(_ arguments: ParsedArguments, console: Console) throws(CommandFailure) -> CommandResult {
    try arguments.checkBackend()
    if arguments.has("dry-run") { return try ForecastCommand.run(arguments) }
    if arguments.wantsCurve { return try CurveProve.run(arguments, console: console) }
    let output = try arguments.required("out")
    let openingPath = try arguments.required("opening")
    guard output != openingPath else {
      throw CommandFailure(UsageError("--out and --opening name the same file", command: description))
    }
    if let failure = ExpectedFile.opening.wrongKind(openingPath) { throw failure }
    // Before the work, not after it.
    try AtomicFile.checkFolder(of: output)
    try AtomicFile.checkFolder(of: openingPath)
    let bands = try arguments.bands()
    let identity = try arguments.readIdentity()
    try arguments.requireTunedModel()
    let policy = try arguments.readPolicy()
    let model = try arguments.tunedModel(identity, policy: policy)
    var request = DriftProver.Request(model, policy: policy, openingPath: openingPath)
    request.identity = identity
    request.hint = try arguments.hint()
    request.baseCache = arguments.values["cache"]
    request.baseOpeningPath = try arguments.baseOpening()
    let transition = try TransitionArguments.request(arguments)
    request.transition = transition?.request
    request.parent = try arguments.readParent(request.identity)
    request.bands = bands
    request.workers = try arguments.workers(bands: bands)
    request.workerProcesses = try arguments.workerProcesses()
    request.ignoresMemoryLimit = arguments.has("ignore-memory-limit")

    let result: DriftProver.Result
    do {
      if let folder = arguments.values["resume"] { try request.keep(in: folder) }
      var progress: (@Sendable (ProveProgress) -> Void)?
      if !console.isQuiet {
        let line = ProgressLine(console: console)
        progress = { line.show($0) }
      }
      result = try DriftProver.prove(request, progress: progress)
    } catch {
      throw CommandFailure(error)
    }
    try AtomicFile.write(result.certificate, to: output)
    if let failure = result.transitionFailure {
      // What a proof that can go on has kept stays: the same command may succeed with the right tableau.
      let reason = CommandFailure(failure)
      throw CommandFailure(
        reason.exitCode,
        "no transition: \(reason.reason). The certificate itself was proved, verified and written to \(Quoting.plain(output))",
        findings: reason.findings, remedy: reason.remedy)
    }
    if let transition, let made = result.transition { try AtomicFile.write(made.bytes, to: transition.output) }
    result.finish()
    if !result.hasDrift { console.remark("WARNING: \(noDrift)") }
    result.verification.warn(console)
    let folders = FolderFacts(model, identity: identity)
    return CommandResult(
      text: text(
        result, folders, output: output, openingPath: openingPath, hasTerms: arguments.has("soundness")),
      json: json(result, folders, output: output, openingPath))
  }

  private static let noDrift =
    "the tuned model has exactly the base's weights: a merge that changed nothing, or the same model twice?"

  private static func text(
    _ result: DriftProver.Result, _ folders: FolderFacts, output: String, openingPath: String, hasTerms: Bool
  ) -> String {
    let report = result.report
    let phases = report.phases.map { "\($0.name) \(Format.number($0.seconds, digits: 3))" }
    var lines =
      ["PROVED in \(Format.number(report.totalSeconds, digits: 3)) s\(result.verification.originMark)"]
      + result.verification.lines(hasTerms: hasTerms) + (result.hasDrift ? [] : ["NO DRIFT          \(noDrift)"])
      + folders.lines
    lines += result.transition?.report.lines(hasTerms: hasTerms) ?? []
    lines += [
      "seconds           \(phases.joined(separator: ", "))",
      "peak memory       \(Format.byteCount(report.peakMemoryBytes))",
      "certificate       \(Quoting.plain(output))",
      "opening           \(Quoting.plain(openingPath)): keep it secret, and keep one copy"
        + (report.proofsAllowed > 0 ? " (proof \(report.proofsUsed) of \(report.proofsAllowed))" : ""),
    ]
    if let left = report.baseProofsLeft {
      lines.append("base opening      \(Format.count(left, "proof")) of this size are left of it")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func json(
    _ result: DriftProver.Result, _ folders: FolderFacts, output: String, _ openingPath: String
  ) -> JSONOutput {
    let report = result.report
    var members: [(key: String, value: JSONOutput)] = [("verified", .boolean(true)), ("reason", .null)]
    members += result.verification.members
    members.append(("drift", .string(result.hasDrift ? "some" : "none")))
    members += folders.members
    members += result.transition.map { [("transition", $0.report.member)] } ?? []
    members += [
      ("proofSections", .object(report.proofSections.map { ($0.name, .integer($0.bytes)) })),
      ("verifySeconds", .number(result.verification.verifySeconds)),
      ("proveSeconds", .number(report.totalSeconds)),
      ("seconds", .object(phaseMembers(report.phases))),
      ("peakMemoryBytes", .integer(report.peakMemoryBytes)),
      ("proofsUsed", .integer(report.proofsUsed)),
      ("proofsAllowed", .integer(report.proofsAllowed)),
    ]
    members += report.baseProofsLeft.map { [("baseProofsLeft", .integer($0))] } ?? []
    members += [
      ("out", .string(output)),
      ("opening", .string(openingPath)),
      ("exitCode", .integer(0)),
    ]
    return .object(members)
  }

  /// One member per name: a phase that was entered twice counts once, with its whole time.
  static func phaseMembers(
    _ phases: [(name: String, seconds: Double)]
  ) -> [(key: String, value: JSONOutput)] {
    var order: [String] = []
    var sums: [String: Double] = [:]
    for (name, seconds) in phases {
      if sums[name] == nil { order.append(name) }
      sums[name, default: 0] += seconds
    }
    return order.map { ($0, .number(sums[$0])) }
  }
}

extension ParsedArguments {
  func readPolicy() throws(CommandFailure) -> Policy {
    let bytes = try readFile("policy", limit: FileLimits.policy)
    do {
      return try Policy.parse(bytes)
    } catch {
      throw CommandFailure(.operational, "\(try required("policy")): \(error)")
    }
  }

  /// The number of `--bands`; 1 without it.
  func bands() throws(CommandFailure) -> Int {
    guard let text = values["bands"] else { return 1 }
    let range = DriftProver.bandRange
    guard let bands = Int(text), range.contains(bands) else {
      throw CommandFailure(
        UsageError(
          "--bands is \(Quoting.shown(text)), expected a whole number of \(range.lowerBound) to \(range.upperBound)",
          command: command))
    }
    return bands
  }

  /// The number of `--workers`; nil without it.
  func workers(bands: Int) throws(CommandFailure) -> Int? {
    guard let text = values["workers"] else { return nil }
    guard let workers = Int(text), (1...bands).contains(workers) else {
      throw CommandFailure(
        UsageError(
          "--workers is \(Quoting.shown(text)), expected a whole number of 1 to the \(bands) of --bands",
          command: command))
    }
    return workers
  }

  /// This program and the files that its workers read; nil where they are no processes.
  func workerProcesses() throws(CommandFailure) -> (program: String, files: WorkerFiles)? {
    guard values["workers"] != nil, !has("workers-inside"), let base = values["base"], let tuned = values["tuned"]
    else { return nil }
    guard let program = Bundle.main.executablePath else {
      throw CommandFailure(.operational, "this program does not know where it lies, so that it cannot start workers")
    }
    return (
      program,
      WorkerFiles(base: base, tuned: tuned, leftOut: leftOut.map(\.text), stripped: nameReading.parts)
    )
  }

  /// The path of `--base-opening`; nil without one.
  func baseOpening() throws(CommandFailure) -> String? {
    guard let path = values["base-opening"] else { return nil }
    guard values["identity"] != nil else {
      throw CommandFailure(
        UsageError("--base-opening needs --identity, that of identify --commit --hiding", command: command))
    }
    for other in ["out", "opening", "tuned-opening"] where values[other] == path {
      throw CommandFailure(UsageError("--base-opening and --\(other) name the same file", command: command))
    }
    if let failure = ExpectedFile.opening.wrongKind(path) { throw failure }
    return path
  }

  /// The verified certificate of `--parent`; nil without one.
  func readParent(_ identity: BaseIdentity?) throws(CommandFailure) -> ParentCertificate? {
    guard let path = values["parent"] else { return nil }
    guard let identity else {
      throw CommandFailure(
        UsageError("--parent needs --identity, that of the chain's base", command: command))
    }
    let bytes = try readFile("parent", limit: FileLimits.certificate)
    do {
      return try ParentCertificate(bytes, identity: identity)
    } catch {
      let failure = CommandFailure(error)
      throw CommandFailure(
        failure.exitCode, "\(path): \(failure.reason)", findings: failure.findings, remedy: failure.remedy)
    }
  }

  /// The file of `--identity`, or of the option named; nil without one.
  func readIdentity(_ option: String = "identity") throws(CommandFailure) -> BaseIdentity? {
    guard let path = values[option] else { return nil }
    let bytes = try readFile(option, limit: FileLimits.identity)
    do {
      return try BaseIdentity.parse(bytes)
    } catch {
      throw CommandFailure(.operational, "\(path): \(error)")
    }
  }
}
