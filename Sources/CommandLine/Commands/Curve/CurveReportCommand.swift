// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCurveCertificate
import DriftProofPolicy
import DriftProofReport

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// `driftproof report` of a certificate of the curve backend.
enum CurveReportCommand {
  static func run(
    _ path: String, output: String, _ arguments: ParsedArguments, _ console: Console
  ) throws(CommandFailure) -> CommandResult {
    try arguments.refuse(["base", "tuned", "tuned-tableau", "next-identity", "transition"])
    guard arguments.lists["CERT"]?.count == 1 else {
      throw CommandFailure(
        UsageError("a page is about one kzg certificate; make one for each", command: arguments.command))
    }
    try AtomicFile.checkFolder(of: output)
    let identity = try arguments.curveIdentity("base-identity")
    let given = arguments.values["policy"] == nil ? nil : try arguments.readPolicy()
    let trust = try CurveVerify.trust(arguments)
    let certificate = try ParsedArguments.readFile(at: path, limit: FileLimits.certificate, expected: .certificate)
    console.phase("verifying \(Quoting.plain(ReportCommand.fileName(path)))")
    var policy = given
    let result = Result { () throws(CurveCertificateError) -> CurveCertificateVerifier.Report in
      // What a certificate's own policy permits is its maker's word.
      guard given != nil || trust.permitsAssumption else { throw .assumptionNotAllowed }
      let wanted: Policy
      if let given { wanted = given } else { wanted = try CurveCertificate(certificate).embeddedPolicy() }
      policy = wanted
      return try CurveCertificateVerifier.verify(certificate, identity: identity, policy: wanted, trust: trust)
    }
    console.clearBar()
    var failure: CommandFailure?
    if case .failure(let error) = result { failure = CommandFailure(error) }
    let page = CurvePage(
      report: result, policy: policy, isPolicyGiven: given != nil, identity: identity,
      files: (
        certificate: ReportCommand.fileName(path),
        identity: ReportCommand.fileName(try arguments.required("base-identity")),
        policy: arguments.values["policy"].map(ReportCommand.fileName)
      ),
      sha256: SHA256.hash(certificate), madeAt: Timestamp(secondsSince1970: time(nil)),
      exitCode: failure?.exitCode.rawValue ?? 0)
    if let failure { console.error(failure) }
    let exitCode = failure?.exitCode ?? .success
    if output == OutputPlace.standardOutput { return CommandResult(text: page.html, json: .null, exitCode: exitCode) }
    let html = Array(page.html.utf8)
    try AtomicFile.write(html, to: output)
    let members: [(key: String, value: JSONOutput)] = [
      ("verified", .boolean(failure == nil)), ("reason", failure.map { .string($0.reason) } ?? .null),
      ("policyGiven", .boolean(given != nil)),
    ]
    return CommandResult(
      text:
        "\(Quoting.plain(ReportCommand.fileName(path)))  \(page.title)\(given == nil ? ", with the policy inside it" : "")\n"
        + "report  \(Quoting.plain(output)) (\(Format.byteCount(html.count)))\n",
      json: .object(
        members + ((try? result.get()).map { CurveReport.members($0) } ?? [])
          + [
            ("report", .string(output)), ("bytes", .integer(html.count)),
            ("exitCode", .integer(Int(exitCode.rawValue))),
          ]), exitCode: exitCode)
  }
}
