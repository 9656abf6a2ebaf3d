// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit
import DriftProofAuditBundle
import DriftProofAuditDecision
import DriftProofAuditDecisionProver
import DriftProofCertificate
import DriftProofCore

/// `driftproof audit verify`: a bundle checked and computed again, without network or model.
enum AuditVerifyCommand: Command {
  static let description = CommandDescription(
    name: "audit verify",
    summary: "verify a bundle and compute its audit again, without network or model",
    details: [
      "Checks the signature, that the files are those that were signed, every question against key and plan, every answer's "
        + "score, every verdict on the way, the result, and every member of the statement; then ends as audit run did: SAME "
        + "(0), DIFFERENT (20), UNDECIDED (21). A bundle that does not hold together is refused (11), one about another plan, "
        + "certificate or model than the ones given, too (12).",
      "Of a bundle that withholds questions and answers only the decision is computed, from scores that are the auditor's word: it "
        + "is NOT RECOMPUTED (21) unless --accept-withheld takes it as it is. --opened checks records that the auditor has "
        + "disclosed, --records says which ones you asked for.",
      "With --expect, 0 means that the bundle is valid and says so: a gate can demand DIFFERENT, too.",
      "With --zero-knowledge the file is what audit prove has written: that the plan's rule says SAME of committed scores is proved, "
        + "that these are the transcripts' is the signer's word. With --decision that word is checked against a bundle which "
        + "reveals its key.",
      "A bundle's quote is bound to this audit in any case; that an enclave has given it is checked with --trust-root and "
        + "--measurement.",
      "It cannot see whether the signer left out the end of a transcript, or invented it.",
    ],
    positionals: [.init(name: "BUNDLE", help: "the bundle, AUDIT.tar; with --zero-knowledge AUDIT.decision")],
    ownOptions: [
      .required("public-key", "KEY.pub.pem", "the auditor's public key, in PEM"),
      .optional("plan", "PLAN", "the plan that was published, or its digest"),
      .optional("certificate", "CERT", "the certificate that the plan must name"),
      .optional("base-identity", "FILE", "the base's identity: verifies the certificate's proof"),
      .optional("policy", "FILE", "with --base-identity: the policy; otherwise the one inside the certificate"),
      .optional("model", "FOLDER", "the reference's model: compared with the plan's digest"),
      .optional("opened", "FILE", "records that audit open has disclosed"),
      .optional("records", "I,I,...", "with --opened: the records that must be among them"),
      .optional("expect", "{SAME,DIFFERENT,UNDECIDED}", "the verdict with which to end with 0"),
      .flag("accept-withheld", "take the scores of a bundle that withholds its answers as they are"),
      .flag("zero-knowledge", "the file is a proof without scores, as audit prove writes it"),
      .flag("soundness", "with --zero-knowledge: print every term of the soundness error"),
      .optional("decision", "FILE", "AUDIT.decision of the same audit and signer: its scores must be the bundle's"),
    ] + ParsedArguments.quoteOptions + ModelDigestArguments.options)

  static func run(_ arguments: ParsedArguments, console: Console) throws(CommandFailure) -> CommandResult {
    if arguments.has("zero-knowledge") { return try verifyDecision(arguments) }
    guard !arguments.has("soundness") else { throw arguments.usage("--soundness goes with --zero-knowledge") }
    guard arguments.values["policy"] == nil || arguments.values["base-identity"] != nil else {
      throw arguments.usage("--policy goes with --base-identity")
    }
    guard arguments.values["records"] == nil || arguments.values["opened"] != nil else {
      throw arguments.usage("--records goes with --opened")
    }
    let expected = try expectedVerdict(arguments)
    var report = try arguments.bundle()
    let verification = try compare(&report, arguments, console)
    let decision = try compareDecision(report, arguments)
    let quote = try arguments.checkedQuote(report)
    let exitCode = exitCode(report, expected, acceptsWithheld: arguments.has("accept-withheld"))
    var lines = AuditBundleText.verdict(report) + AuditBundleText.facts(report, verification, quote)
    if let decision { lines.append("decision    its scores \(decision) are the bundle's") }
    if let expected, report.verdict != expected { lines.append("expected    \(expected.rawValue)") }
    return CommandResult(
      text: lines.joined(separator: "\n") + "\n",
      json: .object(
        [("verified", .boolean(true)), ("reason", .null)] + AuditBundleText.members(report, verification, quote) + [
          ("decision", decision.map { .string($0) } ?? .null), ("audit", report.result.map(AuditText.json) ?? .null),
          ("exitCode", .integer(Int(exitCode.rawValue))),
        ]), exitCode: exitCode)
  }

  /// A proof without scores.
  private static func verifyDecision(_ arguments: ParsedArguments) throws(CommandFailure) -> CommandResult {
    for option in [
      "certificate", "base-identity", "policy", "model", "opened", "records", "decision", "ignore", "trust-root", "at",
      "vmpl",
    ] where arguments.values[option] != nil {
      throw arguments.usage("--\(option) goes with a bundle, not with --zero-knowledge")
    }
    guard arguments.lists["measurement"] == nil else {
      throw arguments.usage("--measurement goes with a bundle, not with --zero-knowledge")
    }
    for flag in ["accept-withheld", "allow-symlinks"] where arguments.has(flag) {
      throw arguments.usage("--\(flag) goes with a bundle, not with --zero-knowledge")
    }
    let expected = try expectedVerdict(arguments)
    let report = try arguments.decision("BUNDLE")
    if let plan = try planDigest(arguments), report.statement.plan != plan {
      throw CommandFailure(
        .identityMismatch, "the decision is about the plan \(report.statement.plan), not about \(plan)")
    }
    let isWanted = expected.map { $0 == .same } ?? true
    var lines =
      ["VERIFIED    SAME, in zero knowledge, in \(Format.number(report.verifySeconds * 1000, digits: 3)) ms"]
      + AuditDecisionText.lines(report, hasTerms: arguments.has("soundness"))
    if let expected, !isWanted { lines.append("expected    \(expected.rawValue)") }
    let exitCode: ExitCode = isWanted ? .success : .identityMismatch
    return CommandResult(
      text: lines.joined(separator: "\n") + "\n",
      json: .object(
        [("verified", .boolean(true)), ("reason", .null)] + AuditDecisionText.members(report) + [
          ("verifySeconds", .number(report.verifySeconds)), ("exitCode", .integer(Int(exitCode.rawValue))),
        ]), exitCode: exitCode)
  }

  /// A decision of the same audit must be about these very scores.
  /// - Returns: the digest of its scores; nil where none is given.
  private static func compareDecision(
    _ report: BundleReport, _ arguments: ParsedArguments
  ) throws(CommandFailure) -> String? {
    guard arguments.values["decision"] != nil else { return nil }
    let decision = try arguments.decision("decision")
    do throws(DecisionCheck.Mismatch) {
      try DecisionCheck.check(decision, against: report)
    } catch {
      throw CommandFailure(.identityMismatch, error.description)
    }
    return decision.statement.scores
  }

  private static func expectedVerdict(_ arguments: ParsedArguments) throws(CommandFailure) -> Verdict? {
    guard let text = arguments.values["expect"] else { return nil }
    guard let verdict = Verdict(rawValue: text) else {
      throw arguments.usage("--expect is \(Quoting.shown(text)), expected SAME, DIFFERENT or UNDECIDED")
    }
    return verdict
  }

  /// What the reader holds against the bundle.
  /// - Returns: what the certificate's proof says, if it was verified against something of the reader's.
  private static func compare(
    _ report: inout BundleReport, _ arguments: ParsedArguments, _ console: Console
  ) throws(CommandFailure) -> VerificationReport? {
    let plan = try planDigest(arguments)
    let certificate =
      arguments.values["certificate"] == nil
      ? nil : try arguments.readFile("certificate", limit: FileLimits.certificate)
    let model =
      arguments.values["model"] == nil ? nil : try ModelDigestArguments.compute("model", arguments, console).root
    do throws(BundleReport.Mismatch) {
      if let plan { try report.requirePlan(plan) }
      if let certificate { try report.requireCertificate(SHA256.hash(certificate).hexadecimal) }
      if let model { try report.requireModel(model) }
    } catch {
      throw CommandFailure(error)
    }
    if arguments.values["opened"] != nil {
      let file = try arguments.readFile("opened", limit: FileLimits.opened)
      let wanted = try arguments.recordList() ?? []
      do throws(OpenedError) {
        try report.open(file, wanted: wanted)
      } catch {
        throw CommandFailure(BundleRejection.opened(error))
      }
    }
    return try verifyProof(report, arguments)
  }

  private static func verifyProof(
    _ report: BundleReport, _ arguments: ParsedArguments
  ) throws(CommandFailure) -> VerificationReport? {
    guard arguments.values["base-identity"] != nil else { return nil }
    guard let certificate = report.certificate else {
      throw CommandFailure(.identityMismatch, "the plan names no certificate, so there is no proof to verify")
    }
    let identity = try arguments.readFile("base-identity", limit: FileLimits.identity)
    let policy = arguments.values["policy"] == nil ? nil : try arguments.readFile("policy", limit: FileLimits.policy)
    do throws(DriftProofError) {
      return try CertificateFile.verify(certificate.bytes, identity: identity, policy: policy)
    } catch {
      throw CommandFailure(error)
    }
  }

  /// 64 digits, or the plan's file.
  private static func planDigest(_ arguments: ParsedArguments) throws(CommandFailure) -> String? {
    guard let text = arguments.values["plan"] else { return nil }
    if let digest = [UInt8](hexadecimal: text), digest.count == SHA256.digestLength { return text }
    return try ParsedArguments.auditPlan(at: text).digest.hexadecimal
  }

  private static func exitCode(
    _ report: BundleReport, _ expected: Verdict?, acceptsWithheld: Bool
  ) -> ExitCode {
    guard !report.isWithheld || acceptsWithheld else { return .undecided }
    guard let expected else { return ExitCode(report.verdict) }
    guard report.verdict != expected else { return .success }
    // SAME where another verdict was demanded is no success.
    return report.verdict == .same ? .identityMismatch : ExitCode(report.verdict)
  }
}

extension ParsedArguments {
  /// The verified bundle of a positional argument.
  func bundle(_ name: String = "BUNDLE") throws(CommandFailure) -> BundleReport {
    let key = try publicKey()
    let bytes = try readFile(name, limit: FileLimits.bundle)
    guard !DecisionFile.begins(bytes) else {
      throw CommandFailure(
        .proofInvalid, "the file is a decision, as audit prove writes it, and no bundle",
        remedy: "audit verify --zero-knowledge takes decisions.")
    }
    do throws(BundleRejection) {
      return try BundleVerifier.verify(bytes, key: key)
    } catch {
      throw CommandFailure(error)
    }
  }

  /// The verified decision of an argument.
  func decision(_ name: String) throws(CommandFailure) -> DecisionReport {
    let key = try publicKey()
    let bytes = try readFile(name, limit: DecisionFile.maximumBytes)
    do throws(DecisionRejection) {
      return try DecisionVerifier.verify(bytes, key: key)
    } catch {
      throw CommandFailure(error)
    }
  }

  /// `--records`: numbers of questions, such as 3,17,40; nil where it is not given.
  func recordList() throws(CommandFailure) -> Set<Int>? {
    guard let text = values["records"] else { return nil }
    var numbers: Set<Int> = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let number = Int(part), String(number) == part, (0...TranscriptLine.maximumIndex).contains(number) else {
        throw usage("--records is \(Quoting.shown(text)), expected numbers of questions such as 3,17,40")
      }
      numbers.insert(number)
    }
    return numbers
  }
}
