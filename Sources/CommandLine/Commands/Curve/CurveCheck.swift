// SPDX-License-Identifier: Apache-2.0

import DriftProofCurveCertificate
import DriftProofCurveProving

/// `driftproof check` of a certificate of the curve backend.
enum CurveCheck {
  private static let refused = [
    "adapter", "base-opening", "tuned-tableau", "next-identity", "tuned-opening", "strip-prefix",
  ]

  static func run(
    _ certificate: [UInt8], _ arguments: ParsedArguments, console: Console
  ) throws(CommandFailure) -> CommandResult {
    try arguments.refuse(refused)
    for name in ["identity", "base", "tuned", "setup"] where arguments.values[name] == nil {
      throw CommandFailure(UsageError("a kzg certificate needs --\(name)", command: arguments.command))
    }
    let identity = try arguments.curveIdentity("identity")
    let parent = try arguments.curveParent(identity)
    let path = try arguments.required("opening")
    let bytes = try arguments.readFile("opening", limit: CurveOpening.maximumBytes)
    let opening: CurveOpening
    do throws(CurveProvingError) { opening = try CurveOpening(parsing: bytes) } catch {
      let failure = CommandFailure(error)
      throw CommandFailure(failure.exitCode, "\(path): \(failure.reason)")
    }
    let setup = try arguments.requiredSetup(console)
    let base = try arguments.openCheckpoint("base")
    let tuned = try arguments.openCheckpoint("tuned", against: base)
    let clock = ContinuousClock()
    let start = clock.now
    let report: CurveCertificateVerifier.Report
    do throws(CurveProvingError) {
      report = try CurveChecker.check(
        .init(
          certificate: certificate, base: base, tuned: tuned, identity: identity, setup: setup, opening: opening,
          parent: parent)
      ) { console.progress("rows", fraction: $0) }
    } catch { throw CommandFailure(error) }
    let seconds = (clock.now - start) / .seconds(1)
    let what =
      parent == nil
      ? "the certificate is about exactly these two checkpoints"
      : "the link is about exactly the change between these two checkpoints"
    let lines =
      ["CHECKED in \(Format.number(seconds, digits: 3)) s: \(what)"] + CurveReport.lines(report, arguments)
      + (parent == nil ? [] : ["That BASE is the parent's model, a check of the parent's certificate tells."])
    let json: JSONOutput = .object(
      [("verified", .boolean(true)), ("reason", .null)] + CurveReport.members(report)
        + [("checkSeconds", .number(seconds)), ("exitCode", .integer(0))])
    return CommandResult(text: lines.joined(separator: "\n") + "\n", json: json)
  }
}
