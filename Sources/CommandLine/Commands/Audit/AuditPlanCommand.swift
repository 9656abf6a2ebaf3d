// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit
import DriftProofCertificate
import DriftProofCore

/// `driftproof audit plan`: fix beforehand what will be asked, and what will decide.
enum AuditPlanCommand: Command {
  static let description = CommandDescription(
    name: "audit plan",
    summary: "fix what an audit of an endpoint will ask, and what will decide",
    details: [
      "Writes a plan, and a new secret key that the plan commits to. All questions follow from both, so that the provider "
        + "cannot know them and you cannot choose them. Publish the plan before you ask; keep the key secret until the "
        + "audit is over.",
      "The margin says what counts as the same: a mean distance in nats between the endpoint's log probabilities and the "
        + "reference's (with --score text, a share of the text). Too wide a margin does not see quantised weights, too narrow a "
        + "one accuses honest servers of rounding. docs/audit.md has figures.",
    ],
    positionals: [],
    ownOptions: [
      .required("mode", "{quick,audit,extended}", "how sure: wrong with probability at most 2.5, 1 or 0.1 percent"),
      .required("endpoint", "URL", "the API that is audited, such as https://api.example.com/v1; local for --serve"),
      .required("model-name", "NAME", "what requests to the endpoint call the model"),
      .required("out", short: "o", "PLAN.json", "where the plan is written"),
      .required("key", "KEY.secret", "where the new key is written; it never replaces a file"),
      .optional("prompts", "FILE", "your own questions, one a line, ten times as many as will be asked"),
      .optional("previous", "PLAN", "the last plan about this endpoint: plans are counted"),
      .optional("beacon-source", "TEXT", "whose value will go into the questions with --beacon, such as a drand round"),
      .optional("certificate", "CERT", "the certificate that the model is said to have"),
      .optional("model", "FOLDER", "the reference's model: its digest goes into the plan"),
      ParsedArguments.stripPrefix,
      .leaveOut,
    ] + ParsedArguments.planOptions + ModelDigestArguments.options,
    refusesStandardOutput: "the key is written beside it")

  static func run(_ arguments: ParsedArguments, console: Console) throws(CommandFailure) -> CommandResult {
    let (output, keyPath) = (try arguments.required("out"), try arguments.required("key"))
    guard output != keyPath else { throw arguments.usage("--out and --key name one file") }
    try OutputPlace.checkNew(arguments)
    try AtomicFile.checkFolder(of: output)
    let key = AuditKey()
    let plan = try plan(arguments, key, console)
    do throws(SystemError) {
      try DurableFile.create(keyPath, with: key.file, mode: 0o600, folder: .attempted)
    } catch {
      throw CommandFailure(
        .operational,
        "\(keyPath): \(error.isExisting ? "exists already, and may be the key of another plan" : "\(error)")",
        remedy: "Choose another name with --key.")
    }
    try AtomicFile.write(plan.file, to: output)
    return CommandResult(
      text: AuditText.describe(plan).joined(separator: "\n") + "\n",
      json: .object([
        ("plan", .string(plan.digest.hexadecimal)), ("commitment", .string(plan.commitment)),
        ("mode", .string(plan.mode.rawValue)), ("score", .string(plan.score.rawValue)),
        ("marginMillionths", .integer(plan.margin)), ("run", .integer(plan.run)),
        ("fewestForSame", .integer(plan.fewestForSame)), ("budget", .integer(plan.mode.budget)),
        ("out", .string(output)), ("exitCode", .integer(0)),
      ]))
  }

  private static func plan(
    _ arguments: ParsedArguments, _ key: AuditKey, _ console: Console
  ) throws(CommandFailure) -> AuditPlan {
    var plan = try arguments.newPlan(try subject(arguments), key: key)
    if let file = try arguments.promptFile() {
      plan.prompts = .file(digest: file.digest)
      if file.lines.count < 10 * plan.mode.budget {
        console.remark(
          "\(Format.count(file.lines.count)) different questions: with less than ten times the \(plan.mode.budget) that may be asked, "
            + "what is left over differs from the whole")
      }
    }
    if let path = arguments.values["previous"] {
      let previous = try ParsedArguments.auditPlan(at: path)
      plan.previous = previous.digest.hexadecimal
      plan.run = previous.run + 1
    }
    if arguments.values["beacon-source"] != nil { plan.beacon = try arguments.label("beacon-source") }
    try bind(&plan, arguments, console)
    return plan
  }

  /// The reference's model, and the certificate that it is said to have: they must fit each other.
  private static func bind(
    _ plan: inout AuditPlan, _ arguments: ParsedArguments, _ console: Console
  ) throws(CommandFailure) {
    let certificate =
      arguments.values["certificate"] == nil
      ? nil : try arguments.readFile("certificate", limit: FileLimits.certificate)
    if let certificate {
      do throws(DriftProofError) {
        plan.certificate = try CertificateFacts(certificate).sha256
      } catch {
        throw CommandFailure(error)
      }
    }
    guard let path = arguments.values["model"] else { return }
    let digest = try ModelDigestArguments.compute("model", arguments, console)
    if let certificate {
      let files = try SubjectFiles(path, arguments)
      _ = try files.bind(to: certificate, arguments, console)
      try files.requireCovered(by: digest, arguments)
    }
    plan.modelDigest = digest.root
  }

  private static func subject(_ arguments: ParsedArguments) throws(CommandFailure) -> AuditPlan.Subject {
    try arguments.required("endpoint") == "local" ? .local : .endpoint(arguments.endpointAddress())
  }
}
