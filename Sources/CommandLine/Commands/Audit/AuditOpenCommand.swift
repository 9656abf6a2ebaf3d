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
    positionals: AuditFiles.positionals,
    ownOptions: [
      .required("records", "I,I,...", "numbers of questions, as result.json lists them"),
      .required("out", short: "o", "OPENED.json", "where the records are written"),
    ] + AuditFiles.options)

  static func run(_ arguments: ParsedArguments, console: Console) throws(CommandFailure) -> CommandResult {
    let output = try arguments.required("out")
    try AtomicFile.checkFolder(of: output)
    let files = try AuditFiles(arguments)
    guard let wanted = try arguments.recordList() else { throw arguments.usage("--records is missing") }
    let (result, source) = (try files.result(), try files.questions())
    let opened: OpenedRecords
    do throws(OpenedError) {
      opened = try OpenedRecords(
        wanted, of: result, source: source, reference: (files.reference.transcript, files.reference.file),
        candidate: (files.candidate.transcript, files.candidate.file))
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
