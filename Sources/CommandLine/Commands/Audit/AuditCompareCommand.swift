// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit

/// `driftproof audit compare`: an audit computed again from its transcripts.
enum AuditCompareCommand: Command {
  static let description = CommandDescription(
    name: "audit compare",
    summary: "compute an audit again from its transcripts, without network or model",
    details: [
      "Checks the links between all lines, every question against key and plan, every answer's score, and every verdict on "
        + "the way, and prints what audit run printed: SAME (0), DIFFERENT (20) or UNDECIDED (21). Transcripts that do not "
        + "hold together are refused (11), those of another plan, key, model or reference, too (12).",
      "It cannot see whether whoever recorded the transcripts left out their end, or invented them.",
    ],
    positionals: AuditFiles.positionals, ownOptions: AuditFiles.options)

  static func run(_ arguments: ParsedArguments, console: Console) throws(CommandFailure) -> CommandResult {
    let files = try AuditFiles(arguments)
    let result = try files.result()
    var lines = AuditText.verdict(result)
    if result.verdict == .undecided {
      lines += AuditText.next(result, recorded: files.reference.transcript.resolvedCount)
    }
    return CommandResult(
      text: lines.joined(separator: "\n") + "\n", json: AuditText.json(result), exitCode: ExitCode(result.verdict))
  }
}
