import DriftProof

/// `driftproof check`: for someone who holds the weights, whether a certificate is about exactly these checkpoints.
enum CheckCommand: Command {
  static let description = CommandDescription.check

  static func run(_ arguments: ParsedArguments, console: Console) throws(CommandFailure) -> CommandResult {
    let certificate = try arguments.readFile("CERT", limit: FileLimits.certificate)
    let base = try arguments.openCheckpoint("base")
    let tuned = try arguments.openCheckpoint("tuned")
    let opening = try arguments.required("opening")
    let report: VerificationReport
    do {
      report = try CertificateChecker.check(
        certificate: certificate, base: base, tuned: tuned, openingPath: opening
      ) { phase in console.phase(phase) }
    } catch {
      throw CommandFailure(error)
    }
    let seconds = Format.number(report.verifySeconds, digits: 3)
    let head = "CHECKED in \(seconds) s: the certificate is about exactly these two checkpoints"
    let json: [(key: String, value: JSONOutput)] =
      [("verified", .boolean(true)), ("reason", .null)] + report.members
      + [("checkSeconds", .number(report.verifySeconds)), ("exitCode", .integer(0))]
    return CommandResult(text: ([head] + report.lines).joined(separator: "\n") + "\n", json: .object(json))
  }
}
