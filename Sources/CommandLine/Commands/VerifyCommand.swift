// SPDX-License-Identifier: Apache-2.0

import DriftProofAuditBundle
import DriftProofCertificate
import DriftProofChain
import DriftProofCheckpoint
import DriftProofCore
import DriftProofCurveCertificate
import DriftProofPolicy

/// Sizes beyond which a file is not what it is said to be.
enum FileLimits {
  static let certificate = 256 << 20
  static let identity = 256 << 20
  static let policy = PolicyLimits.maximumBytes
  /// A statement holds the policy's rules, in base64.
  static let attestation = 64 << 20
  static let key = 1 << 20
  static let bundle = BundleArchive.maximumBytes
  /// Records of a bundle that were opened.
  static let opened = 64 << 20
}

/// `driftproof verify`: a certificate against a base identity and a policy, without any weights.
enum VerifyCommand: Command {
  static let description = CommandDescription.verify

  static func run(_ arguments: ParsedArguments, console: Console) throws(CommandFailure) -> CommandResult {
    let certificate = try arguments.readFile("CERT", limit: FileLimits.certificate)
    if certificate.starts(with: CurveCertificate.magic) {
      return try CurveVerify.run(certificate, arguments, console: console)
    }
    let policy = try arguments.readFile("policy", limit: FileLimits.policy)
    let identity = try arguments.readFile("base-identity", limit: FileLimits.identity)
    let parent = try expectedParent(arguments)
    let attestation = try AttestationArguments.verify(certificate: certificate, arguments, console)
    let base: BaseIdentity
    let (report, checked): (VerificationReport, CheckedCertificate)
    do {
      let (parsed, wanted) = try CertificateVerifier.parse(identityFile: identity, policyFile: policy)
      base = parsed
      (report, checked) = try CertificateVerifier.verified(
        certificate: certificate, identity: base, policy: wanted, parent: parent)
    } catch {
      throw CommandFailure(error)
    }
    let transition = try TransitionArguments.verify(arguments, certificate: checked, identity: base)
    report.warn(console)
    let seconds = Format.number(report.verifySeconds * 1000, digits: 3)
    let text =
      (["VERIFIED in \(seconds) ms\(report.originMark)"] + report.lines(hasTerms: arguments.has("soundness"))
      + (base.linked?.predecessor.map { [Self.untied($0)] } ?? [])
      + (transition?.lines(hasTerms: arguments.has("soundness")) ?? []) + (attestation?.lines ?? [])).joined(
        separator: "\n") + "\n"
    let json: [(key: String, value: JSONOutput)] =
      [("verified", .boolean(true)), ("reason", .null)] + report.members
      + (base.linked?.predecessor.map { [("predecessor", .string($0.hexadecimal))] } ?? [])
      + (transition.map { [("transition", $0.member)] } ?? [])
      + (attestation.map { [("attestation", .object($0.members))] } ?? [])
      + [("verifySeconds", .number(report.verifySeconds)), ("exitCode", .integer(0))]
    return CommandResult(text: text, json: .object(json))
  }

  private static func untied(_ predecessor: [UInt8]) -> String {
    "NEXT BASE         the base is a model that is said to come from \(predecessor.hexadecimal): chain verify, with the transition, "
      + "says whether it does"
  }

  /// `--parent`: 64 digits, or the file of a certificate, of which only the commitment is read.
  private static func expectedParent(_ arguments: ParsedArguments) throws(CommandFailure) -> ExpectedParent {
    guard let text = arguments.values["parent"] else { return .none }
    if let digits = try? JSONNode(.string(text)).hex(byteCount: 32) { return .commitment(digits) }
    let bytes = try arguments.readFile("parent", limit: FileLimits.certificate)
    do {
      return .commitment(try ParentCertificate.statedCommitment(bytes))
    } catch {
      throw CommandFailure(ExitCode(error), "\(text): \(error)")
    }
  }
}
