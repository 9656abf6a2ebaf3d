// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofChain
import DriftProofCurveCertificate
import DriftProofCurveChain
import DriftProofPolicy

/// `driftproof chain verify` of certificates of the curve backend.
enum CurveChainVerify {
  /// - Parameter paths: in the order of the command line; all of this backend, or the others are rejected as none.
  static func run(_ paths: [String], _ arguments: ParsedArguments) throws(CommandFailure) -> CommandResult {
    try arguments.refuse(["next-identity", "transition"])
    let identity = try arguments.curveIdentity("base-identity")
    let policies = arguments.lists["policy"] ?? []
    var inputs: [CurveChainVerifier.Input] = []
    for (index, name) in paths.enumerated() {
      let bytes = try ParsedArguments.readFile(at: name, limit: FileLimits.certificate, expected: .certificate)
      let path = policies.count == 1 ? policies[0] : index < policies.count ? policies[index] : nil
      inputs.append(
        .init(
          name: name, certificate: bytes,
          policy: try path.map { (path) throws(CommandFailure) in try policy(path) }))
    }
    var revocations: RevocationList?
    if arguments.values["revoked"] != nil {
      let bytes = try arguments.readFile("revoked", limit: RevocationList.maximumBytes)
      do throws(DriftProofError) { revocations = try RevocationList(file: bytes) } catch { throw CommandFailure(error) }
    }
    let cumulative = try arguments.values["cumulative"].map { (path) throws(CommandFailure) in try policy(path) }
    let report = CurveChainVerifier.verify(
      inputs, identity: identity, trust: try CurveVerify.trust(arguments), cumulative: cumulative,
      revocations: revocations)
    if let failure = report.failure, let why = failure.rejection { throw Self.failure(report, why) }
    let members: [(key: String, value: JSONOutput)] =
      [("verified", .boolean(true)), ("reason", .null)] + report.members + [("exitCode", .integer(0))]
    return CommandResult(text: report.lines.joined(separator: "\n") + "\n", json: .object(members))
  }

  private static func policy(_ path: String) throws(CommandFailure) -> Policy {
    let bytes = try ParsedArguments.readFile(at: path, limit: FileLimits.policy, expected: .policy)
    do throws(PolicyError) { return try Policy.parse(bytes) } catch {
      throw CommandFailure(.operational, "\(path): \(error)")
    }
  }

  /// Every link that does not hold, by its file; the exit code is the first one's.
  private static func failure(_ report: CurveChainReport, _ why: CurveChainRejection) -> CommandFailure {
    let lines = report.links.compactMap { link in
      link.rejection.map { "\(Quoting.plain(link.name)): \($0)".replacing("\n", with: "\n    ") }
    }
    var failure = CommandFailure(
      why.exitCode,
      "\(lines.count) of \(Format.count(report.links.count, "link")) of the chain \(lines.count == 1 ? "does" : "do") not hold",
      findings: .init(key: "failures", lines), remedy: why.remedy)
    failure.members = report.members
    return failure
  }
}

extension CurveChainRejection {
  var exitCode: ExitCode {
    switch self {
    case .certificate(let error), .cumulativeCoverage(let error): CommandFailure(error).exitCode
    case .revoked: .revoked
    case .duplicate: .usage
    case .parentMissing: .identityMismatch
    case .circle: .proofInvalid
    case .cumulative: .policyViolated
    case .ancestor(_, let why): why.exitCode
    }
  }

  var remedy: String? {
    switch self {
    case .certificate(let error), .cumulativeCoverage(let error): error.remedy
    case .ancestor(_, let why): why.remedy
    case .revoked, .duplicate, .parentMissing, .circle, .cumulative: nil
    }
  }
}

extension CurveChainReport {
  /// For machines, whether or not all links hold.
  fileprivate var members: [(key: String, value: JSONOutput)] {
    [
      ("backend", .string(CurveIdentity.backend)),
      ("curveRoot", .string(curveRoot)),
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
  fileprivate var lines: [String] {
    let milliseconds = Format.number(seconds * 1000, digits: 3)
    var lines = [
      "CHAIN VERIFIED in \(milliseconds) ms: \(Format.count(links.count, "link"))",
      "base              \(curveRoot) (curve root: compare it with one that you trust)",
    ]
    lines += ChainStanding.lines(
      arePoliciesGiven: !links.contains(where: \.hasOwnPolicy),
      cumulative: cumulativePolicy.map { ($0.name, $0.digest) }, revocations: revocations)
    if let report = links.first?.report { lines += CurveReport.trustLines(report) }
    for (index, link) in links.enumerated() { lines += link.lines(number: index + 1, in: self) }
    return lines
  }

  /// The number, from 1, of the link that has a commitment.
  fileprivate func number(ofCommitment commitment: String) -> Int? {
    links.firstIndex { $0.tunedCommitment == commitment }.map { $0 + 1 }
  }
}

extension CurveChainLink {
  fileprivate var members: [(key: String, value: JSONOutput)] {
    [
      ("certificate", .string(name)),
      ("position", .integer(position)),
      ("certificateDigest", .string(certificateDigest)),
      ("tunedCommitment", tunedCommitment.map { .string($0) } ?? .null),
      ("parent", parent.map { .string($0) } ?? .null),
      ("depth", .integer(depth)),
      ("verified", .boolean(rejection == nil)),
      ("reason", rejection.map { .string($0.description) } ?? .null),
      ("exitCode", .integer(rejection.map { Int($0.exitCode.rawValue) } ?? 0)),
      ("policyGiven", .boolean(!hasOwnPolicy)),
      ("excluded", .array(excluded.map { .string($0) })),
      ("driftFromBase", .number(driftFromBase)),
      ("driftCoversAllTensors", .boolean(excluded.isEmpty)),
      ("report", report.map { .object(CurveReport.members($0)) } ?? .null),
    ]
  }

  fileprivate func lines(number: Int, in chain: CurveChainReport) -> [String] {
    guard let report else { return [] }
    let origin = parent.flatMap { chain.number(ofCommitment: $0) }.map { "link \($0)" } ?? "the base"
    var lines = [
      "link \(number) from \(origin): \(Quoting.plain(name))",
      "  tuned commitment  \(report.tunedCommitment.hexadecimal)",
      "  policy            \(Quoting.plain(report.policyName))" + (hasOwnPolicy ? ", its own" : ""),
    ]
    if !excluded.isEmpty { lines.append("  NOT COVERED       \(excluded.map(Quoting.plain).joined(separator: ", "))") }
    lines.append(
      "  from the base     "
        + (driftFromBase.map {
          "‖W - W0‖ at most \(Format.number($0 * (1 + 5e-6), digits: 6))"
            + (excluded.isEmpty ? "" : ", without what is NOT COVERED")
        }
          ?? "no norm follows from the policies"))
    lines.append("  soundness         \(Format.number(report.statisticalBits)) bits statistical, then by assumption")
    return lines
  }
}
