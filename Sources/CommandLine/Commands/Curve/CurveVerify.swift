// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCore
import DriftProofCurveCertificate
import DriftProofCurveCommitment
import DriftProofPolicy

/// `driftproof verify` of a certificate of the curve backend.
enum CurveVerify {
  static func run(
    _ certificate: [UInt8], _ arguments: ParsedArguments, console: Console
  ) throws(CommandFailure) -> CommandResult {
    try arguments.refuse(["parent", "tuned-tableau", "transition", "next-identity", "attestation"])
    let policy = try arguments.readPolicy()
    let identity = try arguments.curveIdentity("base-identity")
    let trust = try trust(arguments)
    let clock = ContinuousClock()
    let start = clock.now
    let report: CurveCertificateVerifier.Report
    do throws(CurveCertificateError) {
      report = try CurveCertificateVerifier.verify(certificate, identity: identity, policy: policy, trust: trust)
    } catch { throw CommandFailure(error) }
    let seconds = (clock.now - start) / .seconds(1)
    for vacuous in report.vacuous { console.remark("WARNING: \(vacuous.description)") }
    let lines =
      ["VERIFIED in \(Format.number(seconds * 1000, digits: 3)) ms"] + CurveReport.lines(report, arguments)
    let json: JSONOutput = .object(
      [("verified", .boolean(true)), ("reason", .null)] + CurveReport.members(report)
        + [("verifySeconds", .number(seconds)), ("exitCode", .integer(0))])
    return CommandResult(text: lines.joined(separator: "\n") + "\n", json: json)
  }

  /// What the caller takes on trust: `--setup` and `--assume`.
  static func trust(_ arguments: ParsedArguments) throws(CommandFailure) -> CurveCertificateVerifier.Trust {
    .init(
      setups: try trustedSetup(arguments).map { [$0] } ?? [],
      permitsAssumption: arguments.values["assume"] == Assumption.bls12381.rawValue)
  }

  /// `--setup`: 64 digits, or a file, of which the key is checked.
  private static func trustedSetup(_ arguments: ParsedArguments) throws(CommandFailure) -> [UInt8]? {
    guard let text = arguments.values["setup"] else { return nil }
    if text.utf8.count == 64, let digits = [UInt8](hexadecimal: text) { return digits }
    let setup = try arguments.openSetup("setup")
    do throws(CurveSetupError) { try setup.key.check() } catch { throw CommandFailure(error, path: text) }
    return setup.id
  }
}

/// What is said of a certificate of the curve backend.
enum CurveReport {
  private static func assumption(_ report: CurveCertificateVerifier.Report) -> String {
    let log = report.known?.logPowers ?? report.logLength
    let bits = Int(CurveSecurity.genericBits(logPowers: log))
    let sieve = CurveSecurity.fieldSieveBits
    return
      "BLS12-381, \(report.known == nil ? "at least " : "")2^\(log) powers of tau: best known attacks 2^\(bits) (generic), "
      + "2^\(sieve.lowerBound)..2^\(sieve.upperBound) (number field sieve)"
  }

  private static func setup(_ report: CurveCertificateVerifier.Report) -> String {
    let id = report.setupID.hexadecimal
    if let known = report.known { return "\(known.name) (\(id)), known to this program" }
    return "\(id), named by you: whoever knows its secret can forge"
  }

  /// What a certificate rests on besides the proven bits.
  static func trustLines(_ report: CurveCertificateVerifier.Report) -> [String] {
    [
      "assumptions       \(assumption(report))", "setup             \(setup(report))",
      "quantum           none: discrete logarithms",
    ]
  }

  static func lines(_ report: CurveCertificateVerifier.Report, _ arguments: ParsedArguments) -> [String] {
    func count(_ kind: CurvePlan.Kind) -> Int { report.kinds.count { $0 == kind } }
    var lines =
      [
        "backend           kzg, rows of 2^\(report.logLength) cells",
        "base              \(report.baseRoot.hexadecimal) (curve root: compare it with one that you trust)",
        "tuned commitment  \(report.tunedCommitment.hexadecimal)",
        "policy            \(Quoting.shown(report.policyName))",
        "tensors           \(Format.count(count(.bounded))) bounded, \(Format.count(count(.frozen))) frozen, "
          + "\(Format.count(count(.free) + count(.opaque))) with any change",
        "soundness         \(Format.number(report.statisticalBits)) bits statistical; then, by assumption:",
      ] + trustLines(report)
    lines.append(
      "size              \(Format.byteCount(report.certificateBytes)), of which the proof \(Format.byteCount(report.proofBytes))"
    )
    if let parent = report.parent { lines.insert("parent            \(parent.hexadecimal)", at: 2) }
    if arguments.has("soundness") {
      lines += report.terms.map { "  \($0.name): \(Format.number($0.bits)) bits" }
    }
    return lines
  }

  static func members(_ report: CurveCertificateVerifier.Report) -> [(key: String, value: JSONOutput)] {
    [
      ("backend", .string(CurveIdentity.backend)), ("curveRoot", .string(report.baseRoot.hexadecimal)),
      ("tunedCommitment", .string(report.tunedCommitment.hexadecimal)),
      ("parent", report.parent.map { .string($0.hexadecimal) } ?? .null), ("policyName", .string(report.policyName)),
      ("setup", .string(report.setupID.hexadecimal)), ("knownSetup", report.known.map { .string($0.name) } ?? .null),
      ("logRows", .integer(report.logLength)), ("statisticalBits", .number(report.statisticalBits)),
      ("assumption", .string("bls12-381")),
      ("warnings", .array(report.vacuous.map { .string($0.description) })),
      ("soundness", .object(report.terms.map { ($0.name, .number($0.bits)) })),
      ("certificateBytes", .integer(report.certificateBytes)), ("proofBytes", .integer(report.proofBytes)),
    ]
  }
}
