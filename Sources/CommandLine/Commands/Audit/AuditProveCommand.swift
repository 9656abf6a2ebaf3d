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
    positionals: [
      .init(name: "PLAN", help: "the plan, PLAN.json"), .init(name: "REF", help: "the reference's transcript"),
      .init(name: "CAND", help: "the endpoint's transcript"),
    ],
    ownOptions: [
      ParsedArguments.auditKey,
      .required("sign", "KEY.pem", "the private key that signs: PKCS#8 in PEM, without a password"),
      .required("out", short: "o", "AUDIT.decision", "where the proof is written"),
      ParsedArguments.auditPrompts,
      .flag("soundness", "print every term of the soundness error, not the least alone"),
    ], refusesStandardOutput: "a proof is no text")

  static func run(_ arguments: ParsedArguments, console: Console) throws(CommandFailure) -> CommandResult {
    let output = try arguments.required("out")
    try AtomicFile.checkFolder(of: output)
    let plan = try arguments.auditPlan()
    let key = try arguments.auditKeyFile()
    let signer = try arguments.signingKey("sign")
    let prompts = try arguments.promptFile()
    let reference = try arguments.transcript("REF", .reference, plan: plan)
    let candidate = try arguments.transcript("CAND", .candidate, plan: plan)
    let result: AuditResult
    do throws(AuditRejection) {
      result = try AuditResult(plan: plan, key: key, prompts: prompts, reference: reference, candidate: candidate)
    } catch {
      throw CommandFailure(error)
    }
    let prover = DecisionProver(
      plan: plan, key: key, result: result,
      reference: (try arguments.readFile("REF", limit: Transcript.maximumBytes), reference),
      candidate: (try arguments.readFile("CAND", limit: Transcript.maximumBytes), candidate))
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
