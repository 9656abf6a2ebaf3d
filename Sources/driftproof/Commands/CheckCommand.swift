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
        guard identity == nil else {
          throw CommandFailure(UsageError("--identity is for --adapter: the base is read anyway", command: description))
        }
        subject = "these two checkpoints"
        report = try CertificateChecker.check(
          certificate: certificate, base: base, tuned: tuned, openingPath: opening
        ) { phase in console.phase(phase) }
      case .adapter(let adapter, let base):
        subject = "this base and this adapter"
        report = try CertificateChecker.check(
          certificate: certificate, base: base, identity: identity, adapter: adapter, openingPath: opening
        ) { phase in console.phase(phase) }
      }
    } catch let error as DriftProofError {
      throw CommandFailure(error)
    } catch let failure as CommandFailure {
      throw failure
    } catch {
      throw CommandFailure(.operational, "\(error)")
    }
    let seconds = Format.number(report.verifySeconds, digits: 3)
    let head = "CHECKED in \(seconds) s: the certificate is about exactly \(subject)"
    let json: [(key: String, value: JSONOutput)] =
      [("verified", .boolean(true)), ("reason", .null)] + report.members
      + [("checkSeconds", .number(report.verifySeconds)), ("exitCode", .integer(0))]
    return CommandResult(text: ([head] + report.lines).joined(separator: "\n") + "\n", json: .object(json))
  }
}
