// SPDX-License-Identifier: Apache-2.0

import DriftProofCertificate
import DriftProofCurveCertificate
import DriftProofProving

/// `driftproof check`: for someone who holds the weights, whether a certificate is about exactly these checkpoints.
enum CheckCommand: Command {
  static let description = CommandDescription.check

  static func run(_ arguments: ParsedArguments, console: Console) throws(CommandFailure) -> CommandResult {
    if let found = try? arguments.readFile("CERT", limit: FileLimits.certificate),
      found.starts(with: CurveCertificate.magic)
    {
      return try CurveCheck.run(found, arguments, console: console)
    }
    for name in ["setup", "parent", "ancestor"] where arguments.values[name] != nil || arguments.lists[name] != nil {
      throw CommandFailure(UsageError("--\(name) is of kzg certificates", command: description))
    }
    let identity = try arguments.readIdentity()
    let model = try arguments.tunedModel(identity)
    let certificate = try arguments.readFile("CERT", limit: FileLimits.certificate)
    let opening = try arguments.required("opening")
    if let failure = ExpectedFile.opening.wrongKind(opening) { throw failure }
    let baseOpening = try arguments.baseOpening()
    let wanted = try TransitionArguments.checked(arguments, model: model, identity: identity)
    let report: VerificationReport
    do {
      report = try CertificateChecker.check(
        certificate: certificate, model: model, openingPath: opening, identity: identity, baseOpening: baseOpening
      ) { phase in console.phase(phase.name) }
    } catch {
      throw CommandFailure(error)
    }
    if let wanted {
      console.phase("tableau of the tuned model")
      do {
        switch wanted.target {
        case .tableau(let tableau):
          try TunedTableauChecker.check(
            tableau, model: wanted.model, identity: wanted.identity, openingPath: wanted.openingPath)
        case .nextBase(let next):
          try NextBaseChecker.check(
            next, model: wanted.model, base: wanted.identity, openingPath: wanted.openingPath)
        }
      } catch {
        throw CommandFailure(error)
      }
    }
    let folders = FolderFacts(model, identity: identity)
    let mark = folders.filesLeftOut.isEmpty ? "" : ", WITHOUT THE FILES LEFT OUT"
    let seconds = Format.number(report.verifySeconds, digits: 3)
    let what =
      report.parent == nil
      ? "the certificate is about exactly \(subject(model))\(mark)"
      : "the link is about exactly the change between these two checkpoints\(report.originMark)\(mark)"
    let digest = wanted.map(\.target.digest.hexadecimal)
    let isNextBase = wanted?.target.isNextBase ?? false
    let head = "CHECKED in \(seconds) s: \(what)"
    let json: [(key: String, value: JSONOutput)] =
      [("verified", .boolean(true)), ("reason", .null)] + report.members + folders.members
      + (digest.map { [(isNextBase ? "nextBase" : "tunedTableau", .string($0))] } ?? [])
      + [("checkSeconds", .number(report.verifySeconds)), ("exitCode", .integer(0))]
    let lines =
      [head] + report.lines(hasTerms: arguments.has("soundness")) + folders.lines
      + (digest.map { ["\(isNextBase ? "next base    " : "tuned tableau")     \($0) holds exactly this tuned model"] }
        ?? [])
      + (report.parent == nil ? [] : [parentRemark])
    return CommandResult(text: lines.joined(separator: "\n") + "\n", json: .object(json))
  }

  private static func subject(_ model: TunedModel) -> String {
    switch model {
    case .checkpoint: "these two checkpoints"
    // Without the base nobody compares it with its identity.
    case .adapter(_, let base): "this base and this adapter" + (base == nil ? ", the base by its identity alone" : "")
    }
  }

  private static let parentRemark =
    "That BASE is the parent's model, a check of the parent's certificate tells: this one says what changed from it."
}
