// SPDX-License-Identifier: Apache-2.0

import DriftProofAttestation
import DriftProofAudit
import DriftProofAuditDecision
import DriftProofAuditDecisionProver
import DriftProofCore

/// `driftproof audit prove`: the verdict SAME without questions, answers and scores.
enum AuditProveCommand: Command {
  static let description = CommandDescription(
    name: "audit prove",
    summary: "prove that an audit says SAME, without showing its questions, answers or scores",
    details: [
      "Computes the audit again, commits to its scores, signs whose they are, and proves in zero knowledge that the plan's rule "
        + "says SAME of them. driftproof audit verify --zero-knowledge checks it with the auditor's public key alone. It shows the "
        + "plan, the number of requests, how many of them at most were far off, and the transcripts' roots.",
      "That the committed scores are those of the transcripts is the signer's word, as it is of a bundle with --withhold. Whoever "
        + "gets a bundle that reveals the key can check that, too: driftproof audit verify AUDIT.tar --decision AUDIT.decision.",
      "Only SAME is proved: it ends with 20 or 21 where the audit says something else, and with 14 where the scores are so near the "
        + "margin that only their squares decide.",
    ],
    positionals: AuditFiles.positionals,
    ownOptions: [
      ParsedArguments.auditKey,
      ParsedArguments.auditSigner,
      .required("out", short: "o", "AUDIT.decision", "where the proof is written"),
      ParsedArguments.auditPrompts,
      .flag("dry-run", "say what would be proved, in what time, size and memory; sign and prove nothing"),
      .flag("soundness", "print every term of the soundness error, not the least alone"),
    ], freeingFlag: (flag: "dry-run", options: ["sign", "out"]), refusesStandardOutput: "a proof is no text")

  static func run(_ arguments: ParsedArguments, console: Console) throws(CommandFailure) -> CommandResult {
    if !arguments.has("dry-run") { try AtomicFile.checkFolder(of: try arguments.required("out")) }
    let files = try AuditFiles(arguments)
    let prover = DecisionProver(
      plan: files.plan, key: files.key, result: try files.result(), reference: files.reference,
      candidate: files.candidate)
    return try arguments.has("dry-run") ? forecast(prover) : prove(prover, arguments)
  }

  private static func forecast(_ prover: DecisionProver) throws(CommandFailure) -> CommandResult {
    let forecast: DecisionForecast
    do throws(DecisionRefusal) {
      forecast = try DecisionForecast(prover)
    } catch {
      throw CommandFailure(error)
    }
    let claim = forecast.claim
    let phases = forecast.phases.map { "\($0.name) \(Format.number($0.seconds, digits: 2))" }
    let lines = [
      "DRY RUN     nothing was signed or proved",
      "would prove SAME after \(Format.count(claim.requests, "request")); \(AuditDecisionText.others(claim))",
      "time        about \(Format.number(forecast.seconds, digits: 2)) s (\(phases.joined(separator: ", ")))",
      "peak memory about \(Format.byteCount(forecast.peakMemoryBytes, digits: 3)), beside what the transcripts take",
      "file        about \(Format.byteCount(forecast.byteCount, digits: 3)), of which the proof "
        + Format.byteCount(forecast.proofBytes, digits: 3),
    ]
    return CommandResult(
      text: lines.joined(separator: "\n") + "\n",
      json: .object([
        ("dryRun", .boolean(true)), ("verdict", .string(Verdict.same.rawValue)), ("requests", .integer(claim.requests)),
        ("far", .integer(claim.far)), ("below", .integer(claim.below)), ("seconds", .number(forecast.seconds)),
        ("peakMemoryBytes", .integer(forecast.peakMemoryBytes)), ("proofBytes", .integer(forecast.proofBytes)),
        ("bytes", .integer(forecast.byteCount)), ("exitCode", .integer(0)),
      ]))
  }

  private static func prove(
    _ prover: DecisionProver, _ arguments: ParsedArguments
  ) throws(CommandFailure) -> CommandResult {
    let output = try arguments.required("out")
    let signer = try arguments.signingKey("sign")
    let start = ContinuousClock.now
    let made: (file: [UInt8], report: DecisionReport)
    do throws(DecisionRefusal) {
      made = try prover.make(signing: signer)
    } catch {
      throw CommandFailure(error)
    }
    let seconds = start.duration(to: .now) / .seconds(1)
    try AtomicFile.write(made.file, to: output)
    let lines =
      ["PROVED      SAME after \(Format.count(made.report.statement.requests, "request"))"]
      + AuditDecisionText.lines(made.report, hasTerms: arguments.has("soundness")) + [
        "seconds     \(Format.number(seconds, digits: 3))",
        "written to  \(Quoting.plain(output)) (\(Format.byteCount(made.file.count)))",
      ]
    return CommandResult(
      text: lines.joined(separator: "\n") + "\n",
      json: .object(
        AuditDecisionText.members(made.report) + [
          ("seconds", .number(seconds)), ("out", .string(output)), ("exitCode", .integer(0)),
        ]))
  }
}
