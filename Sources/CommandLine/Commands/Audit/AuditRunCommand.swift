// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit
import DriftProofAuditEndpoint
import DriftProofCore

/// `driftproof audit run`: asks the endpoint until there is a verdict.
enum AuditRunCommand: Command {
  static let description = CommandDescription(
    name: "audit run",
    summary: "ask an endpoint until it is known whether it serves the reference's model",
    details: [
      "Asks the plan's endpoint the plan's questions, compares each answer with the reference's, and stops at the first "
        + "verdict: SAME (0), DIFFERENT (20), or UNDECIDED (21) at the end of the budget. An endpoint that cannot be read "
        + "ends with 1, never with 20.",
      "The transcript is written as it goes: after a crash or an error, the same command goes on and asks nothing twice. "
        + "--max-queries goes beyond the budget, as far as the reference was recorded; the error rates hold all the same.",
      "--dry-run prints what it would ask and cost, and sends nothing.",
    ],
    positionals: [.init(name: "PLAN", help: "the plan, PLAN.json")],
    ownOptions: [
      ParsedArguments.auditKey,
      .required("reference", "REF.ndjson", "the reference's transcript"),
      .required("out", short: "o", "CAND.ndjson", "the endpoint's transcript; one that is there goes on"),
      ParsedArguments.apiKey,
      ParsedArguments.concurrency,
      .optional("max-queries", "N", "how many questions at most (the mode's budget: 120, 400 or 800)"),
      .optional("spread", "TIME", "spread the requests over a time such as 24h, at moments that follow from the key"),
      ParsedArguments.serve,
      ParsedArguments.auditPrompts,
      ParsedArguments.proxy,
      .flag("dry-run", "print requests, tokens, price and expected queries; send nothing"),
      .optional("price-in", "PRICE", "with --dry-run: what a million tokens of questions cost"),
      .optional("price-out", "PRICE", "with --dry-run: what a million tokens of answers cost"),
    ], freeingFlag: (flag: "dry-run", options: ["out"]), refusesStandardOutput: "an audit must be able to go on with it"
  )

  static func run(_ arguments: ParsedArguments, console: Console) throws(CommandFailure) -> CommandResult {
    let asking = try AuditAsking(arguments, console)
    let plan = asking.plan
    let transcript = try arguments.transcript("reference", .reference, plan: plan)
    let questions = try arguments.number("max-queries", in: 1...100_000, default: plan.mode.budget)
    if arguments.has("dry-run") { return try AuditForecast(arguments, plan, transcript, questions).result }
    let reference: ReferenceAnswers
    do throws(AuditRejection) {
      guard !transcript.endings.isEmpty else { throw .noEnd(.reference) }
      reference = try ReferenceAnswers(plan: plan, transcript: transcript)
    } catch {
      throw CommandFailure(error)
    }
    let address: EndpointAddress?
    switch plan.subject {
    case .endpoint(let found):
      guard arguments.values["serve"] == nil else {
        throw arguments.usage("--serve is for a plan about a local server; this one is about \(found.origin)")
      }
      address = found
    case .local:
      guard arguments.values["serve"] != nil else {
        throw arguments.usage("the plan is about a local server: --serve starts it")
      }
      address = nil
    }
    let output = try arguments.required("out")
    let report = try asking.ask(
      address, modelName: plan.modelName, reference: reference, questions: min(questions, reference.count),
      beacon: transcript.header?.beaconBytes ?? [], output: output)
    // What is said is what a reader of the transcripts will compute.
    let result: AuditResult
    do throws(AuditRejection) {
      result = try AuditResult(
        plan: plan, key: asking.key, prompts: asking.prompts, reference: transcript, candidate: report.transcript)
    } catch {
      throw CommandFailure(error)
    }
    var lines = AuditText.verdict(result) + AuditAsking.lines(report)
    if result.verdict == .undecided {
      lines += AuditText.next(result, recorded: reference.count)
    }
    return CommandResult(
      text: lines.joined(separator: "\n") + "\n", json: AuditText.json(result), exitCode: ExitCode(result.verdict))
  }
}

extension ExitCode {
  init(_ verdict: Verdict) {
    switch verdict {
    case .same: self = .success
    case .different: self = .different
    case .undecided: self = .undecided
    }
  }
}
