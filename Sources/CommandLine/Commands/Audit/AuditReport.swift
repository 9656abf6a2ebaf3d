// SPDX-License-Identifier: Apache-2.0

import DriftProofAttestation
import DriftProofAuditBundle
import DriftProofAuditDecision
import DriftProofCore
import DriftProofReport

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// `driftproof report` of an audit's bundle, or of a decision about one.
enum AuditReport {
  /// The file's path; nil where certificates are given.
  static func file(_ paths: [String], _ arguments: ParsedArguments) throws(CommandFailure) -> String? {
    let hasKey = arguments.values["public-key"] != nil
    guard hasKey || paths.contains(where: { $0.hasSuffix(".tar") || $0.hasSuffix(".decision") }) else { return nil }
    guard hasKey else {
      throw arguments.usage(
        "--public-key KEY.pub.pem is missing: a bundle or a decision is verified by its signature")
    }
    guard paths.count == 1, let path = paths.first else {
      throw arguments.usage("a page is about one bundle or one decision")
    }
    for name in ["base-identity", "policy", "base", "tuned"] where arguments.values[name] != nil {
      throw arguments.usage("--\(name) is for certificates; audit verify compares a bundle with one")
    }
    return path
  }

  /// A page that was made, and what it says.
  private struct Made {
    let html: String
    let title: String
    let members: [(key: String, value: JSONOutput)]
    let failure: CommandFailure?
  }

  static func run(
    _ path: String, output: String, _ arguments: ParsedArguments, _ console: Console
  ) throws(CommandFailure) -> CommandResult {
    try AtomicFile.checkFolder(of: output)
    let key = try arguments.publicKey()
    let bytes = try ParsedArguments.readFile(at: path, limit: FileLimits.bundle)
    let names = (
      file: ReportCommand.fileName(path), key: ReportCommand.fileName(try arguments.required("public-key"))
    )
    console.phase("verifying \(Quoting.plain(names.file))")
    let made = DecisionFile.begins(bytes) ? decision(bytes, key, names) : bundle(bytes, key, names)
    console.clearBar()
    let exitCode = made.failure?.exitCode ?? .success
    if let failure = made.failure { console.error(failure) }
    if output == OutputPlace.standardOutput {
      return CommandResult(text: made.html, json: .null, exitCode: exitCode)
    }
    try AtomicFile.write(Array(made.html.utf8), to: output)
    let byteCount = made.html.utf8.count
    return CommandResult(
      text: "\(Quoting.plain(names.file))  \(made.title)\n"
        + "report  \(Quoting.plain(output)) (\(Format.byteCount(byteCount)))\n",
      json: .object(
        [
          ("verified", .boolean(made.failure == nil)), ("reason", made.failure.map { .string($0.reason) } ?? .null),
        ] + made.members + [
          ("report", .string(output)), ("bytes", .integer(byteCount)), ("exitCode", .integer(Int(exitCode.rawValue))),
        ]), exitCode: exitCode)
  }

  private static var now: Timestamp { Timestamp(secondsSince1970: time(nil)) }

  private static func bundle(_ bytes: [UInt8], _ key: PublicKey, _ names: (file: String, key: String)) -> Made {
    let result: Result<BundleReport, BundleRejection>
    var members: [(key: String, value: JSONOutput)] = []
    var failure: CommandFailure?
    do throws(BundleRejection) {
      let report = try BundleVerifier.verify(bytes, key: key)
      members = AuditBundleText.members(report)
      result = .success(report)
    } catch {
      failure = CommandFailure(error)
      result = .failure(error)
    }
    let page = AuditPage(
      report: result, fileName: names.file, keyName: names.key, madeAt: now,
      exitCode: (failure?.exitCode ?? .success).rawValue)
    return Made(html: page.html, title: page.title, members: members, failure: failure)
  }

  private static func decision(_ bytes: [UInt8], _ key: PublicKey, _ names: (file: String, key: String)) -> Made {
    let result: Result<DecisionReport, DecisionRejection>
    var members: [(key: String, value: JSONOutput)] = []
    var failure: CommandFailure?
    do throws(DecisionRejection) {
      let report = try DecisionVerifier.verify(bytes, key: key)
      // The size is the page's here.
      members = AuditDecisionText.members(report).filter { $0.key != "bytes" }
      result = .success(report)
    } catch {
      failure = CommandFailure(error)
      result = .failure(error)
    }
    let page = DecisionPage(
      report: result, fileName: names.file, keyName: names.key, madeAt: now,
      exitCode: (failure?.exitCode ?? .success).rawValue)
    return Made(html: page.html, title: page.title, members: members, failure: failure)
  }
}
