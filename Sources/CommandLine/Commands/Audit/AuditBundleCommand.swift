// SPDX-License-Identifier: Apache-2.0

import DriftProofAudit
import DriftProofAuditBundle
import DriftProofCore

/// `driftproof audit bundle`: everything about one audit in one signed file.
enum AuditBundleCommand: Command {
  static let description = CommandDescription(
    name: "audit bundle",
    summary: "sign an audit and everything that it follows from, in one file",
    details: [
      "Computes the audit again and writes a tar with plan, transcripts, result and a signed in-toto statement, which driftproof "
        + "audit verify checks without network or model. It reveals the key, and with it the questions, so that everything "
        + "can be recomputed: the audit is over then. openssl genpkey -algorithm ed25519 -out KEY.pem makes a signing key.",
      "With --withhold key, questions and answers stay secret. Readers see every score, tied to a line of the transcripts "
        + "that they do not see, and can ask for single records, which audit open discloses.",
      "A plan that names a certificate needs it here. The statement says how the reference is bound: recorded (whatever "
        + "answered), declared (the plan has the digest of its model's files), or checked: with --model, --base and --opening "
        + "these files are first checked to be what the certificate is about.",
    ],
    positionals: AuditFiles.positionals,
    ownOptions: [
      ParsedArguments.auditKey,
      ParsedArguments.auditSigner,
      .required("out", short: "o", "AUDIT.tar", "where the bundle is written"),
      .flag("withhold", "keep key, questions and answers secret"),
      ParsedArguments.auditPrompts,
      .optional("opened", "FILE", "records that audit open has disclosed"),
      .optional("quote", "QUOTE", "an enclave's quote that the client inside wrote this transcript (Nitro or SEV-SNP)"),
      .optional(
        "quote-chain", "CHAIN.pem", "of SEV-SNP: the certificates of the report's key, as audit quote takes them"),
      .optional("certificate", "CERT", "the certificate that the plan names"),
      .optional(
        "base-identity", "FILE", "the base's identity: verifies the certificate first, and goes into the bundle"),
      .optional("policy", "FILE", "with --base-identity: the policy; otherwise the one inside the certificate"),
      .optional("model", "FOLDER", "the reference's model: compared with the plan's digest"),
      .optional("base", "BASE", "with --model and --opening: check that the model is the certified one"),
      .optional("opening", "OPENING.secret", "the secret opening that prove wrote"),
      ParsedArguments.stripPrefix,
      .leaveOut,
    ] + ModelDigestArguments.options, refusesStandardOutput: "a bundle is no text")

  static func run(_ arguments: ParsedArguments, console: Console) throws(CommandFailure) -> CommandResult {
    let output = try arguments.required("out")
    try AtomicFile.checkFolder(of: output)
    try requireTogether(arguments)
    // Read as transcripts first: their errors name the file.
    let files = try AuditFiles(arguments)
    let plan = files.plan
    let signer = try arguments.signingKey("sign")
    let certificate = try certificate(arguments, plan)
    var maker = BundleMaker(
      plan: plan, key: files.key, reference: files.reference.file, candidate: files.candidate.file,
      binding: try binding(arguments, plan, certificate, console))
    maker.isWithheld = arguments.has("withhold")
    maker.prompts = try optionalFile("prompts", arguments, PromptFile.maximumBytes)
    maker.certificate = certificate
    maker.identity = try optionalFile("base-identity", arguments, FileLimits.identity)
    maker.policy = try optionalFile("policy", arguments, FileLimits.policy)
    maker.opened = try optionalFile("opened", arguments, FileLimits.opened)
    maker.quote = try optionalFile("quote", arguments, FileLimits.key)
    maker.quoteChain = try optionalFile("quote-chain", arguments, FileLimits.policy)
    let made: (tar: [UInt8], report: BundleReport)
    do throws(BundleRejection) {
      made = try maker.make(signing: signer)
    } catch {
      throw CommandFailure(error, isMade: true)
    }
    try AtomicFile.write(made.tar, to: output)
    if !maker.isWithheld { console.remark("the bundle reveals the key and all questions: this audit is over") }
    let lines =
      ["BUNDLED     \(made.report.verdict.rawValue) after \(Format.count(made.report.summary.scores.count, "request"))"]
      + AuditBundleText.facts(made.report) + [
        "written to  \(Quoting.plain(output)) (\(Format.byteCount(made.tar.count)))"
      ]
    return CommandResult(
      text: lines.joined(separator: "\n") + "\n",
      json: .object(
        AuditBundleText.members(made.report) + [
          ("out", .string(output)), ("bytes", .integer(made.tar.count)), ("exitCode", .integer(0)),
        ]))
  }

  private static func requireTogether(_ arguments: ParsedArguments) throws(CommandFailure) {
    func has(_ name: String) -> Bool { arguments.values[name] != nil }
    guard has("base") == has("opening"), !has("base") || has("model") && has("certificate") else {
      throw arguments.usage("--base and --opening go together, and with --model and --certificate")
    }
    guard !has("quote-chain") || has("quote") else { throw arguments.usage("--quote-chain goes with --quote") }
    guard !has("policy") || has("base-identity") else { throw arguments.usage("--policy goes with --base-identity") }
    guard !has("base-identity") || has("certificate") else {
      throw arguments.usage("--base-identity verifies a certificate: --certificate is missing")
    }
  }

  private static func optionalFile(
    _ name: String, _ arguments: ParsedArguments, _ limit: Int
  ) throws(CommandFailure) -> [UInt8]? {
    arguments.values[name] == nil ? nil : try arguments.readFile(name, limit: limit)
  }

  /// The plan's certificate, and none where it names none.
  private static func certificate(
    _ arguments: ParsedArguments, _ plan: AuditPlan
  ) throws(CommandFailure) -> [UInt8]? {
    guard arguments.values["certificate"] != nil else {
      guard plan.certificate == nil else {
        throw arguments.usage("the plan names a certificate: --certificate is missing")
      }
      return nil
    }
    let bytes = try arguments.readFile("certificate", limit: FileLimits.certificate)
    let digest = SHA256.hash(bytes).hexadecimal
    guard plan.certificate == digest else {
      throw CommandFailure(BundleReport.Mismatch.certificate(stated: plan.certificate, found: digest))
    }
    return bytes
  }

  /// How far the reference is bound: the plan's digest by itself, or a check of the very files.
  private static func binding(
    _ arguments: ParsedArguments, _ plan: AuditPlan, _ certificate: [UInt8]?, _ console: Console
  ) throws(CommandFailure) -> ReferenceBinding {
    let planned: ReferenceBinding = plan.modelDigest == nil ? .recorded : .declared
    guard let path = arguments.values["model"] else { return planned }
    let digest = try ModelDigestArguments.compute("model", arguments, console)
    guard plan.modelDigest == digest.root else {
      throw CommandFailure(BundleReport.Mismatch.model(stated: plan.modelDigest, found: digest.root))
    }
    guard let certificate else { return planned }
    let files = try SubjectFiles(path, arguments)
    let bound = try files.bind(to: certificate, arguments, console)
    try files.requireCovered(by: digest, arguments)
    guard bound == .checked else { return planned }
    guard files.leftOut.isEmpty else {
      console.remark(
        "WARNING: \(Format.count(files.leftOut.count, "file")) left out: the folder holds weights that the certificate is not "
          + "about, so the statement says declared, not checked; move them out of the folder")
      return planned
    }
    return .checked
  }
}
