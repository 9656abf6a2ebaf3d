// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit
import DriftProofAuditEndpoint
import DriftProofCore

/// `driftproof audit record`: the reference's answers.
enum AuditRecordCommand: Command {
  static let description = CommandDescription(
    name: "audit record",
    summary: "record the answers of an audit's reference",
    details: [
      "Asks the reference, a server that you start yourself or the vendor's own endpoint, the plan's questions, and writes its "
        + "transcript. The reference sees the questions first: never let it be the party that is audited.",
      "A transcript that was cut off goes on with the same command. Questions that the reference does not answer are left "
        + "out of the audit; above 5 percent it is no reference.",
    ],
    positionals: [.init(name: "PLAN", help: "the plan, PLAN.json")],
    ownOptions: [
      ParsedArguments.auditKey,
      ParsedArguments.serve,
      .optional("endpoint", "URL", "the reference's API, in place of --serve"),
      .required("model-name", "NAME", "what requests to the reference call the model"),
      .required("out", short: "o", "REF.ndjson", "the transcript; one that is there goes on"),
      .optional("queries", "N", "how many questions (the mode's budget: 120, 400 or 800)"),
      .optional("beacon", "HEX", "a value that nobody knew when the plan was published; it goes into the questions"),
      ParsedArguments.apiKey,
      ParsedArguments.concurrency,
      ParsedArguments.auditPrompts,
      ParsedArguments.proxy,
    ], refusesStandardOutput: "an audit must be able to go on with it")

  static func run(_ arguments: ParsedArguments, console: Console) throws(CommandFailure) -> CommandResult {
    let asking = try AuditAsking(arguments, console)
    guard (arguments.values["serve"] != nil) != (arguments.values["endpoint"] != nil) else {
      throw arguments.usage("either --serve or --endpoint says what the reference is")
    }
    let output = try arguments.required("out")
    let name = try arguments.label("model-name")
    let questions = try arguments.number("queries", in: 1...100_000, default: asking.plan.mode.budget)
    let address = try arguments.values["endpoint"] == nil ? nil : arguments.endpointAddress()
    let report = try asking.ask(
      address, modelName: name, reference: nil, questions: questions, beacon: try beacon(arguments), output: output)
    let root = report.transcript.endings.last?.end.root ?? ""
    let missing = report.transcript.questions.values.count { $0.state == .missing }
    let lines =
      ["RECORDED \(Format.count(report.transcript.resolvedCount, "answer"))"] + AuditAsking.lines(report) + [
        "reference   \(root)", "written to  \(Quoting.plain(output)); keep it private until the audit is over",
      ] + (missing > 0 ? ["missing     \(missing): these questions are left out"] : [])
    return CommandResult(
      text: lines.joined(separator: "\n") + "\n",
      json: .object([
        ("recorded", .integer(report.transcript.resolvedCount)), ("missing", .integer(missing)),
        ("root", .string(root)), ("serverPeakBytes", report.serverPeak.map { .integer($0) } ?? .null),
        ("out", .string(output)), ("exitCode", .integer(0)),
      ]))
  }

  private static func beacon(_ arguments: ParsedArguments) throws(CommandFailure) -> [UInt8] {
    guard let text = arguments.values["beacon"] else { return [] }
    guard let bytes = [UInt8](hexadecimal: text), (1...64).contains(bytes.count) else {
      throw arguments.usage("--beacon is \(Quoting.shown(text)), expected 1 to 64 bytes in lower-case hexadecimal")
    }
    return bytes
  }
}
