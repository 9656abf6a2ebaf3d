// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCurveCommitment
import DriftProofCurveCommitmentProver

/// What the `setup` commands say about a setup.
struct SetupReport {
  let setup: SetupFile
  let path: String

  private var known: KnownCurveSetup? { KnownCurveSetup.with(id: setup.id) }
  private var knownOrigin: KnownCurveSetup? { setup.origin.flatMap { KnownCurveSetup.with(id: $0.id) } }

  /// Whether one party alone may know τ, as far as the file says.
  var isInsecure: Bool { known == nil && setup.contributions.isEmpty }

  private var trust: String {
    if let known { return "\(known.name), known to this program" }
    if isInsecure { return "INSECURE SETUP: whoever made it can forge" }
    let count = Format.count(setup.contributions.count, "contribution")
    let origin = knownOrigin.map { " to \($0.name), which is known to this program" } ?? ""
    return "unknown to this program; \(count)\(origin): sound if one contributor forgot the factor"
  }

  func text(written: Bool = false, isChecked: Bool) -> String {
    var lines = [
      "setup          \(setup.id.hexadecimal)",
      "powers         2^\(setup.logLength), rows of up to \(Format.count(1 << setup.logLength)) cells",
      "trust          \(trust)",
    ]
    for (index, contribution) in setup.contributions.prefix(100).enumerated() {
      lines.append("contribution   \(index + 1): \(contribution.digest.hexadecimal)")
    }
    if setup.contributions.count > 100 {
      lines.append("               and \(Format.count(setup.contributions.count - 100)) more")
    }
    if isChecked { lines.append("checked        every power and every contribution") }
    if written { lines.append("written to     \(Quoting.plain(path))") }
    return lines.map { $0 + "\n" }.joined()
  }

  func json(written: Bool = false, isChecked: Bool) -> JSONOutput {
    .object([
      ("setup", .string(setup.id.hexadecimal)), ("logPowers", .integer(setup.logLength)),
      ("known", known.map { .string($0.name) } ?? .null), ("insecure", .boolean(isInsecure)),
      ("contributions", .array(setup.contributions.map { .string($0.digest.hexadecimal) })),
      ("checked", .boolean(isChecked)), ("out", written ? .string(path) : .null),
    ])
  }

  func result(written: Bool = false, isChecked: Bool) -> CommandResult {
    CommandResult(
      text: text(written: written, isChecked: isChecked), json: json(written: written, isChecked: isChecked))
  }
}

extension CommandFailure {
  /// Of a setup's file; what is wrong with its powers makes it invalid, everything else is operational.
  init(_ error: CurveSetupError, path: String) {
    let code: ExitCode =
      switch error {
      case .keyPoint, .point, .infinity, .firstPowers, .powers, .secondGroup, .contribution: .proofInvalid
      case .file, .truncated, .trailingBytes, .notASetup, .otherCurve, .unusableForm, .length, .tooSmall: .operational
      }
    let words = error.description
    self.init(code, words.hasPrefix(path) ? words : "\(path): \(words)", remedy: error.remedy)
  }
}

extension ParsedArguments {
  /// The setup's file of an argument.
  func openSetup(_ name: String) throws(CommandFailure) -> SetupFile {
    let path = try required(name)
    do throws(CurveSetupError) { return try SetupFile(path: path) } catch { throw CommandFailure(error, path: path) }
  }

  /// `--log-powers`, within the lengths that are made.
  func logPowers() throws(CommandFailure) -> Int? {
    guard let text = values["log-powers"] else { return nil }
    guard let number = Int(text), SetupMaking.logLengths.contains(number) else {
      throw CommandFailure(
        UsageError("--log-powers is a number from 1 to 26, not \(Quoting.shown(text))", command: command))
    }
    return number
  }
}
