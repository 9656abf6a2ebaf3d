// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofChain
import DriftProofCurveCertificate

/// `driftproof chain verify`: certificates that continue each other, from a base on, without any weights.
enum ChainVerifyCommand: Command {
  static let description = CommandDescription.chainVerify

  static func run(_ arguments: ParsedArguments, console: Console) throws(CommandFailure) -> CommandResult {
    let paths = arguments.lists["CERT"] ?? []
    let policies = arguments.lists["policy"] ?? []
    guard policies.count <= 1 || policies.count == paths.count else {
      throw CommandFailure(
        UsageError(
          "\(policies.count) policies for \(paths.count) certificates; give one for all, or one for each in their order",
          command: description))
    }
    // What cannot be read is told where it is wanted.
    if let first = paths.first,
      let bytes = try? ParsedArguments.readFile(at: first, limit: FileLimits.certificate, expected: .certificate),
      bytes.starts(with: CurveCertificate.magic)
    {
      return try CurveChainVerify.run(paths, arguments)
    }
    let identity = try arguments.readFile("base-identity", limit: FileLimits.identity)
    let cumulative = try optionalFile("cumulative", limit: FileLimits.policy, arguments)
    let revoked = try optionalFile("revoked", limit: RevocationList.maximumBytes, arguments)
    var inputs: [ChainVerifier.Input] = []
    for (index, path) in paths.enumerated() {
      var input = ChainVerifier.Input(
        name: path,
        certificate: try ParsedArguments.readFile(at: path, limit: FileLimits.certificate, expected: .certificate))
      let policy = policies.count == 1 ? policies[0] : index < policies.count ? policies[index] : nil
      if let policy {
        input.policyFile = try ParsedArguments.readFile(at: policy, limit: FileLimits.policy, expected: .policy)
      }
      inputs.append(input)
    }
    func files(_ option: String, limit: Int) throws(CommandFailure) -> [ChainVerifier.File] {
      var files: [ChainVerifier.File] = []
      for path in arguments.lists[option] ?? [] {
        let expected = ExpectedFile(argument: option)
        files.append(
          .init(name: path, bytes: try ParsedArguments.readFile(at: path, limit: limit, expected: expected)))
      }
      return files
    }
    let nextIdentities = try files("next-identity", limit: FileLimits.identity)
    let transitions = try files("transition", limit: FileLimits.certificate)
    let report: ChainReport
    do {
      report = try ChainVerifier.verify(
        inputs, identityFile: identity, cumulativePolicyFile: cumulative, revocationFile: revoked,
        nextIdentityFiles: nextIdentities, transitions: transitions)
    } catch {
      throw CommandFailure(error)
    }
    if let failure = report.failure, let why = failure.rejection { throw Self.failure(report, failure, why) }
    let members: [(key: String, value: JSONOutput)] =
      [("verified", .boolean(true)), ("reason", .null)] + report.members + [("exitCode", .integer(0))]
    return CommandResult(text: report.lines.joined(separator: "\n") + "\n", json: .object(members))
  }

  private static func optionalFile(
    _ name: String, limit: Int, _ arguments: ParsedArguments
  ) throws(CommandFailure) -> [UInt8]? {
    arguments.values[name] == nil ? nil : try arguments.readFile(name, limit: limit)
  }

  /// Every link that does not hold, by its file; the exit code is the first one's.
  private static func failure(
    _ report: ChainReport, _ first: ChainLink, _ why: ChainRejection
  ) -> CommandFailure {
    let lines = report.links.compactMap { link in
      // A reason of several lines stays together on a terminal.
      link.rejection.map { "\(Quoting.plain(link.name)): \($0)".replacing("\n", with: "\n    ") }
    }
    let count = Format.count(report.links.count, "link")
    var failure = CommandFailure(
      ExitCode(why),
      "\(lines.count) of \(count) of the chain \(lines.count == 1 ? "does" : "do") not hold",
      findings: .init(key: "failures", lines))
    failure.members = report.members
    return failure
  }
}

extension ChainReport {
  /// For machines, whether or not all links hold.
  var members: [(key: String, value: JSONOutput)] {
    [
      ("baseIdentity", .string(baseIdentity)),
      (
        "cumulativePolicy",
        cumulativePolicy.map { .object([("name", .string($0.name)), ("digest", .string($0.digest))]) } ?? .null
      ),
      ("revocations", revocations.map { .integer($0) } ?? .null),
      ("links", .array(links.map { .object($0.members) })),
      ("verifySeconds", .number(seconds)),
    ]
  }

  /// For people, when all links hold.
  var lines: [String] {
    let milliseconds = Format.number(seconds * 1000, digits: 3)
    var lines = [
      "CHAIN VERIFIED in \(milliseconds) ms: \(Format.count(links.count, "link"))",
      "base identity     \(baseIdentity)",
    ]
    if links.contains(where: { $0.nextBase != nil }), let linked = links.first?.verification?.baseIdentity {
      lines.append("linked root       \(linked): next bases are tied to it, compare it with one that you trust")
    }
    lines += ChainStanding.lines(
      arePoliciesGiven: !links.contains(where: \.hasOwnPolicy),
      cumulative: cumulativePolicy.map { ($0.name, $0.digest) }, revocations: revocations)
    for (index, link) in links.enumerated() { lines += link.lines(number: index + 1, in: self) }
    return lines
  }

  /// The number, from 1, of the link that has a commitment.
  fileprivate func number(ofCommitment commitment: String) -> Int? {
    links.firstIndex { $0.tunedCommitment == commitment }.map { $0 + 1 }
  }
}

extension ChainLink {
  fileprivate var members: [(key: String, value: JSONOutput)] {
    var members: [(key: String, value: JSONOutput)] = [
      ("certificate", .string(name)),
      ("position", .integer(position)),
      ("certificateDigest", .string(certificateDigest)),
      ("tunedCommitment", tunedCommitment.map { .string($0) } ?? .null),
      ("parent", parent.map { .string($0) } ?? .null),
      ("depth", .integer(depth)),
      ("verified", .boolean(rejection == nil)),
      ("reason", rejection.map { .string($0.description) } ?? .null),
      ("exitCode", .integer(rejection.map { Int(ExitCode($0).rawValue) } ?? 0)),
      ("policyGiven", .boolean(!hasOwnPolicy)),
      ("excluded", .array(excluded.map { .string($0) })),
      ("driftFromBase", .number(driftFromBase)),
      ("driftCoversAllTensors", .boolean(excluded.isEmpty)),
      ("report", verification.map { .object($0.members) } ?? .null),
    ]
    if let nextBase { members.append(("nextBase", .string(nextBase))) }
    return members
  }

  fileprivate func lines(number: Int, in report: ChainReport) -> [String] {
    guard let verification else { return [] }
    let origin = parent.flatMap { report.number(ofCommitment: $0) }.map { "link \($0)" } ?? "the base"
    var lines = [
      "link \(number) from \(origin): \(Quoting.plain(name))\(verification.emptinessMark)",
      "  tuned commitment  \(verification.tunedCommitment)",
      "  policy            \(Quoting.plain(verification.policyName)) (\(verification.policyDigest))"
        + (hasOwnPolicy ? ", its own" : ""),
      "  parameters        \(Format.count(verification.certifiedParameters)) certified, "
        + "\(Format.count(verification.frozenParameters)) frozen",
    ]
    if let nextBase {
      lines.append("  speaks of         the weights of \(origin), next base \(nextBase), by a transition")
    }
    if !excluded.isEmpty { lines.append("  NOT COVERED       \(excluded.map(Quoting.plain).joined(separator: ", "))") }
    lines.append(
      "  from the base     "
        + (driftFromBase.map {
          "‖W - W0‖ at most \(Format.number($0 * (1 + 5e-6), digits: 6))"
            + (excluded.isEmpty ? "" : ", without what is NOT COVERED")
        }
          ?? "no norm follows from the policies"))
    lines.append("  soundness         \(VerificationReport.bits(verification.securityBits)) bits proven")
    return lines
  }
}
