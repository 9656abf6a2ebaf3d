// SPDX-License-Identifier: Apache-2.0

import DriftProofCore
import DriftProofCurveCommitment
import DriftProofCurveCommitmentProver

/// What the `setup` commands say about a setup.
struct SetupReport {
  let setup: SetupFile
  let path: String
  /// Whether powers and contributions were checked; else nothing that the file says of them is repeated.
  var isChecked = true
  /// Digests of contributions that the caller made.
  var mine: [String] = []

  private var known: KnownCurveSetup? { KnownCurveSetup.with(id: setup.id) }
  private var knownOrigin: KnownCurveSetup? { setup.origin.flatMap { KnownCurveSetup.with(id: $0.id) } }

  private var hasMine: Bool { setup.contributions.contains { mine.contains($0.digest.hexadecimal) } }

  /// Whether one party alone may know τ: who contributed the program cannot tell, unless the caller did. Of a setup that was not
  /// checked nobody knows.
  var isInsecure: Bool? { isChecked ? known == nil && knownOrigin == nil && !hasMine : nil }

  private var trust: String {
    guard isChecked else {
      return "NOT CHECKED: driftproof setup verify" + (known.map { "; the key is that of \($0.name)" } ?? "")
    }
    if let known { return "\(known.name), known to this program" }
    let count = Format.count(setup.contributions.count, "contribution")
    if hasMine { return "\(count), yours among them: sound if you forgot the factor" }
    if let knownOrigin { return "\(count) to \(knownOrigin.name), which is known to this program" }
    if setup.contributions.isEmpty { return "INSECURE SETUP: whoever made it can forge" }
    return "INSECURE SETUP: \(count), and nothing says by whom; name yours with --mine"
  }

  func text(written: Bool = false) -> String {
    var lines = [
      "setup          \(setup.id.hexadecimal)",
      "powers         2^\(setup.logLength), rows of up to \(Format.count(1 << setup.logLength)) cells",
      "trust          \(trust)",
    ]
    for (index, contribution) in setup.contributions.prefix(isChecked ? 100 : 0).enumerated() {
      lines.append("contribution   \(index + 1): \(contribution.digest.hexadecimal)")
    }
    if isChecked, setup.contributions.count > 100 {
      lines.append("               and \(Format.count(setup.contributions.count - 100)) more")
    }
    if isChecked { lines.append("checked        every power and every contribution") }
    if written { lines.append("written to     \(Quoting.plain(path))") }
    return lines.map { $0 + "\n" }.joined()
  }

  func json(written: Bool = false) -> JSONOutput {
    .object([
      ("setup", .string(setup.id.hexadecimal)), ("logPowers", .integer(setup.logLength)),
      ("known", known.map { .string($0.name) } ?? .null), ("insecure", isInsecure.map { .boolean($0) } ?? .null),
      ("contributions", .array(isChecked ? setup.contributions.map { .string($0.digest.hexadecimal) } : [])),
      ("checked", .boolean(isChecked)), ("out", written ? .string(path) : .null),
    ])
  }

  func result(written: Bool = false) -> CommandResult {
    CommandResult(text: text(written: written), json: json(written: written))
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
