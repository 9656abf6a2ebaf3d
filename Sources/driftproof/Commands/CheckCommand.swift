import DriftProof

/// `driftproof check`: for someone who holds the weights, whether a certificate is about exactly these checkpoints.
enum CheckCommand: Command {
  static let description = CommandDescription.check

  static func run(_ arguments: ParsedArguments, console: Console) throws(CommandFailure) -> CommandResult {
    let certificate = try arguments.readFile("CERT", limit: FileLimits.certificate)
    let side = try arguments.tunedSide()
    let identity = try arguments.readIdentity()
    let opening = try arguments.required("opening")
    let report: VerificationReport
    let subject: String
    do {
      switch side {
      case .checkpoint(let base, let tuned):
        subject = "these two checkpoints"
        report = try CertificateChecker.check(
          certificate: certificate, base: base, tuned: tuned, openingPath: opening, identity: identity
        ) { phase in console.phase(phase) }
      case .adapter(let adapter, let base):
        // Without the base nobody compares it with its identity.
        subject = "this base and this adapter" + (base == nil ? ", the base by its identity alone" : "")
        report = try CertificateChecker.check(
          certificate: certificate, base: base, identity: identity, adapter: adapter, openingPath: opening
        ) { phase in console.phase(phase) }
      }
    } catch {
      throw CommandFailure(error)
    }
    let seconds = Format.number(report.verifySeconds, digits: 3)
    let what =
      report.parent == nil
      ? "the certificate is about exactly \(subject)"
      : "the link is about exactly the change between these two checkpoints\(report.originMark)"
    let head = "CHECKED in \(seconds) s: \(what)"
    let json: [(key: String, value: JSONOutput)] =
      [("verified", .boolean(true)), ("reason", .null)] + report.members
      + [("checkSeconds", .number(report.verifySeconds)), ("exitCode", .integer(0))]
    let lines = [head] + report.lines + (report.parent == nil ? [] : [parentRemark])
    return CommandResult(text: lines.joined(separator: "\n") + "\n", json: .object(json))
  }

  private static let parentRemark =
    "That BASE is the parent's model, a check of the parent's certificate tells: this one says what changed from it."
}
