import DriftPolicy
import DriftProof

/// `driftproof prove`: from two checkpoints and a policy to a certificate and its opening.
enum ProveCommand: Command {
  static let description = CommandDescription.prove

  static func run(_ arguments: ParsedArguments, console: Console) throws(CommandFailure) -> CommandResult {
    let output = try arguments.required("out")
    let openingPath = try arguments.required("opening")
    guard output != openingPath else {
      throw CommandFailure(UsageError("--out and --opening name the same file", command: description))
    }
    // Before the work, not after it.
    try AtomicFile.checkFolder(of: output)
    try AtomicFile.checkFolder(of: openingPath)
    let policy = try readPolicy(arguments)
    let base = try arguments.openCheckpoint("base")
    let tuned = try arguments.openCheckpoint("tuned")

    let result: DriftProver.Result
    do {
      result = try DriftProver.prove(base: base, tuned: tuned, policy: policy, openingPath: openingPath) { phase in
        console.phase(phase)
      }
    } catch {
      throw CommandFailure(error)
    }
    try AtomicFile.write(result.certificate, to: output)
    return CommandResult(
      text: text(result, output: output, openingPath: openingPath), json: json(result, output: output, openingPath))
  }

  private static func readPolicy(_ arguments: ParsedArguments) throws(CommandFailure) -> Policy {
    let bytes = try arguments.readFile("policy", limit: FileLimits.policy)
    do {
      return try Policy.parse(bytes)
    } catch {
      throw CommandFailure(.operational, "\(try arguments.required("policy")): \(error)")
    }
  }

  private static func text(_ result: DriftProver.Result, output: String, openingPath: String) -> String {
    let report = result.report
    let phases = report.phases.map { "\($0.name) \(Format.number($0.seconds, digits: 3))" }
    var lines = ["PROVED in \(Format.number(report.totalSeconds, digits: 3)) s"] + result.verification.lines
    lines += [
      "seconds           \(phases.joined(separator: ", "))",
      "peak memory       \(Format.byteCount(report.peakMemoryBytes))",
      "certificate       \(Quoting.plain(output))",
      "opening           \(Quoting.plain(openingPath)): keep it secret, and keep one copy"
        + (report.proofsAllowed > 0 ? " (proof \(report.proofsUsed) of \(report.proofsAllowed))" : ""),
    ]
    return lines.joined(separator: "\n") + "\n"
  }

  private static func json(_ result: DriftProver.Result, output: String, _ openingPath: String) -> JSONOutput {
    let report = result.report
    var members: [(key: String, value: JSONOutput)] = [("verified", .boolean(true)), ("reason", .null)]
    members += result.verification.members
    members += [
      ("proofSections", .object(report.proofSections.map { ($0.name, .integer($0.bytes)) })),
      ("verifySeconds", .number(result.verification.verifySeconds)),
      ("proveSeconds", .number(report.totalSeconds)),
      ("seconds", .object(phaseMembers(report.phases))),
      ("peakMemoryBytes", .integer(report.peakMemoryBytes)),
      ("proofsUsed", .integer(report.proofsUsed)),
      ("proofsAllowed", .integer(report.proofsAllowed)),
      ("out", .string(output)),
      ("opening", .string(openingPath)),
      ("exitCode", .integer(0)),
    ]
    return .object(members)
  }

  /// One member per name: a phase that was entered twice counts once, with its whole time.
  private static func phaseMembers(
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
