// SPDX-License-Identifier: Apache-2.0

import DriftProofAuditBundle
import DriftProofCore
import DriftProofReport

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// `driftproof report` of an audit's bundle.
enum AuditReport {
  /// The bundle's path; nil where certificates are given.
  static func bundle(_ paths: [String], _ arguments: ParsedArguments) throws(CommandFailure) -> String? {
    let hasKey = arguments.values["public-key"] != nil
    guard hasKey || paths.contains(where: { $0.hasSuffix(".tar") }) else { return nil }
    guard hasKey else {
      throw arguments.usage("--public-key KEY.pub.pem is missing: a bundle is verified by its signature")
    }
    guard paths.count == 1, let path = paths.first else { throw arguments.usage("a page is about one bundle") }
    for name in ["base-identity", "policy", "base", "tuned"] where arguments.values[name] != nil {
      throw arguments.usage("--\(name) is for certificates; audit verify compares a bundle with one")
    }
    return path
  }

  static func run(
    _ path: String, output: String, _ arguments: ParsedArguments, _ console: Console
  ) throws(CommandFailure) -> CommandResult {
    try AtomicFile.checkFolder(of: output)
    let key = try arguments.publicKey()
    let bytes = try ParsedArguments.readFile(at: path, limit: FileLimits.bundle)
    console.phase("verifying \(Quoting.plain(ReportCommand.fileName(path)))")
    let result: Result<BundleReport, BundleRejection>
    do throws(BundleRejection) {
      result = .success(try BundleVerifier.verify(bytes, key: key))
    } catch {
      result = .failure(error)
    }
    console.clearBar()
    var failure: CommandFailure?
    if case .failure(let error) = result { failure = CommandFailure(error) }
    let exitCode = failure?.exitCode ?? .success
    let page = AuditPage(
      report: result, fileName: ReportCommand.fileName(path),
      keyName: ReportCommand.fileName(try arguments.required("public-key")),
      madeAt: Timestamp(secondsSince1970: time(nil)), exitCode: exitCode.rawValue)
    if let failure { console.error(failure) }
    let html = page.html
    if output == OutputPlace.standardOutput { return CommandResult(text: html, json: .null, exitCode: exitCode) }
    try AtomicFile.write(Array(html.utf8), to: output)
    var members: [(key: String, value: JSONOutput)] = [
      ("verified", .boolean(failure == nil)), ("reason", failure.map { .string($0.reason) } ?? .null),
    ]
    if case .success(let report) = result { members += AuditBundleText.members(report) }
    return CommandResult(
      text: "\(Quoting.plain(ReportCommand.fileName(path)))  \(page.title)\n"
        + "report  \(Quoting.plain(output)) (\(Format.byteCount(html.utf8.count)))\n",
      json: .object(
        members + [
          ("report", .string(output)), ("bytes", .integer(html.utf8.count)),
          ("exitCode", .integer(Int(exitCode.rawValue))),
        ]), exitCode: exitCode)
  }
}
