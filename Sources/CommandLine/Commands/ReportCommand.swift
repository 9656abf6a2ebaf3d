// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofAttestation
import DriftProofCertificate
import DriftProofChain
import DriftProofReport
import DriftProofReportFacts
import DriftProofCheckpoint
import DriftProofCurveCertificate
import DriftProofInspection
import DriftProofProving
import DriftProofPolicy

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// `driftproof report`: one page about certificates, for people who are no cryptographers.
enum ReportCommand: Command {
  static let description = CommandDescription(
    name: "report",
    summary: "verify certificates and write a page about them for people",
    details: [
      "Writes one HTML file that needs nothing else: the verdict, the policy in words, what stays possible and what was "
        + "not proved, coverage, a map of layers and modules, soundness, sizes, digests, and how to verify it again.",
      "Every certificate is verified while the page is made. Of one that fails the page says why, and the command ends "
        + "with the exit code that verify would have; with several, that of the first that fails.",
      "Without --policy each certificate is verified against the policy inside it, and the page says so: then its maker "
        + "chose what is allowed.",
      "With --base and --tuned, for one certificate, the page also shows what the weights themselves say: relative drift, "
        + "singular values, changed entries. That is measured, not proved, and whoever passes the page on publishes it.",
      "With --tuned-tableau and --transition, for one certificate, the transition is verified, too, and the page says so.",
      "Of one kzg certificate, with the identity of identify --backend kzg, the page says by which assumption it is proved.",
      "Of an audit's bundle, with --public-key in place of --base-identity, the page has the verdict and what it means, the evidence "
        + "over the requests, distances by kind of question, and what was not checked; of a decision that audit prove wrote, the claim "
        + "in words, what it shows and on whose word.",
    ],
    positionals: [
      .init(
        name: "CERT", help: "the certificates, CERT.drift; or one audit's AUDIT.tar or AUDIT.decision", isList: true)
    ],
    ownOptions: [
      .optional("base-identity", "FILE", "the base's identity, BASE.identity.json; needed for certificates"),
      .optional("public-key", "KEY.pub.pem", "the auditor's public key; needed for a bundle or a decision"),
      .optional("policy", "FILE", "the policy, POLICY.json; otherwise the one inside each certificate"),
      .optional("base", "BASE", "with --tuned: the base checkpoint, to measure what changed"),
      .optional("tuned", "TUNED", "with --base: the fine-tuned checkpoint, or the unmerged adapter"),
      .required("out", short: "o", "FILE", "where the page is written (report.html); - for standard output"),
      ParsedArguments.stripPrefix,
      .leaveOut,
      .trustedSetup,
      .assume,
    ] + TransitionArguments.verifyOptions)

  static func run(_ arguments: ParsedArguments, console: Console) throws(CommandFailure) -> CommandResult {
    let output = try arguments.required("out")
    let paths = arguments.lists["CERT"] ?? []
    if let audit = try AuditReport.file(paths, arguments) {
      return try AuditReport.run(audit, output: output, arguments, console)
    }
    guard arguments.values["base-identity"] != nil else { throw usage("--base-identity FILE is missing") }
    // What cannot be read is told where it is wanted.
    if let path = paths.first,
      let bytes = try? ParsedArguments.readFile(at: path, limit: FileLimits.certificate, expected: .certificate),
      bytes.starts(with: CurveCertificate.magic)
    {
      return try CurveReportCommand.run(path, output: output, arguments, console)
    }
    let measures = arguments.values["base"] != nil
    guard measures == (arguments.values["tuned"] != nil) else { throw usage("--base and --tuned go together") }
    guard !measures || paths.count == 1 else {
      throw usage("--base and --tuned are for a single CERT: two checkpoints belong to one certificate")
    }
    let transition = try TransitionArguments.given(arguments)
    guard transition == nil || paths.count == 1 else {
      throw usage("--tuned-tableau and --transition are for a single CERT")
    }
    // Before the work, not after it.
    try AtomicFile.checkFolder(of: output)
    let identity = try identity(arguments)
    let policy = try policy(arguments)
    var reports: [MeasuredReport] = []
    var certificates: [[UInt8]] = []
    for path in paths {
      certificates.append(
        try ParsedArguments.readFile(at: path, limit: FileLimits.certificate, expected: .certificate))
    }
    for (path, certificate) in zip(paths, certificates) {
      console.phase("verifying \(Quoting.plain(fileName(path)))")
      reports.append(
        MeasuredReport(
          CertificateReport(
            fileName: fileName(path), certificate: certificate, identity: identity, policy: policy,
            transition: transition)))
    }
    // Alone a link fails; only then the others are asked for its way to the base.
    if reports.contains(where: \.isLinkAlone) {
      for (position, link) in try links(paths, certificates, arguments) {
        reports[position] = MeasuredReport(
          CertificateReport(
            fileName: fileName(paths[position]), certificate: certificates[position], identity: identity,
            policy: policy, link: link))
      }
    }
    var folders = FolderFacts([])
    if measures { try measure(&reports[0], &folders, arguments, console) }
    console.clearBar()

    let page = ReportPage(
      reports: reports,
      files: .init(
        identity: fileName(try arguments.required("base-identity")), policy: arguments.values["policy"].map(fileName),
        transition: transitionNames(arguments)),
      madeAt: Timestamp(secondsSince1970: time(nil)), exitCode: { ExitCode($0).rawValue })
    let html = Array(page.html.utf8)
    let failure = reports.lazy.compactMap(\.failure).first.map { CommandFailure($0) }
    if let failure { console.error(failure) }
    if output == OutputPlace.standardOutput {
      return CommandResult(text: page.html, json: .null, exitCode: failure?.exitCode ?? .success)
    }
    try AtomicFile.write(html, to: output)
    return CommandResult(
      text: text(reports, output: output, byteCount: html.count) + folders.lines.map { $0 + "\n" }.joined(),
      json: ReportJSON.render(reports, folders, output: output, byteCount: html.count),
      exitCode: failure?.exitCode ?? .success)
  }

  private static func transitionNames(_ arguments: ParsedArguments) -> (tableau: String, transition: String)? {
    guard let tableau = arguments.values["tuned-tableau"], let transition = arguments.values["transition"] else {
      return nil
    }
    return (fileName(tableau), fileName(transition))
  }

  private static func usage(_ reason: String) -> CommandFailure {
    CommandFailure(UsageError(reason, command: description))
  }

  /// Without folders: a page goes to others, who need not know them.
  static func fileName(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

  private static func identity(_ arguments: ParsedArguments) throws(CommandFailure) -> BaseIdentity {
    let bytes = try arguments.readFile("base-identity", limit: FileLimits.identity)
    do {
      return try BaseIdentity.parse(bytes)
    } catch {
      throw CommandFailure(.operational, "\(try arguments.required("base-identity")): \(error)")
    }
  }

  private static func policy(_ arguments: ParsedArguments) throws(CommandFailure) -> Policy? {
    guard arguments.values["policy"] != nil else { return nil }
    let bytes = try arguments.readFile("policy", limit: FileLimits.policy)
    do {
      return try Policy.parse(bytes)
    } catch {
      throw CommandFailure(.operational, "\(try arguments.required("policy")): \(error)")
    }
  }

  /// Of the certificates that name a parent, by position.
  private static func links(
    _ paths: [String], _ certificates: [[UInt8]], _ arguments: ParsedArguments
  ) throws(CommandFailure) -> [Int: Result<ReportedLink, DriftProofError>] {
    let identity = try arguments.readFile("base-identity", limit: FileLimits.identity)
    let policy =
      arguments.values["policy"] == nil ? nil : try arguments.readFile("policy", limit: FileLimits.policy)
    let inputs = zip(paths, certificates).map {
      ChainVerifier.Input(name: fileName($0), certificate: $1, policyFile: policy)
    }
    do {
      return try ReportedLink.all(in: ChainVerifier.verify(inputs, identityFile: identity))
    } catch {
      throw CommandFailure(error)
    }
  }

  private static func measure(
    _ report: inout MeasuredReport, _ folders: inout FolderFacts, _ arguments: ParsedArguments, _ console: Console
  ) throws(CommandFailure) {
    guard let contents = report.contents else {
      return console.remark("the certificate is not verified, so the weights are not measured")
    }
    let path = try arguments.required("tuned")
    let isAdapter = arguments.isAdapter(path)
    guard isAdapter == (contents.verification.adapter != nil) else {
      throw CommandFailure(DriftProofError.identityMismatch(isAdapter ? .aboutCheckpoint : .aboutAdapter))
    }
    let base = try arguments.openCheckpoint("base")
    console.remark("the page will show what the weights say: who passes it on publishes that")
    do {
      if isAdapter {
        let adapter = try arguments.openAdapter(at: path)
        folders = FolderFacts(.adapter(adapter, base: base), identity: nil)
        report.measurement = try WeightMeasurement.measure(base: base, adapter: adapter, contents: contents)
      } else {
        let tuned = try arguments.openCheckpoint("tuned", against: base)
        folders = FolderFacts([base, tuned])
        report.measurement = try WeightMeasurement.measure(base: base, tuned: tuned, contents: contents) {
          name, done, total in
          console.progress(Quoting.plain(name), fraction: total > 0 ? Double(done) / Double(total) : 1)
        }
      }
    } catch let error as InspectionError {
      throw CommandFailure(.operational, error.description)
    } catch let error as DriftProofError {
      throw CommandFailure(error)
    } catch let error as CommandFailure {
      throw error
    } catch {
      throw CommandFailure(.operational, "\(error)")
    }
    report.measurement?.filesLeftOut = folders.filesLeftOut.map(fileName)
    for doubt in report.measurement?.doubts ?? [] { console.remark("WARNING: \(doubt)") }
  }

  private static func text(_ reports: [MeasuredReport], output: String, byteCount: Int) -> String {
    var lines = reports.map { report in
      let policy = report.policySource == .given ? "" : ", with the policy inside it"
      return
        "\(Quoting.plain(report.fileName))  \(VerdictWords(report.facts).title)\(report.failure == nil ? policy : "")"
    }
    lines += ["report  \(Quoting.plain(output)) (\(Format.byteCount(byteCount)))"]
    return lines.joined(separator: "\n") + "\n"
  }
}
