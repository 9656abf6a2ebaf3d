// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit
import DriftProofAuditBundle
import DriftProofCore

/// `driftproof audit open`: single records of an audit, for a reader of a bundle that withholds them.
enum AuditOpenCommand: Command {
  static let description = CommandDescription(
    name: "audit open",
    summary: "disclose single records of an audit whose bundle withholds them",
    details: [
      "Writes question, requests and answers of the records that a reader asked for, with the digests that show them to be in "
        + "the signed transcripts. driftproof audit verify AUDIT.tar --opened FILE checks that their scores follow.",
      "Let the reader choose the numbers, by chance and after the bundle was signed: if a share f of the scores does not "
        + "follow from the answers, k records show it with probability at least 1-(1-f)^k: 45 records and 10 percent, 99.1 "
        + "percent.",
    ],
    positionals: [
      .init(name: "PLAN", help: "the plan, PLAN.json"), .init(name: "REF", help: "the reference's transcript"),
      .init(name: "CAND", help: "the endpoint's transcript"),
    ],
    ownOptions: [
      ParsedArguments.auditKey,
      .required("records", "I,I,...", "numbers of questions, as result.json lists them"),
      .required("out", short: "o", "OPENED.json", "where the records are written"),
      ParsedArguments.auditPrompts,
    ])

  static func run(_ arguments: ParsedArguments, console: Console) throws(CommandFailure) -> CommandResult {
    let output = try arguments.required("out")
    try AtomicFile.checkFolder(of: output)
    let plan = try arguments.auditPlan()
    let key = try arguments.auditKeyFile()
    let prompts = try arguments.promptFile()
    guard let wanted = try arguments.recordList() else { throw arguments.usage("--records is missing") }
    let reference = try arguments.transcript("REF", .reference, plan: plan)
    let candidate = try arguments.transcript("CAND", .candidate, plan: plan)
    let result: AuditResult
    let source: PromptSource
    do throws(AuditRejection) {
      result = try AuditResult(plan: plan, key: key, prompts: prompts, reference: reference, candidate: candidate)
      do throws(AuditPlanError) {
        source = try plan.questions(
          key: key, beacon: reference.header?.beacon.flatMap { [UInt8](hexadecimal: $0) } ?? [], file: prompts)
      } catch {
        throw .plan(error)
      }
    } catch {
      throw CommandFailure(error)
    }
    let files = (
      try arguments.readFile("REF", limit: Transcript.maximumBytes),
      try arguments.readFile("CAND", limit: Transcript.maximumBytes)
    )
    let opened: OpenedRecords
    do throws(OpenedError) {
      opened = try OpenedRecords(
        wanted, of: result, source: source, reference: (reference, files.0), candidate: (candidate, files.1))
    } catch {
      throw CommandFailure(.operational, "\(error)")
    }
    if output == OutputPlace.standardOutput {
      return CommandResult(text: String(decoding: opened.file, as: UTF8.self), json: .null)
    }
    try AtomicFile.write(opened.file, to: output)
    return CommandResult(
      text: "OPENED      \(Format.count(opened.records.count, "record"))\nwritten to  \(Quoting.plain(output))\n",
      json: .object([
        ("opened", .array(opened.records.map { .integer($0.index) })), ("out", .string(output)),
        ("exitCode", .integer(0)),
      ]))
  }
}
