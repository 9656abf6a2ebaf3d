// SPDX-License-Identifier: Apache-2.0

import DriftProofCheckpoint
import DriftProofCore
import DriftProofCurveCertificate
import DriftProofCurveCommitment
import DriftProofCurveCommitmentProver
import DriftProofCurveProving

/// `driftproof prove --backend kzg`.
enum CurveProve {
  /// What this backend does not do yet.
  static let refused = [
    "adapter", "tuned-tableau", "tuned-opening", "transition", "resume", "cache", "base-opening",
    "strip-prefix", "bands", "workers", "workers-inside",
  ]

  static func run(_ arguments: ParsedArguments, console: Console) throws(CommandFailure) -> CommandResult {
    try arguments.refuse(refused)
    let output = try arguments.required("out")
    let openingPath = try arguments.required("opening")
    guard output != openingPath else {
      throw CommandFailure(UsageError("--out and --opening name the same file", command: arguments.command))
    }
    for name in ["identity", "base", "tuned"] where arguments.values[name] == nil {
      throw CommandFailure(UsageError("--backend kzg needs --\(name)", command: arguments.command))
    }
    if let failure = ExpectedFile.opening.wrongKind(openingPath) { throw failure }
    try AtomicFile.checkFolder(of: output)
    try AtomicFile.checkFolder(of: openingPath)
    if MappedFile.kind(of: openingPath) != nil {
      throw CommandFailure(
        .operational, "\(openingPath): exists already",
        remedy: "Name a new file: two models under one secret would show which rows they share.")
    }
    let identity = try arguments.curveIdentity("identity")
    let policy = try arguments.readPolicy()
    let permits = try arguments.assumption() == .bls12381
    // What its verifier would refuse, and what is not proved here, is refused before the setup is checked.
    guard permits || policy.assumption == .bls12381 else { throw CommandFailure(.assumptionNotAllowed) }
    do throws(CurveCertificateError) { _ = try CurvePlan(identity: identity, policy: policy) } catch {
      throw CommandFailure(error)
    }
    let parent = try arguments.curveParent(identity)
    let setup = try arguments.requiredSetup(console)
    let base = try arguments.openCheckpoint("base")
    let tuned = try arguments.openCheckpoint("tuned", against: base)
    let secret = SystemRandom.bytes(32)
    let clock = ContinuousClock()
    let start = clock.now
    let result: CurveProver.Result
    do throws(CurveProvingError) {
      result = try CurveProver.prove(
        .init(
          base: base, tuned: tuned, identity: identity, policy: policy, setup: setup, secret: secret,
          permitsAssumption: permits, parent: parent)
      ) { console.progress("prove", fraction: $0) }
    } catch { throw CommandFailure(error) }
    let seconds = (clock.now - start) / .seconds(1)
    let report = result.report
    let opening = CurveOpening(setupID: report.setupID, tunedCommitment: report.tunedCommitment, secret: secret)
    try AtomicFile.write(opening.jsonBytes, to: openingPath, mode: 0o600)
    try AtomicFile.write(result.certificate, to: output)
    for vacuous in report.vacuous { console.remark("WARNING: \(vacuous.description)") }
    if !result.hasDrift { console.remark("WARNING: the tuned model has exactly the base's weights") }
    if parent != nil {
      console.remark(
        "WARNING: that BASE is the parent's model nobody has checked; if it is not, no model opens this certificate: check the parent's"
      )
    }
    let lines =
      ["PROVED in \(Format.number(seconds, digits: 3)) s"] + CurveReport.lines(report, arguments)
      + [
        "certificate       \(Quoting.plain(output))",
        "opening           \(Quoting.plain(openingPath)): keep it secret, and keep one copy",
      ]
    let json: JSONOutput = .object(
      [("verified", .boolean(true)), ("reason", .null)] + CurveReport.members(report)
        + [
          ("drift", .string(result.hasDrift ? "some" : "none")), ("proveSeconds", .number(seconds)),
          ("out", .string(output)), ("opening", .string(openingPath)), ("exitCode", .integer(0)),
        ])
    return CommandResult(text: lines.joined(separator: "\n") + "\n", json: json)
  }
}
